/**
 * A host in memory around an enclave in the same process: carries out effects, keeps files and blocks, grows a test
 * parentchain. Faults are injected by overriding its methods.
 *
 * @module
 */
import type { EcallName, EcallRequest, EcallResponse } from "../../src/enclave/api/ecalls.ts";
import type { EcallError } from "../../src/enclave/api/ecalls.ts";
import { type Identity, type InitRequest, KEYS_FILE, type SlotOutcome } from "../../src/enclave/api/ecall_values.ts";
import type { Effect } from "../../src/enclave/api/effects.ts";
import { createInProcessPort, type EnclavePort } from "../../src/enclave/api/enclave_port.ts";
import type { Platform } from "../../src/enclave/api/platform_client.ts";
import type { EnclavePorts } from "../../src/enclave/core/enclave_ports.ts";
import { Enclave } from "../../src/enclave/enclave.ts";
import { enclaveMethods } from "../../src/enclave/rpc/method_table.ts";
import type { RpcService } from "../../src/enclave/rpc/rpc_service.ts";
import type { ProvisioningServerOptions } from "../../src/enclave/provisioning/provisioning_port.ts";
import { type SecureChannel, StreamError } from "../../src/enclave/provisioning/secure_channel.ts";
import type { RunningServer, ServerOptions } from "../../src/enclave/server_port.ts";
import type { TlsCertificate } from "../../src/enclave/tls_certificate.ts";
import { parentchainHeader } from "../../src/parentchain/header.ts";
import { blockInput, parentchainInfo } from "../../src/parentchain/parentchain_init.ts";
import { startKeys } from "../../src/parentchain/wanted_keys.ts";
import { enclaveFingerprint, type ShardIdentifier, shardIdentifier } from "../../src/primitives/branded.ts";
import { equalBytes } from "../../src/primitives/bytes.ts";
import { type Result, unwrap } from "../../src/primitives/result.ts";
import { RpcConnection } from "../../src/transport/connection.ts";
import { RpcRouter } from "../../src/transport/router.ts";
import { trieReadProof } from "../../src/trie/read_proof.ts";
import { type TestBlock, type TestBlockSpec, TestChain } from "../parentchain/builders.ts";
import { buildTestMetadata } from "../parentchain/metadata_builder.ts";
import { listing, shardConfig, type Storage } from "./parentchain_storage.ts";

export const MEASUREMENT = enclaveFingerprint(new Uint8Array(32).fill(0x4d));
export const SLOT_MS = 300;

/** A processor that quotes anything. */
export function testPlatform(measurement: Uint8Array = MEASUREMENT, key = 0x11): Platform {
  return {
    measurement: enclaveFingerprint(measurement),
    sealingKey: () => Promise.resolve(new Uint8Array(32).fill(key)),
    quote: (reportData) => Promise.resolve(new Uint8Array([...new TextEncoder().encode("quote"), ...reportData])),
  };
}

export interface StoredBlock {
  readonly number: bigint;
  readonly hash: Uint8Array;
  readonly bytes: Uint8Array;
}

/** What survives a restart. */
export class Disk {
  files = new Map<string, Uint8Array>();
  blocks: StoredBlock[] = [];

  copy(): Disk {
    const disk = new Disk();
    disk.files = new Map([...this.files].map(([name, bytes]) => [name, bytes.slice()]));
    disk.blocks = [...this.blocks];
    return disk;
  }
}

export class TestHost {
  readonly disk: Disk;
  readonly chain: TestChain;
  readonly enclave: Enclave;
  readonly port: EnclavePort;
  readonly logs: { level: number; code: string; fields: Record<string, string> }[] = [];
  readonly extrinsics: { purpose: string; bytes: Uint8Array }[] = [];
  readonly broadcasts: Uint8Array[] = [];
  readonly wanted: Uint8Array[] = [];
  readonly all: Effect[] = [];
  pruned = 0n;
  fatal: { code: string; detail: string } | undefined;
  identity: Identity | undefined;
  nowMs: number;
  tip: TestBlock;
  serverPort = 4321;
  /** What the provisioning endpoint was opened with. */
  provisioning: ProvisioningServerOptions | undefined;
  readonly dialled: string[] = [];
  /** Parentchain blocks that this host built. */
  readonly built: TestBlock[] = [];

  constructor(chain: TestChain, disk: Disk = new Disk(), platform: Platform = testPlatform(), tip = chain.genesis) {
    this.chain = chain;
    this.disk = disk;
    this.tip = tip;
    this.nowMs = timeOf(tip.number);
    const ports: EnclavePorts = {
      platform,
      nowMs: () => this.nowMs,
      monotonicMs: () => 0,
      tick: () => Promise.resolve(),
      startServer: (options) => this.startServer(options),
      provisioning: {
        listen: (options) => {
          this.provisioning = options;
          return Promise.resolve({ port: 3443, connections: () => 0, stop: () => Promise.resolve() });
        },
        connect: (_pipe, certificate) => this.connectToPeer(certificate),
      },
      sendEffects: (effects) => void this.port.onEffects?.(effects),
      version: "0.0.0-test",
      ...this.extraPorts(),
    };
    this.enclave = new Enclave(ports);
    this.port = createInProcessPort((name, bytes) => this.enclave.handle(name, bytes));
    this.port.onEffects = (effects) => void this.carryOut(effects);
  }

