/**
 * Extrinsics of a block's body: who signed, and which call.
 *
 * Source: substrate `primitives/runtime/src/generic/unchecked_extrinsic.rs` (the parentchain's own format)
 *
 * @module
 */
import { bytes, type Codec, u8 } from "../codec/codec.ts";
import { openCursor } from "../codec/cursor.ts";
import { CodecError } from "../codec/error.ts";
import { type AccountId, accountId } from "../primitives/branded.ts";
import { err, ok, type Result } from "../primitives/result.ts";
import { MAX_EXTRINSIC_BYTES } from "./extrinsic.ts";
import type { CallName, ParentchainMetadata } from "./metadata.ts";

/** An extrinsic as far as it concerns the filters. */
export interface DecodedExtrinsic {
  /** Account that signed, if it is signed by an account. */
  readonly signer: AccountId | undefined;
  /** The call's name; absent if the metadata know no such call. */
  readonly name: CallName | undefined;
  /** The encoded call. */
  readonly call: Uint8Array;
}

const opaque: Codec<Uint8Array> = bytes(MAX_EXTRINSIC_BYTES);

/** Version byte: the low six bits are the format, the high two the kind. */
const BARE = 0b00;
const GENERAL = 0b01;
const SIGNED = 0b10;

/** Decodes an extrinsic with its length prefix: bare (4, 5), signed (4) and general (5) ones. */
export function decodeExtrinsic(
  encoded: Uint8Array,
  metadata: ParentchainMetadata,
): Result<DecodedExtrinsic, CodecError> {
  try {
    const body = opaque.decode(encoded);
    const cursor = openCursor(body);
    const first = u8.read(cursor);
    const version = first & 0b11_1111;
    const kind = first >>> 6;
    let signer: AccountId | undefined;
    if (kind === SIGNED && version === 4) {
      const parts = metadata.extrinsicParts();
      signer = accountOf(parts.address.read(cursor));
      parts.signature.read(cursor);
      for (const { extra } of metadata.signedExtensions) extra.read(cursor);
    } else if (kind === GENERAL && version === 5) {
      u8.read(cursor);
      for (const { extra } of metadata.signedExtensions) extra.read(cursor);
    } else if (kind !== BARE || (version !== 4 && version !== 5)) {
      throw new CodecError("InvalidValue", `extrinsic of version byte ${first}`);
    }
    const call = body.subarray(cursor.i);
    return ok({ signer, name: metadata.callName(call), call });
  } catch (error) {
    if (error instanceof CodecError) return err(error);
    throw error;
  }
}

/** The account of an address: bare, or the `Id` of a `MultiAddress`. */
export function accountOf(address: unknown): AccountId | undefined {
  if (address instanceof Uint8Array) return address.length === 32 ? accountId(address) : undefined;
  if (typeof address !== "object" || address === null) return undefined;
  const { type, value } = address as { readonly type?: unknown; readonly value?: unknown };
  return type === "Id" && value instanceof Uint8Array && value.length === 32 ? accountId(value) : undefined;
}
