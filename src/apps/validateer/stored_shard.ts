/**
 * Which shard a data directory belongs to. It keeps the name of its first code, so that the code does not tell.
 *
 * @module
 */
import { tryDecode } from "../../codec/codec.ts";
import type { BlockStore } from "../../host/block_store.ts";
import { openDataDir } from "../../host/deno/data_dir.ts";
import { openSqliteBlockStore } from "../../host/deno/sqlite_block_store.ts";
import type { ShardIdentifier } from "../../primitives/branded.ts";
import { signedBlock } from "../../types/signed_block.ts";

/** File of the blocks in a data directory. */
const BLOCKS_FILE = "sidechain.sqlite";

/**
 * The shard that stored blocks name; `undefined` if there is none that can be read. The name is not proven by that: an
 * enclave that is given a wrong one does not take the blocks.
 *
 * @throws {BlockStoreError}
 */
export function shardOfBlocks(blocks: BlockStore): ShardIdentifier | undefined {
  // A crash may have cut off the newest row.
  for (const stored of [blocks.newest(), ...blocks.from(0n, 1)]) {
    const decoded = stored && tryDecode(signedBlock, stored.bytes);
    if (decoded?.ok) return decoded.value.block.header.shardId;
  }
  return undefined;
}

/**
 * {@linkcode shardOfBlocks} of a data directory.
 *
 * @throws {DataDirError} If a validateer runs on the directory. @throws {BlockStoreError}
 */
export async function storedShard(path: string): Promise<ShardIdentifier | undefined> {
  const dataDir = await openDataDir(path);
  try {
    const blocks = openSqliteBlockStore(dataDir.entry(BLOCKS_FILE));
    try {
      return shardOfBlocks(blocks);
    } finally {
      blocks.close();
    }
  } finally {
    dataDir.close();
  }
}
