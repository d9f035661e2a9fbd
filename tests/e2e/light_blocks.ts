/**
 * Blocks as light headers tell of them.
 *
 * @module
 */
import type { WorkerRpc } from "../../src/client/worker_rpc.ts";
import { fromHex, toHex } from "../../src/primitives/hex.ts";
import { type LightHeader, lightHeaders } from "../../src/types/light_header.ts";
import { computeHeaderHash } from "../../src/types/sidechain_header.ts";

/** Light headers of a validateer's best branch from a number on; fewer where it has none. */
export async function lightHeadersOf(rpc: WorkerRpc, from: number, max: number): Promise<readonly LightHeader[]> {
  return lightHeaders.decode(fromHex(String(await rpc.request("sidechain_getLightHeaders", [from, max]))));
}

/** A block as it is compared. */
export interface BlockFacts {
  readonly number: number;
  readonly hash: string;
  readonly root: string;
  readonly slot: number;
  readonly author: string;
}

/** Facts of a light header. */
export function factsOf({ header, digest }: LightHeader, slotMs = 300): BlockFacts {
  const { stateRoot, blockAuthor, timestamp } = digest;
  return {
    number: Number(header.blockNumber),
    hash: toHex(computeHeaderHash(header)),
    root: toHex(stateRoot),
    slot: Math.floor(Number(timestamp) / slotMs),
    author: toHex(blockAuthor),
  };
}
