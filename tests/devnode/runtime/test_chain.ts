/**
 * A chain of blocks on a runtime, with polkadot-js as the independent witness: it builds and signs extrinsics and
 * decodes events and storage by the runtime's metadata alone.
 */
import { Keyring } from "@polkadot/keyring";
import type { KeyringPair } from "@polkadot/keyring/types";
import { expandMetadata, Metadata, TypeRegistry } from "@polkadot/types";
import { cryptoWaitReady } from "@polkadot/util-crypto";
import { createRuntime, type Runtime, type RuntimeState } from "../../../src/devnode/runtime/runtime.ts";
import type { RuntimeDefinition } from "../../../src/devnode/runtime/definition.ts";
import { integriteeRuntime } from "../../../src/devnode/runtime/definitions/integritee.ts";
import type { UnsealedHeader } from "../../../src/devnode/runtime/runtime_interface.ts";
import { blake2_256 } from "../../../src/crypto/blake2.ts";
import { compactU32, u128, u32, u64 } from "../../../src/codec/codec.ts";
import { concatBytes, utf8 } from "../../../src/primitives/bytes.ts";
import { fromHex, toHex } from "../../../src/primitives/hex.ts";
import { computeOrderedRoot, trieGet, trieRoot } from "../../../src/trie/trie.ts";

/** A decoded event in words. */
export interface SeenEvent {
  readonly phase: string;
  /** `pallet.Event` as polkadot-js spells them. */
  readonly name: string;
  // deno-lint-ignore no-explicit-any
  readonly data: any;
  readonly topics: readonly string[];
}

export interface SignOptions {
  readonly nonce?: number;
  readonly tip?: bigint;
  /** Period of a mortal era, beginning at the best block; 0 is immortal. */
  readonly period?: number;
  readonly genesisHash?: string;
  readonly specVersion?: number;
  readonly transactionVersion?: number;
  readonly blockHash?: string;
}

const START_MS = 1_700_000_000_000;

function encodeHeader(header: UnsealedHeader): Uint8Array {
  return concatBytes(
    header.parentHash,
    compactU32.encode(header.number),
    header.stateRoot,
    header.extrinsicsRoot,
    compactU32.encode(header.digest.length),
    ...header.digest,
  );
}

export class TestChain {
  readonly runtime: Runtime;
  readonly registry = new TypeRegistry();
  // deno-lint-ignore no-explicit-any
  readonly tx: any;
  // deno-lint-ignore no-explicit-any
  readonly query: any;
  // deno-lint-ignore no-explicit-any
  readonly consts: any;
  readonly keyring: Keyring;
  readonly hashes: Uint8Array[];
  readonly headers: UnsealedHeader[] = [];
  state: RuntimeState;
  nowMs = START_MS;

  private constructor(definition: RuntimeDefinition, version: 14 | 15) {
    this.runtime = createRuntime(definition);
    const metadata = version === 14 ? this.runtime.metadataV14 : this.runtime.metadataV15;
    const decorated = new Metadata(this.registry, toHex(metadata));
    this.registry.setMetadata(decorated);
    const expanded = expandMetadata(this.registry, decorated);
    this.tx = expanded.tx;
    this.query = expanded.query;
    this.consts = expanded.consts;
    this.keyring = new Keyring({ type: "sr25519", ss58Format: 13 });
    this.state = this.runtime.buildGenesis("dev");
    this.hashes = [blake2_256(encodeHeader({
      parentHash: new Uint8Array(32),
      number: 0,
      stateRoot: trieRoot(this.state, 1),
      extrinsicsRoot: computeOrderedRoot([], 0),
      digest: [],
    }))];
  }

  static async create(definition: RuntimeDefinition = integriteeRuntime, version: 14 | 15 = 14): Promise<TestChain> {
    await cryptoWaitReady();
    return new TestChain(definition, version);
  }

  get number(): number {
    return this.hashes.length - 1;
  }

