/**
 * `--clean-reset`: starts anew on a data directory, unless the start is refused.
 *
 * @module
 */
import { join } from "node:path";
import { KEYS_FILE } from "../../enclave/api/ecall_values.ts";
import { type DataDir, removeIfThere, SEALED_FOLDER, syncFolder } from "../../host/deno/data_dir.ts";
import {
  BLOCKS_FILE,
  PARENTCHAIN_FOLDER,
  PEERS_FILE,
  PLATFORM_FOLDER,
  SHIELDING_KEY_FILE,
  SIGNING_KEY_FILE,
} from "./entries.ts";
import { connectNode, embedsNode, type NodeSurroundings, type ParentchainNode } from "./node.ts";
import type { RunOptions } from "./options.ts";
import { Releases } from "./releases.ts";

/** Connects to the node as the options say, and with `--clean-reset` removes all data once that has succeeded. */
export async function connectForStart(
  options: RunOptions,
  dataDir: DataDir,
  surroundings: NodeSurroundings,
): Promise<ParentchainNode> {
  const folder = dataDir.entry(PARENTCHAIN_FOLDER);
  if (!options.cleanReset) return await connectNode(options, folder, surroundings);
  if (embedsNode(options)) {
    // Its blocks go with the rest and may be what is damaged: whether such a node starts is tried in memory.
    const releases = new Releases(surroundings.log);
    try {
      await connectNode(options, undefined, { ...surroundings, releases, log: () => {} });
    } finally {
      await releases.run();
    }
    await cleanReset(dataDir);
    return await connectNode(options, folder, surroundings);
  }
  const node = await connectNode(options, undefined, surroundings);
  await cleanReset(dataDir);
  return node;
}

/**
 * Removes what the enclave and the host have stored, and the embedded parentchain with it. The bundle stays until another is
 * kept: it may be the one that is to be started.
 */
export async function cleanReset(dataDir: DataDir): Promise<void> {
  const sealed = dataDir.entry(SEALED_FOLDER);
  // First of all: what is left of a reset that is cut short cannot be opened, so that nothing goes on with half of it.
  await dataDir.removeSealed(KEYS_FILE);
  await syncFolder(sealed);
  const blocks = ["-shm", "-wal", ""].map((suffix) => `${BLOCKS_FILE}${suffix}`);
  const publicKeys = [SIGNING_KEY_FILE, SHIELDING_KEY_FILE];
  for (const name of [PARENTCHAIN_FOLDER, PLATFORM_FOLDER, PEERS_FILE, ...publicKeys, ...blocks]) {
    await removeIfThere(dataDir.entry(name), { recursive: true });
  }
  // Last: as long as there is some of it, a start without keys is refused.
  for await (const { name } of Deno.readDir(sealed)) await removeIfThere(join(sealed, name), { recursive: true });
  // Nothing of it comes back beside new keys.
  for (const folder of [sealed, dataDir.path]) await syncFolder(folder);
}
