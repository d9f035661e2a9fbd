/** A validateer at a full node of a network: the node is killed, the network goes on, and the node comes back empty. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { sr25519Signer } from "../../src/client/trusted_signer.ts";
import { pairFromSuri } from "../../src/crypto/suri.ts";
import type { AccountId, ShardIdentifier } from "../../src/primitives/branded.ts";
import { unwrap } from "../../src/primitives/result.ts";
import { Chain } from "../faults/chain.ts";
import { launchMember, type MemberSite, Program } from "../faults/processes.ts";
import { credited, isListening, poll, UNIT, vaultOf } from "./harness.ts";
import { type Serving, untilLogged, untilServing } from "./provisioning_support.ts";
import { takeServicePorts } from "../ports.ts";

const TIMEOUT_MS = 300_000;
const BLOCK_TIME_MS = 400;
const CHARLIE = sr25519Signer(pairFromSuri("//Charlie"));
const [authorPorts, fullPorts] = [takeServicePorts(), takeServicePorts()];

let folder: string;
let author: Program;
let full: Program;
let chain: Chain;
let site: MemberSite;
let validateer: Program;
let serving: Serving;
let shard: ShardIdentifier;
let vault: AccountId;

function startNode(rpcPort: number, ...options: readonly string[]): Program {
  return new Program(
    ...["src/apps/devnode.ts", "--dev", "--no-prometheus", "--quiet", "--rpc-port", `${rpcPort}`],
    ...["--block-time-ms", `${BLOCK_TIME_MS}`, "--authorities", "//Alice", ...options],
  );
}

/** The node of the validateer: it authors nothing and keeps nothing. */
function startFullNode(): Program {
  const peer = `ws://127.0.0.1:${authorPorts.untrusted}`;
  return startNode(fullPorts.parentchain, "--authority", "none", "--peer", peer);
}

beforeAll(async () => {
  folder = await Deno.makeTempDir({ prefix: "integritee-node-lost-" });
  author = startNode(authorPorts.parentchain, "--authority", "//Alice", "--peer-port", `${authorPorts.untrusted}`);
  await poll("the author", () => isListening(authorPorts.parentchain), true);
  full = startFullNode();
  await poll("the full node", () => isListening(fullPorts.parentchain), true);
  site = { dataDir: `${folder}/data`, ports: takeServicePorts(), nodePort: fullPorts.parentchain, options: [] };
  validateer = launchMember(site);
  chain = await Chain.connect(authorPorts.parentchain);
  serving = await untilServing(validateer, site);
  shard = unwrap(await serving.client.shard());
  vault = await vaultOf(serving.client);
}, TIMEOUT_MS);

afterAll(async () => {
  serving?.rpc.close();
  await chain?.close();
  for (const program of [validateer, full, author]) await program?.end("SIGKILL");
  await Deno.remove(folder, { recursive: true });
});

const balance = async () => unwrap(await serving.client.accountInfo(shard, CHARLIE)).data.free;
const height = async () => unwrap(await serving.client.sidechainHeader()).blockNumber;
const confirmed = () => chain.confirmed(shard);

/** Waits until the sidechain has so many further blocks; gives the newest one's number. */
async function furtherBlocks(count: bigint): Promise<bigint> {
  const wanted = await height() + count;
  await poll(`block ${wanted}`, async () => await height() >= wanted, true);
  return wanted;
}

describe("a validateer whose parentchain node is lost", () => {
  it("goes on, and takes up what it missed when the node is back, once", { timeout: TIMEOUT_MS }, async () => {
    await chain.pay("//Charlie", vault, 5n * UNIT);
    await poll("the first deposit", balance, credited(5n * UNIT));

    await full.end("SIGKILL");
    await untilLogged(validateer, /ParentchainDisconnected/);
    await chain.pay("//Charlie", vault, 3n * UNIT);
    const [missed, confirmedBefore] = [await furtherBlocks(6n), await confirmed()];
    expect(await balance()).toBe(credited(5n * UNIT));
    expect(confirmedBefore).toBeLessThan(missed);
    expect(validateer.exitCode).toBeUndefined();

    full = startFullNode();
    await untilLogged(validateer, /ParentchainConnected/);
    await poll("the second deposit", balance, credited(5n * UNIT) + credited(3n * UNIT));
    await poll("a confirmation of what was authored alone", async () => await confirmed() >= missed, true);
    await furtherBlocks(3n);
    expect(await balance()).toBe(credited(5n * UNIT) + credited(3n * UNIT));
    expect(validateer.exitCode).toBeUndefined();
    expect(validateer.log).not.toMatch(/ERROR/);
  });
});