  get bestHash(): Uint8Array {
    return this.hashes[this.number] ?? new Uint8Array();
  }

  pair(suri: string): KeyringPair {
    return this.keyring.addFromUri(suri);
  }

  account(suri: string): Uint8Array {
    return this.pair(suri).publicKey;
  }

  // deno-lint-ignore no-explicit-any
  sign(suri: string, call: any, options: SignOptions = {}): Uint8Array {
    const pair = this.pair(suri);
    const period = options.period ?? 0;
    const era = this.registry.createType(
      "ExtrinsicEra",
      period === 0 ? new Uint8Array([0]) : { current: this.number, period },
    );
    const extrinsic = this.registry.createType("Extrinsic", { method: call }, { version: 4 });
    const birth = this.hashes[period === 0 ? 0 : this.number] ?? new Uint8Array(32);
    extrinsic.sign(pair, {
      era,
      nonce: options.nonce ?? this.nonce(pair.publicKey),
      tip: options.tip ?? 0n,
      genesisHash: options.genesisHash ?? toHex(this.hashes[0] ?? new Uint8Array()),
      blockHash: options.blockHash ?? toHex(birth),
      runtimeVersion: {
        specVersion: options.specVersion ?? this.runtime.version.specVersion,
        transactionVersion: options.transactionVersion ?? this.runtime.version.transactionVersion,
        // deno-lint-ignore no-explicit-any
      } as any,
      signedExtensions: this.registry.signedExtensions,
    });
    return extrinsic.toU8a();
  }

  nonce(account: Uint8Array): number {
    return this.read(this.query.system.account, account).nonce.toNumber();
  }

  free(account: Uint8Array): bigint {
    return this.read(this.query.system.account, account).data.free.toBigInt();
  }

  reserved(account: Uint8Array): bigint {
    return this.read(this.query.system.account, account).data.reserved.toBigInt();
  }

  /** A storage key as polkadot-js computes it. */
  // deno-lint-ignore no-explicit-any
  key(entry: any, ...args: unknown[]): string {
    return this.registry.createType("StorageKey", [entry, args]).toHex();
  }

  /** Storage decoded by polkadot-js: its default if absent. */
  // deno-lint-ignore no-explicit-any
  read(entry: any, ...args: unknown[]): any {
    const bytes = trieGet(this.state, fromHex(this.key(entry, ...args)));
    const { meta } = entry;
    const type = this.registry.createLookupType(meta.type.isPlain ? meta.type.asPlain : meta.type.asMap.value);
    if (bytes === undefined && meta.modifier.isOptional) return undefined;
    return this.registry.createType(type, bytes ?? meta.fallback.toU8a(true));
  }

  /** Begins the next block, with its inherent applied. */
  begin() {
    this.nowMs += this.runtime.slotDurationMs;
    const slot = BigInt(Math.floor(this.nowMs / this.runtime.slotDurationMs));
    const preRuntime = concatBytes(new Uint8Array([6]), utf8("aura"), compactU32.encode(8), u64.encode(slot));
    const block = this.runtime.initializeBlock(this.state, {
      number: this.number + 1,
      parentHash: this.bestHash,
      digest: [preRuntime],
    });
    for (const inherent of this.runtime.inherentExtrinsics(this.nowMs)) {
      const applied = this.runtime.applyExtrinsic(block, inherent);
      if (!applied.ok || !applied.value.ok) throw new Error("the inherent failed");
    }
    return block;
  }

  /** Makes a block of these extrinsics; each must be accepted. */
  block(...extrinsics: readonly Uint8Array[]): SeenEvent[] {
    const block = this.begin();
    for (const extrinsic of extrinsics) {
      const applied = this.runtime.applyExtrinsic(block, extrinsic);
      if (!applied.ok) throw new Error(`refused: ${applied.error.kind} ${applied.error.code}`);
    }
    return this.finish(block);
  }

