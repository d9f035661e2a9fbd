/**
 * Questions to private state: public ones for anybody, trusted ones signed by the owner of the answer.
 *
 * Source: worker `app-libs/stf/src/getter.rs#Getter` (839eda024)
 * Differs: only the getters that this service answers decode; any other index is refused by the decoder.
 * Vectors: `tests/types/vectors/wire.json` (V2)
 *
 * @module
 */
import { type Codec, option, struct, unit, type Variant, variant } from "../codec/codec.ts";
import type { AccountId } from "../primitives/branded.ts";
import { accountIdCodec } from "./ids.ts";
import { type MultiSignature, multiSignature } from "./multi_signature.ts";

/** A question whose answer is public: the constant 42, the total issuance, what is known of the parentchains. */
export type PublicGetter = Variant<{ some_value: undefined; total_issuance: undefined; parentchains_info: undefined }>;

/** Arguments of `account_info`. */
export interface AccountInfoQuery {
  /** The account asked about, who must have signed. */
  readonly owner: AccountId;
}

/** A question whose answer belongs to one account. */
export type TrustedGetter = Variant<{ account_info: AccountInfoQuery }>;

/** A signed question; the fields are in wire order. */
export interface TrustedGetterSigned {
  /** What is asked. */
  readonly getter: TrustedGetter;
  /** Who signs instead of the owner. */
  readonly delegate: AccountId | undefined;
  /** Signature over {@linkcode trustedGetterPayload}, raw or wrapped in `<Bytes>`. */
  readonly signature: MultiSignature;
}

/** A question to private state. */
export type Getter = Variant<{ public: PublicGetter; trusted: TrustedGetterSigned }>;

/** SCALE codec of {@linkcode PublicGetter}. */
export const publicGetter: Codec<PublicGetter> = variant<
  { some_value: undefined; total_issuance: undefined; parentchains_info: undefined }
>({
  some_value: [0, unit],
  total_issuance: [1, unit],
  parentchains_info: [10, unit],
});

/** SCALE codec of {@linkcode TrustedGetter}. */
export const trustedGetter: Codec<TrustedGetter> = variant<{ account_info: AccountInfoQuery }>({
  account_info: [0, struct<AccountInfoQuery>({ owner: accountIdCodec })],
});

/** SCALE codec of {@linkcode TrustedGetterSigned}. */
export const trustedGetterSigned: Codec<TrustedGetterSigned> = struct<TrustedGetterSigned>({
  getter: trustedGetter,
  delegate: option(accountIdCodec),
  signature: multiSignature,
});

/** SCALE codec of {@linkcode Getter}. */
export const getter: Codec<Getter> = variant<{ public: PublicGetter; trusted: TrustedGetterSigned }>({
  public: [0, publicGetter],
  trusted: [1, trustedGetterSigned],
});

/** The bytes that are signed: the getter alone, without nonce, fingerprint or shard. */
export function trustedGetterPayload(value: TrustedGetter): Uint8Array {
  return trustedGetter.encode(value);
}

/** The account that a trusted getter asks about. */
export function trustedGetterOwner(value: TrustedGetter): AccountId {
  return value.value.owner;
}
