/**
 * What is done in a slot: bounds on the clock, calls of the parentchain into the pool, a block if it is this enclave's turn,
 * a step of the snapshots if not.
 *
 * @module
 */
import { computeSlot } from "../../sidechain/slots.ts";
import type { SlotOutcome } from "../api/ecall_values.ts";
import { ClockGuard } from "../clock_guard.ts";
import { authorSlot } from "./author.ts";
import type { DutyRunner } from "./duty_runner.ts";
import type { IndirectCalls } from "./indirect_calls.ts";
import type { EnclaveCounters } from "./metrics.ts";
import type { Outbox } from "./outbox.ts";
import type { ParentchainFeed } from "./parentchain_feed.ts";
import type { PeerImport } from "./peer_import.ts";
import type { Shard } from "./shard.ts";
import type { Snapshots } from "./snapshots.ts";

/** Outcomes of slots in which nothing was wrong. */
const GOOD_OUTCOMES: ReadonlySet<string> = new Set(["Authored", "NotMyTurn"]);

/** What a slot works with. */
export interface SlotContext {
  readonly shard: Shard;
  readonly feed: ParentchainFeed;
  readonly duties: DutyRunner;
  readonly snapshots: Snapshots;
  readonly indirect: IndirectCalls;
  readonly peers: PeerImport;
  readonly counters: EnclaveCounters;
  readonly outbox: Outbox;
  /** When the enclave was started, Unix milliseconds. */
  readonly startMs: number;
  /** Milliseconds that never go back. */
  readonly monotonicMs: () => number;
  /** Whether the shard is as new here as where it came from. */
  readonly isCaughtUp: () => boolean;
}

/** An outcome of a slot without a block. */
export function skippedSlot(code: string): SlotOutcome {
  return { slot: 0n, code, blockNumber: undefined, executed: 0, failed: 0 };
}

/** Runs slots. */
export class SlotRunner {
  readonly #context: SlotContext;
  /** Bounds on the host's clock. */
  readonly clock: ClockGuard = new ClockGuard();
  #notAuthoring = "NoSlotYet";
  #hasAuthored = false;

  constructor(context: SlotContext) {
    this.#context = context;
  }

  /** Why no block is authored; empty if they are. */
  get notAuthoring(): string {
    return this.#notAuthoring;
  }

  /** The work of a slot. */
  async run(nowMs: number): Promise<SlotOutcome> {
    const { counters, outbox, snapshots } = this.#context;
    const outcome = await this.#author(nowMs);
    this.#note(outcome);
    if (outcome.code === "Authored") {
      outbox.log("debug", "BlockAuthored", { number: outcome.blockNumber ?? 0n, executed: outcome.executed });
    } else {
      if (!GOOD_OUTCOMES.has(outcome.code)) counters.missedSlots++;
      outbox.push(...await snapshots.step());
    }
    return outcome;
  }

  async #author(nowMs: number): Promise<SlotOutcome> {
    const { shard, feed, duties, snapshots, indirect, peers, counters, startMs, monotonicMs } = this.#context;
    const checked = this.clock.check(nowMs);
    if (!checked.ok) return skippedSlot(checked.error.code);
    peers.tick(nowMs);
    indirect.release(nowMs);
    shard.setup.crypto.sweep();
    if (snapshots.newest === undefined) return skippedSlot("FirstSnapshotPending");
    if (!this.#context.isCaughtUp()) return skippedSlot("CatchingUp");
    peers.askSilentAuthor(nowMs);
    const startedMs = monotonicMs();
    counters.poolBefore = shard.pool.sizes.ready;
    const outcome = await authorSlot({
      shard,
      layerOne: feed.layerOne,
      startSlot: computeSlot(BigInt(startMs), shard.slotDurationMs),
      afterPrologue: (store) => duties.completePayouts(store),
      monotonicMs,
    }, nowMs);
    if (outcome.code === "Authored") {
      counters.succeeded.observe(outcome.executed);
      counters.failed.observe(outcome.failed);
      counters.duration.observe((monotonicMs() - startedMs) / 1000);
    }
    return outcome;
  }

  /** Tells when authoring stops and when it goes on, once each; what comes before the first block is the start. */
  #note({ code }: SlotOutcome): void {
    const reason = GOOD_OUTCOMES.has(code) ? "" : code;
    if (this.#hasAuthored && reason !== this.#notAuthoring) {
      if (reason === "") this.#context.outbox.log("info", "AuthoringAgain");
      else this.#context.outbox.log("warn", "NotAuthoring", { reason });
    }
    this.#notAuthoring = reason;
    this.#hasAuthored ||= code === "Authored";
  }
}
