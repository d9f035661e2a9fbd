/**
 * What the shard knows of its parentchains: answer of the getter `parentchains_info`.
 *
 * Source: worker `core-primitives/types/src/parentchain.rs#ParentchainsInfo` (839eda024)
 *
 * @module
 */
import { type Codec, option, struct, u32, u64 } from "../codec/codec.ts";
import type { BlockHash } from "../primitives/branded.ts";
import { blockHashCodec } from "./ids.ts";
import { type ParentchainId, parentchainId } from "./parentchain_id.ts";

/** What is known of one parentchain; the fields are in wire order. */
export interface ParentchainInfo {
  /** Role of the chain. */
  readonly id: ParentchainId;
  /** Its genesis hash, if it is used. */
  readonly genesisHash: BlockHash | undefined;
  /** Number of the newest block applied. */
  readonly blockNumber: number | undefined;
  /** Its timestamp, ms since the epoch. */
  readonly now: bigint | undefined;
  /** Block from which on the shard follows the chain. */
  readonly creationBlockNumber: number | undefined;
  /** Timestamp of that block, ms since the epoch. */
  readonly creationTimestamp: bigint | undefined;
}

/** What is known of all three; the fields are in wire order. */
export interface ParentchainsInfo {
  /** The registry chain. */
  readonly integritee: ParentchainInfo;
  /** First target chain. */
  readonly targetA: ParentchainInfo;
  /** Second target chain. */
  readonly targetB: ParentchainInfo;
  /** The chain that holds the vault. */
  readonly shieldingTarget: ParentchainId;
}

/** SCALE codec of {@linkcode ParentchainInfo}. */
export const parentchainInfo: Codec<ParentchainInfo> = struct<ParentchainInfo>({
  id: parentchainId,
  genesisHash: option(blockHashCodec),
  blockNumber: option(u32),
  now: option(u64),
  creationBlockNumber: option(u32),
  creationTimestamp: option(u64),
});

/** SCALE codec of {@linkcode ParentchainsInfo}. */
export const parentchainsInfo: Codec<ParentchainsInfo> = struct<ParentchainsInfo>({
  integritee: parentchainInfo,
  targetA: parentchainInfo,
  targetB: parentchainInfo,
  shieldingTarget: parentchainId,
});
