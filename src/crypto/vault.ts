/**
 * The shard vault: the parentchain account that holds a shard's funds, derived from the primary enclave's signer.
 *
 * Source: worker `enclave-runtime/src/shard_vault.rs` (839eda024)
 * Vectors: `tests/crypto/vectors/vault.json`
 *
 * @module
 */
import { type AccountId, accountId, type ShardIdentifier } from "../primitives/branded.ts";
import { concatBytes } from "../primitives/bytes.ts";
import { blake2_256 } from "./blake2.ts";
import { ed25519DeriveHard, ed25519FromSeed, type Ed25519Pair } from "./ed25519.ts";

/** The vault's key and account. */
export interface Vault {
  readonly pair: Ed25519Pair;
  readonly account: AccountId;
}

/** Chain code of a shard: the hash of its 32 bytes as a SCALE `Vec<u8>`, which is one byte too long to stand itself. */
export function vaultChainCode(shard: ShardIdentifier): Uint8Array {
  // 0x80 is the compact length 32.
  return blake2_256(concatBytes(new Uint8Array([0x80]), shard));
}

/** The vault of a shard, by the 32-byte ed25519 seed of its primary enclave's signer. */
export function deriveVault(signerSeed: Uint8Array, shard: ShardIdentifier): Vault {
  const pair = ed25519FromSeed(ed25519DeriveHard(signerSeed, vaultChainCode(shard)));
  return { pair, account: accountId(pair.publicKey) };
}
