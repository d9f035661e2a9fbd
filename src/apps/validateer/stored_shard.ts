/**
 * Which shard a data directory belongs to.
 *
 * @module
 */
import { tryDecode } from "../../codec/codec.ts";
import { openDataDir } from "../../host/deno/data_dir.ts";
import { openSqliteBlockStore } from "../../host/deno/sqlite_block_store.ts";
import type { ShardIdentifier } from "../../primitives/branded.ts";
import { signedBlock } from "../../types/signed_block.ts";

/** File of the blocks in a data directory. */
const BLOCKS_FILE = "sidechain.sqlite";

/**
 * The shard that the newest stored block names; `undefined` if there is none that can be read. The name is not proven by
 * that: an enclave that is given a wrong one does not take the blocks.
 *
 * @throws {DataDirError} If a validateer runs on the directory. @throws {BlockStoreError}
 */
export async function storedShard(path: string): Promise<ShardIdentifier | undefined> {
  const dataDir = await openDataDir(path);
  try {
    const blocks = openSqliteBlockStore(dataDir.entry(BLOCKS_FILE));
    try {
      const newest = blocks.newest();
      const decoded = newest && tryDecode(signedBlock, newest.bytes);
      return decoded?.ok ? decoded.value.block.header.shardId : undefined;
    } finally {
      blocks.close();
    }
  } finally {
    dataDir.close();
  }
}
