/**
 * The Integritee parentchain inside the enclave: follower, view of layer one, what the view asks of the chain.
 *
 * @module
 */
import { tryDecode } from "../../codec/codec.ts";
import type { FollowerError } from "../../parentchain/follower_error.ts";
import { importParentchainBlocks, startFollower } from "../../parentchain/follower.ts";
import { type FollowerState, followerState as followerStateCodec } from "../../parentchain/follower_state.ts";
import type { BlockInput, ImportedBlock } from "../../parentchain/imported_block.ts";
import { ParentchainMetadata } from "../../parentchain/metadata.ts";
import { blockInput, type ParentchainInfo, parentchainInfo } from "../../parentchain/parentchain_init.ts";
import { type FollowerConfig, wantedKeys } from "../../parentchain/wanted_keys.ts";
import type { AccountId } from "../../primitives/branded.ts";
import { toHex } from "../../primitives/hex.ts";
import { equalBytes } from "../../primitives/bytes.ts";
import { err, ok, type Result } from "../../primitives/result.ts";
import { FINALITY_LEVELS } from "../../attestation/key_statement.ts";
import type { LayerOneHead } from "../../sidechain/chain_block.ts";
import type { ParentchainPosition } from "../api/ecall_values.ts";
import type { EcallError } from "../api/ecalls.ts";
import { LayerOne } from "../chain/layer_one.ts";
import type { Outbox } from "./outbox.ts";
import type { EnclaveSetup } from "./setup.ts";

/** What an import brought. */
export interface FeedImport {
  readonly imported: readonly ImportedBlock[];
  /** Lowest number that was undone, if any. */
  readonly revertedFrom: number | undefined;
  /** Whether a block is one of those that were undone, or stands where another one is final. */
  readonly isLost: (head: LayerOneHead) => boolean;
}

/** Follower of one parentchain and what it has seen. */
export class ParentchainFeed {
  readonly layerOne: LayerOne;
  /** Vault of the shard: of the enclave that founded it, not of this one. */
  readonly vault: AccountId;
  readonly #setup: EnclaveSetup;
  #config: FollowerConfig;
  #state: FollowerState;
  /** State in which this run began: the oldest one a snapshot can be sealed with. */
  readonly #initial: FollowerState;

  private constructor(setup: EnclaveSetup, vault: AccountId, config: FollowerConfig, state: FollowerState) {
    this.#setup = setup;
    this.vault = vault;
    this.#config = config;
    this.#state = state;
    this.#initial = state;
    this.layerOne = new LayerOne(setup.shard, state.contentFrom - 1);
  }

  /** Begins to follow, or goes on from a sealed state. */
  static start(
    setup: EnclaveSetup,
    vault: AccountId,
    info: Uint8Array,
    sealedState: Uint8Array | undefined,
  ): Result<ParentchainFeed, EcallError> {
    const described = describe(setup, vault, info);
    if (!described.ok) return described;
    const { start, config } = described.value;
    const level = FINALITY_LEVELS[setup.config.finality] ?? "proven";
    if (sealedState !== undefined) {
      const state = followerStateCodec.decode(sealedState);
      if (!equalBytes(state.genesisHash, start.genesisHash)) {
        const detail = `The shard follows ${toHex(state.genesisHash)}, the node is of ${toHex(start.genesisHash)}`;
        return err({ code: "GenesisMismatch", detail });
      }
      // What was taken at one level must not be shown to clients as if it had been held to another one.
      if (state.level !== level) {
        const detail = `The shard follows its parentchain at level "${state.level}", and "${level}" was asked for`;
        return err({ code: "FinalityLevelMismatch", detail });
      }
      return ok(new ParentchainFeed(setup, vault, config, state));
    }
    const { genesisHash, header, storage, contentFrom } = start;
    const state = startFollower(config, {
      ...{ genesisHash, level, header, storage },
      ...(contentFrom === undefined ? {} : { contentFrom }),
    });
    return state.ok ? ok(new ParentchainFeed(setup, vault, config, state.value)) : err(asEcallError(state.error));
  }

  /** Metadata of the runtime. */
  get metadata(): ParentchainMetadata {
    return this.#config.metadata;
  }

