/** Four development nodes as processes, each with an authority of its own: losses, a partition, and a client anywhere. */
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { ask, connectApi, devKeyring, PATIENCE, sendAndWatch, until } from "./devnode_support.ts";
import {
  finalHashes,
  type NetworkProcess,
  Relay,
  startNetworkProcess,
  stateOf,
  untilFinal,
} from "./network_support.ts";

vi.setConfig(PATIENCE);

const NAMES = ["//Alice", "//Bob", "//Charlie", "//Dave"] as const;
const folder = Deno.makeTempDirSync({ prefix: "devnode-network-" });
const nodes: NetworkProcess[] = [];
/** The relay on the way from a node to one that started before it, by their numbers. */
const relays = new Map<string, Relay>();

async function start(index: number): Promise<void> {
  const ports = [];
  for (let to = 0; to < NAMES.length; to++) {
    // At the first start only those that run are known; later the others dial.
    const relay = relays.get(`${index}-${to}`);
    if (relay !== undefined) ports.push(relay.port);
  }
  const name = NAMES[index] as string;
  nodes[index] = await startNetworkProcess(name, NAMES, `${folder}/${index}`, ports);
}

async function kill(index: number): Promise<void> {
  nodes[index]?.child.kill("SIGKILL");
  await nodes[index]?.child.status;
}

/** Waits for so many further blocks of a node. */
async function blocksOf(node: NetworkProcess, count: number): Promise<number> {
  const { best } = await stateOf(node);
  await until(`${count} blocks`, async () => (await stateOf(node)).best >= best + count);
  return best + count;
}

describe("a network of devnode processes", () => {
  beforeAll(async () => {
    // Every pair has a relay whose target is looked up when a connection comes, so that restarts need no new address.
    for (let from = 0; from < NAMES.length; from++) {
      for (let to = 0; to < from; to++) {
        relays.set(`${from}-${to}`, new Relay(() => nodes[to]?.peerPort ?? 1));
        relays.set(`${to}-${from}`, new Relay(() => nodes[from]?.peerPort ?? 1));
      }
    }
    await Promise.all(NAMES.map((_, index) => start(index)));
    await untilFinal(nodes, 2);
  });

  afterAll(async () => {
    for (const index of NAMES.keys()) await kill(index);
    for (const relay of relays.values()) relay.close();
    Deno.removeSync(folder, { recursive: true });
  });

  it("has one genesis and one final chain, names its peers, and each node authors its own slots", async () => {
    const { final } = await stateOf(nodes[0] as NetworkProcess);
    expect(await finalHashes(nodes, 0)).toHaveLength(1);
    expect(await finalHashes(nodes, final)).toHaveLength(1);
    for (const { url } of nodes) {
      await until("three peers", async () => (await ask<{ peers: number }>(url, "system_health")).peers === 3);
      const peers = await ask<{ peerId: string; roles: string }[]>(url, "system_peers");
      expect(new Set(peers.map(({ peerId }) => peerId)).size).toBe(3);
      expect(peers.every(({ roles }) => roles === "AUTHORITY")).toBe(true);
    }
    await until("a block of each author", () => nodes.every(({ output }) => output().includes("extrinsics")));
  });

  it("shows an unmodified client of a node that authors nothing its transfer as final, and all nodes have it", async () => {
    const [first, second] = nodes as [NetworkProcess, NetworkProcess];
    const full = await startNetworkProcess("none", NAMES, `${folder}/full`, [first.peerPort, second.peerPort]);
    const keyring = await devKeyring();
    const [alice, to] = [keyring.addFromUri("//Alice"), keyring.addFromUri("//somebody").address];
    const [api, other] = await Promise.all([connectApi(full.url), connectApi(second.url)]);
    try {
      expect(await ask<string[]>(full.url, "system_nodeRoles")).toEqual(["Full"]);
      const transfer = api.tx["balances"]!["transferKeepAlive"]!(to, 1_000_000_000_000n);
      const { statuses, result } = await sendAndWatch(transfer, alice);
      for (const status of ["Ready", "Broadcast", "InBlock", "Finalized"]) expect(statuses).toContain(status);
      const block = result.status.asFinalized.toHex();
      const number = (await api.rpc.chain.getHeader(block)).number.toNumber();
      await untilFinal(nodes, number);
      expect(await finalHashes(nodes, number)).toEqual([block]);
      const { data } = await other.query["system"]!["account"]!(to) as unknown as {
        data: { free: { toBigInt(): bigint } };
      };
      expect(data.free.toBigInt()).toBe(1_000_000_000_000n);
    } finally {
      await Promise.all([api.disconnect(), other.disconnect()]);
      full.child.kill("SIGKILL");
      await full.child.status;
    }
  });

  it("goes on without one node, which catches up after kill -9", async () => {
    await kill(3);
    const rest = nodes.slice(0, 3);
    const height = await blocksOf(rest[0] as NetworkProcess, 4);
    await untilFinal(rest, height - 1);
    await start(3);
    const { best } = await stateOf(rest[0] as NetworkProcess);
    await untilFinal(nodes, best + 2);
    expect(await finalHashes(nodes, best)).toHaveLength(1);
  });

  it("stops finality without two nodes while blocks go on, and resumes when they are back", async () => {
    await Promise.all([kill(2), kill(3)]);
    const [first, second] = nodes as [NetworkProcess, NetworkProcess];
    // What all four had seen may still become final, and one block of theirs that is on its way.
    const seen = Math.max(...(await Promise.all([stateOf(first), stateOf(second)])).map(({ best }) => best)) + 1;
    await blocksOf(first, 5);
    expect((await stateOf(first)).final).toBeLessThanOrEqual(seen);
    expect((await stateOf(second)).final).toBeLessThanOrEqual(seen);
    await Promise.all([start(2), start(3)]);
    const { best } = await stateOf(first);
    await untilFinal(nodes, best + 1);
    expect(await finalHashes(nodes, best)).toHaveLength(1);
  });

  it("has one head after the links between two halves were cut and healed", async () => {
    const across = ["2-0", "2-1", "3-0", "3-1", "0-2", "0-3", "1-2", "1-3"].map((name) => relays.get(name) as Relay);
    for (const relay of across) relay.switch(false);
    const [left, right] = [nodes[0] as NetworkProcess, nodes[2] as NetworkProcess];
    await Promise.all([blocksOf(left, 3), blocksOf(right, 3)]);
    const apart = await Promise.all([stateOf(left), stateOf(right)]);
    expect(apart[0].hash).not.toBe(apart[1].hash);
    for (const relay of across) relay.switch(true);
    await untilFinal(nodes, Math.max(apart[0].best, apart[1].best) + 1);
    expect(await finalHashes(nodes, apart[0].best)).toHaveLength(1);
  });
});
