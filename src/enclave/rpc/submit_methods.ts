/**
 * Submitting trusted operations, with and without watching.
 *
 * Source: worker `sidechain/rpc-handler/src/direct_top_pool_api.rs` (839eda024)
 *
 * @module
 */
import { type Codec, tryDecode } from "../../codec/codec.ts";
import { fromHex, toHex } from "../../primitives/hex.ts";
import { err, ok, type Result } from "../../primitives/result.ts";
import { positional, type RawParams, textParam } from "../../transport/params.ts";
import { defineMethod, type RpcCall, type RpcMethod } from "../../transport/router.ts";
import { directRequestStatus } from "../../types/direct_request_status.ts";
import { MAX_CYPHERTEXT_BYTES, type Request, request } from "../../types/request.ts";
import type { TrustedOperationStatus } from "../../types/trusted_operation_status.ts";
import { answer, errorAnswer } from "./answers.ts";
import { submitErrorText } from "./error_text.ts";
import type { RpcService } from "./rpc_service.ts";

/** Name of the watching method, which is also that of its pushes. */
const SUBMIT_AND_WATCH = "author_submitAndWatchExtrinsic";
/** Longest encoded request. */
const MAX_REQUEST_BYTES = 32 + 4 + MAX_CYPHERTEXT_BYTES;
/** Tokens of a submission: an RSA decryption costs as much as 50 queries. */
const SUBMIT_COST = 10;

/** The one text parameter of a method that takes an encoded request. @throws {TypeError} If there is none. */
export function requestParam(params: RawParams): string {
  return textParam(positional(params, 1, 8)[0], 2 * MAX_REQUEST_BYTES + 2);
}

/** Reads an encoded request; the error is the message for the client. */
export function decodeRequest(text: string): Result<Request, string> {
  return decodeHex(request, text);
}

function decodeHex<T>(codec: Codec<T>, text: string): Result<T, string> {
  let bytes: Uint8Array;
  try {
    bytes = fromHex(text);
  } catch (error) {
    return err(`Hex(${error instanceof Error ? error.message : "invalid"})`);
  }
  const decoded = tryDecode(codec, bytes);
  return decoded.ok ? ok(decoded.value) : err(`Codec("${decoded.error.message.replaceAll('"', "'")}")`);
}

/** A status that waits for the answer to leave. */
type HeldStatus = [status: TrustedOperationStatus, last: boolean];

async function submitAndWatch(text: string, service: RpcService, call: RpcCall): Promise<string> {
  service.count("rpc_trusted_calls");
  const decoded = decodeRequest(text);
  if (!decoded.ok) return errorAnswer(decoded.error);
  const submitted = await service.submit(decoded.value, call.connection);
  if (!submitted.ok) {
    await service.tick();
    return errorAnswer(submitErrorText(submitted.error));
  }
  const id = toHex(submitted.value.topHash);
  // Watched BEFORE the tick: the operation may be in a block before the answer leaves.
  const held: HeldStatus[] = [];
  let deliver = (...status: HeldStatus): void => void held.push(status);
  const stop = submitted.value.watch((status, last) => deliver(status, last));
  try {
    await service.tick();
    const subscription = call.subscribe({ type: "worker", method: SUBMIT_AND_WATCH }, id);
    subscription.onClose = stop;
    deliver = (status, last) => {
      subscription.notify(toHex(directRequestStatus.encode({ type: "TrustedOperationStatus", value: status })));
      if (last) subscription.close();
    };
    for (const status of held) deliver(...status);
    return id;
  } catch (error) {
    stop();
    throw error;
  }
}

async function submit(text: string, service: RpcService, call: RpcCall): Promise<string> {
  service.count("rpc_trusted_calls");
  const decoded = decodeRequest(text);
  if (!decoded.ok) return errorAnswer(decoded.error);
  const submitted = await service.submit(decoded.value, call.connection);
  await service.tick();
  if (!submitted.ok) return errorAnswer(submitErrorText(submitted.error));
  return answer({
    value: submitted.value.topHash,
    doWatch: false,
    status: { type: "TrustedOperationStatus", value: { type: "Submitted", value: undefined } },
  });
}

/** The methods that take trusted operations. */
export function submitMethods(): RpcMethod<RpcService>[] {
  return [
    defineMethod({
      name: SUBMIT_AND_WATCH,
      summary: "Submits an encrypted trusted operation; the answer is its hash, under which its statuses are pushed",
      paramNames: ["request"],
      cost: SUBMIT_COST,
      decode: requestParam,
      handle: submitAndWatch,
    }),
    defineMethod({
      name: "author_submitExtrinsic",
      summary: "Submits an encrypted trusted operation",
      paramNames: ["request"],
      cost: SUBMIT_COST,
      decode: requestParam,
      handle: submit,
    }),
  ];
}
