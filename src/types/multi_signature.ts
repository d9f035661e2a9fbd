/**
 * A signature together with its scheme.
 *
 * Source: worker `core-primitives/types/src/lib.rs#Signature` (839eda024), which is Substrate's `sp_runtime::MultiSignature`
 *
 * @module
 */
import { bytesOf, type Codec, type Variant, variant } from "../codec/codec.ts";

/** Signature of one of Substrate's three schemes: 64, 64 and 65 bytes. */
export type MultiSignature = Variant<{ Ed25519: Uint8Array; Sr25519: Uint8Array; Ecdsa: Uint8Array }>;

/** The one scheme in which enclaves sign: Ed25519. */
export type EnclaveSignature = Variant<{ Ed25519: Uint8Array }>;

/** SCALE codec of {@linkcode MultiSignature}. */
export const multiSignature: Codec<MultiSignature> = variant<
  { Ed25519: Uint8Array; Sr25519: Uint8Array; Ecdsa: Uint8Array }
>({
  Ed25519: [0, bytesOf(64)],
  Sr25519: [1, bytesOf(64)],
  Ecdsa: [2, bytesOf(65)],
});

/** SCALE codec of {@linkcode EnclaveSignature}: a MultiSignature whose variant can only be 0. */
export const enclaveSignature: Codec<EnclaveSignature> = variant<{ Ed25519: Uint8Array }>({
  Ed25519: [0, bytesOf(64)],
});
