import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { sr25519Signer } from "../../src/client/trusted_signer.ts";
import { pairFromSuri } from "../../src/crypto/suri.ts";
import type { AccountId, ShardIdentifier } from "../../src/primitives/branded.ts";
import { toHex } from "../../src/primitives/hex.ts";
import { unwrap } from "../../src/primitives/result.ts";
import { Chain } from "../faults/chain.ts";
import { launchMember, type MemberSite, type Program, startParentchain } from "../faults/processes.ts";
import { credited, poll, UNIT, vaultOf } from "./harness.ts";
import { lightHeadersOf } from "./light_blocks.ts";
import { type Serving, TcpGate, untilLogged, untilServing, writeBundles } from "./provisioning_support.ts";
import { takeServicePorts } from "../ports.ts";

const TIMEOUT_MS = 300_000;
const BLOCK_TIME_MS = 400;
/** More than a refusal, less than the keys: evidence and keys alone have over twenty thousand bytes. */
const HELD_AFTER_BYTES = 12_000;
const CHARLIE = sr25519Signer(pairFromSuri("//Charlie"));

let folder: string;
let programs: Program[];
let gate: TcpGate;
let chain: Chain;
let firstSite: MemberSite;
let secondSite: MemberSite;
let first: Program;
let giver: Serving;
let shard: ShardIdentifier;
let vault: AccountId;

function launch(site: MemberSite): Program {
  const program = launchMember(site);
  programs.push(program);
  return program;
}

beforeAll(async () => {
  programs = [];
  folder = await Deno.makeTempDir({ prefix: "integritee-provisioning-" });
  const { node, port: nodePort } = await startParentchain(BLOCK_TIME_MS);
  programs.push(node);
  const [ports, others] = [takeServicePorts(), takeServicePorts()];
  gate = TcpGate.open(ports.muRa);
  const bundle = ["--enclave-bundle", (await writeBundles(folder)).own];
  const options = [...bundle, "--mu-ra-external-address", `127.0.0.1:${gate.port}`, "--slot-duration-ms", "100"];
  firstSite = { dataDir: `${folder}/first`, ports, nodePort, options };
  secondSite = { dataDir: `${folder}/second`, ports: others, nodePort, options: bundle };
  first = launch(firstSite);
  chain = await Chain.connect(nodePort);
  giver = await untilServing(first, firstSite);
  shard = unwrap(await giver.client.shard());
  vault = await vaultOf(giver.client);
  await poll("the vault's delegates", async () => (await chain.delegates(vault)).length, 1);
  await chain.pay("//Charlie", vault, 5n * UNIT);
  await poll("Charlie's balance", () => balanceAt(giver), credited(5n * UNIT));
  const { blockNumber } = unwrap(await giver.client.sidechainHeader());
  await poll("the confirmation", async () => await chain.confirmed(shard) >= blockNumber, true);
}, TIMEOUT_MS);

afterAll(async () => {
  await chain?.close();
  for (const program of programs) await program.end("SIGKILL");
  gate?.close();
  await Deno.remove(folder, { recursive: true });
});

async function balanceAt({ client }: Serving): Promise<bigint> {
  return unwrap(await client.accountInfo(shard, CHARLIE)).data.free;
}

/** Accounts of all registered enclaves. */
async function registered(): Promise<string[]> {
  const keys = await chain.api.query["teerex"]?.["sovereignEnclaves"]?.keys() ?? [];
  return keys.map(({ args: [account] }) => String(account));
}

async function shieldingKeyOf({ client }: Serving): Promise<JsonWebKey> {
  return await crypto.subtle.exportKey("jwk", unwrap(await client.shieldingKey()));
}

/** State root of a block of the first validateer. */
async function rootAt(number: number): Promise<string> {
  const [header] = await lightHeadersOf(giver.rpc, number, 1);
  expect(header?.header.blockNumber).toBe(BigInt(number));
  return toHex(header?.digest.stateRoot as Uint8Array);
}

describe("a validateer that joins a shard", () => {
  it(
    "joins anew after it was killed in the middle, takes keys and state, becomes a delegate, and keeps all of it",
    async () => {
      gate.limit = HELD_AFTER_BYTES;
      const killed = launch(secondSite);
      await gate.held;
      await killed.end("SIGKILL");
      expect(killed.log).not.toContain("ShardReceived");
      gate.limit = Number.POSITIVE_INFINITY;
      const second = launch(secondSite);
      const taker = await untilServing(second, secondSite);
      expect(second.log).toContain("JoiningShard");

      const [, block, root] = await untilLogged(second, /ShardReceived.*block=(\d+).*root=(0x[0-9a-f]{64})/u);
      await untilLogged(first, new RegExp(`ShardProvisioned.*block=${block}.*root=${root}`, "u"));
      expect(await rootAt(Number(block))).toBe(root);
      expect(unwrap(await taker.client.shard())).toEqual(shard);
      expect(unwrap(await taker.client.fingerprint())).toEqual(unwrap(await giver.client.fingerprint()));
      expect(await shieldingKeyOf(taker)).toEqual(await shieldingKeyOf(giver));
      expect(await balanceAt(taker)).toBe(credited(5n * UNIT));

      await poll("the vault's delegates", async () => (await chain.delegates(vault)).length, 2);
      expect((await chain.delegates(vault)).toSorted()).toEqual((await registered()).toSorted());

      await second.end("SIGTERM");
      const again = launch(secondSite);
      const restarted = await untilServing(again, secondSite);
      expect(await shieldingKeyOf(restarted)).toEqual(await shieldingKeyOf(giver));
      expect(await balanceAt(restarted)).toBe(credited(5n * UNIT));
      expect(again.log).toContain("StateRecovered");
      expect(again.log).not.toContain("JoiningShard");
    },
    TIMEOUT_MS,
  );
});
