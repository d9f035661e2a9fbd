/**
 * The bytes inside `init_parentchain` and `import_parentchain`: what the host tells of a parentchain. Nothing of it is
 * believed unless it is proven (or the level is `trusted`).
 *
 * @module
 */
import {
  bytes,
  bytesOf,
  type Codec,
  mapped,
  option,
  struct,
  u32,
  type Variant,
  variant,
  vec,
} from "../../codec/codec.ts";
import { MAX_BLOCK_EXTRINSICS } from "../../parentchain/block_content.ts";
import type { BlockContent, BlockInput, StorageEvidence } from "../../parentchain/imported_block.ts";
import { MAX_PARENTCHAIN_INFO_BYTES, MAX_PARENTCHAIN_KEYS } from "./limits.ts";

/** Largest header: a full session change lists a thousand authorities. */
const MAX_HEADER_BYTES = 128 * 1024;
/** Largest justification: a thousand voters at 132 bytes each, and their ancestries. */
const MAX_JUSTIFICATION_BYTES = 1024 * 1024;
/** Largest storage value or trie node: the events of a full block. */
const MAX_STORAGE_BYTES = 8 * 1024 * 1024;
/** Most nodes of a read proof. */
const MAX_PROOF_NODES = 16_384;
/** Largest extrinsic of a block: a runtime upgrade. */
const MAX_BODY_EXTRINSIC_BYTES = 5 * 1024 * 1024;

/** Where to begin, or to go on: the second and further times only the metadata count. */
export interface ParentchainStart {
  /** Hash of block 0. */
  readonly genesisHash: Uint8Array;
  /** SCALE of the metadata (as `state_getMetadata` or `Metadata_metadata_at_version` gives them, versions 14 to 16). */
  readonly metadata: Uint8Array;
  /** SCALE of the header to begin after, if the follower has no state of its own yet. */
  readonly header: Uint8Array;
  /** Values of `startKeys(metadata)` (`src/parentchain/wanted_keys.ts`) in the state of that header. */
  readonly storage: StorageEvidence;
  /** First block whose content counts for a new shard; default the one after `header`. */
  readonly contentFrom: number | undefined;
}

type Evidence = Variant<{
  proof: readonly Uint8Array[];
  trusted: readonly (Uint8Array | undefined)[];
}>;

const value = bytes(MAX_STORAGE_BYTES);

const storageEvidence: Codec<StorageEvidence> = mapped<Evidence, StorageEvidence>(
  variant<{ proof: readonly Uint8Array[]; trusted: readonly (Uint8Array | undefined)[] }>({
    proof: [0, vec(value, MAX_PROOF_NODES)],
    trusted: [1, vec(option(value), MAX_PARENTCHAIN_KEYS)],
  }),
  (inner) => inner.type === "proof" ? { type: "proof", nodes: inner.value } : { type: "trusted", values: inner.value },
  (outer) => outer.type === "proof" ? { type: "proof", value: outer.nodes } : { type: "trusted", value: outer.values },
);

/** SCALE codec of {@linkcode ParentchainStart}: `info` of `init_parentchain`. */
export const parentchainStart: Codec<ParentchainStart> = struct<ParentchainStart>({
  genesisHash: bytesOf(32),
  metadata: bytes(MAX_PARENTCHAIN_INFO_BYTES),
  header: bytes(MAX_HEADER_BYTES),
  storage: storageEvidence,
  contentFrom: option(u32),
});

interface StoredInput {
  readonly header: Uint8Array;
  readonly justification: Uint8Array | undefined;
  readonly content: BlockContent | undefined;
}

/** SCALE codec of a block of `import_parentchain`. */
export const parentchainBlock: Codec<BlockInput> = mapped<StoredInput, BlockInput>(
  struct<StoredInput>({
    header: bytes(MAX_HEADER_BYTES),
    justification: option(bytes(MAX_JUSTIFICATION_BYTES)),
    content: option(
      struct<BlockContent>({
        extrinsics: vec(bytes(MAX_BODY_EXTRINSIC_BYTES), MAX_BLOCK_EXTRINSICS),
        storage: storageEvidence,
      }),
    ),
  }),
  (inner) => inner,
  ({ header, justification, content }) => ({ header, justification, content }),
);
