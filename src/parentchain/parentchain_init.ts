/**
 * SCALE forms of what the host hands to the enclave: the description of a parentchain, and its blocks. Private to one
 * build, so they carry no version.
 *
 * @module
 */
import { bytes, bytesOf, type Codec, mapped, option, struct, u32, variant, vec } from "../codec/codec.ts";
import { type BlockHash, blockHash } from "../primitives/branded.ts";
import { MAX_BLOCK_EXTRINSICS } from "./block_content.ts";
import { MAX_EXTRINSIC_BYTES } from "./extrinsic.ts";
import type { BlockContent, BlockInput, StorageEvidence } from "./imported_block.ts";
import { MAX_METADATA_BYTES } from "./metadata_lookup.ts";
import { MAX_TRIE_PROOF_BYTES, MAX_TRIE_PROOF_NODES } from "../trie/verify_proof.ts";

/** Largest encoded header: 64 digest items of 64 KiB are far above any real one. */
export const MAX_HEADER_BYTES: number = 1024 * 1024;
/** Largest encoded justification: a thousand votes and as many headers. */
export const MAX_JUSTIFICATION_BYTES: number = 1024 * 1024;
/** Most values without proof: the follower asks for about twenty. */
export const MAX_TRUSTED_VALUES = 1_024;

/** What the follower needs to know of a chain to begin, or to go on after a runtime upgrade. */
export interface ParentchainInfo {
  /** Hash of block 0. */
  readonly genesisHash: BlockHash;
  /** Metadata of the runtime, version 14 or 15. */
  readonly metadata: Uint8Array;
  /** SCALE-encoded header to begin after: block 0, or a checkpoint that the operator answers for. */
  readonly header: Uint8Array;
  /** Values of `startKeys` in the state of that header. */
  readonly storage: StorageEvidence;
  /** First block whose content is wanted; absent: the one after `header`. */
  readonly contentFrom: number | undefined;
}

/** SCALE codec of {@linkcode StorageEvidence}. */
export const storageEvidence: Codec<StorageEvidence> = mapped(
  variant<{ proof: readonly Uint8Array[]; trusted: readonly (Uint8Array | undefined)[] }>({
    proof: [0, vec(bytes(MAX_TRIE_PROOF_BYTES), MAX_TRIE_PROOF_NODES)],
    trusted: [1, vec(option(bytes(MAX_TRIE_PROOF_BYTES)), MAX_TRUSTED_VALUES)],
  }),
  ({ type, value }): StorageEvidence =>
    type === "proof"
      ? { type, nodes: value as readonly Uint8Array[] }
      : { type, values: value as readonly (Uint8Array | undefined)[] },
  (evidence) =>
    evidence.type === "proof"
      ? { type: "proof" as const, value: evidence.nodes }
      : { type: "trusted" as const, value: evidence.values },
);

/** SCALE codec of {@linkcode ParentchainInfo}. */
export const parentchainInfo: Codec<ParentchainInfo> = struct<ParentchainInfo>({
  genesisHash: mapped(bytesOf(32), blockHash, (hash) => hash),
  metadata: bytes(MAX_METADATA_BYTES),
  header: bytes(MAX_HEADER_BYTES),
  storage: storageEvidence,
  contentFrom: option(u32),
});

/** SCALE codec of {@linkcode BlockInput}. */
export const blockInput: Codec<BlockInput> = struct<Required<BlockInput>>({
  header: bytes(MAX_HEADER_BYTES),
  justification: option(bytes(MAX_JUSTIFICATION_BYTES)),
  content: option(struct<BlockContent>({
    extrinsics: vec(bytes(MAX_EXTRINSIC_BYTES), MAX_BLOCK_EXTRINSICS),
    storage: storageEvidence,
  })),
}) as Codec<BlockInput>;
