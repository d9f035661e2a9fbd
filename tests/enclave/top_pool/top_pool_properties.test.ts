import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { PoolEvent } from "../../../src/enclave/top_pool/pooled_operation.ts";
import { TopPool } from "../../../src/enclave/top_pool/top_pool.ts";
import { type AccountId, type BlockHash, type TopHash, topHash } from "../../../src/primitives/branded.ts";
import { toHex } from "../../../src/primitives/hex.ts";
import { account, block, noncesOf, operation, States } from "./fixtures.ts";

const SENDERS: readonly AccountId[] = [1, 2, 3].map(account);

const anySender = fc.constantFrom(...SENDERS);
const anyStep = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      type: fc.constant("submit" as const),
      sender: anySender,
      nonceOffset: fc.constantFrom(-1, 0, 0, 1, 1, 2, 3),
      variation: fc.integer({ min: 0, max: 1 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant("block" as const),
      count: fc.integer({ min: 0, max: 4 }),
      failing: fc.boolean(),
    }),
  },
  // A block of somebody else, with a call that this pool has never seen.
  { weight: 1, arbitrary: fc.record({ type: fc.constant("foreign" as const), sender: anySender }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("retract" as const) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("confirm" as const) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("invalid" as const), pick: fc.nat(20) }) },
);

type Step = typeof anyStep extends fc.Arbitrary<infer T> ? T : never;

interface Enacted {
  readonly hash: BlockHash;
  readonly before: Map<string, number>;
}

/** A chain that executes what is ready, and the pool that follows it. */
class Simulation {
  readonly pool = new TopPool();
  readonly state = new States();
  readonly statusOf = new Map<string, string>();
  readonly chain: Enacted[] = [];
  #made = 0;
  #nowMs = 0;

  run(step: Step): void {
    // Bans end between any two steps, so that they do not hide the rest.
    this.#nowMs += 2 * 60 * 60 * 1000;
    switch (step.type) {
      case "submit": {
        const { sender, nonceOffset, variation } = step;
        const nonce = Math.max(0, this.state.nonceOf(sender) + nonceOffset);
        this.#note(this.pool.submit(operation(sender, nonce, { variation }), this.state, this.#nowMs).events);
        break;
      }
      case "block":
        this.#author(step.count, step.failing);
        break;
      case "foreign":
        this.#enact((nonces) => {
          const id = toHex(step.sender);
          nonces.set(id, (nonces.get(id) ?? 0) + 1);
          return { executed: [topHash(account(1000 + this.#made))], failed: [] };
        });
        break;
      case "retract": {
        const last = this.chain.pop();
        if (last === undefined) return;
        this.#restore(last.before);
        this.#note(this.pool.onChainChanged({ retracted: [last.hash], enacted: [] }, this.state, this.#nowMs));
        break;
      }
      case "confirm":
        this.chain.length = 0;
        this.#note(this.pool.onBlockConfirmed(this.state.blockNumber));
        break;
      case "invalid": {
        const waiting = [...this.pool.ready(), ...this.pool.future()];
        const one = waiting[step.pick % Math.max(1, waiting.length)];
        if (one !== undefined) this.#note(this.pool.removeInvalid([one.hash], this.state, this.#nowMs));
      }
    }
  }

  #author(count: number, failing: boolean): void {
    const taken = this.pool.ready().slice(0, count);
    this.#enact((nonces) => {
      for (const { senderId, nonce } of taken) {
        // The ready operations can be executed in their order.
        expect(nonces.get(senderId) ?? 0).toBe(nonce);
        nonces.set(senderId, nonce + 1);
      }
      const hashes = taken.map(({ hash }) => hash);
      return failing ? { executed: hashes.slice(1), failed: hashes.slice(0, 1) } : { executed: hashes, failed: [] };
    });
  }

  #enact(execute: (nonces: Map<string, number>) => { executed: TopHash[]; failed: TopHash[] }): void {
    const before = new Map(this.state.nonces);
    const { executed, failed } = execute(this.state.nonces);
    const hash = block(1 + this.#made++);
    this.state.blockNumber++;
    this.chain.push({ hash, before });
    const enacted = [{ hash, number: this.state.blockNumber, executed, failed }];
    this.#note(this.pool.onChainChanged({ retracted: [], enacted }, this.state, this.#nowMs));
  }

  #restore(nonces: Map<string, number>): void {
    this.state.nonces.clear();
    for (const [id, nonce] of nonces) this.state.nonces.set(id, nonce);
    this.state.blockNumber--;
  }

  #note(events: readonly PoolEvent[]): void {
    for (const { hash, status } of events) this.statusOf.set(toHex(hash), status.type);
  }
}

describe("a pool that follows any chain", () => {
  it("has ready exactly what can be executed, in executable order, and reports where everything is", () => {
    fc.assert(
      fc.property(fc.array(anyStep, { maxLength: 60, size: "max" }), (steps) => {
        const simulation = new Simulation();
        const { pool, state, statusOf } = simulation;
        for (const step of steps) {
          simulation.run(step);
          const [ready, future] = [pool.ready(), pool.future()];
          for (const sender of SENDERS) {
            const next = state.nonceOf(sender);
            const nonces = noncesOf(ready, sender);
            expect(nonces).toEqual(nonces.map((_, i) => next + i));
            const waiting = noncesOf(future, sender);
            expect(waiting.every((nonce) => nonce > next + nonces.length)).toBe(true);
            expect(new Set([...nonces, ...waiting]).size).toBe(nonces.length + waiting.length);
          }
          for (const { hash, id } of ready) expect([statusOf.get(id), pool.find(hash)?.id]).toEqual(["Ready", id]);
          for (const { hash, id } of future) expect([statusOf.get(id), pool.find(hash)?.id]).toEqual(["Future", id]);
          const here = new Set([...ready, ...future].map(({ id }) => id));
          for (const [id, status] of statusOf) {
            expect(here.has(id), `${id} is ${status}`).toBe(status === "Ready" || status === "Future");
          }
          const included = [...statusOf.values()].filter((status) => status === "InSidechainBlock").length;
          expect(pool.sizes).toMatchObject({ ready: ready.length, future: future.length, included });
        }
      }),
      { numRuns: 300 },
    );
  });
});
