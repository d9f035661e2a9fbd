/**
 * Failures of the chain and its store.
 *
 * @module
 */

/** What can be wrong with a database. */
export type ChainErrorCode =
  /** It belongs to a chain with another genesis block. */
  | "GenesisMismatch"
  /** Its blocks were made with another block time. */
  | "BlockTimeMismatch"
  /** A state that was read back has not the root of its block. */
  | "StateCorrupt"
  /** Something that must be there is not. */
  | "StoreIncomplete"
  /** Another process has it open. */
  | "StoreInUse"
  /** It was made by a version of this program with another layout. */
  | "StoreVersion"
  /** It cannot be opened or read. */
  | "StoreUnreadable";

/** The chain cannot be opened. */
export class ChainError extends Error {
  override name = "ChainError";
  /** What is wrong. */
  readonly code: ChainErrorCode;

  /** Makes the error. */
  constructor(code: ChainErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
