/**
 * Errors of the link to a parentchain node.
 *
 * @module
 */

/** What went wrong with the node. */
export type LinkErrorCode =
  /** Nothing answers at its address. */
  | "Unreachable"
  /** The connection was lost, or there is none at the moment. */
  | "Disconnected"
  /** It answers with an error, or with something that is no answer. */
  | "BadAnswer"
  /** It does not offer what the chosen finality level needs. */
  | "FinalityUnavailable"
  /** Its runtime has changed: the service must be started anew. */
  | "RuntimeChanged"
  /** It is no longer the chain that it was. */
  | "ChainChanged"
  /** Its chain began as the one that was followed and went on otherwise. */
  | "OtherHistory";

/** A parentchain node cannot be used. */
export class LinkError extends Error {
  override readonly name = "LinkError";
  /** For decisions. */
  readonly code: LinkErrorCode;

  constructor(code: LinkErrorCode, message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }
}
