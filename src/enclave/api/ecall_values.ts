/**
 * What the ecalls take and give: configuration, identity, positions, outcomes, metrics, health.
 *
 * @module
 */
import { bool, bytes, bytesOf, type Codec, option, str, struct, tuple, u32, u64, u8, vec } from "../../codec/codec.ts";
import {
  MAX_BLOCK_BYTES,
  MAX_CERTIFICATE_BYTES,
  MAX_FILE_NAME_LENGTH,
  MAX_FILES,
  MAX_PARENTCHAIN_KEYS,
  MAX_SEALED_KEYS_BYTES,
  MAX_SHIELDING_KEY_BYTES,
  MAX_STORAGE_KEY_BYTES,
  MAX_TEXT_BYTES,
} from "./limits.ts";

/** Configuration and stored things at start. Times are Unix milliseconds. */
export interface InitRequest {
  readonly nowMs: bigint;
  /** The shard; if none, that of the sealed keys, and of new keys the one that is named like the enclave's fingerprint. */
  readonly shard: Uint8Array | undefined;
  /** Slot duration of a new shard; a shard that exists keeps its own. */
  readonly slotDurationMs: number;
  /** Whether a new shard starts with the test genesis (//Alice endowed, //Ferdie root); only on a development chain. */
  readonly testGenesis: boolean;
  /** 0 proven, 1 sealed, 2 trusted: `--parentchain-finality`. */
  readonly finality: number;
  /** Finality that a payout waits for, same numbers. */
  readonly payoutFinality: number;
  /** Whether to register by `Skip` instead of with a quote. */
  readonly skipRa: boolean;
  /** Which parentchain holds the vault of a new shard: 0 Integritee, 1 TargetA, 2 TargetB. */
  readonly shieldingTarget: number;
  /** Address that the TLS endpoint listens on. */
  readonly listenHostname: string;
  /** Port that it listens on; 0 for any. */
  readonly listenPort: number;
  /** `wss://host:port` as registered on the parentchain. */
  readonly trustedUrl: string;
  /** `ws://host:port` of the host's endpoint. */
  readonly untrustedUrl: string;
  /** `host:port` of the provisioning endpoint. */
  readonly muRaUrl: string;
  /** Port that the provisioning endpoint listens on; 0 for any. */
  readonly muRaListenPort: number;
  /** Names and addresses in the TLS certificate. */
  readonly tlsNames: readonly string[];
  /** Content of the file {@linkcode KEYS_FILE}, if there is one. */
  readonly sealedKeys: Uint8Array | undefined;
  /** Names of all files of the enclave in the data directory. */
  readonly files: readonly string[];
  /** Lowest and highest number of the stored blocks. */
  readonly storedBlocks: readonly [lowest: bigint, highest: bigint] | undefined;
}

/** Name of the file with the sealed keys. */
export const KEYS_FILE = "keys.sealed";

/** Who the enclave is; all of it public. */
export interface Identity {
  readonly fingerprint: Uint8Array;
  readonly shard: Uint8Array;
  /** Ed25519 key of the parentchain account, block author and key statements. */
  readonly signer: Uint8Array;
  /** L2 account that receives fees. */
  readonly enclaveAccount: Uint8Array;
  /** JSON of the RSA key. */
  readonly shieldingKey: string;
  /** X25519 key of sessions. */
  readonly sessionKey: Uint8Array;
  /** DER of the self-signed TLS certificate. */
  readonly tlsCertificate: Uint8Array;
  /** Random per start. */
  readonly instanceId: Uint8Array;
  /** Always true here: the platform is emulated. */
  readonly emulated: boolean;
  /** Slot duration of a new shard; that of an existing one is in `health` once its state is recovered. */
  readonly slotDurationMs: number;
}

/** A parentchain as the follower takes it. */
export interface InitParentchainRequest {
  readonly nowMs: bigint;
  /** 0 Integritee, 1 TargetA, 2 TargetB. */
  readonly parentchain: number;
  /** SCALE of `ParentchainInfo` (`src/parentchain/parentchain_init.ts`): genesis, metadata, start header and its proof. */
  readonly info: Uint8Array;
}

/** Where a follower stands, and what it needs with the next block. */
export interface ParentchainPosition {
  /** Number of the newest imported header. */
  readonly number: number;
  /** Its hash. */
  readonly hash: Uint8Array;
  /** Number of the newest header under a verified justification (at level trusted: the start). */
  readonly provenNumber: number;
  /** Its hash. */
  readonly provenHash: Uint8Array;
  /** First block whose body and storage are needed; headers suffice below it. */
  readonly contentFrom: number;
  /** Storage keys to prove (or, at level trusted, to give) with each next block. */
  readonly keys: readonly Uint8Array[];
}

/** Blocks of a parentchain in ascending order. */
export interface ImportParentchainRequest {
  readonly nowMs: bigint;
  readonly parentchain: number;
  /** SCALE of `BlockInput` (`blockInput` in `src/parentchain/parentchain_init.ts`): header, justification, body, proof. */
  readonly blocks: readonly Uint8Array[];
}

