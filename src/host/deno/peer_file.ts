/**
 * The peers of the last run, so that a validateer that starts again catches up before it makes blocks: the parentchain tells
 * them only a block later.
 *
 * @module
 */
import { MAX_PEER_URLS, MAX_TEXT_BYTES } from "../../enclave/api/limits.ts";

/** Longest file of peers. */
export const MAX_PEER_FILE_BYTES: number = 2 * MAX_PEER_URLS * MAX_TEXT_BYTES;

/** Peers as they were stored; none if there is no such file, or it holds something else. */
export async function readPeerFile(path: string): Promise<readonly string[]> {
  let stored: unknown;
  try {
    if ((await Deno.stat(path)).size > MAX_PEER_FILE_BYTES) return [];
    stored = JSON.parse(await Deno.readTextFile(path));
  } catch {
    return [];
  }
  const isList = Array.isArray(stored) && stored.length <= MAX_PEER_URLS &&
    stored.every((url) => typeof url === "string" && url.length <= MAX_TEXT_BYTES);
  return isList ? stored as readonly string[] : [];
}

/** Stores the peers; what a crash cuts off is read as none. @throws {Error} If it cannot be written. */
export async function writePeerFile(path: string, urls: readonly string[]): Promise<void> {
  await Deno.writeTextFile(path, JSON.stringify(urls));
}
