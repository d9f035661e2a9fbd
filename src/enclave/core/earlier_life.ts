/**
 * Since when this is the only life of the enclave, as far as it can tell. The disk that it started from may be an older copy,
 * which lacks what was signed since; and a block of its own that came from outside was made by a life that it knows nothing of.
 *
 * @module
 */
import { type AccountId } from "../../primitives/branded.ts";
import { equalBytes } from "../../primitives/bytes.ts";
import type { ChainBlock } from "../../sidechain/chain_block.ts";

/** The earlier life of an enclave. */
export class EarlierLife {
  readonly #signer: AccountId;
  #endMs: number;
  #firstAfter: number | undefined;

  /** `signer` is the enclave's own account, `startMs` when this life began, by the host's clock. */
  constructor(signer: AccountId, startMs: number) {
    this.#signer = signer;
    this.#endMs = startMs;
  }

  /** Notes a block that came from outside at `nowMs`. One of its own shows another life, which may have gone on until now. */
  note({ digest: { blockAuthor } }: ChainBlock, nowMs: number): void {
    if (!equalBytes(blockAuthor, this.#signer)) return;
    this.#endMs = nowMs;
    this.#firstAfter = undefined;
  }

  /** Notes an imported block of the parentchain; `timestampMs` is absent on chains without time. */
  noteParentchain(number: number, timestampMs: bigint | undefined): void {
    if (timestampMs === undefined || timestampMs > this.#endMs) this.#firstAfter ??= number;
  }

  /** The first parentchain block that was made after any other life; `undefined` as long as none was imported. */
  get firstAfter(): number | undefined {
    return this.#firstAfter;
  }
}