  /** Further capabilities of the enclave; called while the host is being made. */
  extraPorts(): Partial<EnclavePorts> {
    return {};
  }

  /** Pretends to listen. */
  startServer(_options: ServerOptions): RunningServer {
    return { port: this.serverPort, connections: () => 0, stop: () => Promise.resolve() };
  }

  /** Opens a channel to a provider; a test that has one overrides it. */
  connectToPeer(_certificate: TlsCertificate): Promise<SecureChannel> {
    return Promise.reject(new StreamError("ConnectionBroken"));
  }

  /** Whether a peer can be reached; the pipe's number if so. */
  dial(_url: string): number | undefined {
    return undefined;
  }

  async call<N extends EcallName>(name: N, request: EcallRequest<N>): Promise<Result<EcallResponse<N>, EcallError>> {
    const { result, effects } = await this.port.call(name, request);
    await this.carryOut(effects);
    return result;
  }

  async carryOut(effects: readonly Effect[]): Promise<void> {
    for (const effect of effects) {
      this.all.push(effect);
      await this.one(effect);
    }
  }

  async one(effect: Effect): Promise<void> {
    const { disk } = this;
    switch (effect.type) {
      case "log":
        return void this.logs.push({ ...effect.value, fields: Object.fromEntries(effect.value.fields) });
      case "store_block":
        return await this.storeBlock(effect.value);
      case "write_file":
        return await this.writeFile(effect.value.name, effect.value.bytes, effect.value.ticket);
      case "read_file":
        await this.call("file_read", { ticket: effect.value.ticket, bytes: disk.files.get(effect.value.name) });
        return;
      case "delete_file":
        return void disk.files.delete(effect.value);
      case "read_blocks": {
        const { ticket, from, max } = effect.value;
        const blocks = disk.blocks.filter(({ number }) => number >= from).slice(0, max).map(({ bytes }) => bytes);
        await this.call("blocks_read", { ticket, blocks });
        return;
      }
      case "discard_block":
        disk.blocks = disk.blocks.filter(({ bytes }) => !equalBytes(bytes, effect.value));
        return;
      case "prune_blocks":
        return void (this.pruned = effect.value);
      case "broadcast_block":
        return void this.broadcasts.push(effect.value);
      case "blocks_wanted":
        return void this.wanted.push(effect.value.from);
      case "submit_extrinsic":
        this.extrinsics.push(effect.value);
        await this.call("extrinsic_submitted", { ticket: effect.value.ticket, accepted: true });
        return;
      case "dial_peer": {
        this.dialled.push(effect.value.url);
        await this.call("peer_dialed", { ticket: effect.value.ticket, pipe: this.dial(effect.value.url) });
        return;
      }
      case "fatal":
        this.fatal ??= effect.value;
    }
  }

  async storeBlock(block: StoredBlock): Promise<void> {
    this.disk.blocks.push({ number: block.number, hash: block.hash, bytes: block.bytes });
    await this.call("persisted", { hash: block.hash });
  }

  async writeFile(name: string, bytes: Uint8Array, ticket: bigint): Promise<void> {
    this.disk.files.set(name, bytes);
    await this.call("file_written", { ticket, ok: true });
  }

  initRequest(change: Partial<InitRequest> = {}): InitRequest {
    const numbers = this.disk.blocks.map(({ number }) => number);
    const stored = numbers.length === 0 ? undefined : [numbers[0] as bigint, numbers.at(-1) as bigint] as const;
    return {
      nowMs: BigInt(this.nowMs),
      shard: undefined,
      slotDurationMs: SLOT_MS,
      testGenesis: true,
      finality: 2,
      payoutFinality: 2,
      skipRa: true,
      shieldingTarget: 0,
      listenHostname: "127.0.0.1",
      listenPort: 0,
      trustedUrl: "wss://127.0.0.1:2000",
      untrustedUrl: "ws://127.0.0.1:2001",
      muRaUrl: "127.0.0.1:3443",
      muRaListenPort: 0,
      tlsNames: ["localhost", "127.0.0.1"],
      sealedKeys: this.disk.files.get(KEYS_FILE),
      files: [...this.disk.files.keys()],
      storedBlocks: stored,
      ...change,
    };
  }

  async init(change: Partial<InitRequest> = {}): Promise<Result<Identity, EcallError>> {
    const result = await this.call("init", this.initRequest(change));
    if (result.ok) this.identity = result.value;
    return result;
  }

  /** What the enclave said of itself at its init. */
  get self(): Identity {
    return this.identity as Identity;
  }

  get shard(): ShardIdentifier {
    return shardIdentifier(this.self.shard);
  }

  /** Takes the genesis block as the follower's start. */
  async initParentchain() {
    return await this.call("init_parentchain", this.infoRequest());
  }

