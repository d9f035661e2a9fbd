/**
 * Keys of the development accounts, which are public knowledge: with them the node authors and votes.
 *
 * @module
 */
import type { Ed25519Pair } from "../crypto/ed25519.ts";
import type { Sr25519Pair } from "../crypto/sr25519.ts";
import { pairFromSuri } from "../crypto/suri.ts";
import { type Hex, toHex } from "../primitives/hex.ts";

/** Accounts that can be authorities of a development chain; the preset genesis names `//Alice` alone. */
export const DEV_AUTHORITIES: readonly string[] = ["//Alice", "//Bob", "//Charlie", "//Dave", "//Eve", "//Ferdie"];

/** Pairs by hexadecimal public key. */
export interface DevKeys {
  /** Keys that seal blocks. */
  readonly aura: ReadonlyMap<Hex, Sr25519Pair>;
  /** Keys that vote for finality. */
  readonly grandpa: ReadonlyMap<Hex, Ed25519Pair>;
}

/** Derives the keys of secret URIs. */
export function createDevKeys(uris: readonly string[] = DEV_AUTHORITIES): DevKeys {
  const aura = uris.map((uri) => pairFromSuri(uri, "sr25519"));
  const grandpa = uris.map((uri) => pairFromSuri(uri, "ed25519"));
  return {
    aura: new Map(aura.map((pair) => [toHex(pair.publicKey), pair])),
    grandpa: new Map(grandpa.map((pair) => [toHex(pair.publicKey), pair])),
  };
}
