/**
 * Several enclaves of one shard in memory: they push their blocks to each other and fetch what they miss, as the hosts'
 * untrusted endpoints would give it; links can be cut, and pushes get lost.
 *
 * @module
 */
import type { BlocksWanted, Effect } from "../../../src/enclave/api/effects.ts";
import type { SlotOutcome } from "../../../src/enclave/api/ecall_values.ts";
import type { ChainPoint } from "../../../src/sidechain/chain_block.ts";
import { equalBytes, utf8 } from "../../../src/primitives/bytes.ts";
import { toHex } from "../../../src/primitives/hex.ts";
import { unwrap } from "../../../src/primitives/result.ts";
import { type SignedBlock, signedBlock } from "../../../src/types/signed_block.ts";
import { type TestBlock, type TestBlockSpec, TestChain } from "../../parentchain/builders.ts";
import { Disk, SLOT_MS } from "../harness.ts";
import { confirmed, listing, registered } from "../parentchain_storage.ts";
import { delegates, emulatedPlatform, PeerHost, settle } from "../provisioning/two_hosts.ts";

/** Blocks of one answer, as at the untrusted endpoint. */
const ANSWERED_BLOCKS = 256;
/** Ticket that nothing waits for. */
const UNKNOWN_TICKET = 1n << 60n;
/** Messages of one turn: more mean that two hosts keep each other busy for nothing. */
const MAX_MESSAGES = 5_000;

/** A host that has peers. */
export class NetworkHost extends PeerHost {
  network: Network | undefined;
  /** Wishes in the order in which they came. */
  readonly wishes: BlocksWanted[] = [];

  static async make(chain: TestChain, key: number, disk = new Disk(), tip = chain.genesis): Promise<NetworkHost> {
    return new NetworkHost(chain, disk, await emulatedPlatform(key), tip);
  }

  override async one(effect: Effect): Promise<void> {
    await super.one(effect);
    if (effect.type === "broadcast_block") this.network?.push(this, effect.value);
    if (effect.type !== "blocks_wanted") return;
    this.wishes.push(effect.value);
    this.network?.fetch(this, effect.value);
  }

  /** Its trusted endpoint as it is registered. */
  get url(): string {
    return `wss://${toHex(this.self.signer).slice(2, 10)}:2000`;
  }

  /** The head of the chain. */
  get head(): ChainPoint {
    return this.enclave.shard()?.chain.head as ChainPoint;
  }

  /** The newest block that is known to be confirmed. */
  get base(): ChainPoint {
    return this.enclave.shard()?.chain.base as ChainPoint;
  }

  /** Log lines of a code. */
  lines(code: string): readonly Record<string, string>[] {
    return this.logs.filter((line) => line.code === code).map(({ fields }) => fields);
  }

  /** Value of a metric. */
  async metric(name: string): Promise<string | undefined> {
    return unwrap(await this.call("metrics", undefined)).find((sample) => sample.name === name)?.value;
  }

  /** Takes blocks as if peers had pushed them; resolves after the import. */
  async take(blocks: readonly SignedBlock[]): Promise<void> {
    await this.enclave.service().importBlocks(blocks);
    // Refused, but in its turn: each lets one block pass.
    for (const _ of blocks) await this.call("file_written", { ticket: UNKNOWN_TICKET, ok: true });
  }

  /** Stored blocks after a block up to another one, as the untrusted endpoint gives them. */
  blocksAfter({ from }: BlocksWanted): readonly Uint8Array[] {
    const rows = this.disk.blocks;
    const isFirst = from.every((byte) => byte === 0);
    const start = isFirst ? 0n : rows.find(({ hash }) => equalBytes(hash, from))?.number;
    if (start === undefined) return [];
    const after = rows.filter(({ number }) => number > start).sort((a, b) => Number(a.number - b.number));
    return after.slice(0, ANSWERED_BLOCKS).map(({ bytes }) => bytes);
  }
}

