/**
 * Whether the shard is as new here as where it came from. Until then this enclave takes no part in it: it would author, pay
 * and confirm on a state that others have left. The block it waits for is stored with the state, and outlives a restart.
 *
 * @module
 */
import { isViewOld } from "../../parentchain/view_age.ts";
import { equalBytes } from "../../primitives/bytes.ts";
import type { ParentchainFeed } from "./parentchain_feed.ts";
import type { EnclaveSetup } from "./setup.ts";
import type { Shard } from "./shard.ts";

/** What is looked at. */
export interface CatchUpContext {
  readonly setup: EnclaveSetup;
  readonly shard: Pick<Shard, "persisted">;
  readonly feed: { readonly layerOne: Pick<ParentchainFeed["layerOne"], "newestView"> };
  /** Unix milliseconds. */
  readonly nowMs: () => number;
}

/** Catching up with the shard that was received. */
export class CatchUp {
  #until: bigint;
  readonly #context: CatchUpContext;

  /** `until` is the number of the block to wait for; 0 for none. */
  constructor(until: bigint, context: CatchUpContext) {
    this.#until = until;
    this.#context = context;
  }

  /** Number of the block that is waited for; 0 if none is. */
  get remaining(): bigint {
    if (this.#context.shard.persisted.number >= this.#until || this.#isAlone()) this.#until = 0n;
    return this.#until;
  }

  /** Whether nothing is waited for. */
  get isDone(): boolean {
    return this.remaining === 0n;
  }

  /** Nobody else is listed any more who could have the missing blocks: they are lost, and the shard goes on without. */
  #isAlone(): boolean {
    const { setup, feed, nowMs } = this.#context;
    const view = feed.layerOne.newestView;
    if (view === undefined || isViewOld(view, nowMs())) return false;
    return view.shardStatus.every(({ signer }) => equalBytes(signer, setup.signer));
  }
}
