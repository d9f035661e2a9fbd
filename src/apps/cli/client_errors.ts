/**
 * The client's errors in words.
 *
 * @module
 */
import type { ClientError } from "../../client/client_error.ts";
import type { Result } from "../../primitives/result.ts";
import { CliError } from "./cli_error.ts";

/** A sentence for a client error. */
export function describeClientError(error: ClientError): string {
  switch (error.code) {
    case "WorkerRefused":
      return `the worker refuses: ${readableRefusal(error.message)}`;
    case "MalformedAnswer":
      return `the worker's answer to "${error.method}" does not decode`;
    case "ForeignOperation":
      return "the worker names another operation than the one it was given";
    case "ShieldingKeyMismatch":
      return "the worker's shielding key is not the one its enclave stated";
    case "OperationTooLarge":
      return `the operation has ${error.length} bytes, at most ${error.max} fit`;
    case "StatusTimeout":
      return `nothing was heard of the operation for ${error.waitedMs / 1_000} s; it may still be executed`;
    case "WatchLost":
      return `the connection ended (${error.reason}); the operation may still be executed`;
  }
}

/** The value, or a failed command. @throws {CliError} `Operation` */
export function valueOf<T>(what: string, result: Result<T, ClientError>): T {
  if (result.ok) return result.value;
  throw new CliError("Operation", `Cannot ${what}: ${describeClientError(result.error)}`);
}

/** The message inside the worker's debug text. */
function readableRefusal(text: string): string {
  const message = /message: "((?:[^"\\]|\\.)*)"/u.exec(text)?.[1];
  return message ?? text;
}
