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
 * 5. `start_provisioning` opens the endpoint for validateers that join.
 * 6. `on_slot` at every slot, `import_parentchain` at every final head.
 *
 * If the parentchain shows that the shard has other validateers, the phase is `provisioning` from then on: the enclave
 * registers and emits `dial_peer`; the host opens a pipe to that peer and answers `peer_dialed`, until the enclave has keys and
 * state and the phase is `syncing`. The next `import_parentchain` is then answered with the position that the received
 * follower has, without taking its blocks.
 *
 * ## Order at a restart
 *
 * 1. `init` with the sealed keys, the names of all files and the numbers of the stored blocks. Effects: `read_file` of
 *    the newest snapshot, chunk by chunk, each answered by `file_read`, then `read_blocks`, answered by `blocks_read`,
 *    until `health` reports a phase other than `recovering`. A snapshot that is damaged is left for the one before it;
 *    if there is none, `fatal NoValidSnapshot`. A newest block that is cut off is passed over: nobody has heard of it.
 *    Any other damaged or missing block is `fatal`.
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
import { bool, bytes, type Codec, option, struct, u32, u64, u8, unit, vec } from "../../codec/codec.ts";
import {
  block,
  type BlockOutcome,
  hash,
  health,
  identity,
  type ImportBlocksRequest,
  type ImportParentchainRequest,
  type InitParentchainRequest,
  initRequest,
  metric,
  parentchainPosition,
  slotOutcome,
  text,
} from "./ecall_values.ts";
import {
  MAX_BLOCKS_PER_CALL,
  MAX_FILE_BYTES,
  MAX_METRICS,
  MAX_PARENTCHAIN_BLOCK_BYTES,
  MAX_PARENTCHAIN_BLOCKS,
  MAX_PARENTCHAIN_INFO_BYTES,
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
  /** Once, first. Refused with `SealedKeysRefused` if other code or another platform sealed the keys, `OtherShard` if they are another shard's. */
  init: ecall("init", true, initRequest, identity),
  /**
   * Once per parentchain, and again with new metadata after a runtime upgrade. With the same once more it changes nothing, and
   * tells where the follower stands: after an `import_parentchain` that failed, which may have moved it.
   */
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
  /** Opens the provisioning endpoint; the response is its port. */
  start_provisioning: ecall("start_provisioning", true, unit, u32),
  /** The pipe of a `dial_peer` effect (see `EnclavePort.openPipe`); none if the peer cannot be reached. */
  peer_dialed: ecall(
    "peer_dialed",
    true,
    struct<{ readonly ticket: bigint; readonly pipe: number | undefined }>({ ticket: u64, pipe: option(u32) }),
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
