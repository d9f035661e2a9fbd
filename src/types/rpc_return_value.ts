/**
 * The envelope of nearly every answer of the trusted RPC.
 *
 * Source: worker `core-primitives/rpc/src/lib.rs#RpcReturnValue` (839eda024)
 *
 * @module
 */
import { bool, bytes, type Codec, str, struct } from "../codec/codec.ts";
import { type DirectRequestStatus, directRequestStatus } from "./direct_request_status.ts";

/** Most bytes of an answer's value, 4 MiB: runtime metadata is the largest value served in one answer. */
export const MAX_RPC_VALUE_BYTES: number = 4 * 1024 * 1024;

/** Most bytes of an error message, 4 KiB: the longest one of the protocol is below 200. */
export const MAX_RPC_MESSAGE_BYTES = 4096;

/** An answer; the fields are in wire order. */
export interface RpcReturnValue {
  /** SCALE bytes of the answer, or a SCALE string in an error. At most {@linkcode MAX_RPC_VALUE_BYTES}. */
  readonly value: Uint8Array;
  /** Whether updates will follow. */
  readonly doWatch: boolean;
  /** Outcome. */
  readonly status: DirectRequestStatus;
}

/** SCALE codec of {@linkcode RpcReturnValue}. */
export const rpcReturnValue: Codec<RpcReturnValue> = struct<RpcReturnValue>({
  value: bytes(MAX_RPC_VALUE_BYTES),
  doWatch: bool,
  status: directRequestStatus,
});

/** SCALE codec of the message inside an answer with status `Error`. */
export const rpcMessage: Codec<string> = str(MAX_RPC_MESSAGE_BYTES);

/** The answer with a value and status `Ok`. */
export function rpcOk(value: Uint8Array): RpcReturnValue {
  return { value, doWatch: false, status: { type: "Ok", value: undefined } };
}

/** The answer that refuses with a message of at most {@linkcode MAX_RPC_MESSAGE_BYTES}. @throws {RangeError} */
export function rpcError(message: string): RpcReturnValue {
  return { value: rpcMessage.encode(message), doWatch: false, status: { type: "Error", value: undefined } };
}
