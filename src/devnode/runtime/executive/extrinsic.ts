/**
 * Extrinsics of version 4: a length, a version byte, for signed ones sender, signature and extras, and the call.
 *
 * @module
 */
import { compactU32 } from "../../../codec/codec.ts";
import { type Cursor, openCursor, take } from "../../../codec/cursor.ts";
import { CodecError, within } from "../../../codec/error.ts";
import { concatBytes } from "../../../primitives/bytes.ts";
import { err, ok, type Result } from "../../../primitives/result.ts";
import type { RuntimeCall } from "../dispatch/call.ts";
import type { RuntimeModel } from "../model.ts";
import { type MultiAddress, multiAddress, type MultiSignature, multiSignature } from "../types/common.ts";

/** Format version of extrinsics. */
export const EXTRINSIC_VERSION = 4;
/** Rust path of extrinsics, by which clients know the type. */
export const UNCHECKED_EXTRINSIC_PATH = "sp_runtime::generic::unchecked_extrinsic::UncheckedExtrinsic";
/** Flag of signed extrinsics beside the version. */
const SIGNED_FLAG = 0x80;

/** What a signed extrinsic has besides its call. */
export interface ExtrinsicSignature {
  readonly address: MultiAddress;
  readonly signature: MultiSignature;
  /** Values of the extensions, in their order. */
  readonly extras: readonly unknown[];
  /** The same as they are signed. */
  readonly extraBytes: Uint8Array;
}

/** A decoded extrinsic. */
export interface Extrinsic {
  readonly signature: ExtrinsicSignature | undefined;
  readonly call: RuntimeCall;
  readonly callBytes: Uint8Array;
  /** Length of the whole, its prefix included. */
  readonly length: number;
}

/** The bytes a reader takes, beside its value. */
function withBytes<T>(cursor: Cursor, read: () => T): readonly [value: T, bytes: Uint8Array] {
  const start = cursor.i;
  const value = read();
  return [value, new Uint8Array(cursor.buffer.slice(start, cursor.i) as ArrayBuffer)];
}

function readExtrinsic(model: RuntimeModel, bytes: Uint8Array): Extrinsic {
  const cursor = openCursor(bytes);
  const length = compactU32.read(cursor);
  const left = cursor.length - cursor.i;
  if (length !== left) {
    throw new CodecError(length > left ? "Truncated" : "TrailingBytes", `length ${length}, got ${left}`);
  }
  const version = take(cursor, 1)[0] ?? 0;
  if ((version & ~SIGNED_FLAG) !== EXTRINSIC_VERSION) {
    throw new CodecError("InvalidValue", `extrinsic version ${version & ~SIGNED_FLAG}, want ${EXTRINSIC_VERSION}`);
  }
  const signature = (version & SIGNED_FLAG) === 0 ? undefined : readSignature(model, cursor);
  const [call, callBytes] = withBytes(cursor, () => within("call", () => model.callType.codec.read(cursor)));
  if (cursor.i !== cursor.length) throw new CodecError("TrailingBytes", `${cursor.length - cursor.i} bytes left`);
  return { signature, call, callBytes, length: bytes.length };
}

function readSignature(model: RuntimeModel, cursor: Cursor): ExtrinsicSignature {
  const address = within("address", () => multiAddress.codec.read(cursor));
  const signature = within("signature", () => multiSignature.codec.read(cursor));
  const [extras, extraBytes] = withBytes(
    cursor,
    () =>
      model.definition.extensions.map(({ identifier, extra }) => within(identifier, () => extra.codec.read(cursor))),
  );
  return { address, signature, extras, extraBytes };
}

/** Decodes an extrinsic of this runtime. */
export function decodeExtrinsic(model: RuntimeModel, bytes: Uint8Array): Result<Extrinsic, CodecError> {
  try {
    return ok(readExtrinsic(model, bytes));
  } catch (error) {
    if (error instanceof CodecError) return err(error);
    throw error;
  }
}

/** Whether the version byte of an extrinsic says that it has no signature; `false` for bytes without one. */
export function isBareExtrinsic(bytes: Uint8Array): boolean {
  // The compact length takes one, two, four or five bytes, told by its lowest two bits.
  const prefix = [1, 2, 4, 5][(bytes[0] ?? 0) & 3] as number;
  const version = bytes[prefix];
  return version !== undefined && (version & SIGNED_FLAG) === 0;
}

/** Encodes an extrinsic without a signature, as inherents are. */
export function encodeBareExtrinsic(model: RuntimeModel, call: RuntimeCall): Uint8Array {
  const body = concatBytes(new Uint8Array([EXTRINSIC_VERSION]), model.callType.codec.encode(call));
  return concatBytes(compactU32.encode(body.length), body);
}
