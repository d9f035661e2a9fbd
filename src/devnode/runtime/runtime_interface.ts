/**
 * What the node sees of a runtime: blocks are executed on immutable states, and everything else is asked by name.
 *
 * @module
 */
import type { Result } from "../../primitives/result.ts";
import type { TransactionSource, TransactionValidityError, ValidTransaction } from "./validity.ts";

/** SCALE-encoded `RuntimeVersion` in words. */
export interface RuntimeVersion {
  readonly specName: string;
  readonly implName: string;
  readonly authoringVersion: number;
  readonly specVersion: number;
  readonly implVersion: number;
  /** Runtime API ids (8 bytes each) and their versions. */
  readonly apis: readonly (readonly [id: Uint8Array, version: number])[];
  readonly transactionVersion: number;
  /** 1: state trie with hashed values, extrinsics root of version 0. */
  readonly stateVersion: number;
}

/** What `system_properties` tells of the chain. */
export interface ChainProperties {
  readonly ss58Format: number;
  readonly tokenDecimals: number;
  readonly tokenSymbol: string;
}

/** What a block knows of itself before its first extrinsic. */
export interface BlockStart {
  /** Number of the block; u32, the first after genesis is 1. */
  readonly number: number;
  /** Hash of the parent header, its seal included. */
  readonly parentHash: Uint8Array;
  /** SCALE-encoded digest items, usually the one `PreRuntime` item with the Aura slot. */
  readonly digest: readonly Uint8Array[];
}

/** A header whose digest still lacks the author's seal. */
export interface UnsealedHeader {
  readonly parentHash: Uint8Array;
  readonly number: number;
  readonly stateRoot: Uint8Array;
  readonly extrinsicsRoot: Uint8Array;
  /** SCALE-encoded digest items, those of the start first, then what pallets logged. */
  readonly digest: readonly Uint8Array[];
}

/** How a call ended: nothing to add, or the dispatch error as names for people. */
export type DispatchOutcome =
  | { readonly ok: true }
  | { readonly ok: false; readonly name: string; readonly encoded: Uint8Array };

/** Why a runtime API call gives no answer. */
export type RuntimeCallError =
  /** The runtime has no such function; a node answers like for a missing wasm export. */
  | { readonly code: "UnknownFunction"; readonly name: string }
  /** The arguments are not the encoding of the parameters. */
  | { readonly code: "InvalidArguments"; readonly name: string; readonly detail: string };

/** Which development genesis to build. */
export type GenesisPreset = "dev" | "local";

/**
 * One runtime over states of type `State` (the immutable trie) and running blocks of type `Block`.
 *
 * A block goes through: `initializeBlock` → its inherents and other extrinsics by `applyExtrinsic` → `finalizeBlock`.
 * After `finalizeBlock` the running block must not be used any more.
 */
export interface RuntimePort<State, Block> {
  readonly version: RuntimeVersion;
  readonly properties: ChainProperties;
  /** Length of an Aura slot in milliseconds. */
  readonly slotDurationMs: number;
  /** Opaque metadata with magic bytes, version 14. */
  readonly metadataV14: Uint8Array;
  /** Opaque metadata with magic bytes, version 15. */
  readonly metadataV15: Uint8Array;
  /** The state of block 0. */
  readonly buildGenesis: (preset: GenesisPreset) => State;
  /** Begins a block on its parent's state. @throws {RangeError} If number or digest do not follow the parent. */
  readonly initializeBlock: (parent: State, start: BlockStart) => Block;
  /** The extrinsics that a block made at `nowMs` must begin with. */
  readonly inherentExtrinsics: (nowMs: number) => readonly Uint8Array[];
  /** Whether an extrinsic has no signature, as inherents have none; `false` for bytes that are no extrinsic. */
  readonly isBare: (extrinsic: Uint8Array) => boolean;
  /** Executes one extrinsic; after an error the block is as before, and the extrinsic is not part of it. */
  readonly applyExtrinsic: (block: Block, extrinsic: Uint8Array) => Result<DispatchOutcome, TransactionValidityError>;
  /** Ends a block. @throws {RangeError} If a mandatory inherent is missing. */
  readonly finalizeBlock: (block: Block) => { readonly header: UnsealedHeader; readonly state: State };
  /** Checks a transaction for the pool, in the block after the one with this state and hash. */
  readonly validateTransaction: (
    state: State,
    blockHash: Uint8Array,
    source: TransactionSource,
    extrinsic: Uint8Array,
  ) => Result<ValidTransaction, TransactionValidityError>;
  /** Answers a runtime API function like `Core_version` for `state_call`; arguments and answer are SCALE bytes. */
  readonly call: (
    name: string,
    args: Uint8Array,
    state: State,
    blockHash: Uint8Array,
  ) => Result<Uint8Array, RuntimeCallError>;
}
