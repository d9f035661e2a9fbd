/**
 * All that a light client needs of a block: 413 bytes.
 *
 * Differs: the reference has no such type; its light clients need whole blocks.
 *
 * @module
 */
import { type Codec, struct, vec } from "../codec/codec.ts";
import { type BlockDigest, blockDigest, computeBlockDigest } from "./block_digest.ts";
import { type EnclaveSignature, enclaveSignature } from "./multi_signature.ts";
import { type SidechainHeader, sidechainHeader } from "./sidechain_header.ts";
import type { SignedBlock } from "./signed_block.ts";

/** Most light headers in one answer of `sidechain_getLightHeaders`: 512 of them are 207 KiB. */
export const MAX_LIGHT_HEADERS = 512;

/** Header, summary of the body and signature; the fields are in wire order. */
export interface LightHeader {
  /** Header of the block. */
  readonly header: SidechainHeader;
  /** What the header's `blockDataHash` commits to. */
  readonly digest: BlockDigest;
  /** The author's signature over `blockSigningMessage`. */
  readonly signature: EnclaveSignature;
}

/** SCALE codec of {@linkcode LightHeader}. */
export const lightHeader: Codec<LightHeader> = struct<LightHeader>({
  header: sidechainHeader,
  digest: blockDigest,
  signature: enclaveSignature,
});

/** SCALE codec of the answer of `sidechain_getLightHeaders`: at most {@linkcode MAX_LIGHT_HEADERS}. */
export const lightHeaders: Codec<readonly LightHeader[]> = vec(lightHeader, MAX_LIGHT_HEADERS);

/** The light header of a block. */
export function lightHeaderOf(signed: SignedBlock): LightHeader {
  return {
    header: signed.block.header,
    digest: computeBlockDigest(signed.block.blockData),
    signature: signed.signature,
  };
}
