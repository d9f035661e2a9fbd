/**
 * The ecall table: everything the host can ask of the enclave. Requests and responses are SCALE; each response comes
 * with effects (`effects.ts`). Mutating ecalls run one at a time in the order they arrive; the host need not wait
 * before it sends the next.
 *
 * ## Order at the first start
 *
 * 1. `init` with no sealed keys. Effects: `write_file keys.sealed`. The host answers `file_written`; until then every
 *    other ecall is refused with `KeysNotStored`.
 * 2. `init_parentchain` for Integritee (and each target). The response says from which block on to import and which
 *    storage keys to prove.
 * 3. `import_parentchain` in order, up to the newest final head; each response gives the keys for the next blocks.
 *    Effects: `submit_extrinsic` of registration, shard and vault, as the duties find them missing.
 * 4. `start_rpc` opens the TLS endpoint.
 * 5. `on_slot` at every slot, `import_parentchain` at every final head.
 *
 * ## Order at a restart
 *
 * 1. `init` with the sealed keys, the names of all files and the numbers of the stored blocks. Effects: `read_file` of
 *    the newest snapshot, chunk by chunk, each answered by `file_read`, then `read_blocks`, answered by `blocks_read`,
 *    until `health` reports a phase other than `recovering`. A snapshot that is damaged is left for the one before it;
 *    if there is none, `fatal NoValidSnapshot` (or the state is computed from block 1 if all blocks are there).
 * 2. As above from step 2 on; the follower goes on where the recovered state stands.
 *
 * ## In every slot
 *
 * `on_slot { nowMs }` → maybe `store_block` → the host stores it durably → `persisted { hash }` → `broadcast_block`,
 * `submit_extrinsic`, now and then `write_file` of a snapshot chunk (one per answer, so that no slot waits for it).
 * Nothing of a block leaves the enclave before `persisted`.
 *
 * Besides the responses, the enclave sends effects of its own accord (`EnclavePort.onEffects`): for instance after a
 * block of a peer came in through its own endpoint.
 *
 * @module
 */
import {
  bool,
  bytes,
  bytesOf,
  type Codec,
  option,
  str,
  struct,
  tuple,
  u32,
  u64,
  u8,
  unit,
  vec,
} from "../../codec/codec.ts";
import {
  MAX_BLOCK_BYTES,
  MAX_BLOCKS_PER_CALL,
  MAX_CERTIFICATE_BYTES,
  MAX_FILE_BYTES,
  MAX_FILE_NAME_LENGTH,
  MAX_FILES,
  MAX_METRICS,
  MAX_PARENTCHAIN_BLOCK_BYTES,
  MAX_PARENTCHAIN_BLOCKS,
  MAX_PARENTCHAIN_INFO_BYTES,
  MAX_PARENTCHAIN_KEYS,
  MAX_SEALED_KEYS_BYTES,
  MAX_SHIELDING_KEY_BYTES,
  MAX_STORAGE_KEY_BYTES,
  MAX_TEXT_BYTES,
} from "./limits.ts";

/** One row of the table. */
export interface Ecall<Request, Response> {
  /** Its name on the port. */
  readonly name: string;
  /** Whether it waits for those before it. */
  readonly mutates: boolean;
  readonly request: Codec<Request>;
  readonly response: Codec<Response>;
}

/** Why an ecall was refused; the effects that come with it still count. */
export interface EcallError {
  /** Machine-readable, such as `SealedKeysRefused`. */
  readonly code: string;
  /** The same in words, with public facts. */
  readonly detail: string;
}

/** Configuration and stored things at start. Times are Unix milliseconds. */
export interface InitRequest {
  readonly nowMs: bigint;
  /** The shard, or none for the one that is named like the enclave's fingerprint. */
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
  readonly slotDurationMs: number;
}

/** A parentchain as the follower takes it: bytes of `src/parentchain/` (see `parentchain_init.ts` there). */
export interface InitParentchainRequest {
  readonly nowMs: bigint;
  /** 0 Integritee, 1 TargetA, 2 TargetB. */
  readonly parentchain: number;
  /** SCALE of the follower's start value: genesis, start header, metadata, versions, authority proof. */
  readonly info: Uint8Array;
}

/** Where a follower stands, and what it needs with the next block. */
export interface ParentchainPosition {
  /** Number of the newest imported header. */
  readonly number: number;
  /** Its hash. */
  readonly hash: Uint8Array;
  /** Number of the newest header that counts as final at the chosen level. */
  readonly finalNumber: number;
  /** Storage keys to prove (or, at level trusted, to give) with each next block. */
  readonly keys: readonly Uint8Array[];
}

/** Blocks of a parentchain in ascending order. */
export interface ImportParentchainRequest {
  readonly nowMs: bigint;
  readonly parentchain: number;
  /** SCALE of the follower's block value: header, body, justification, proof nodes. */
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

/** States of the enclave: `recovering` → `parentchain` → `syncing` → `running`; `stopped` from each of them. */
export const PHASES = ["uninitialised", "recovering", "parentchain", "syncing", "running", "stopped"] as const;
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
  /** The vault is known. */
  readonly vault: boolean;
  /** Newest block of the best chain; 0 before the first. */
  readonly blockNumber: bigint;
  readonly blockHash: Uint8Array;
  /** Newest confirmed block that the parentchain shows; 0 if none. */
  readonly confirmedNumber: bigint;
  /** Why no block is authored; empty if they are. */
  readonly notAuthoring: string;
}

const text = str(MAX_TEXT_BYTES);
const hash = bytesOf(32);
const block = bytes(MAX_BLOCK_BYTES);

