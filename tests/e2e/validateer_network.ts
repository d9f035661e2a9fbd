/**
 * Validateers of one shard, each with a parentchain node of its own, as processes.
 *
 * @module
 */
import { Member } from "./member.ts";
import { type RunningNode, startNodes } from "./node_network.ts";
import { takeServicePorts } from "../ports.ts";

/** Block time of the parentchain: short, since registration, listing and confirmation take several blocks each. */
const BLOCK_TIME_MS = 500;

/** A network of validateers. */
export class ValidateerNetwork {
  readonly members: Member[] = [];
  /** Folder for what belongs to the network. */
  readonly folder: string;
  readonly #nodes: readonly RunningNode[];

  private constructor(folder: string, nodes: readonly RunningNode[]) {
    this.folder = folder;
    this.#nodes = nodes;
  }

  /** Starts nodes that are each other's peers, as many authorities. */
  static async start(count: number): Promise<ValidateerNetwork> {
    const folder = await Deno.makeTempDir({ prefix: "integritee-network-" });
    return new ValidateerNetwork(folder, await startNodes(count, BLOCK_TIME_MS));
  }

  /** Port of a node. @throws {RangeError} If there are fewer. */
  nodePort(index: number): number {
    const node = this.#nodes[index];
    if (node === undefined) throw new RangeError(`Cannot find node ${index} of ${this.#nodes.length}`);
    return node.port;
  }

  /** Starts the next validateer at the next node. */
  async add(...options: readonly string[]): Promise<Member> {
    const index = this.members.length;
    const member = new Member({
      dataDir: `${this.folder}/${index}`,
      ports: takeServicePorts(),
      nodePort: this.nodePort(index),
      options: [...options, "--enable-metrics", "--metrics-port", "0"],
    });
    this.members.push(member);
    await member.start();
    return member;
  }

  /** Ends all processes and removes their files. */
  async stop(): Promise<void> {
    for (const member of this.members) await member.end("SIGKILL");
    for (const { program } of this.#nodes) await program.end("SIGKILL");
    await Deno.remove(this.folder, { recursive: true });
  }

  /** Everything that was logged, for the message of a failed test. */
  logs(): string {
    return this.members.map(({ program }, i) => `--- validateer ${i}\n${program.log}`).join("\n");
  }
}
