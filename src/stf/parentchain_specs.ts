/**
 * Known parentchains by genesis hash.
 *
 * Source: worker `app-libs/parentchain-specs/src/lib.rs` (839eda024)
 *
 * @module
 */
import type { BlockHash } from "../primitives/branded.ts";
import { toHex } from "../primitives/hex.ts";

/** Decimals of a chain that is not in the table. */
const UNKNOWN_CHAIN_DECIMALS = 12;

/** Chains whose token has ten decimals; all others that are known have twelve, as the unknown ones. */
const TEN_DECIMALS: ReadonlySet<string> = new Set([
  // Paseo relay chain
  "0x77afd6190f1554ad45fd0d31aee62aacc33c6db0ea801129acb813f913e0764f",
  // Asset hub Paseo
  "0xd6eec26135305a8ad257a20d003357284c8aa03d0bdb2b357ab0a22371e11ef2",
  // Polkadot relay chain
  "0x91b171bb158e2d3848fa23a9f1c25182fb8e20313b2c1eb49219da7a70ce90c3",
  // Asset hub Polkadot
  "0x68d56f15f85d3136970ec16946040bc1752654e906147f7e43e9d539d7c3de2f",
]);

/** Chains whose token has value. Source: worker `app-libs/parentchain-specs/src/lib.rs#is_production` */
const PRODUCTION: ReadonlySet<string> = new Set([
  // Integritee Kusama
  "0xcdedc8eadbfa209d3f207bba541e57c3c58a667b05a2e1d1e86353c9000758da",
  // Integritee Polkadot
  "0xe13e7af377c64e83f95e0d70d5e5c3c01d697a84538776c5b9bbe0e7d7b6034c",
  // Kusama relay chain
  "0xb0a8d493285c2df73290dfb7e61f870f17b41801197a149ca93654499ea3dafe",
  // Asset hub Kusama
  "0x48239ef607d7928874027a43a67689209727dfb3d3dc5e5b03a39bdc2eda771a",
  // Polkadot relay chain
  "0x91b171bb158e2d3848fa23a9f1c25182fb8e20313b2c1eb49219da7a70ce90c3",
  // Asset hub Polkadot
  "0x68d56f15f85d3136970ec16946040bc1752654e906147f7e43e9d539d7c3de2f",
]);

/** Whether a chain's token has value: nothing that is meant for development counts there. */
export function isProductionChain(genesisHash: BlockHash): boolean {
  return PRODUCTION.has(toHex(genesisHash));
}

/** Decimals of the native token of a chain. */
export function parentchainDecimals(genesisHash: BlockHash): number {
  return TEN_DECIMALS.has(toHex(genesisHash)) ? 10 : UNKNOWN_CHAIN_DECIMALS;
}

/** One unit of the native token of a chain in its smallest unit. */
export function oneUnit(genesisHash: BlockHash): bigint {
  return 10n ** BigInt(parentchainDecimals(genesisHash));
}
