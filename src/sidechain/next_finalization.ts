/**
 * The field of the header that says which block is to be confirmed next.
 *
 * @module
 */

/**
 * Blocks between two confirmations.
 *
 * Source: worker `core-primitives/settings/src/lib.rs#BLOCK_NUMBER_FINALIZATION_DIFF` (839eda024)
 */
export const CONFIRMATION_INTERVAL = 50n;

/**
 * The `next_finalization_block_number` of a block: 1, then 51, 101, …
 *
 * Source: worker `sidechain/block-composer/src/block_composer.rs#BlockComposer` (839eda024)
 *
 * @param parentNextFinalization The field of the parent; `undefined` for block 1.
 */
export function computeNextFinalization(blockNumber: bigint, parentNextFinalization: bigint | undefined): bigint {
  if (parentNextFinalization === undefined) return 1n;
  return blockNumber > parentNextFinalization ? parentNextFinalization + CONFIRMATION_INTERVAL : parentNextFinalization;
}
