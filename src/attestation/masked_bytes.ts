/**
 * Comparison of the bits that count.
 *
 * @module
 */

/** Whether two byte strings agree in every bit that is set in the mask; all three have the same length. */
export function equalUnder(mask: Uint8Array, left: Uint8Array, right: Uint8Array): boolean {
  return mask.every((bits, place) => ((left[place] ?? 0) & bits) === ((right[place] ?? 0) & bits));
}
