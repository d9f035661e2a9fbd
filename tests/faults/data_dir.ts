/**
 * What lies in a validateer's data directory, and how a crash, a bad disk or a host can leave it.
 *
 * @module
 */
import { DatabaseSync } from "node:sqlite";
import { tryDecode } from "../../src/codec/codec.ts";
import { SNAPSHOT_FOLDER } from "../../src/enclave/snapshot/snapshot_files.ts";
import { toHex } from "../../src/primitives/hex.ts";
import { signedBlock } from "../../src/types/signed_block.ts";
import type { Random } from "./random.ts";

/** File of the block store. */
const BLOCKS = "sidechain.sqlite";
/** Bytes of the header of a write-ahead log and of one of its frames. */
const WAL_HEADER = 32;
const FRAME_HEADER = 24;
/** Where the shared memory of the log says how many frames are in the database already. */
const BACKFILL_AT = 96;

/** A row of the block store. */
export interface Row {
  readonly sequence: number;
  readonly number: number;
  readonly hash: string;
  readonly bytes: Uint8Array;
  /** Whether it is a block at all. */
  readonly isWhole: boolean;
}

/** The newest rows, newest first, read from a copy so that the store itself is left as it was. */
export async function newestRows(dataDir: string, count: number): Promise<Row[]> {
  const folder = await Deno.makeTempDir({ prefix: "integritee-rows-" });
  try {
    for (const name of [BLOCKS, `${BLOCKS}-wal`]) {
      if (await exists(`${dataDir}/${name}`)) await Deno.copyFile(`${dataDir}/${name}`, `${folder}/${name}`);
    }
    return withBlocks(
      folder,
      (database) =>
        database.prepare("SELECT * FROM block ORDER BY number DESC, sequence DESC LIMIT ?").all(count).map(rowOf),
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function rowOf(row: Record<string, unknown>): Row {
  const bytes = new Uint8Array(row["bytes"] as Uint8Array);
  return {
    sequence: Number(row["sequence"]),
    number: Number(row["number"]),
    hash: toHex(row["hash"] as Uint8Array),
    bytes,
    isWhole: tryDecode(signedBlock, bytes).ok,
  };
}

/** Opens the block store of a data directory. */
export function withBlocks<T>(dataDir: string, run: (database: DatabaseSync) => T): T {
  const database = new DatabaseSync(`${dataDir}/${BLOCKS}`);
  try {
    return run(database);
  } finally {
    database.close();
  }
}

/** Replaces the bytes of a row. */
export function writeRow(dataDir: string, { sequence }: Row, bytes: Uint8Array): void {
  withBlocks(
    dataDir,
    (database) => database.prepare("UPDATE block SET bytes = ? WHERE sequence = ?").run(bytes, sequence),
  );
}

/** Cuts the write-ahead log within its newest transaction; false if that is in the database already, or alone. */
export async function cutLog(dataDir: string, random: Random): Promise<boolean> {
  const path = `${dataDir}/${BLOCKS}-wal`;
  if (!await exists(path)) return false;
  const log = await Deno.readFile(path);
  const view = new DataView(log.buffer);
  if (log.length < WAL_HEADER) return false;
  const frameLength = FRAME_HEADER + view.getUint32(8);
  const isCurrent = (at: number) =>
    view.getUint32(at + 8) === view.getUint32(16) && view.getUint32(at + 12) === view.getUint32(20);
  const commits: number[] = [];
  let frames = 0;
  for (let at = WAL_HEADER; at + frameLength <= log.length && isCurrent(at); at += frameLength) {
    frames++;
    if (view.getUint32(at + 4) !== 0) commits.push(frames);
  }
  const [before, last] = commits.slice(-2);
  const memory = await Deno.readFile(`${dataDir}/${BLOCKS}-shm`);
  const backfilled = new DataView(memory.buffer).getUint32(BACKFILL_AT, true);
  if (before === undefined || last === undefined || backfilled > before) return false;
  const end = WAL_HEADER + last * frameLength;
  await Deno.truncate(path, random.between(WAL_HEADER + before * frameLength, end - 1));
  return true;
}

/** Folders of the snapshots that have a manifest, newest first. */
export async function snapshotFolders(dataDir: string): Promise<string[]> {
  const root = `${dataDir}/sealed/${SNAPSHOT_FOLDER}`;
  const folders: string[] = [];
  for await (const { name } of Deno.readDir(root)) {
    if (await exists(`${root}/${name}/manifest`)) folders.push(`${root}/${name}`);
  }
  return folders.sort().reverse();
}

/** Cuts a file somewhere. */
export async function cutFile(path: string, random: Random): Promise<void> {
  const { size } = await Deno.stat(path);
  await Deno.truncate(path, random.between(0, size - 1));
}

/** Copies a data directory. */
export async function copyFolder(from: string, to: string): Promise<void> {
  await Deno.mkdir(to, { recursive: true, mode: 0o700 });
  for await (const { name, isDirectory } of Deno.readDir(from)) {
    if (isDirectory) await copyFolder(`${from}/${name}`, `${to}/${name}`);
    else await Deno.copyFile(`${from}/${name}`, `${to}/${name}`);
  }
}

/** Whether a file is there. */
export async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}
