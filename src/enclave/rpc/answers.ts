/**
 * Hexadecimal answers of the worker's methods.
 *
 * Source: worker `core-primitives/types/src/lib.rs#RpcReturnValue` (839eda024)
 *
 * @module
 */
import { str } from "../../codec/codec.ts";
import { type Hex, toHex } from "../../primitives/hex.ts";
import { rpcError, rpcOk, type RpcReturnValue, rpcReturnValue } from "../../types/rpc_return_value.ts";

/** Longest text answered as a SCALE string: the shielding key's JSON has up to 1,600 characters. */
const MAX_TEXT_BYTES = 8192;
const text = str(MAX_TEXT_BYTES);

/** Answer with status `Ok`. */
export function okAnswer(value: Uint8Array): Hex {
  return answer(rpcOk(value));
}

/** Answer with status `Ok` and a SCALE string. */
export function textAnswer(value: string): Hex {
  return okAnswer(text.encode(value));
}

/** Answer with status `Error` and a message. */
export function errorAnswer(message: string): Hex {
  return answer(rpcError(message));
}

/** Any answer. */
export function answer(value: RpcReturnValue): Hex {
  return toHex(rpcReturnValue.encode(value));
}
