/**
 * Answers of a peer's trusted endpoint that hold a text.
 *
 * Source: worker `enclave-runtime/src/rpc/common_api.rs` (839eda024)
 *
 * @module
 */
import { str, tryDecode } from "../../codec/codec.ts";
import { fromHex } from "../../primitives/hex.ts";
import { rpcReturnValue } from "../../types/rpc_return_value.ts";

/** The text inside a result; `undefined` if it is none, too long, or an error. */
export function readTextAnswer(result: unknown, maxLength: number): string | undefined {
  let bytes: Uint8Array;
  try {
    bytes = fromHex(String(result));
  } catch {
    return undefined;
  }
  const answer = tryDecode(rpcReturnValue, bytes);
  const text = answer.ok && answer.value.status.type === "Ok"
    ? tryDecode(str(maxLength), answer.value.value)
    : undefined;
  return text?.ok === true ? text.value : undefined;
}