  /** Where the follower stands. */
  get state(): FollowerState {
    return this.#state;
  }

  /** State to seal with a snapshot whose follower begins with this run. */
  get initialState(): FollowerState {
    return this.#initial;
  }

  /** Warns if the first block was taken on the host's word: only from block 0 on everything follows from the genesis hash. */
  tellCheckpoint(outbox: Outbox): void {
    const { number, hash } = this.#state.head;
    if (number > 0) outbox.log("warn", "ParentchainCheckpointTrusted", { number, hash: toHex(hash) });
  }

  /** Takes the metadata of a new runtime. */
  updateMetadata(info: Uint8Array): Result<undefined, EcallError> {
    const described = describe(this.#setup, this.vault, info);
    if (!described.ok) return described;
    if (!equalBytes(described.value.start.genesisHash, this.#state.genesisHash)) {
      return err({ code: "GenesisMismatch", detail: "The node is of another chain" });
    }
    this.#config = { ...described.value.config, peers: this.#config.peers ?? [] };
    return ok(undefined);
  }

  /** Asks for the registrations of other enclaves from the next block on. Call it only before the host is told what to prove. */
  askForPeers(peers: readonly AccountId[]): void {
    this.#config = { ...this.#config, peers };
  }

  /** Position and wanted keys for the host. */
  position(): ParentchainPosition {
    const { head, proven, contentFrom } = this.#state;
    return {
      number: head.number,
      hash: head.hash,
      provenNumber: proven.number,
      provenHash: proven.hash,
      contentFrom,
      keys: wantedKeys(this.#config),
    };
  }

  /** Imports encoded blocks, all or none. `confirmedUpTo` is the newest block that must not be undone. */
  importBlocks(blocks: readonly Uint8Array[], nowMs: number, confirmedUpTo: number): Result<FeedImport, EcallError> {
    const inputs: BlockInput[] = [];
    for (const [index, bytes] of blocks.entries()) {
      const decoded = tryDecode(blockInput, bytes);
      if (!decoded.ok) return err({ code: "ParentchainBlockUndecodable", detail: `Block ${index} of the batch` });
      inputs.push(decoded.value);
    }
    const outcome = importParentchainBlocks(this.#config, this.#state, inputs, { confirmedUpTo });
    if (!outcome.ok) return err(asEcallError(outcome.error));
    const { state, imported, reverted } = outcome.value;
    this.#state = state;
    const revertedFrom = reverted[0]?.number;
    if (revertedFrom !== undefined) this.layerOne.revert(revertedFrom - 1);
    for (const block of imported) this.layerOne.add(block, nowMs);
    const isUndone = ({ number, hash }: LayerOneHead) =>
      revertedFrom !== undefined && number >= revertedFrom && this.layerOne.numberOf(hash) === undefined;
    return ok({ imported, revertedFrom, isLost: (head) => isUndone(head) || this.layerOne.isContradicted(head) });
  }
}

type Described = { readonly start: ParentchainInfo; readonly config: FollowerConfig };

function describe(setup: EnclaveSetup, vault: AccountId, info: Uint8Array): Result<Described, EcallError> {
  const start = tryDecode(parentchainInfo, info);
  if (!start.ok) return err({ code: "ParentchainInfoUndecodable", detail: start.error.detail });
  let metadata: ParentchainMetadata;
  try {
    metadata = new ParentchainMetadata(start.value.metadata);
  } catch (error) {
    return err({ code: "MetadataInvalid", detail: error instanceof Error ? error.message : "unreadable" });
  }
  const { shard, signer } = setup;
  return ok({
    start: start.value,
    config: { parentchain: "Integritee", metadata, shard, signer, vault },
  });
}

/** A refusal with the public facts of its cause. */
function asEcallError(error: FollowerError): EcallError {
  const facts = Object.entries(error)
    .filter(([name, value]) => name !== "code" && (typeof value === "number" || typeof value === "string"))
    .map(([name, value]) => `${name} ${value}`);
  if ("cause" in error && "code" in error.cause) facts.push(String(error.cause.code));
  return { code: error.code, detail: facts.join(", ") };
}
