/**
 * Reading the worker's answers: hexadecimal text of a return value, whose status tells whether its value is the answer
 * or a message.
 *
 * Source: worker `core-primitives/rpc/src/lib.rs#RpcReturnValue` (839eda024)
 *
 * @module
 */
import { type Codec, tryDecode } from "../codec/codec.ts";
import { fromHex } from "../primitives/hex.ts";
import { err, ok, type Result } from "../primitives/result.ts";
import { rpcMessage, rpcReturnValue } from "../types/rpc_return_value.ts";
import type { ClientError } from "./client_error.ts";

/** The value inside a return value, or the worker's refusal. */
export function readReturnValue(method: string, result: unknown): Result<Uint8Array, ClientError> {
  const bytes = typeof result === "string" ? hexOf(result) : undefined;
  if (bytes === undefined) return err({ code: "MalformedAnswer", method });
  const decoded = tryDecode(rpcReturnValue, bytes);
  if (!decoded.ok) return err({ code: "MalformedAnswer", method });
  const { status, value } = decoded.value;
  if (status.type !== "Error") return ok(value);
  const message = tryDecode(rpcMessage, value);
  return err(
    message.ok
      ? { code: "WorkerRefused", method, message: printable(message.value) }
      : { code: "MalformedAnswer", method },
  );
}

/** The value inside a return value, decoded. */
export function readAnswer<T>(method: string, result: unknown, codec: Codec<T>): Result<T, ClientError> {
  const value = readReturnValue(method, result);
  if (!value.ok) return value;
  const decoded = tryDecode(codec, value.value);
  return decoded.ok ? decoded : err({ code: "MalformedAnswer", method });
}

/** The bytes of hexadecimal text, or `undefined` if it is none. */
export function hexOf(text: string): Uint8Array | undefined {
  try {
    return fromHex(text);
  } catch {
    return undefined;
  }
}

/** A worker's text without control characters, so that it cannot write to a terminal what the terminal obeys. */
export function printable(text: string): string {
  return text.replaceAll(/\p{C}/gu, "\ufffd");
}
