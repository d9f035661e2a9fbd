/**
 * The secret keys of a shard's state, drawn once and provisioned to each of its enclaves.
 *
 * @module
 */

/** Keys of the state; all of 32 bytes. */
export interface StateKeys {
  /** Which generation `stateKey` and `saltKey` are of; counts up at a rotation. */
  readonly epoch: number;
  /** Diffs are encrypted under keys derived from it. */
  readonly stateKey: Uint8Array;
  /** Hides where a storage key stands in the commitment trie; the same in all epochs. */
  readonly pathKey: Uint8Array;
  /** Salts of leaves are derived from it. */
  readonly saltKey: Uint8Array;
  /** State keys of earlier epochs by epoch, for old diffs. */
  readonly olderStateKeys: ReadonlyMap<number, Uint8Array>;
}

/** The state key of an epoch, or `undefined` if it is not known. */
export function stateKeyOfEpoch(keys: StateKeys, epoch: number): Uint8Array | undefined {
  return epoch === keys.epoch ? keys.stateKey : keys.olderStateKeys.get(epoch);
}
