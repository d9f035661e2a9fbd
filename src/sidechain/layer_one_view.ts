/**
 * What consensus needs to know of the Integritee parentchain; the follower provides it.
 *
 * @module
 */
import type { AccountId, BlockHash } from "../primitives/branded.ts";
import type { StateReader } from "../state/kv_store.ts";
import type { PrologueItem } from "../types/prologue_item.ts";

/** The final parentchain as this validateer sees it. */
export interface LayerOneView {
  /** Number of the newest final block here. */
  readonly newestNumber: number;
  /** Number of a final block; `undefined` if it is not known here. */
  readonly numberOf: (hash: BlockHash) => number | undefined;
  /**
   * Signers of the shard in storage order with the active fingerprint, as proven at a final block; `undefined` if that
   * block's proof is not here.
   */
  readonly authoritiesAt: (hash: BlockHash) => readonly AccountId[] | undefined;
  /**
   * The items behind the cursor of `state` up to a final block, at most `MAX_PROLOGUE_ITEMS`; every validateer gets the
   * same list. `undefined` if some are not here.
   */
  readonly prologueItems: (state: StateReader, head: BlockHash) => readonly PrologueItem[] | undefined;
}
