/**
 * Types that every Substrate runtime shares: accounts, hashes, addresses, signatures.
 *
 * @module
 */
import * as scale from "../../../codec/codec.ts";
import {
  byteArray,
  byteVec,
  customType,
  enumOf,
  newtypeOf,
  tupleOf,
  tupleVariant,
  u64,
  unit,
  vecOf,
} from "./builders.ts";
import type { RuntimeType } from "./runtime_type.ts";

/** An account: 32 bytes. */
export const accountId32: RuntimeType<Uint8Array> = newtypeOf("sp_core::crypto::AccountId32", byteArray(32));
/** A hash of 32 bytes. */
export const h256: RuntimeType<Uint8Array> = newtypeOf("primitive_types::H256", byteArray(32));

/** `Compact<()>`: the account index that no runtime of ours has. */
const compactUnit: RuntimeType<undefined> = {
  key: "Compact<()>",
  codec: scale.unit,
  describe: () => ({ path: [], params: [], body: { tag: "compact", item: unit } }),
};

/** Longest raw address that is decoded; nothing in the runtime resolves one. */
const MAX_RAW_ADDRESS = 256;

/** The ways to name an account; only `Id` is resolved. */
export type MultiAddress = scale.Variant<{
  Id: Uint8Array;
  Index: undefined;
  Raw: Uint8Array;
  Address32: Uint8Array;
  Address20: Uint8Array;
}>;

/** `MultiAddress<AccountId32, ()>`. */
export const multiAddress: RuntimeType<MultiAddress> = enumOf("sp_runtime::multiaddress::MultiAddress", {
  Id: tupleVariant(0, accountId32),
  Index: tupleVariant(1, compactUnit),
  Raw: tupleVariant(2, byteVec(MAX_RAW_ADDRESS)),
  Address32: tupleVariant(3, byteArray(32)),
  Address20: tupleVariant(4, byteArray(20)),
}, { params: [{ name: "AccountId", type: accountId32 }, { name: "AccountIndex", type: unit }] });

/** The account of an address, or `undefined` if the runtime cannot resolve it. */
export function lookupAddress(address: MultiAddress): Uint8Array | undefined {
  return address.type === "Id" ? address.value : undefined;
}

/** A signature of one of the three schemes. */
export type MultiSignature = scale.Variant<{ Ed25519: Uint8Array; Sr25519: Uint8Array; Ecdsa: Uint8Array }>;

/** `MultiSignature`. */
export const multiSignature: RuntimeType<MultiSignature> = enumOf("sp_runtime::MultiSignature", {
  Ed25519: tupleVariant(0, byteArray(64)),
  Sr25519: tupleVariant(1, byteArray(64)),
  Ecdsa: tupleVariant(2, byteArray(65)),
});

/** A public key of one of the three schemes. */
export type MultiSigner = scale.Variant<{ Ed25519: Uint8Array; Sr25519: Uint8Array; Ecdsa: Uint8Array }>;

/** `MultiSigner`. */
export const multiSigner: RuntimeType<MultiSigner> = enumOf("sp_runtime::MultiSigner", {
  Ed25519: tupleVariant(0, byteArray(32)),
  Sr25519: tupleVariant(1, byteArray(32)),
  Ecdsa: tupleVariant(2, byteArray(33)),
});

/** Public key of an Aura authority (sr25519). */
export const auraAuthorityId: RuntimeType<Uint8Array> = newtypeOf(
  "sp_consensus_aura::sr25519::app_sr25519::Public",
  byteArray(32),
);
/** Public key of a GRANDPA authority (ed25519). */
export const grandpaAuthorityId: RuntimeType<Uint8Array> = newtypeOf(
  "sp_consensus_grandpa::app::Public",
  byteArray(32),
);
/** A GRANDPA authority and its weight. */
export type GrandpaAuthority = readonly [id: Uint8Array, weight: bigint];
/** `(AuthorityId, AuthorityWeight)`. */
export const grandpaAuthority: RuntimeType<GrandpaAuthority> = tupleOf<GrandpaAuthority>(
  grandpaAuthorityId,
  u64,
);
/** Aura slot: a u64 in a struct of its own. */
export const slot: RuntimeType<bigint> = newtypeOf("sp_consensus_slots::Slot", u64);
/** `AuthorityList`, at most 32 by the runtime's `MaxAuthorities`. */
export const grandpaAuthorityList: RuntimeType<readonly GrandpaAuthority[]> = vecOf(grandpaAuthority, 32);

/** Longest digest item that is decoded: an authority change of 32 entries takes 1.3 KiB. */
const MAX_DIGEST_PAYLOAD = 16 * 1024;
/** Most digest items of a header. */
const MAX_DIGEST_ITEMS = 64;

const engineItem = scale.tuple<readonly [Uint8Array, Uint8Array]>(scale.bytesOf(4), scale.bytes(MAX_DIGEST_PAYLOAD));

/** A digest item: what nodes and pallets leave in a header. */
export type DigestItem = scale.Variant<{
  Other: Uint8Array;
  Consensus: readonly [engine: Uint8Array, payload: Uint8Array];
  Seal: readonly [engine: Uint8Array, payload: Uint8Array];
  PreRuntime: readonly [engine: Uint8Array, payload: Uint8Array];
  RuntimeEnvironmentUpdated: undefined;
}>;

const digestItemCodec: scale.Codec<DigestItem> = scale.variant({
  Other: [0, scale.bytes(MAX_DIGEST_PAYLOAD)],
  Consensus: [4, engineItem],
  Seal: [5, engineItem],
  PreRuntime: [6, engineItem],
  RuntimeEnvironmentUpdated: [8, scale.unit],
});

function engineFields() {
  return [{ name: undefined, type: byteArray(4) }, { name: undefined, type: byteVec() }];
}

/** `DigestItem`. */
export const digestItem: RuntimeType<DigestItem> = customType(
  "sp_runtime::generic::digest::DigestItem",
  digestItemCodec,
  () => ({
    tag: "variant",
    variants: [
      { name: "PreRuntime", index: 6, fields: engineFields() },
      { name: "Consensus", index: 4, fields: engineFields() },
      { name: "Seal", index: 5, fields: engineFields() },
      { name: "Other", index: 0, fields: [{ name: undefined, type: byteVec() }] },
      { name: "RuntimeEnvironmentUpdated", index: 8, fields: [] },
    ],
  }),
);

/** `Digest`: a struct around the list of items. */
export const digest: RuntimeType<readonly DigestItem[]> = {
  key: "sp_runtime::generic::digest::Digest",
  codec: scale.vec(digestItemCodec, MAX_DIGEST_ITEMS),
  describe: () => ({
    path: ["sp_runtime", "generic", "digest", "Digest"],
    params: [],
    body: { tag: "composite", fields: [{ name: "logs", type: vecOf(digestItem) }] },
  }),
};
