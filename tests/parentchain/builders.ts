/**
 * A parentchain in memory for tests: blocks with real state tries, Aura seals and GRANDPA justifications.
 *
 * @module
 */
import { bytes, compactU32, u64 } from "../../src/codec/codec.ts";
import { blake2_256 } from "../../src/crypto/blake2.ts";
import { ed25519FromSeed, type Ed25519Pair, ed25519Sign } from "../../src/crypto/ed25519.ts";
import { sr25519FromSeed, type Sr25519Pair, sr25519Sign } from "../../src/crypto/sr25519.ts";
import {
  type AccountId,
  accountId,
  type BlockHash,
  blockHash,
  type ShardIdentifier,
  shardIdentifier,
} from "../../src/primitives/branded.ts";
import { concatBytes } from "../../src/primitives/bytes.ts";
import { AURA_ENGINE, type DigestItem, GRANDPA_ENGINE } from "../../src/parentchain/digest.ts";
import type { BlockRef, FinalityLevel, FollowerState } from "../../src/parentchain/follower_state.ts";
import { startFollower } from "../../src/parentchain/follower.ts";
import type { AuthorityList } from "../../src/parentchain/grandpa/authorities.ts";
import { type GrandpaLog, grandpaLog } from "../../src/parentchain/grandpa/changes.ts";
import {
  encodePrecommitPayload,
  type GrandpaJustification,
  grandpaJustification,
} from "../../src/parentchain/grandpa/justification.ts";
import { computeHeaderHash, type ParentchainHeader, parentchainHeader } from "../../src/parentchain/header.ts";
import type { BlockInput } from "../../src/parentchain/imported_block.ts";
import { ParentchainMetadata } from "../../src/parentchain/metadata.ts";
import { type FollowerConfig, startKeys, wantedKeys } from "../../src/parentchain/wanted_keys.ts";
import { computeOrderedRoot, type Trie, trieFromEntries, trieGet, trieInsert, trieRoot } from "../../src/trie/trie.ts";
import { trieReadProof } from "../../src/trie/read_proof.ts";
import { buildTestMetadata, type TestRuntimeOptions } from "./metadata_builder.ts";

/** Seed of 32 equal bytes. */
export function seed(byte: number): Uint8Array {
  return new Uint8Array(32).fill(byte);
}

/** An account of 32 equal bytes. */
export function testAccount(byte: number): AccountId {
  return accountId(seed(byte));
}

/** The shard of the tests. */
export const SHARD: ShardIdentifier = shardIdentifier(seed(0x5a));
/** The enclave's key. */
export const SIGNER: Ed25519Pair = ed25519FromSeed(seed(0xe1));
/** The enclave's account. */
export const SIGNER_ACCOUNT: AccountId = accountId(SIGNER.publicKey);
/** The vault's key. */
export const VAULT: Ed25519Pair = ed25519FromSeed(seed(0xfa));
/** The vault's account. */
export const VAULT_ACCOUNT: AccountId = accountId(VAULT.publicKey);

/** An event of a test block: phase by extrinsic index, or none. */
export interface TestEvent {
  readonly extrinsic?: number;
  readonly pallet: string;
  readonly name: string;
  readonly fields: unknown;
}

/** What a test block holds. */
export interface TestBlockSpec {
  /** Encoded calls besides `Timestamp.set`; as bare extrinsics, or whole extrinsics. */
  readonly calls?: readonly Uint8Array[];
  readonly extrinsics?: readonly Uint8Array[];
  /** Events besides one success for each extrinsic. */
  readonly events?: readonly TestEvent[];
  /** Extrinsics that fail, by index. */
  readonly failed?: readonly number[];
  /** Storage to set. */
  readonly storage?: readonly (readonly [pallet: string, item: string, keys: readonly unknown[], value: unknown])[];
  /** Digest items between slot and seal. */
  readonly digest?: readonly DigestItem[];
  readonly slot?: bigint;
  /** Who seals; default the slot's author, `null` nobody. */
  readonly sealer?: number | null;
}

/** A block of the test chain. */
export interface TestBlock extends BlockRef {
  readonly header: ParentchainHeader;
  readonly extrinsics: readonly Uint8Array[];
  readonly state: Trie;
}

