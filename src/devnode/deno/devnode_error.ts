/**
 * Failures of starting a node.
 *
 * @module
 */
import { ChainError, type ChainErrorCode } from "../chain_error.ts";
import { messageOf } from "../../primitives/message_of.ts";

/** Why a node cannot run. */
export type DevnodeErrorCode =
  | ChainErrorCode
  /** Another program listens on the port. */
  | "AddressInUse"
  /** The port cannot be listened on for another reason. */
  | "ListenFailed"
  /** The folder of the database cannot be made. */
  | "DataDirUnusable"
  /** The certificate of the operator's platform root cannot be read. */
  | "PlatformRootUnreadable"
  /** Something else. */
  | "StartFailed";

/** The node cannot start. */
export class DevnodeError extends Error {
  override name = "DevnodeError";
  /** What is wrong. */
  readonly code: DevnodeErrorCode;

  /** Makes the error. */
  constructor(code: DevnodeErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** Any failure of a start as a {@linkcode DevnodeError}. */
export function toDevnodeError(error: unknown): DevnodeError {
  if (error instanceof DevnodeError) return error;
  if (error instanceof ChainError) return new DevnodeError(error.code, error.message, { cause: error });
  return new DevnodeError("StartFailed", `Cannot start the devnode: ${messageOf(error)}`, { cause: error });
}
