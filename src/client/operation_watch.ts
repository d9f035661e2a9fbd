/**
 * Following an operation from its submission to the status that ends the watch.
 *
 * Source: worker `cli/src/trusted_operation.rs#send_direct_request` (839eda024) for which statuses end it
 *
 * @module
 */
import { tryDecode } from "../codec/codec.ts";
import type { TopHash } from "../primitives/branded.ts";
import { toHex } from "../primitives/hex.ts";
import { err, ok, type Result } from "../primitives/result.ts";
import { directRequestStatus } from "../types/direct_request_status.ts";
import type { Request } from "../types/request.ts";
import { request as requestCodec } from "../types/request.ts";
import type { TrustedOperationStatus } from "../types/trusted_operation_status.ts";
import type { ClientError } from "./client_error.ts";
import type { Timer } from "./ports.ts";
import { hexOf, printable, readReturnValue } from "./worker_answer.ts";
import type { SubscriptionUpdate } from "./rpc_message.ts";
import type { WorkerRpc } from "./worker_rpc.ts";

/** Method that takes an operation and pushes its statuses. */
export const SUBMIT_AND_WATCH = "author_submitAndWatchExtrinsic";
/** How long a status may stay away: a banned or forgotten operation pushes nothing, and a slot lasts 300 ms to 6 s. */
export const STATUS_TIMEOUT_MS = 120_000;

const PENDING: ReadonlySet<string> = new Set(["Submitted", "Future", "Ready", "Broadcast"]);

/** An operation that the worker took. */
export interface WatchedOperation {
  /** Hash of the operation, the same that the worker answered. */
  readonly hash: TopHash;
  /** The first status other than Submitted, Future, Ready and Broadcast, or why there is none. */
  readonly final: Promise<Result<TrustedOperationStatus, ClientError>>;
}

/** Settings of a watch. */
export interface WatchOptions {
  /** Hash of the operation as computed here; another one in the answer is refused. */
  readonly expectedHash: TopHash;
  /** Called with every status that is pushed. */
  readonly onStatus?: (status: TrustedOperationStatus) => void;
  /** Time from the answer to the final status, in milliseconds. Default {@linkcode STATUS_TIMEOUT_MS}. */
  readonly timeoutMs?: number;
}

/** Submits an encrypted operation and watches it. @throws {WorkerRpcError} If there is no answer. */
export async function submitAndWatch(
  rpc: WorkerRpc,
  timer: Timer,
  request: Request,
  options: WatchOptions,
): Promise<Result<WatchedOperation, ClientError>> {
  const timeoutMs = options.timeoutMs ?? STATUS_TIMEOUT_MS;
  const { promise: final, resolve } = Promise.withResolvers<Result<TrustedOperationStatus, ClientError>>();
  const subscription = await rpc.subscribe(SUBMIT_AND_WATCH, [toHex(requestCodec.encode(request))], {
    onUpdate: (update) => {
      const status = readUpdate(update);
      if (!status.ok) return resolve(status);
      options.onStatus?.(status.value);
      if (!PENDING.has(status.value.type)) resolve(status);
    },
    onClosed: (error) => resolve(err({ code: "WatchLost", reason: error.message })),
  });
  const answered = checkAnswer(subscription.answer, options.expectedHash);
  if (!answered.ok) {
    subscription.stop();
    return answered;
  }
  const cancel = timer.after(timeoutMs, () => resolve(err({ code: "StatusTimeout", waitedMs: timeoutMs })));
  void final.then(() => {
    cancel();
    subscription.stop();
  });
  return ok({ hash: options.expectedHash, final });
}

/** The answer is a bare hash; a return value in its place is a refusal. */
function checkAnswer(answer: string, expected: TopHash): Result<undefined, ClientError> {
  const bytes = hexOf(answer);
  if (bytes?.length === expected.length) {
    return toHex(bytes) === toHex(expected) ? ok(undefined) : err({ code: "ForeignOperation" });
  }
  const refusal = readReturnValue(SUBMIT_AND_WATCH, answer);
  return refusal.ok ? err({ code: "MalformedAnswer", method: SUBMIT_AND_WATCH }) : refusal;
}

function readUpdate(update: SubscriptionUpdate): Result<TrustedOperationStatus, ClientError> {
  if (update.error !== undefined) {
    return err({ code: "WorkerRefused", method: SUBMIT_AND_WATCH, message: printable(update.error) });
  }
  const bytes = hexOf(update.result);
  const decoded = bytes === undefined ? undefined : tryDecode(directRequestStatus, bytes);
  if (decoded === undefined || !decoded.ok) return err({ code: "MalformedAnswer", method: SUBMIT_AND_WATCH });
  const status = decoded.value;
  if (status.type === "TrustedOperationStatus") return ok(status.value);
  return err({
    code: "WorkerRefused",
    method: SUBMIT_AND_WATCH,
    message: `Operation ended with status ${status.type}`,
  });
}