  finish(block: ReturnType<Runtime["initializeBlock"]>): SeenEvent[] {
    const { header, state } = this.runtime.finalizeBlock(block);
    this.state = state;
    this.headers.push(header);
    this.hashes.push(blake2_256(encodeHeader(header)));
    return this.events();
  }

  events(): SeenEvent[] {
    const bytes = trieGet(this.state, fromHex(this.key(this.query.system.events)));
    const records = this.registry.createType("Vec<EventRecord>", bytes);
    // deno-lint-ignore no-explicit-any
    return [...records].map(({ phase, event, topics }: any) => ({
      phase: phase.isApplyExtrinsic ? `extrinsic ${phase.asApplyExtrinsic.toNumber()}` : phase.type,
      name: `${event.section}.${event.method}`,
      data: event.data,
      // deno-lint-ignore no-explicit-any
      topics: [...topics].map((topic: any) => topic.toHex()),
    }));
  }

  /** Executes one signed call in a block of its own: its events, without those of every extrinsic. */
  // deno-lint-ignore no-explicit-any
  run(suri: string, call: any, options: SignOptions = {}): SeenEvent[] {
    return this.block(this.sign(suri, call, options)).filter(({ phase }) => phase === "extrinsic 1");
  }

  /** The name of the error the call fails with, as polkadot-js finds it, or "ok". */
  // deno-lint-ignore no-explicit-any
  outcome(suri: string, call: any, options: SignOptions = {}): string {
    return outcomeOf(this, this.run(suri, call, options));
  }

  // deno-lint-ignore no-explicit-any
  sudo(call: any): SeenEvent[] {
    return this.run("//Alice", this.tx.sudo.sudo(call));
  }

  /** The fee of a call, as the runtime's own API says it. */
  // deno-lint-ignore no-explicit-any
  feeOf(suri: string, call: any): bigint {
    const extrinsic = this.sign(suri, call);
    const length = u32.encode(extrinsic.length);
    const answer = this.runtime.call(
      "TransactionPaymentApi_query_info",
      concatBytes(extrinsic, length),
      this.state,
      this.bestHash,
    );
    if (!answer.ok) throw new Error(answer.error.code);
    return u128.decode(answer.value.slice(-16));
  }

  /** Checks an extrinsic for the pool: the code of the refusal or "ok". */
  validate(extrinsic: Uint8Array): string {
    const verdict = this.runtime.validateTransaction(this.state, this.bestHash, "External", extrinsic);
    return verdict.ok ? "ok" : verdict.error.code;
  }

  /** Applies an extrinsic to a block that is thrown away. */
  tryApply(extrinsic: Uint8Array): string {
    const applied = this.runtime.applyExtrinsic(this.begin(), extrinsic);
    this.nowMs -= this.runtime.slotDurationMs;
    return applied.ok ? "ok" : applied.error.code;
  }
}

/** Names a dispatch error as polkadot-js decodes it. */
// deno-lint-ignore no-explicit-any
export function errorName(chain: TestChain, error: any): string {
  if (!error.isModule) return error.isToken ? `Token.${error.asToken.type}` : error.type;
  const { section, name } = chain.registry.findMetaError(error.asModule);
  return `${section}.${name}`;
}

export function outcomeOf(chain: TestChain, events: readonly SeenEvent[]): string {
  const failed = events.find(({ name }) => name === "system.ExtrinsicFailed");
  if (failed !== undefined) return errorName(chain, failed.data[0]);
  if (!events.some(({ name }) => name === "system.ExtrinsicSuccess")) throw new Error("the extrinsic left no verdict");
  return "ok";
}

export function names(events: readonly SeenEvent[]): string[] {
  return events.map(({ name }) => name);
}

/** The data of the one event of this name. */
// deno-lint-ignore no-explicit-any
export function only(events: readonly SeenEvent[], name: string): any {
  const found = events.filter((event) => event.name === name);
  if (found.length !== 1) throw new Error(`want one ${name}, got ${found.length} in ${names(events)}`);
  return found[0]?.data;
}
