/**
 * P13: a block from its author to nine peers over their kept connections, and what each of them costs the author.
 *
 * @module
 */
import process from "node:process";
import { dialPeerSocket } from "../src/host/deno/peer_dialer.ts";
import { PeerNetwork } from "../src/host/peers/peer_network.ts";
import { type SignedBlock, signedBlock } from "../src/types/signed_block.ts";
import { poll } from "../tests/e2e/harness.ts";
import { Program, sleep } from "../tests/faults/processes.ts";
import { branch, meters } from "../tests/host/peers/support.ts";
import type { Arrival } from "./broadcast_peers.ts";
import type { Figure } from "./measure.ts";

/** Peers of one of ten validateers. */
const PEERS = 9;
/** Blocks of a measurement. */
const BLOCKS = 300;
/** Pause between blocks: each is to find the connections idle, as in a slot. */
const PAUSE_MS = 30;
/** Diff of a block with about 300 transfers. */
const DIFF_BYTES = 48 * 1024;

/** What sending blocks to some peers took. */
interface Measured {
  /** Milliseconds until the last of the peers had a block, ascending. */
  readonly times: readonly number[];
  /** Processor time of the author per block in milliseconds. */
  readonly cpuMs: number;
}

/** Sends blocks to one peer and to nine. */
export async function broadcast(): Promise<Figure[]> {
  const peers = new Program("benchmarks/broadcast_peers.ts", `${PEERS}`);
  try {
    const urls = await new Promise<readonly string[]>((resolve) => {
      peers.onLine = (line) => resolve(JSON.parse(line).urls);
    });
    const blocks = branch(undefined, BLOCKS).map(withLongDiff);
    // The first round warms up.
    await measure(peers, urls, blocks);
    const one = await measure(peers, urls.slice(0, 1), blocks);
    const all = await measure(peers, urls, blocks);
    const describe = ({ times }: Measured) =>
      `median ${percentile(times, 0.5).toFixed(1)} ms, p99 ${percentile(times, 0.99).toFixed(1)} ms`;
    return [{
      name: "p13_block_to_all_p99_ms",
      value: percentile(all.times, 0.99),
      detail: `${BLOCKS} blocks of ${DIFF_BYTES / 1024} KiB to ${PEERS} peers: ${describe(all)}; to one: ${
        describe(one)
      }`,
    }, {
      name: "p13_cpu_per_peer_ms",
      value: (all.cpuMs - one.cpuMs) / (PEERS - 1),
      detail: `of the author per block: ${all.cpuMs.toFixed(2)} ms for ${PEERS} peers, ${one.cpuMs.toFixed(2)} for one`,
    }];
  } finally {
    await peers.end("SIGKILL");
  }
}

function withLongDiff({ block, signature }: SignedBlock): Uint8Array {
  const blockData = { ...block.blockData, encryptedStateDiff: new Uint8Array(DIFF_BYTES).fill(0x5a) };
  return signedBlock.encode({ block: { ...block, blockData }, signature });
}

async function measure(
  peers: Program,
  urls: readonly string[],
  blocks: readonly Uint8Array[],
): Promise<Measured> {
  const network = new PeerNetwork({
    dial: dialPeerSocket,
    timer: { now: () => Date.now(), after: (ms, run) => clearTimeout.bind(undefined, setTimeout(run, ms)) },
    random: Math.random,
    meters: meters().ports,
    log: () => {},
  });
  network.setPeers(urls);
  await poll("the connections", () => Promise.resolve(network.connected), urls.length);
  const arrivals: Arrival[] = [];
  const lines: string[] = [];
  // Kept as they come: reading them is no work of an author.
  peers.onLine = (line) => void lines.push(line);
  const sent: number[] = [];
  const before = process.cpuUsage();
  for (const block of blocks) {
    sent.push(performance.timeOrigin + performance.now());
    network.broadcast(block);
    await sleep(PAUSE_MS);
  }
  const { user, system } = process.cpuUsage(before);
  await poll("the last block", () => Promise.resolve(lines.length), urls.length * blocks.length);
  network.stop();
  for (const line of lines) arrivals.push(JSON.parse(line));
  const last = new Map<number, number>();
  for (const { number, at } of arrivals) last.set(number, Math.max(last.get(number) ?? 0, at));
  const times = sent.map((at, i) => (last.get(i + 1) ?? Number.POSITIVE_INFINITY) - at).toSorted((a, b) => a - b);
  return { times, cpuMs: (user + system) / 1000 / blocks.length };
}

function percentile(ascending: readonly number[], share: number): number {
  return ascending[Math.min(ascending.length - 1, Math.floor(ascending.length * share))] ?? 0;
}