/** What to change in a justification. */
export interface JustificationSpec {
  readonly voters?: readonly Ed25519Pair[];
  readonly setId?: bigint;
  readonly round?: bigint;
  /** Changes the finished justification before it is encoded. */
  readonly change?: (justification: GrandpaJustification) => GrandpaJustification;
}

/** A chain that grows by `build`. */
export class TestChain {
  readonly metadata: ParentchainMetadata;
  readonly aura: readonly Sr25519Pair[];
  readonly genesis: TestBlock;
  /** Time of block 0. */
  startMs = 1_700_000_000_000n;
  grandpa: readonly Ed25519Pair[];
  setId = 0n;
  readonly #byHash = new Map<string, TestBlock>();

  constructor(options: TestRuntimeOptions = {}, voters = 4) {
    this.metadata = new ParentchainMetadata(buildTestMetadata(options));
    this.aura = [1, 2, 3].map((i) => sr25519FromSeed(seed(i)));
    this.grandpa = Array.from({ length: voters }, (_, i) => ed25519FromSeed(seed(0x10 + i)));
    let state = trieFromEntries([]);
    state = this.set(state, "Aura", "Authorities", [], this.aura.map(({ publicKey }) => publicKey));
    if (this.metadata.hasPallet("Grandpa")) state = this.setGrandpa(state, this.grandpa, 0n);
    const header: ParentchainHeader = {
      parentHash: blockHash(new Uint8Array(32)),
      number: 0,
      stateRoot: trieRoot(state, 1),
      extrinsicsRoot: computeOrderedRoot([], this.metadata.extrinsicsTrieVersion),
      digest: [],
    };
    this.genesis = { number: 0, hash: computeHeaderHash(header), header, extrinsics: [], state };
  }

  /** Sets a storage value by names. */
  set(state: Trie, pallet: string, item: string, keys: readonly unknown[], value: unknown): Trie {
    const found = this.metadata.storage(pallet, item);
    if (found === undefined) throw new RangeError(`no storage ${pallet}.${item}`);
    return trieInsert(state, found.key(...keys), found.value.encode(value));
  }

  setGrandpa(state: Trie, voters: readonly Ed25519Pair[], setId: bigint): Trie {
    const list = voters.map(({ publicKey }) => [publicKey, 1n]);
    return this.set(this.set(state, "Grandpa", "Authorities", [], list), "Grandpa", "CurrentSetId", [], setId);
  }

  /** Encodes a bare extrinsic around a call. */
  bare(call: Uint8Array): Uint8Array {
    return bytes(1 << 20).encode(concatBytes(new Uint8Array([4]), call));
  }

  /** Builds a block upon another one. */
  build(parent: TestBlock, spec: TestBlockSpec = {}): TestBlock {
    const number = parent.number + 1;
    const nowMs = this.startMs + BigInt(number) * 6000n;
    const extrinsics = [
      this.bare(this.metadata.encodeCall("Timestamp", "set", { now: nowMs })),
      ...(spec.calls ?? []).map((call) => this.bare(call)),
      ...(spec.extrinsics ?? []),
    ];
    let state = this.set(parent.state, "Timestamp", "Now", [], nowMs);
    for (const [pallet, item, keys, value] of spec.storage ?? []) state = this.set(state, pallet, item, keys, value);
    state = this.set(state, "System", "Events", [], this.events(extrinsics.length, spec));
    const slot = spec.slot ?? BigInt(number);
    const unsealed: ParentchainHeader = {
      parentHash: parent.hash,
      number,
      stateRoot: trieRoot(state, 1),
      extrinsicsRoot: computeOrderedRoot(extrinsics, this.metadata.extrinsicsTrieVersion),
      digest: [
        { type: "PreRuntime", value: { engine: AURA_ENGINE, payload: u64.encode(slot) } },
        ...(spec.digest ?? []),
      ],
    };
    const header = this.seal(unsealed, slot, spec.sealer);
    const block = { number, hash: computeHeaderHash(header), header, extrinsics, state };
    this.#byHash.set(block.hash.join(), block);
    return block;
  }

  /** Builds several empty blocks. */
  buildMany(parent: TestBlock, count: number, spec: TestBlockSpec = {}): readonly TestBlock[] {
    const blocks: TestBlock[] = [];
    for (let i = 0; i < count; i++) blocks.push(this.build(blocks.at(-1) ?? parent, spec));
    return blocks;
  }