const initRequest: Codec<InitRequest> = struct<InitRequest>({
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
  tlsNames: vec(text, 32),
  sealedKeys: option(bytes(MAX_SEALED_KEYS_BYTES)),
  files: vec(str(MAX_FILE_NAME_LENGTH), MAX_FILES),
  storedBlocks: option(tuple<readonly [bigint, bigint]>(u64, u64)),
});

const identity: Codec<Identity> = struct<Identity>({
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

const parentchainPosition: Codec<ParentchainPosition> = struct<ParentchainPosition>({
  number: u32,
  hash,
  finalNumber: u32,
  keys: vec(bytes(MAX_STORAGE_KEY_BYTES), MAX_PARENTCHAIN_KEYS),
});

const slotOutcome: Codec<SlotOutcome> = struct<SlotOutcome>({
  slot: u64,
  code: text,
  blockNumber: option(u64),
  executed: u32,
  failed: u32,
});

const metric: Codec<Metric> = struct<Metric>({
  name: text,
  kind: u8,
  labels: vec(tuple<readonly [string, string]>(text, text), 8),
  value: text,
});

const health: Codec<Health> = struct<Health>({
  phase: u8,
  registered: bool,
  listed: bool,
  vault: bool,
  blockNumber: u64,
  blockHash: hash,
  confirmedNumber: u64,
  notAuthoring: text,
});

function ecall<Request, Response>(
  name: string,
  mutates: boolean,
  request: Codec<Request>,
  response: Codec<Response>,
): Ecall<Request, Response> {
  return { name, mutates, request, response };
}

/** The table. */
export const ECALLS = {
  /** Once, first. Refused with `SealedKeysRefused` if other code or another platform sealed the keys. */
  init: ecall("init", true, initRequest, identity),
  /** Once per parentchain, and again with new metadata after a runtime upgrade. */
  init_parentchain: ecall(
    "init_parentchain",
    true,
    struct<InitParentchainRequest>({ nowMs: u64, parentchain: u8, info: bytes(MAX_PARENTCHAIN_INFO_BYTES) }),
    parentchainPosition,
  ),
  /** Blocks in order; stops at the first that is refused: the response is where it stands then. */
  import_parentchain: ecall(
    "import_parentchain",
    true,
    struct<ImportParentchainRequest>({
      nowMs: u64,
      parentchain: u8,
      blocks: vec(bytes(MAX_PARENTCHAIN_BLOCK_BYTES), MAX_PARENTCHAIN_BLOCKS),
    }),
    parentchainPosition,
  ),
  /** Opens the TLS endpoint; the response is its port. */
  start_rpc: ecall("start_rpc", true, unit, u32),
  /** At the start of each slot. */
  on_slot: ecall("on_slot", true, struct<{ readonly nowMs: bigint }>({ nowMs: u64 }), slotOutcome),
  /** The block of a `store_block` effect is on disk. */
  persisted: ecall("persisted", true, struct<{ readonly hash: Uint8Array }>({ hash }), unit),
  /** Blocks of peers or fetched blocks, in ascending order. */
  import_blocks: ecall(
    "import_blocks",
    true,
    struct<ImportBlocksRequest>({ nowMs: u64, blocks: vec(block, MAX_BLOCKS_PER_CALL) }),
    vec(struct<BlockOutcome>({ code: text, reject: bool }), MAX_BLOCKS_PER_CALL),
  ),
  /** The file of a `write_file` effect is on disk, or could not be written. */
  file_written: ecall(
    "file_written",
    true,
    struct<{ readonly ticket: bigint; readonly ok: boolean }>({ ticket: u64, ok: bool }),
    unit,
  ),
  /** Content of the file of a `read_file` effect; none if it is not there. */
  file_read: ecall(
    "file_read",
    true,
    struct<{ readonly ticket: bigint; readonly bytes: Uint8Array | undefined }>({
      ticket: u64,
      bytes: option(bytes(MAX_FILE_BYTES)),
    }),
    unit,
  ),
  /** Blocks of a `read_blocks` effect; an empty list means that there are no more. */
  blocks_read: ecall(
    "blocks_read",
    true,
    struct<{ readonly ticket: bigint; readonly blocks: readonly Uint8Array[] }>({
      ticket: u64,
      blocks: vec(block, MAX_BLOCKS_PER_CALL),
    }),
    unit,
  ),
  /** Whether the node took the extrinsic of a `submit_extrinsic` effect into its pool. */
  extrinsic_submitted: ecall(
    "extrinsic_submitted",
    true,
    struct<{ readonly ticket: bigint; readonly accepted: boolean }>({ ticket: u64, accepted: bool }),
    unit,
  ),
  /** Current values for Prometheus; waits for nothing. */
  metrics: ecall("metrics", false, unit, vec(metric, MAX_METRICS)),
  /** State; waits for nothing. */
  health: ecall("health", false, unit, health),
  /** Closes the endpoint and ends authoring. */
  shutdown: ecall("shutdown", true, unit, unit),
} as const;

/** Name of an ecall. */
export type EcallName = keyof typeof ECALLS;
/** Request of an ecall. */
export type EcallRequest<N extends EcallName> = (typeof ECALLS)[N] extends Ecall<infer Request, infer _> ? Request
  : never;
/** Response of an ecall. */
export type EcallResponse<N extends EcallName> = (typeof ECALLS)[N] extends Ecall<infer _, infer Response> ? Response
  : never;

/** The row of an ecall with the types of its name. */
export function ecallRow<N extends EcallName>(name: N): Ecall<EcallRequest<N>, EcallResponse<N>> {
  return ECALLS[name] as unknown as Ecall<EcallRequest<N>, EcallResponse<N>>;
}

/** Whether the table has an ecall of this name. */
export function isEcallName(name: string): name is EcallName {
  return Object.hasOwn(ECALLS, name);
}
