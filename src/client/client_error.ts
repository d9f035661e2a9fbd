/**
 * What a worker's answer can turn out to be, other than the one that was wanted.
 *
 * @module
 */

/** Why a question or a call led to nothing; tagged by `code`. */
export type ClientError =
  /** The worker refuses; `message` is its own text, to be shown and not to be decided on. */
  | { readonly code: "WorkerRefused"; readonly method: string; readonly message: string }
  /** The answer does not decode as what the method answers. */
  | { readonly code: "MalformedAnswer"; readonly method: string }
  /** The worker names another operation than the one it was given. */
  | { readonly code: "ForeignOperation" }
  /** The worker's shielding key is not the one the enclave stated. */
  | { readonly code: "ShieldingKeyMismatch" }
  /** The operation does not fit into one request. */
  | { readonly code: "OperationTooLarge"; readonly length: number; readonly max: number }
  /** The operation was taken, but nothing final was said about it in time. */
  | { readonly code: "StatusTimeout"; readonly waitedMs: number }
  /** The connection ended while the operation was under way; it may still be executed. */
  | { readonly code: "WatchLost"; readonly reason: string };
