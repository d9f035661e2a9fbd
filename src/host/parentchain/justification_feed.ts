/**
 * Justifications that a node pushes by subscription, kept until the follower has passed their block.
 *
 * @module
 */
import { tryDecode } from "../../codec/codec.ts";
import { grandpaJustification } from "../../parentchain/grandpa/justification.ts";

/** Justifications kept: the newest one proves all blocks before it, older ones matter only around authority changes. */
const MAX_KEPT_JUSTIFICATIONS = 64;

/** The newest justifications by the number of their block. */
export class JustificationFeed {
  readonly #byNumber = new Map<number, Uint8Array>();

  /** Takes one that the node pushed; what does not decode is dropped: the enclave would refuse it. */
  push(bytes: Uint8Array): void {
    const decoded = tryDecode(grandpaJustification, bytes);
    if (!decoded.ok) return;
    this.#byNumber.set(decoded.value.targetNumber, bytes);
    const oldest = this.#byNumber.keys().next().value;
    if (this.#byNumber.size > MAX_KEPT_JUSTIFICATIONS && oldest !== undefined) this.#byNumber.delete(oldest);
  }

  /** The justification of a block, if the node pushed it. */
  of(number: number): Uint8Array | undefined {
    return this.#byNumber.get(number);
  }
}
