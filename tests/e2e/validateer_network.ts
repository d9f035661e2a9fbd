/**
 * Validateers of one shard, each with a parentchain node of its own, as processes.
 *
 * @module
 */
import type { BlockDigest } from "../../src/types/block_digest.ts";
import { type LightHeader, lightHeaders } from "../../src/types/light_header.ts";
import { fromHex, toHex } from "../../src/primitives/hex.ts";
import { computeHeaderHash } from "../../src/types/sidechain_header.ts";
import { Program } from "../faults/processes.ts";
import { type CommandResult, freePorts, isListening, poll, type TestService } from "./harness.ts";
import { inProcessCli } from "./in_process_cli.ts";
import { launchMember, type MemberSite, type Serving, untilServing } from "./provisioning_support.ts";

/** Block time of the parentchain: short, since registration, listing and confirmation take several blocks each. */
const BLOCK_TIME_MS = 500;
const AUTHORITIES = ["//Alice", "//Bob", "//Charlie", "//Dave"] as const;

/** A validateer with its node. */
export class Member {
  readonly node: Program;
  readonly site: MemberSite;
  program: Program;
  serving: Serving | undefined;

  constructor(node: Program, site: MemberSite) {
    this.node = node;
    this.site = site;
    this.program = launchMember(site);
  }

  /** Waits until the trusted endpoint answers. */
  async ready(): Promise<this> {
    this.serving = await untilServing(this.program, this.site);
    return this;
  }

  /** Its clients. @throws {TypeError} Before it is ready. */
  get client(): Serving["client"] {
    return this.#serving.client;
  }

  /** Stops the validateer; its node lives on. */
  async stop(signal: "SIGTERM" | "SIGKILL"): Promise<void> {
    this.serving?.rpc.close();
    await this.program.end(signal);
  }

  /** Starts it again on what it has stored. */
  async restart(): Promise<this> {
    this.program = launchMember(this.site);
    return await this.ready();
  }

  /** The command line with this validateer and its node; keys are kept in the current folder. */
  get commands(): Pick<TestService, "ask" | "cli"> {
    return inProcessCli({ ...this.site.ports, parentchain: this.site.nodePort });
  }

  /** Runs a command. */
  cli(...args: readonly string[]): Promise<CommandResult> {
    return this.commands.cli(...args);
  }

  /** Its newest block's number; 0 if there is none. */
  async height(): Promise<number> {
    const header = await this.client.sidechainHeader();
    return header.ok ? Number(header.value.blockNumber) : 0;
  }

  /** Light headers of its best branch. */
  async headers(from: number, max: number): Promise<readonly LightHeader[]> {
    return lightHeaders.decode(
      fromHex(String(await this.#serving.rpc.request("sidechain_getLightHeaders", [from, max]))),
    );
  }

  get #serving(): Serving {
    if (this.serving === undefined) throw new TypeError("Cannot ask a validateer that does not serve yet");
    return this.serving;
  }
}

/** A network of validateers. */
export class ValidateerNetwork {
  readonly members: Member[] = [];
  readonly #folder: string;
  readonly #nodes: { readonly node: Program; readonly port: number }[];

  private constructor(folder: string, nodes: readonly { readonly node: Program; readonly port: number }[]) {
    this.#folder = folder;
    this.#nodes = [...nodes];
  }

  /** Starts nodes that are each other's peers, as many authorities. */
  static async start(count: number): Promise<ValidateerNetwork> {
    const folder = await Deno.makeTempDir({ prefix: "integritee-network-" });
    const authorities = AUTHORITIES.slice(0, count);
    const ports = authorities.map(() => freePorts());
    const nodes = authorities.map((authority, i) => {
      const { parentchain: port = 0, untrusted: peerPort = 0 } = ports[i] ?? {};
      const peers = ports.slice(0, i).flatMap(({ untrusted }) => ["--peer", `ws://127.0.0.1:${untrusted}`]);
      const node = new Program(
        ...["src/apps/devnode.ts", "--dev", "--no-prometheus", "--quiet", "--rpc-port", `${port}`],
        ...["--block-time-ms", `${BLOCK_TIME_MS}`, "--authority", authority, "--authorities", authorities.join(",")],
        ...["--peer-port", `${peerPort}`, ...peers],
      );
      return { node, port };
    });
    for (const { port } of nodes) await poll("the node", () => isListening(port), true);
    return new ValidateerNetwork(folder, nodes);
  }

  /** Port of a node. */
  nodePort(index: number): number {
    return this.#nodes[index]?.port ?? 0;
  }

  /** Starts the next validateer at the next node. */
  async add(...options: readonly string[]): Promise<Member> {
    const index = this.members.length;
    const { node, port: nodePort } = this.#nodes[index] ?? {};
    if (node === undefined || nodePort === undefined) throw new RangeError("Cannot add a validateer without a node");
    const member = new Member(node, {
      dataDir: `${this.#folder}/${index}`,
      ports: freePorts(),
      nodePort,
      options: [...options, "--enable-metrics", "--metrics-port", "0"],
    });
    this.members.push(member);
    return await member.ready();
  }

  /** Folder for what belongs to the network. */
  get folder(): string {
    return this.#folder;
  }

  /** Ends all processes and removes their files. */
  async stop(): Promise<void> {
    for (const member of this.members) await member.stop("SIGKILL");
    for (const { node } of this.#nodes) await node.end("SIGKILL");
    await Deno.remove(this.#folder, { recursive: true });
  }

  /** Everything that was logged, for the message of a failed test. */
  logs(): string {
    return this.members.map(({ program }, i) => `--- validateer ${i}\n${program.log}`).join("\n");
  }
}

/** A block as it is compared. */
export interface BlockFacts {
  readonly number: number;
  readonly hash: string;
  readonly root: string;
  readonly slot: number;
  readonly author: string;
}

/** Facts of a light header. */
export function factsOf({ header, digest }: LightHeader, slotMs = 300): BlockFacts {
  const { stateRoot, blockAuthor, timestamp }: BlockDigest = digest;
  return {
    number: Number(header.blockNumber),
    hash: toHex(computeHeaderHash(header)),
    root: toHex(stateRoot),
    slot: Math.floor(Number(timestamp) / slotMs),
    author: toHex(blockAuthor),
  };
}
