/**
 * Where the host keeps signed sidechain blocks. The blocks are the write-ahead log of the enclave's state: what is
 * appended here must be on disk when `append` returns.
 *
 * Source: worker `sidechain/storage/src/interface.rs#BlockStorage` (839eda024)
 * Differs: blocks are rows of a database keyed by hash, kept as the enclave says instead of the newest 100.
 *
 * @module
 */

/** One signed block as the host sees it. */
export interface StoredBlock {
  /** Height; several blocks of one height can stand beside each other while a fork lasts. */
  readonly number: bigint;
  /** Hash of the header. */
  readonly hash: Uint8Array;
  /** SCALE bytes of the signed block. */
  readonly bytes: Uint8Array;
}

/** A store of signed blocks of one shard. */
export interface BlockStore {
  /** Appends a block durably; the same block again replaces its row, which may have been cut off. @throws {BlockStoreError} */
  readonly append: (block: StoredBlock) => void;
  /** The block of that hash. @throws {BlockStoreError} */
  readonly byHash: (hash: Uint8Array) => StoredBlock | undefined;
  /**
   * Blocks from that height on, lowest first, in the order they came, as {@linkcode takeWholeHeights} takes them.
   * @throws {BlockStoreError}
   */
  readonly from: (number: bigint, limit: number, maxBytes?: number) => readonly StoredBlock[];
  /** The block that came last among those of the greatest height. @throws {BlockStoreError} */
  readonly newest: () => StoredBlock | undefined;
  /** Number of blocks held. @throws {BlockStoreError} */
  readonly count: () => number;
  /** Removes the row with just these bytes: one that the enclave found cut off. @throws {BlockStoreError} */
  readonly discard: (bytes: Uint8Array) => void;
  /** Removes the blocks below a height. @throws {BlockStoreError} */
  readonly pruneBelow: (number: bigint) => void;
  /** Releases the database. */
  readonly close: () => void;
}

/**
 * Blocks up to the last height of which all are within `limit` blocks and `maxBytes` bytes: whoever asks again above the last
 * one misses none of another branch. Of one height that exceeds them alone it gives what is within, at least one block.
 *
 * @param rows Blocks in order of height; no more than `limit + 1` of them are read.
 */
export function takeWholeHeights(
  rows: Iterable<StoredBlock>,
  limit: number,
  maxBytes: number = Infinity,
): readonly StoredBlock[] {
  const blocks: StoredBlock[] = [];
  let total = 0;
  for (const block of rows) {
    total += block.bytes.length;
    if (blocks.length >= limit || (total > maxBytes && blocks.length > 0)) {
      const whole = blocks.filter(({ number }) => number < block.number);
      return whole.length > 0 ? whole : blocks;
    }
    blocks.push(block);
  }
  return blocks;
}

/** Why a block could not be stored or read. */
export class BlockStoreError extends Error {
  override readonly name = "BlockStoreError";
  /** `Full`: no space left; `Corrupt`: the database cannot be read; `Failed`: anything else. */
  readonly code: "Full" | "Corrupt" | "Failed";

  constructor(code: "Full" | "Corrupt" | "Failed", message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }
}
