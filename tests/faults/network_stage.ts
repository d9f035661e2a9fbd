/**
 * Several validateers of one shard, each with a parentchain node of its own, and a relay before every endpoint that others
 * dial, so that they can be parted.
 *
 * @module
 */
import type { SigningDomain } from "../../src/client/trusted_signer.ts";
import type { AccountId } from "../../src/primitives/branded.ts";
import { fromHex, toHex } from "../../src/primitives/hex.ts";
import { unwrap } from "../../src/primitives/result.ts";
import { type LightHeader, lightHeader, lightHeaders, MAX_LIGHT_HEADERS } from "../../src/types/light_header.ts";
import { freePorts, isListening, poll, type ServicePorts } from "../e2e/harness.ts";
import { Relay } from "../e2e/network_support.ts";
import { launchMember, type MemberSite, type Serving, untilServing } from "../e2e/provisioning_support.ts";
import { Chain } from "./chain.ts";
import { Program, sleep } from "./processes.ts";

/** Authorities of the parentchain nodes: one for each validateer. */
const AUTHORITIES = ["//Alice", "//Bob", "//Charlie", "//Dave"] as const;
/** Blocks by which members that are in step may differ. */
const LAG_BLOCKS = 3n;
/** Time until all members are in step for the first time. */
const START_TIMEOUT_MS = 120_000;
/** Pause between two looks. */
const LOOK_INTERVAL_MS = 50;

/** Where a member's chain stands. */
export interface Head {
  readonly number: bigint;
  readonly root: string;
}

/** A validateer with its relays. */
export class Member {
  readonly name: string;
  readonly site: MemberSite;
  /** Relay to its parentchain node. */
  readonly node: Relay;
  readonly #relays: readonly Relay[];
  readonly #track: (program: Program) => void;
  #program: Program | undefined;
  #serving: Serving | undefined;

  /** Opens the relays. */
  constructor(name: string, folder: string, nodePort: number, slotDurationMs: number, track: Member["track"]) {
    this.name = name;
    this.#track = track;
    const ports = freePorts();
    const relays = [ports.trusted, ports.untrusted, ports.muRa].map((port) => new Relay(() => port));
    const [trusted, untrusted, muRa] = relays.map(({ port }) => port);
    this.#relays = relays;
    this.node = new Relay(() => nodePort);
    const options = [
      ...["--trusted-external-address", `wss://127.0.0.1:${trusted}`],
      ...["--untrusted-external-address", `ws://127.0.0.1:${untrusted}`],
      ...["--mu-ra-external-address", `127.0.0.1:${muRa}`],
      ...["--slot-duration-ms", `${slotDurationMs}`, "--enable-metrics", "--metrics-port", `${ports.metrics}`],
    ];
    this.site = { dataDir: `${folder}/${name}`, ports, nodePort: this.node.port, options };
  }

  /** Hears of every process. */
  get track(): (program: Program) => void {
    return this.#track;
  }

