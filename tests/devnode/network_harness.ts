/**
 * Several nodes on the fake runtime in one thread, with a clock that tests turn and links that tests cut.
 *
 * @module
 */
import { DevChain } from "../../src/devnode/chain.ts";
import { type ChainStore, createMemoryStore } from "../../src/devnode/chain_store.ts";
import { createDevKeys } from "../../src/devnode/dev_keys.ts";
import { DevNode } from "../../src/devnode/node.ts";
import { type Peer, type PeerSocket } from "../../src/devnode/peers/peer.ts";
import { PeerNetwork } from "../../src/devnode/peers/peer_network.ts";
import { toHex } from "../../src/primitives/hex.ts";
import { createFakeRuntime, FAKE_SLOT_MS, type FakeBlock } from "./fake_runtime.ts";

/** The four authorities of these tests. */
export const AUTHORITIES = ["//Alice", "//Bob", "//Charlie", "//Dave"] as const;
const STEP_MS = 50;

/** A node of the harness. */
export interface TestNode {
  readonly name: string;
  readonly store: ChainStore;
  readonly chain: DevChain<FakeBlock>;
  readonly node: DevNode<FakeBlock>;
  readonly network: PeerNetwork<FakeBlock>;
  readonly log: string[];
}

/** How a node differs from the usual. */
export interface TestNodeOptions {
  readonly store?: ChainStore;
  readonly marker?: number;
  /** Authorities in the genesis block. */
  readonly authorities?: readonly string[];
  /** What must be awaited before an extrinsic can be executed. */
  readonly prepare?: (extrinsic: Uint8Array) => Promise<void> | undefined;
}

interface TestLink {
  readonly cut: () => void;
  /** Messages sent so far, both ways. */
  readonly counts: { messages: number };
  /** The ends at the two nodes. */
  readonly ends: readonly [Peer, Peer];
}

/** Nodes, links and their clock. */
export class TestNetwork {
  nowMs = 1_700_000_000_000;
  readonly nodes: TestNode[] = [];
  #lastId = 0;

  /** Adds a node with the key of an authority, or a full node. */
  add(
    name: string | undefined,
    { store = createMemoryStore(), marker, authorities = AUTHORITIES, prepare = () => undefined }: TestNodeOptions = {},
  ) {
    const keys = createDevKeys(name === undefined ? [] : [name]);
    const runtime = createFakeRuntime(marker, FAKE_SLOT_MS, authorities);
    const justifications = { period: 1 };
    const chain = new DevChain({ runtime, preset: "local", store, keys, statesKept: 256, justifications });
    const node = new DevNode(chain, () => this.nowMs);
    for (const side of chain.storedSides()) node.import(side);
    const log: string[] = [];
    const [voter] = keys.grandpa.values();
    const network = new PeerNetwork({
      node,
      voter,
      nodeId: new Uint8Array(32).fill(++this.#lastId),
      nowMs: () => this.nowMs,
      log: (level, message) => log.push(`${level} ${message}`),
      prepare,
      pause: () => Promise.resolve(),
    });
    const added: TestNode = { name: name ?? "full", store, chain, node, network, log };
    this.nodes.push(added);
    return added;
  }

  /** Links two nodes; the first one opens the link. */
  link(from: TestNode, to: TestNode): TestLink {
    const ends: { from?: Peer; to?: Peer } = {};
    const counts = { messages: 0 };
    let isOpen = true;
    const cut = () => {
      if (!isOpen) return;
      isOpen = false;
      if (ends.from !== undefined) from.network.closed(ends.from);
      if (ends.to !== undefined) to.network.closed(ends.to);
    };
    const deliver = (receiver: TestNode, end: "from" | "to", bytes: Uint8Array) => {
      counts.messages++;
      queueMicrotask(() => {
        const peer = ends[end];
        if (isOpen && peer !== undefined) receiver.network.receive(peer, bytes);
      });
    };
    const socket = (isOutbound: boolean): PeerSocket => ({
      name: isOutbound ? to.name : from.name,
      isOutbound,
      send: (bytes) => isOutbound ? deliver(to, "to", bytes) : deliver(from, "from", bytes),
      close: () => queueMicrotask(cut),
      waitingBytes: () => 0,
    });
    ends.from = from.network.open(socket(true));
    ends.to = to.network.open(socket(false));
    return { cut, counts, ends: [ends.from, ends.to] };
  }

  /** Links all nodes with one another. */
  linkAll(): TestLink[] {
    return this.nodes.flatMap((from, i) => this.nodes.slice(i + 1).map((to) => this.link(from, to)));
  }

  /** Lets time pass; nodes in `idle` neither author nor vote. */
  async run(slots: number, idle: readonly TestNode[] = []): Promise<void> {
    const end = this.nowMs + slots * FAKE_SLOT_MS;
    while (this.nowMs < end) {
      const isSlot = this.nowMs % FAKE_SLOT_MS === 0;
      for (const one of this.nodes) {
        if (idle.includes(one)) continue;
        if (isSlot && one.network.isReadyToAuthor) one.node.tick();
        one.network.step();
      }
      await settle();
      this.nowMs += STEP_MS;
    }
  }

  /** Heads of nodes in hexadecimal, each once. */
  heads(nodes: readonly TestNode[] = this.nodes): string[] {
    return [...new Set(nodes.map(({ chain }) => toHex(chain.head.hash)))];
  }
}

/** Lets everything that waits for nothing but its turn have it. */
export async function settle(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 0));
}
