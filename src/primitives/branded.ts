/**
 * 32-byte values that are easily confused, each with a type of its own that only its constructor can make.
 *
 * @module
 */

/** Key of the brand; it exists in types only. */
export declare const brand: unique symbol;

/** A byte array that has passed the constructor of its brand. */
export type Branded<Name extends string> = Uint8Array & { readonly [brand]: Name };

/** A hash without a more precise meaning. */
export type H256 = Branded<"H256">;
/** Raw public key or derived identity of an account, on the parentchain or in a shard. */
export type AccountId = Branded<"AccountId">;
/** Name of a shard; its text form is base58. */
export type ShardIdentifier = Branded<"ShardIdentifier">;
/** Blake2-256 hash of a header, of the sidechain or of a parentchain. */
export type BlockHash = Branded<"BlockHash">;
/** Blake2-256 hash of a decrypted trusted operation. */
export type TopHash = Branded<"TopHash">;
/** Measurement of an enclave (MRENCLAVE); its text form is base58. */
export type EnclaveFingerprint = Branded<"EnclaveFingerprint">;

function brandAs<Name extends string>(name: Name): (bytes: Uint8Array) => Branded<Name> {
  return (bytes) => {
    if (bytes.length !== 32) throw new RangeError(`Cannot make ${name}: want 32 bytes, got ${bytes.length}`);
    return bytes as Branded<Name>;
  };
}

/** Takes 32 bytes as a hash. @throws {RangeError} If there are not 32 bytes. */
export const h256: (bytes: Uint8Array) => H256 = brandAs("H256");
/** Takes 32 bytes as an account. @throws {RangeError} If there are not 32 bytes. */
export const accountId: (bytes: Uint8Array) => AccountId = brandAs("AccountId");
/** Takes 32 bytes as a shard. @throws {RangeError} If there are not 32 bytes. */
export const shardIdentifier: (bytes: Uint8Array) => ShardIdentifier = brandAs("ShardIdentifier");
/** Takes 32 bytes as a block hash. @throws {RangeError} If there are not 32 bytes. */
export const blockHash: (bytes: Uint8Array) => BlockHash = brandAs("BlockHash");
/** Takes 32 bytes as the hash of a trusted operation. @throws {RangeError} If there are not 32 bytes. */
export const topHash: (bytes: Uint8Array) => TopHash = brandAs("TopHash");
/** Takes 32 bytes as an enclave's measurement. @throws {RangeError} If there are not 32 bytes. */
export const enclaveFingerprint: (bytes: Uint8Array) => EnclaveFingerprint = brandAs("EnclaveFingerprint");