  /** Its process. @throws {TypeError} Before its start. */
  get program(): Program {
    if (this.#program === undefined) throw new TypeError(`${this.name} was not started`);
    return this.#program;
  }

  /** Its trusted endpoint, dialled directly. @throws {TypeError} Before its start. */
  get serving(): Serving {
    if (this.#serving === undefined) throw new TypeError(`${this.name} does not serve`);
    return this.#serving;
  }

  /** Another connection to its trusted endpoint, through the relay: as late as that makes it. */
  async dialRelayed(): Promise<Serving> {
    const [trusted] = this.#relays as readonly [Relay];
    return await untilServing(this.program, { ...this.site, ports: { ...this.site.ports, trusted: trusted.port } });
  }

  /** Starts it and waits for its first answer; gives the time that took in ms. */
  async start(): Promise<number> {
    const begun = performance.now();
    this.#program = launchMember(this.site);
    this.#track(this.#program);
    this.#serving = await untilServing(this.#program, this.site);
    return performance.now() - begun;
  }

  /** Ends it. */
  async end(signal: "SIGKILL" | "SIGTERM"): Promise<void> {
    await this.program.end(signal);
    this.#serving?.rpc.close();
    this.#serving = undefined;
  }

  /** Lets peers through or not. */
  switch(isOn: boolean): void {
    for (const relay of this.#relays) relay.switch(isOn);
  }

  /** Makes late what others dial it for, each way; what it dials itself passes the relays of the others. */
  delay(ms: number): void {
    for (const relay of this.#relays) relay.delayMs = ms;
  }

  /** Limits what others dial it for; what it dials itself passes the relays of the others. */
  slow(bytesPerSecond: number): void {
    for (const relay of this.#relays) relay.bytesPerSecond = bytesPerSecond;
  }

  /** Its newest light headers of a range; fewer where it has none. */
  async headers(from: bigint, max = 1): Promise<readonly LightHeader[]> {
    const answer = await this.serving.rpc.request("sidechain_getLightHeaders", [Number(from), max]);
    return lightHeaders.decode(fromHex(String(answer)));
  }

  /** The number of its newest block. */
  async height(): Promise<bigint> {
    return unwrap(await this.serving.client.sidechainHeader()).blockNumber;
  }

  /** Closes its relays. */
  close(): void {
    for (const relay of [...this.#relays, this.node]) relay.close();
  }
}

/** Settings of a stage. */
export interface NetworkStageOptions {
  readonly validateers: number;
  readonly blockTimeMs: number;
  readonly slotDurationMs: number;
  /** Makes the place of a member ready before its start; gives how to remove it. */
  readonly prepare?: (site: MemberSite) => Promise<() => Promise<void>>;
}

/** A shard that several validateers run. */
export interface NetworkStage {
  readonly members: readonly Member[];
  readonly chain: Chain;
  readonly domain: SigningDomain;
  readonly vault: AccountId;
}

/** Runs on a stage whose members are in step, and takes everything down afterwards. */
export async function onNetworkStage<T>(
  options: NetworkStageOptions,
  run: (stage: NetworkStage) => Promise<T>,
): Promise<T> {
  const closers: (() => Promise<unknown> | void)[] = [];
  const folder = await Deno.makeTempDir({ prefix: "integritee-network-" });
  closers.push(() => Deno.remove(folder, { recursive: true }));
  try {
    const ports = await startNodes(options, (node) => closers.push(() => node.end("SIGKILL")));
    const chain = await Chain.connect(ports[0] as number);
    closers.push(() => chain.close());
    const members: Member[] = [];
    for (const [i, port] of ports.entries()) {
      const track = (program: Program): void => void closers.push(() => program.end("SIGKILL"));
      const member = new Member(`validateer${i + 1}`, folder, port, options.slotDurationMs, track);
      closers.push(() => member.close());
      members.push(member);
      const remove = await options.prepare?.(member.site);
      if (remove !== undefined) closers.push(remove);
      await member.start();
    }
    const client = (members[0] as Member).serving.client;
    const domain = { shard: unwrap(await client.shard()), fingerprint: unwrap(await client.fingerprint()) };
    const vault = unwrap(await client.shardVault()).account;
    await untilInStep(members, START_TIMEOUT_MS);
    await poll("authors of the newest blocks", () => newestAuthors(members), members.length);
    return await run({ members, chain, domain, vault });
  } finally {
    for (const close of closers.reverse()) await Promise.resolve(close()).catch(() => {});
  }
}

/** Ports of new nodes that are each other's peers. */
async function startNodes(
  { validateers, blockTimeMs }: NetworkStageOptions,
  track: (node: Program) => void,
): Promise<number[]> {
  const names = AUTHORITIES.slice(0, validateers);
  const ports = names.map(() => freePorts());
  for (const [i, name] of names.entries()) {
    const { parentchain, untrusted } = ports[i] as ServicePorts;
    const peers = ports.slice(0, i).flatMap((others) => ["--peer", `ws://127.0.0.1:${others.untrusted}`]);
    track(
      new Program(
        ...["src/apps/devnode.ts", "--dev", "--quiet", "--no-prometheus", "--rpc-port", `${parentchain}`],
        ...["--block-time-ms", `${blockTimeMs}`, "--authority", name, "--authorities", names.join(",")],
        ...["--peer-port", `${untrusted}`, ...peers],
      ),
    );
  }
  for (const { parentchain } of ports) await poll("the node", () => isListening(parentchain), true);
  return ports.map(({ parentchain }) => parentchain);
}

/** How many members authored the newest blocks: it takes the parentchain a while to list them. */
async function newestAuthors(members: readonly Member[]): Promise<number> {
  const [first] = members as readonly [Member];
  const count = 2 * members.length;
  const height = await first.height();
  const headers = height < count ? [] : await first.headers(height - BigInt(count) + 1n, count);
  return new Set(headers.map(({ digest }) => toHex(digest.blockAuthor))).size;
}

/** The head that all members share, if they are in step. */
export async function sharedHead(members: readonly Member[]): Promise<Head | undefined> {
  const heights = await Promise.all(members.map((member) => member.height()));
  const [least, most] = [heights.reduce((a, b) => a < b ? a : b), heights.reduce((a, b) => a > b ? a : b)];
  if (least === 0n || most - least > LAG_BLOCKS) return undefined;
  const found = await Promise.all(members.map((member) => member.headers(least)));
  const [first] = found[0] as readonly LightHeader[];
  if (first === undefined) return undefined;
  const wanted = toHex(lightHeader.encode(first));
  const isShared = found.every(([one]) => one !== undefined && toHex(lightHeader.encode(one)) === wanted);
  return isShared ? { number: least, root: toHex(first.digest.stateRoot) } : undefined;
}

/** How many blocks two members have both of the same number, but not the same, as far as their answers reach. */
export async function forkLength([one, other]: readonly [Member, Member]): Promise<number> {
  const heights = await Promise.all([one.height(), other.height()]);
  const lowest = heights.reduce((a, b) => a < b ? a : b);
  const from = lowest >= MAX_LIGHT_HEADERS ? lowest - BigInt(MAX_LIGHT_HEADERS) + 1n : 1n;
  const [blocks, rivals] = await Promise.all([one, other].map(async (member) => {
    const headers = await member.headers(from, Number(lowest - from) + 1);
    return new Map(headers.map((block) => [block.header.blockNumber, toHex(lightHeader.encode(block))]));
  })) as [Map<bigint, string>, Map<bigint, string>];
  return [...blocks].filter(([number, block]) => (rivals.get(number) ?? block) !== block).length;
}

/** Waits until all members share a head; gives the time that took in ms. @throws If it takes too long. */
export async function untilInStep(members: readonly Member[], timeoutMs: number): Promise<number> {
  const begun = performance.now();
  while (await sharedHead(members) === undefined) {
    if (performance.now() - begun > timeoutMs) {
      const heights = await Promise.all(members.map((member) => member.height()));
      const logs = members.map(({ name, program }) => `${name}:\n${program.log.slice(-3_000)}`).join("\n");
      throw new Error(`not in step after ${timeoutMs} ms: heights ${heights.join(", ")}\n${logs}`);
    }
    await sleep(LOOK_INTERVAL_MS);
  }
  return performance.now() - begun;
}