/** The hosts and the links between them. */
export class Network {
  readonly chain: TestChain;
  hosts: readonly NetworkHost[];
  /** Hosts that nobody hears and that hear nobody. */
  readonly parted = new Set<NetworkHost>();
  /** Hosts whose pushes get lost; they can be asked for blocks. */
  readonly muted = new Set<NetworkHost>();
  nowMs = 0;
  /** How long what a host sends takes. */
  readonly delaysMs = new Map<NetworkHost, number>();
  #messages: { readonly dueMs: number; readonly deliver: () => Promise<unknown> }[] = [];

  private constructor(chain: TestChain, hosts: readonly NetworkHost[]) {
    this.chain = chain;
    this.hosts = hosts;
    for (const host of hosts) host.network = this;
  }

  /** Two validateers with one chain: the second was provisioned by the first, and both were started again since. */
  static async ofTwo(): Promise<Network> {
    const { chain, disks, built, nowMs } = await (prepared ??= prepareTwo());
    const tip = built.at(-1) ?? chain.genesis;
    const hosts: NetworkHost[] = [];
    for (const [i, disk] of disks.entries()) {
      const host = await NetworkHost.make(chain, i + 1, disk.copy(), tip);
      host.built.push(...built);
      host.nowMs = nowMs;
      hosts.push(host);
    }
    const network = new Network(chain, hosts);
    for (const host of hosts) await network.#start(host);
    return network;
  }

  get first(): NetworkHost {
    return this.hosts[0] as NetworkHost;
  }

  get second(): NetworkHost {
    return this.hosts[1] as NetworkHost;
  }

  /** Queues a block for all that can hear the sender. */
  push(from: NetworkHost, block: Uint8Array): void {
    for (const to of this.muted.has(from) ? [] : this.#heardBy(from)) {
      this.#send(from, () => to.take([signedBlock.decode(block)]));
    }
  }