  /** Storage that lists this enclave as the only validateer of its shard. */
  listed(): Storage {
    return [...listing(this), ...shardConfig(this, this.self.fingerprint)];
  }

  /** Builds the next parentchain block and hands it in; the clock goes along. */
  async parentchainBlock(spec: TestBlockSpec = {}): Promise<TestBlock> {
    const block = this.chain.build(this.tip, spec);
    this.tip = block;
    this.built.push(block);
    await this.importParentchain([block]);
    return block;
  }

  async importParentchain(blocks: readonly TestBlock[]) {
    const health = await this.call("init_parentchain", this.infoRequest());
    if (!health.ok) throw new TypeError(health.error.code);
    this.nowMs = Math.max(this.nowMs, timeOf(blocks.at(-1)?.number ?? 0));
    return await this.call("import_parentchain", this.importRequest(blocks, health.value.keys));
  }

  importRequest(
    blocks: readonly TestBlock[],
    keys: readonly Uint8Array[],
    nowMs: number = this.nowMs,
  ): EcallRequest<"import_parentchain"> {
    const encoded = blocks.map((block) =>
      blockInput.encode({
        header: parentchainHeader.encode(block.header),
        justification: undefined,
        content: {
          extrinsics: block.extrinsics,
          storage: { type: "proof", nodes: trieReadProof(block.state, [...keys], 1) },
        },
      })
    );
    return { nowMs: BigInt(nowMs), parentchain: 0, blocks: encoded };
  }

  /** Takes the follower up where the disk has left it, and hands in those blocks that it has not seen. */
  async resume(blocks: readonly TestBlock[]): Promise<void> {
    const { number } = unwrap(await this.initParentchain());
    const unseen = blocks.filter((block) => block.number > number);
    if (unseen.length > 0) unwrap(await this.importParentchain(unseen));
  }

  /** The parentchain as its node describes it, `contentFrom` being its newest final block. */
  infoRequest(contentFrom?: number): EcallRequest<"init_parentchain"> {
    const { genesis, metadata } = this.chain;
    return {
      nowMs: BigInt(this.nowMs),
      parentchain: 0,
      info: parentchainInfo.encode({
        genesisHash: genesis.hash,
        metadata: buildTestMetadata(),
        header: parentchainHeader.encode(genesis.header),
        storage: { type: "proof", nodes: trieReadProof(genesis.state, [...startKeys(metadata)], 1) },
        contentFrom,
      }),
    };
  }

  /** The next slot. */
  async slot(): Promise<SlotOutcome> {
    this.nowMs = (Math.floor(this.nowMs / SLOT_MS) + 1) * SLOT_MS;
    const outcome = await this.call("on_slot", { nowMs: BigInt(this.nowMs) });
    if (!outcome.ok) throw new TypeError(outcome.error.code);
    return outcome.value;
  }

  async slots(count: number): Promise<SlotOutcome[]> {
    const outcomes: SlotOutcome[] = [];
    for (let i = 0; i < count; i++) outcomes.push(await this.slot());
    return outcomes;
  }

  /** First start up to a shard that authors. */
  async start(change: Partial<InitRequest> = {}): Promise<this> {
    const identity = await this.init(change);
    if (!identity.ok) throw new TypeError(`${identity.error.code}: ${identity.error.detail}`);
    const position = await this.initParentchain();
    if (!position.ok) throw new TypeError(`${position.error.code}: ${position.error.detail}`);
    await this.parentchainBlock({ storage: this.listed() });
    this.nowMs += 2_100;
    return this;
  }

  /** A client's connection. */
  connect(): TestClient {
    return new TestClient(this.enclave.service(), () => this.nowMs);
  }
}

/** A client's end of a connection. */
export class TestClient {
  readonly sent: string[] = [];
  readonly #connection: RpcConnection<RpcService>;
  readonly #nowMs: () => number;
  closed: number | undefined;
  #nextId = 1;

  constructor(service: RpcService, nowMs: () => number) {
    const router = new RpcRouter<RpcService>(enclaveMethods());
    const socket = {
      send: (text: string) => void this.sent.push(text),
      close: (code: number) => void (this.closed = code),
      bufferedAmount: () => 0,
    };
    this.#nowMs = nowMs;
    this.#connection = new RpcConnection(router, socket, service, nowMs());
  }

  async raw(text: string): Promise<string[]> {
    const before = this.sent.length;
    await this.#connection.receive(text, this.#nowMs());
    return this.sent.slice(before);
  }

  async request(method: string, params: readonly unknown[] = []): Promise<string> {
    const id = this.#nextId++;
    const [answer] = await this.raw(JSON.stringify({ id, jsonrpc: "2.0", method, params }));
    return (JSON.parse(answer as string) as { result: string }).result;
  }

  /** Notifications so far. */
  pushes(): { subscription: string; result: string }[] {
    return this.sent.map((text) => JSON.parse(text)).filter(({ params }) => params !== undefined)
      .map(({ params }) => params);
  }
}

/** Timestamp of a parentchain block, and a bit. */
export function timeOf(number: number): number {
  return 1_700_000_000_000 + number * 6000 + 100;
}
