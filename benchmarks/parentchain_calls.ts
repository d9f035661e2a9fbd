/**
 * P11: what a validateer asks of its parentchain node, and whether a node far away costs slots.
 *
 * @module
 */
import { unwrap } from "../src/primitives/result.ts";
import { isListening, poll } from "../tests/e2e/harness.ts";
import { lightHeadersOf } from "../tests/e2e/light_blocks.ts";
import { type Serving, untilServing } from "../tests/e2e/provisioning_support.ts";
import { launchMember, type MemberSite, Program, sleep } from "../tests/faults/processes.ts";
import { takeServicePorts } from "../tests/ports.ts";
import { SLOT_MS } from "./closed_loop.ts";
import type { Figure } from "./measure.ts";
import { ParentchainProxy } from "./parentchain_proxy.ts";

/** Block time of the real parentchain. */
const PARENTCHAIN_BLOCK_MS = 6_000;
/** How long each message between validateer and node takes. */
const DISTANCE_MS = 500;
/** Ten parentchain blocks, two hundred slots. */
const WINDOW_MS = 10 * PARENTCHAIN_BLOCK_MS;
/** Sidechain blocks after which everything that happens once is done: registration, listing, vault, first confirmations. */
const SETTLED_BLOCKS = 40n;

/** Sends an extrinsic. */
const SUBMIT = "author_submitExtrinsic";

/** Lets a validateer run on its own at a node far away, and counts. */
export async function parentchainCalls(): Promise<Figure[]> {
  const folder = await Deno.makeTempDir({ prefix: "integritee-p11-" });
  const { parentchain: nodePort } = takeServicePorts();
  const node = new Program(
    ...["src/apps/devnode.ts", "--dev", "--no-prometheus", "--quiet", "--rpc-port", `${nodePort}`],
    ...["--block-time-ms", `${PARENTCHAIN_BLOCK_MS}`],
  );
  await poll("the node", () => isListening(nodePort), true);
  const proxy = new ParentchainProxy(nodePort);
  const site: MemberSite = { dataDir: folder, ports: takeServicePorts(), nodePort: proxy.port, options: [] };
  const validateer = launchMember(site);
  try {
    return await measure(proxy, await untilServing(validateer, site));
  } catch (cause) {
    throw new Error(`Cannot measure: ${cause}\n${validateer.log}`, { cause });
  } finally {
    await validateer.end("SIGKILL");
    await node.end("SIGKILL");
    await proxy.close();
    await Deno.remove(folder, { recursive: true });
  }
}

async function measure(proxy: ParentchainProxy, { client, rpc }: Serving): Promise<Figure[]> {
  const height = async (): Promise<bigint> => {
    const header = await client.sidechainHeader();
    return header.ok ? header.value.blockNumber : 0n;
  };
  const slotOf = async (number: bigint): Promise<number> => {
    const [header] = await lightHeadersOf(rpc, Number(number), 1);
    return Math.floor(Number(header?.digest.timestamp) / SLOT_MS);
  };
  await poll("the sidechain", async () => await height() >= SETTLED_BLOCKS, true);
  proxy.delayMs = DISTANCE_MS;
  await sleep(PARENTCHAIN_BLOCK_MS);
  proxy.reset();
  const first = unwrap(await client.sidechainHeader()).blockNumber;
  await sleep(WINDOW_MS);
  const calls = [...proxy.calls].sort(([, a], [, b]) => b - a);
  const last = unwrap(await client.sidechainHeader()).blockNumber;
  const [blocks, slots] = [Number(last - first), await slotOf(last) - await slotOf(first)];
  rpc.close();
  const parentchainBlocks = WINDOW_MS / PARENTCHAIN_BLOCK_MS;
  // What is sent is no question: a confirmation per parentchain block, and one per interval of the sidechain.
  const questions = calls.reduce((sum, [method, times]) => method === SUBMIT ? sum : sum + times, 0);
  return [{
    name: "p11_parentchain_calls_per_block",
    value: questions / blocks,
    detail: `${blocks} blocks, ${parentchainBlocks} of the parentchain: ` +
      calls.map(([method, times]) => `${times} ${method}`).join(", "),
  }, {
    name: "p11_slots_missed_far_away",
    value: (slots - blocks) / slots,
    detail: `${slots - blocks} of ${slots} with ${DISTANCE_MS} ms each way`,
  }];
}
