/**
 * How a command ends that did not do what was asked.
 *
 * @module
 */

/** Exit code of a command that failed. */
export const EXIT_FAILURE = 1;
/** Exit code of a command line that cannot be understood. */
export const EXIT_USAGE = 2;

/** What went wrong, for scripts that read the first word of the message. */
export type CliErrorCode =
  /** An argument or option has no meaning. */
  | "Usage"
  /** The parentchain node cannot be reached or misbehaves. */
  | "Parentchain"
  /** An extrinsic was refused or failed. */
  | "Extrinsic"
  /** The worker cannot be reached or misbehaves. */
  | "Worker"
  /** The enclave's evidence does not satisfy the policy. */
  | "Evidence"
  /** The worker refused an operation, or the operation turned out invalid. */
  | "Operation"
  /** The keystore cannot be read or written, or lacks a key. */
  | "Keystore"
  /** Something did not happen in time. */
  | "Timeout";

/** A failure with a sentence for people and an exit code for scripts. */
export class CliError extends Error {
  override readonly name = "CliError";
  /** The kind of failure. */
  readonly code: CliErrorCode;

  /** Makes an error of a code and a sentence. */
  constructor(code: CliErrorCode, message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.code = code;
  }

  /** The exit code of the process. */
  get exitCode(): number {
    return this.code === "Usage" ? EXIT_USAGE : EXIT_FAILURE;
  }
}