  /** Answers a wish from the first host that has anything, or the only one that is to be asked. */
  fetch(to: NetworkHost, wish: BlocksWanted): void {
    this.#send(to, async () => {
      const asked = this.#heardBy(to).filter(({ url }) => wish.only === undefined || url === wish.only.url);
      const answers = asked.map((peer) => peer.blocksAfter(wish));
      const blocks = answers.find((answer) => answer.length > 0) ?? [];
      unwrap(await to.call("import_blocks", { nowMs: BigInt(to.nowMs), blocks }));
    }, wish.only?.afterMs);
  }

  /** Delivers all messages that are due, and those that follow from them at once. */
  async deliver(): Promise<void> {
    for (let count = 0;; count++) {
      if (count > MAX_MESSAGES) throw new RangeError("Cannot come to an end: the hosts keep each other busy");
      const next = this.#messages.find(({ dueMs }) => dueMs <= this.nowMs);
      if (next === undefined) return;
      this.#messages = this.#messages.filter((message) => message !== next);
      await next.deliver();
    }
  }

  #send(from: NetworkHost, deliver: () => Promise<unknown>, afterMs = 0): void {
    this.#messages.push({ dueMs: this.nowMs + afterMs + (this.delaysMs.get(from) ?? 0), deliver });
  }

  /** The next slot on all hosts but those in `idle`. */
  async slot(idle: readonly NetworkHost[] = []): Promise<(SlotOutcome | undefined)[]> {
    this.nowMs = (Math.floor(this.nowMs / SLOT_MS) + 1) * SLOT_MS;
    // What was under way when the slot began.
    await this.deliver();
    const outcomes: (SlotOutcome | undefined)[] = [];
    for (const host of this.hosts) {
      host.nowMs = this.nowMs;
      const isIdle = idle.includes(host);
      outcomes.push(isIdle ? undefined : unwrap(await host.call("on_slot", { nowMs: BigInt(this.nowMs) })));
      await this.deliver();
    }
    return outcomes;
  }

  async slots(count: number, idle: readonly NetworkHost[] = []): Promise<void> {
    for (let i = 0; i < count; i++) await this.slot(idle);
  }

  /** A parentchain block for all hosts, which then have known it for long enough to author on it. */
  async grow(spec: TestBlockSpec = {}): Promise<TestBlock> {
    const block = await grow(this.hosts, spec);
    this.nowMs = Math.max(this.nowMs, ...this.hosts.map(({ nowMs }) => nowMs)) + 2_100;
    await this.deliver();
    return block;
  }

  /** A parentchain block that only one host sees for now; {@linkcode Network.catchUp} shows it to the others. */
  async growOnly(host: NetworkHost, spec: TestBlockSpec = {}): Promise<TestBlock> {
    const block = await grow([host], spec);
    this.nowMs = Math.max(this.nowMs, host.nowMs) + 2_100;
    await this.deliver();
    return block;
  }

  /** Shows a host a parentchain block that it has not seen. */
  async catchUp(host: NetworkHost, block: TestBlock): Promise<void> {
    host.tip = block;
    host.built.push(block);
    host.nowMs = this.nowMs;
    unwrap(await host.importParentchain([block]));
    await this.deliver();
  }

  /** A parentchain block by which a block is confirmed. */
  async confirm(block: ChainPoint): Promise<void> {
    await this.grow({ storage: confirmed(this.first, block) });
  }

  /** Replaces a host by one that starts from its disk. */
  async restart(host: NetworkHost): Promise<NetworkHost> {
    const key = this.hosts.indexOf(host) + 1;
    const again = await NetworkHost.make(this.chain, key, host.disk.copy(), host.tip);
    again.network = this;
    again.nowMs = this.nowMs;
    again.built.push(...host.built);
    if (this.parted.delete(host)) this.parted.add(again);
    this.hosts = this.hosts.map((known) => (known === host ? again : known));
    await this.#start(again);
    return again;
  }

  /** Starts a host from its disk, up to the parentchain's head. */
  async #start(host: NetworkHost): Promise<void> {
    unwrap(await host.init());
    const { number } = unwrap(await host.initParentchain());
    const blocks = host.built.filter((block) => block.number > number);
    for (const block of blocks) unwrap(await host.importParentchain([block]));
    this.nowMs = Math.max(this.nowMs, host.nowMs) + 2_100;
    await this.deliver();
  }

  #heardBy(host: NetworkHost): readonly NetworkHost[] {
    if (this.parted.has(host)) return [];
    return this.hosts.filter((peer) => peer !== host && !this.parted.has(peer));
  }
}

async function grow(hosts: readonly NetworkHost[], spec: TestBlockSpec): Promise<TestBlock> {
  const [first, ...others] = hosts as [NetworkHost, ...NetworkHost[]];
  const block = first.chain.build(first.tip, spec);
  for (const host of [first, ...others]) {
    host.tip = block;
    host.built.push(block);
    unwrap(await host.importParentchain([block]));
  }
  return block;
}

/** What two validateers leave behind once they have a shard together. */
interface Prepared {
  readonly chain: TestChain;
  readonly disks: readonly Disk[];
  readonly built: readonly TestBlock[];
  readonly nowMs: number;
}

/** Made once: keys are drawn and handed over. */
let prepared: Promise<Prepared> | undefined;

async function prepareTwo(): Promise<Prepared> {
  const chain = new TestChain();
  const first = await NetworkHost.make(chain, 1);
  await first.start();
  await grow([first], { storage: registered(first, { url: utf8(first.url) }) });
  first.nowMs += 2_100;
  await first.call("start_provisioning", undefined);
  while ((await first.slot()).blockNumber !== 1n);
  const second = await NetworkHost.make(chain, 2, undefined, first.tip);
  second.provider = first;
  unwrap(await second.init());
  unwrap(await second.initParentchain());
  unwrap(await second.importParentchain(first.built));
  for (
    const storage of [
      registered(second, { url: utf8(second.url) }),
      listing(first, second),
      delegates(first, first, second),
    ]
  ) {
    await grow([first, second], { storage });
    await settle(first, second);
  }
  return { chain, disks: [first.disk, second.disk], built: first.built, nowMs: first.nowMs };
}
