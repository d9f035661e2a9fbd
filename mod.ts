/**
 * integritee-edge: the public API.
 *
 * @module
 */
export { type Codec, tryDecode } from "./src/codec/codec.ts";
export { CodecError, type CodecErrorCode } from "./src/codec/error.ts";
export { type Cursor } from "./src/codec/cursor.ts";
export { decodeBase58, encodeBase58 } from "./src/primitives/base58.ts";
export { fromHex, type Hex, toHex } from "./src/primitives/hex.ts";
export { type Err, type Ok, type Result } from "./src/primitives/result.ts";