  private seal(header: ParentchainHeader, slot: bigint, sealer?: number | null): ParentchainHeader {
    if (sealer === null) return header;
    const pair = this.aura[sealer ?? Number(slot % BigInt(this.aura.length))] as Sr25519Pair;
    const payload = sr25519Sign(pair, blake2_256(parentchainHeader.encode(header)));
    return { ...header, digest: [...header.digest, { type: "Seal", value: { engine: AURA_ENGINE, payload } }] };
  }

  private events(count: number, { events = [], failed = [] }: TestBlockSpec): readonly unknown[] {
    const results = Array.from({ length: count }, (_, extrinsic): TestEvent =>
      failed.includes(extrinsic)
        ? {
          extrinsic,
          pallet: "System",
          name: "ExtrinsicFailed",
          fields: { dispatch_error: { type: "BadOrigin", value: undefined } },
        }
        : { extrinsic, pallet: "System", name: "ExtrinsicSuccess", fields: { dispatch_info: 0 } });
    return [...events, ...results].map(({ extrinsic, pallet, name, fields }) => ({
      phase: extrinsic === undefined
        ? { type: "Initialization", value: undefined }
        : { type: "ApplyExtrinsic", value: extrinsic },
      event: { type: pallet, value: { type: name, value: fields } },
      topics: [],
    }));
  }

  /** A justification of a block by the current voters. */
  justify(target: BlockRef, spec: JustificationSpec = {}): Uint8Array {
    const { voters = this.grandpa, setId = this.setId, round = 7n, change = (j: GrandpaJustification) => j } = spec;
    const vote = { targetHash: target.hash, targetNumber: target.number };
    const payload = encodePrecommitPayload(vote, round, setId);
    return grandpaJustification.encode(change({
      round,
      ...vote,
      precommits: voters.map((pair) => ({
        ...vote,
        signature: ed25519Sign(pair, payload),
        authority: pair.publicKey,
      })),
      votesAncestries: [],
    }));
  }

  /** What the host hands in for a block. */
  input(config: FollowerConfig, block: TestBlock, justification?: Uint8Array): BlockInput {
    return {
      header: parentchainHeader.encode(block.header),
      justification,
      content: {
        extrinsics: block.extrinsics,
        storage: { type: "proof", nodes: trieReadProof(block.state, [...wantedKeys(config)], 1) },
      },
    };
  }

  /** Values of a block without a proof. */
  trustedInput(config: FollowerConfig, block: TestBlock): BlockInput {
    return {
      header: parentchainHeader.encode(block.header),
      content: {
        extrinsics: block.extrinsics,
        storage: { type: "trusted", values: wantedKeys(config).map((key) => trieGet(block.state, key)) },
      },
    };
  }

  config(change: Partial<FollowerConfig> = {}): FollowerConfig {
    return {
      parentchain: "Integritee",
      metadata: this.metadata,
      shard: SHARD,
      signer: SIGNER_ACCOUNT,
      vault: VAULT_ACCOUNT,
      ...change,
    };
  }

  /** A follower that stands at the genesis block. @throws {TypeError} If it does not start. */
  start(level: FinalityLevel, genesisHash: BlockHash = this.genesis.hash, contentFrom?: number): FollowerState {
    const keys = [...startKeys(this.metadata)];
    const storage = { type: "proof" as const, nodes: trieReadProof(this.genesis.state, keys, 1) };
    const header = parentchainHeader.encode(this.genesis.header);
    const start = { genesisHash, level, header, storage };
    const started = startFollower(this.config(), contentFrom === undefined ? start : { ...start, contentFrom });
    if (!started.ok) throw new TypeError(started.error.code);
    return started.value;
  }
}

/** A digest item of GRANDPA. */
export function grandpaDigest(log: GrandpaLog): DigestItem {
  return { type: "Consensus", value: { engine: GRANDPA_ENGINE, payload: grandpaLog.encode(log) } };
}

/** Voters as a digest lists them. */
export function authorityListOf(pairs: readonly Ed25519Pair[]): AuthorityList {
  return pairs.map(({ publicKey }) => ({ id: publicKey, weight: 1n }));
}

/** Length prefix and bytes. */
export function opaque(body: Uint8Array): Uint8Array {
  return concatBytes(compactU32.encode(body.length), body);
}
