/**
 * The account that holds shielded funds, and the chain on which it is: answer of `author_getShardVault`.
 *
 * Source: worker `core-primitives/stf-executor/src/traits.rs#StfShardVaultQuery::get_shard_vault` (839eda024)
 *
 * @module
 */
import { type Codec, struct } from "../codec/codec.ts";
import type { AccountId } from "../primitives/branded.ts";
import { accountIdCodec } from "./ids.ts";
import { type ParentchainId, parentchainId } from "./parentchain_id.ts";

/** Vault of a shard; the fields are in wire order. */
export interface ShardVault {
  /** The vault's account on the shielding target. */
  readonly account: AccountId;
  /** The shielding target. */
  readonly parentchain: ParentchainId;
}

/** SCALE codec of {@linkcode ShardVault}: a tuple on the wire. */
export const shardVault: Codec<ShardVault> = struct<ShardVault>({
  account: accountIdCodec,
  parentchain: parentchainId,
});
