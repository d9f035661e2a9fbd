/**
 * The worker's error messages: the debug rendering of a jsonrpc error, inside an answer with status `Error`.
 *
 * Source: worker `core-primitives/top-pool-author/src/client_error.rs`, `core-primitives/top-pool/src/error.rs`
 * (839eda024)
 *
 * @module
 */

/** Why a submitted operation was refused before it had a place in the pool. */
export type SubmitRefusal =
  /** The shard is not this enclave's. */
  | "InvalidShard"
  /** The ciphertext was not made for the shielding key. */
  | "CouldNotDecipher"
  /** The plaintext is no trusted operation. */
  | "InvalidFormat"
  /** Getters are not submitted. */
  | "UnsupportedOperation"
  /** The pool holds this operation. */
  | "AlreadyImported"
  /** The pool holds another operation with this sender and nonce. */
  | "TooLowPriority"
  /** The operation failed before and may not come back yet. */
  | "TemporarilyBanned"
  /** The pool is full. */
  | "PoolLimit";

function rendered(code: string, message: string, data?: string): string {
  const text = data === undefined ? "None" : `Some(String("${data}"))`;
  return `Error { code: ${code}, message: "${message}", data: ${text} }`;
}

const TEXTS: Readonly<Record<SubmitRefusal, string>> = {
  InvalidShard: rendered("ServerError(1002)", "Shard does not exist", "InvalidShard"),
  CouldNotDecipher: rendered("ServerError(1001)", "Trusted operation could not be deciphered"),
  InvalidFormat: rendered("ServerError(1001)", "Trusted operation has invalid format"),
  UnsupportedOperation: rendered("InternalError", "Unknown error occurred", "UnsupportedOperation"),
  AlreadyImported: rendered("ServerError(4004)", "Already imported"),
  TooLowPriority: rendered("ServerError(4004)", "Too low priority"),
  TemporarilyBanned: rendered("ServerError(4004)", "Trusted Operation temporarily Banned"),
  PoolLimit: rendered("ServerError(4004)", "TrustedOperation couldn't enter the pool because of the limit"),
};

/** The message of a refusal. */
export function submitErrorText(refusal: SubmitRefusal): string {
  return TEXTS[refusal];
}

/** Why a getter was refused; the texts are the worker's. */
export type GetterRefusal =
  /** The bytes are no getter. */
  | "Undecodable"
  /** The signature does not fit. */
  | "GetterIsNotAuthorized"
  /** There is no state for the shard. */
  | "CurrentShardStateEmpty"
  /** Too many signatures wait to be checked. */
  | "TooMany";

/** The message of a refused getter. */
export function getterErrorText(refusal: GetterRefusal): string {
  switch (refusal) {
    case "Undecodable":
      return `Other("Could not decode getter")`;
    case "GetterIsNotAuthorized":
      return "GetterIsNotAuthorized";
    case "CurrentShardStateEmpty":
      return "StateObserver(CurrentShardStateEmpty)";
    case "TooMany":
      return `Other("Too many getters wait")`;
  }
}
