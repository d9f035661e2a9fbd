/**
 * Two headers that one author signed for one slot: a proof that anybody can check.
 *
 * Differs: the reference looks for no such thing.
 *
 * @module
 */
import { type Codec, struct, vec } from "../codec/codec.ts";
import { type LightHeader, lightHeader } from "./light_header.ts";

/** Most pieces of evidence kept and served: 64 are 52 KiB, and a few by author are plenty to act on. */
export const MAX_EQUIVOCATIONS = 64;

/** The two headers, in the order in which they were seen; the fields are in wire order. */
export interface EquivocationProof {
  readonly first: LightHeader;
  readonly second: LightHeader;
}

/** SCALE codec of {@linkcode EquivocationProof}. */
export const equivocationProof: Codec<EquivocationProof> = struct<EquivocationProof>({
  first: lightHeader,
  second: lightHeader,
});

/** SCALE codec of the answer of `sidechain_getEquivocations`: at most {@linkcode MAX_EQUIVOCATIONS}. */
export const equivocationProofs: Codec<readonly EquivocationProof[]> = vec(equivocationProof, MAX_EQUIVOCATIONS);
