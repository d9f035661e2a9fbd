import { beforeAll, describe, expect, it } from "vitest";
import { installFastCrypto } from "../../src/crypto/fast.ts";
import { sr25519FromSeed } from "../../src/crypto/sr25519.ts";
import { pairFromSuri } from "../../src/crypto/suri.ts";
import { ArrivalOrder } from "../../src/enclave/core/arrival_order.ts";
import type { EnclavePorts } from "../../src/enclave/core/enclave_ports.ts";
import {
  CRYPTO_READY,
  type CryptoAnswer,
  cryptoAnswers,
  cryptoJobs,
  isCryptoBatch,
} from "../../src/enclave/crypto_workers/crypto_job.ts";
import type { CryptoWorkerEnd, CryptoWorkerEvents } from "../../src/enclave/crypto_workers/crypto_worker.ts";
import { FUTURE_LIMITS } from "../../src/enclave/top_pool/pooled_operation.ts";
import { fromHex, toHex } from "../../src/primitives/hex.ts";
import { directRequestStatus } from "../../src/types/direct_request_status.ts";
import { request } from "../../src/types/request.ts";
import { trustedOperation } from "../../src/types/trusted_operation.ts";
import { TestChain } from "../parentchain/builders.ts";
import { accountOf, signFor } from "./clients.ts";
import { type TestClient, TestHost } from "./harness.ts";

beforeAll(installFastCrypto);

describe("ArrivalOrder", () => {
  it("runs second steps in the order of arrival, whichever first step ends first", async () => {
    const order = new ArrivalOrder();
    const connection = {};
    const firsts = [1, 2, 3].map(() => Promise.withResolvers<void>());
    const done: number[] = [];
    const turns = firsts.map(({ promise }, i) => order.run(connection, promise, () => void done.push(i)));
    firsts[2]?.resolve();
    firsts[1]?.resolve();
    await new Promise((resolve) => setTimeout(resolve, 0));
    expect(done).toEqual([]);
    firsts[0]?.resolve();
    await Promise.all(turns);
    expect(done).toEqual([0, 1, 2]);
  });

  it("lets connections overtake each other", async () => {
    const order = new ArrivalOrder();
    const never = order.run({}, new Promise<void>(() => {}), () => "never");
    expect(await Promise.race([never, order.run({}, Promise.resolve(), () => "other")])).toBe("other");
  });

  it("lets nobody past a request that still works because the one between them has failed", async () => {
    const order = new ArrivalOrder();
    const connection = {};
    const first = Promise.withResolvers<void>();
    const done: number[] = [];
    const turns = [
      order.run(connection, first.promise, () => void done.push(0)),
      order.run(connection, Promise.reject(new TypeError("first")), () => void done.push(1)),
      order.run(connection, Promise.resolve(), () => void done.push(2)),
    ];
    await expect(turns[1]).rejects.toThrow("first");
    await new Promise((resolve) => setTimeout(resolve, 0));
    expect(done).toEqual([]);
    first.resolve();
    await Promise.allSettled(turns);
    expect(done).toEqual([0, 2]);
  });

  it("goes on after a first and after a second step that failed, and tells each its own failure", async () => {
    const order = new ArrivalOrder();
    const connection = {};
    const fail = () => {
      throw new TypeError("second");
    };
    const turns = [
      order.run(connection, Promise.reject(new TypeError("first")), () => 1),
      order.run(connection, Promise.resolve(), fail),
      order.run(connection, Promise.resolve(3), (value) => value),
    ];
    const results = await Promise.allSettled(turns);
    expect(results.map((result) => result.status === "rejected" ? result.reason.message : result.value)).toEqual([
      "first",
      "second",
      3,
    ]);
  });
});

/** Workers that take operations for their ciphertexts, of which every second one answers late. */
class UnevenWorkers {
  #count = 0;

  readonly spawn = ({ onMessage }: CryptoWorkerEvents): CryptoWorkerEnd => {
    const delayMs = this.#count++ % 2 === 0 ? 5 : 0;
    const answer = (data: unknown) => void setTimeout(() => onMessage(data), delayMs);
    return {
      send: (message) => {
        // At once: before they are ready the enclave would decrypt by itself, and these ciphertexts are none.
        if (!isCryptoBatch(message)) return queueMicrotask(() => onMessage(CRYPTO_READY));
        const answers = cryptoJobs.decode(message.bytes).map((job): CryptoAnswer => {
          if (job.type !== "open") throw new TypeError("want an operation");
          return { type: "opened", value: { operation: job.value, isSigned: true } };
        });
        answer({ id: message.id, bytes: cryptoAnswers.encode(answers) });
      },
      terminate: () => {},
    };
  };
}

/** A host whose enclave has such workers. */
class UnevenHost extends TestHost {
  override extraPorts(): Partial<EnclavePorts> {
    return { cryptoWorkers: { spawn: new UnevenWorkers().spawn, count: 2 } };
  }
}

const SENDERS = 3;
const CALLS = 200;

describe("calls that a connection sends without waiting for answers", () => {
  it("are all included, and none waits for another: they enter the pool in the order of their nonces", async () => {
    const host = await new UnevenHost(new TestChain()).start();
    const alice = pairFromSuri("//Alice");
    const frame = (id: number, pair: typeof alice, to: typeof alice, amount: bigint, nonce: number) => {
      const value = { from: accountOf(pair), to: accountOf(to), amount };
      const signed = signFor(host, pair, { type: "balance_transfer", value }, nonce);
      const cyphertext = trustedOperation.encode({ type: "direct_call", value: signed });
      const params = [toHex(request.encode({ shard: host.shard, cyphertext }))];
      return JSON.stringify({ jsonrpc: "2.0", id, method: "author_submitAndWatchExtrinsic", params });
    };
    const senders = Array.from({ length: SENDERS }, (_, i) => sr25519FromSeed(new Uint8Array(32).fill(0x90 + i)));
    const funder = host.connect();
    for (const [i, sender] of senders.entries()) {
      const [answer] = await funder.raw(frame(i, alice, sender, 100_000_000_000_000n, i));
      // The hash of the operation; a refusal is longer.
      expect(JSON.parse(answer as string).result).toMatch(/^0x[0-9a-f]{64}$/u);
    }
    // On a busy machine one slot may not have time for all of them.
    let funded = 0;
    for (let slot = 0; slot < 100 && funded < SENDERS; slot++) funded += (await host.slot()).executed;
    expect(funded).toBe(SENDERS);
    const load: [client: TestClient, frames: string[]][] = [];
    for (const sender of senders) {
      const frames = Array.from({ length: CALLS }, (_, nonce) => frame(nonce, sender, sender, 1n, nonce));
      load.push([host.connect(), frames]);
    }
    expect(SENDERS * CALLS).toBeGreaterThan(FUTURE_LIMITS.count);
    await Promise.all(load.flatMap(([client, frames]) => frames.map((text) => client.raw(text))));
    while ((await host.slot()).executed > 0);
    for (const [client] of load) {
      const told = client.pushes().map(({ result }) => directRequestStatus.decode(fromHex(result)));
      const statuses = told.map((told) => told.type === "TrustedOperationStatus" ? told.value.type : told.type);
      expect([statuses.length, new Set(statuses)]).toEqual([CALLS, new Set(["InSidechainBlock"])]);
    }
  });
});
