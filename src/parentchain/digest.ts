/**
 * Digest of a parentchain header: what the runtime and the consensus engines log in it.
 *
 * Source: substrate `primitives/runtime/src/generic/digest.rs#DigestItem` (the parentchain's own format)
 *
 * @module
 */
import { bytes, bytesOf, type Codec, struct, unit, type Variant, variant, vec } from "../codec/codec.ts";

/** Most items of a digest: a block has a slot, a seal and a handful of authority changes. */
export const MAX_DIGEST_ITEMS = 64;
/** Largest payload of one item: an authority list of a thousand entries fits in it. */
export const MAX_DIGEST_PAYLOAD = 65_536;

/** What one consensus engine says. */
export interface EngineMessage {
  /** Four ASCII bytes that name the engine. */
  readonly engine: Uint8Array;
  /** Content in the engine's own encoding. */
  readonly payload: Uint8Array;
}

const engineMessage: Codec<EngineMessage> = struct({ engine: bytesOf(4), payload: bytes(MAX_DIGEST_PAYLOAD) });

/** One item of a digest. */
export type DigestItem = Variant<{
  /** Free bytes of the runtime. */
  Other: Uint8Array;
  /** Message of the runtime to a consensus engine. */
  Consensus: EngineMessage;
  /** Signature of the author; always the last item. */
  Seal: EngineMessage;
  /** Message of a consensus engine to the runtime, put in before execution. */
  PreRuntime: EngineMessage;
  /** The runtime's code or heap size changed in this block. */
  RuntimeEnvironmentUpdated: undefined;
}>;

/** SCALE codec of {@linkcode DigestItem}. */
export const digestItem: Codec<DigestItem> = variant({
  Other: [0, bytes(MAX_DIGEST_PAYLOAD)],
  Consensus: [4, engineMessage],
  Seal: [5, engineMessage],
  PreRuntime: [6, engineMessage],
  RuntimeEnvironmentUpdated: [8, unit],
});

/** SCALE codec of a digest. */
export const digest: Codec<readonly DigestItem[]> = vec(digestItem, MAX_DIGEST_ITEMS);

/** Engine id of Aura: `aura`. */
export const AURA_ENGINE: Uint8Array = new Uint8Array([0x61, 0x75, 0x72, 0x61]);
/** Engine id of GRANDPA: `FRNK`. */
export const GRANDPA_ENGINE: Uint8Array = new Uint8Array([0x46, 0x52, 0x4e, 0x4b]);