/** What became of a slot. */
export interface SlotOutcome {
  /** Its number. */
  readonly slot: bigint;
  /** `Authored`, `NotMyTurn`, or why nothing was authored, such as `StateBehindConfirmation`. */
  readonly code: string;
  /** Number of the block, if one was authored. */
  readonly blockNumber: bigint | undefined;
  /** Calls executed, and calls failed. */
  readonly executed: number;
  readonly failed: number;
}

/** Blocks of peers, or fetched ones. */
export interface ImportBlocksRequest {
  readonly nowMs: bigint;
  readonly blocks: readonly Uint8Array[];
}

/** What became of one block. */
export interface BlockOutcome {
  /** `Imported`, `Parked`, or the error's code. */
  readonly code: string;
  /** Whether the peer misbehaved. */
  readonly reject: boolean;
}

/** A value for Prometheus. */
export interface Metric {
  /** Name without the prefix `integritee_worker_`. */
  readonly name: string;
  /** 0 gauge, 1 counter, 2 histogram bucket or sum (the name says which). */
  readonly kind: number;
  readonly labels: readonly (readonly [name: string, value: string])[];
  /** The value in decimal. */
  readonly value: string;
}

/**
 * States of the enclave: `recovering` → `parentchain` → `syncing` → `running`; with keys of its own that may not be those of the
 * shard `parentchain` → `founding`, then `syncing` if it has founded the shard, else `provisioning` → `syncing`; `stopped` from
 * each of them.
 */
export const PHASES = [
  "uninitialised",
  "recovering",
  "parentchain",
  "syncing",
  "running",
  "stopped",
  "provisioning",
  "founding",
] as const;
/** State of the enclave. */
export type Phase = (typeof PHASES)[number];

/** Whether all is well. */
export interface Health {
  /** Index in {@linkcode PHASES}. */
  readonly phase: number;
  /** Registered on the parentchain. */
  readonly registered: boolean;
  /** Listed in the status of the shard. */
  readonly listed: boolean;
  /** Account of the vault, if the shard has one. */
  readonly vault: Uint8Array | undefined;
  /** Newest block of the best chain; 0 before the first. */
  readonly blockNumber: bigint;
  readonly blockHash: Uint8Array;
  /** Newest confirmed block that the parentchain shows; 0 if none. */
  readonly confirmedNumber: bigint;
  /** Slot duration of the shard; 0 before its state is known. */
  readonly slotDurationMs: number;
  /** Why no block is authored; empty if they are. */
  readonly notAuthoring: string;
}

/** A short text. */
export const text: Codec<string> = str(MAX_TEXT_BYTES);
/** 32 bytes. */
export const hash: Codec<Uint8Array> = bytesOf(32);
/** An encoded block. */
export const block: Codec<Uint8Array> = bytes(MAX_BLOCK_BYTES);

/** SCALE codec of {@linkcode InitRequest}. */
export const initRequest: Codec<InitRequest> = struct<InitRequest>({
  nowMs: u64,
  shard: option(hash),
  slotDurationMs: u32,
  testGenesis: bool,
  finality: u8,
  payoutFinality: u8,
  skipRa: bool,
  shieldingTarget: u8,
  listenHostname: text,
  listenPort: u32,
  trustedUrl: text,
  untrustedUrl: text,
  muRaUrl: text,
  muRaListenPort: u32,
  tlsNames: vec(text, 32),
  sealedKeys: option(bytes(MAX_SEALED_KEYS_BYTES)),
  files: vec(str(MAX_FILE_NAME_LENGTH), MAX_FILES),
  storedBlocks: option(tuple<readonly [bigint, bigint]>(u64, u64)),
});

/** SCALE codec of {@linkcode Identity}. */
export const identity: Codec<Identity> = struct<Identity>({
  fingerprint: hash,
  shard: hash,
  signer: hash,
  enclaveAccount: hash,
  shieldingKey: str(MAX_SHIELDING_KEY_BYTES),
  sessionKey: hash,
  tlsCertificate: bytes(MAX_CERTIFICATE_BYTES),
  instanceId: bytesOf(16),
  emulated: bool,
  slotDurationMs: u32,
});

/** SCALE codec of {@linkcode ParentchainPosition}. */
export const parentchainPosition: Codec<ParentchainPosition> = struct<ParentchainPosition>({
  number: u32,
  hash,
  provenNumber: u32,
  provenHash: hash,
  contentFrom: u32,
  keys: vec(bytes(MAX_STORAGE_KEY_BYTES), MAX_PARENTCHAIN_KEYS),
});

/** SCALE codec of {@linkcode SlotOutcome}. */
export const slotOutcome: Codec<SlotOutcome> = struct<SlotOutcome>({
  slot: u64,
  code: text,
  blockNumber: option(u64),
  executed: u32,
  failed: u32,
});

/** SCALE codec of {@linkcode Metric}. */
export const metric: Codec<Metric> = struct<Metric>({
  name: text,
  kind: u8,
  labels: vec(tuple<readonly [string, string]>(text, text), 8),
  value: text,
});

/** SCALE codec of {@linkcode Health}. */
export const health: Codec<Health> = struct<Health>({
  phase: u8,
  registered: bool,
  listed: bool,
  vault: option(hash),
  blockNumber: u64,
  blockHash: hash,
  confirmedNumber: u64,
  slotDurationMs: u32,
  notAuthoring: text,
});
