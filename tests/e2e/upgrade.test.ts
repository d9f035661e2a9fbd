import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { sr25519Signer } from "../../src/client/trusted_signer.ts";
import { sha256 } from "../../src/crypto/sha256.ts";
import { pairFromSuri } from "../../src/crypto/suri.ts";
import { encodeBase58 } from "../../src/primitives/base58.ts";
import type { AccountId, ShardIdentifier } from "../../src/primitives/branded.ts";
import { toHex } from "../../src/primitives/hex.ts";
import { unwrap } from "../../src/primitives/result.ts";
import { Chain } from "../faults/chain.ts";
import { launchMember, type MemberSite, type Program, startParentchain } from "../faults/processes.ts";
import { credited, poll, type TestService, UNIT, vaultOf } from "./harness.ts";
import { inProcessCli } from "./in_process_cli.ts";
import { type Serving, untilLogged, untilServing, writeBundles } from "./provisioning_support.ts";
import { takeServicePorts } from "../ports.ts";

const TIMEOUT_MS = 400_000;
const BLOCK_TIME_MS = 400;
/** Blocks from the announcement of the upgrade to its enactment: more than a development chain wants to see it. */
const DELAY = 6;
/** The command line, and what a command that succeeds prints. */
let cli: TestService["cli"];
let ask: TestService["ask"];
const CHARLIE = sr25519Signer(pairFromSuri("//Charlie"));

let folder: string;
let programs: Program[];
let chain: Chain;
let oldSite: MemberSite;
let newSite: MemberSite;
let newFingerprint: Uint8Array;
let before: Serving;
let shard: ShardIdentifier;
let vault: AccountId;
let old: Program;

function launch(site: MemberSite, ...command: string[]): Program {
  const program = launchMember(site, ...command);
  programs.push(program);
  return program;
}

beforeAll(async () => {
  programs = [];
  folder = await Deno.makeTempDir({ prefix: "integritee-upgrade-" });
  const bundles = await writeBundles(folder);
  newFingerprint = sha256(await Deno.readFile(bundles.other));
  const { node, port: nodePort } = await startParentchain(BLOCK_TIME_MS);
  programs.push(node);
  const site = { ports: takeServicePorts(), nodePort };
  const options = (bundle: string) => ["--enclave-bundle", bundle, "--slot-duration-ms", "100"];
  oldSite = { ...site, dataDir: `${folder}/old`, options: options(bundles.own) };
  newSite = { ...site, dataDir: `${folder}/new`, options: options(bundles.other) };
  old = launch(oldSite);
  chain = await Chain.connect(nodePort);
  ({ cli, ask } = inProcessCli({ ...site.ports, parentchain: nodePort }));
  before = await untilServing(old, oldSite);
  shard = unwrap(await before.client.shard());
  vault = await vaultOf(before.client);
  await poll("the vault's delegates", async () => (await chain.delegates(vault)).length, 1);
  await chain.pay("//Charlie", vault, 5n * UNIT);
  await poll("Charlie's balance", () => balanceAt(before), credited(5n * UNIT));
}, TIMEOUT_MS);

afterAll(async () => {
  await chain?.close();
  for (const program of programs) await program.end("SIGKILL");
  await Deno.remove(folder, { recursive: true });
});

async function balanceAt({ client }: Serving): Promise<bigint> {
  return unwrap(await client.accountInfo(shard, CHARLIE)).data.free;
}

async function shieldingKeyOf({ client }: Serving): Promise<JsonWebKey> {
  return await crypto.subtle.exportKey("jwk", unwrap(await client.shieldingKey()));
}

/** Signers of the shard on the parentchain. */
async function listed(): Promise<string[]> {
  const found = await chain.api.query["enclaveBridge"]?.["shardStatus"]?.(toHex(shard));
  return (found?.toJSON() as unknown as { signer: string }[]).map(({ signer }) => signer);
}

describe("S25: the code of a shard is replaced", () => {
  it("refuses the old code after the enactment, and the new one goes on with the state and the keys", async () => {
    const key = await shieldingKeyOf(before);
    const [name, code] = [encodeBase58(shard), encodeBase58(newFingerprint)];
    const announced = await ask("upgrade-shard", name, code, "--delay", `${DELAY}`);
    expect(announced).toMatch(
      new RegExp(`^\\[\\+\\] announced ${code} for shard ${name}\\. .*\nin force from parentchain block \\d+ on$`, "u"),
    );
    await untilLogged(old, /UpgradeVisible/u);
    await untilLogged(old, /NotAuthoring reason=NoAuthorities/u);
    // Clients do not take the old code either, from its enactment on.
    const refused = await cli("trusted", "balance", "//Charlie");
    expect([refused.code, refused.stderr]).toEqual([
      1,
      expect.stringContaining("is not the one the parentchain wants"),
    ]);
    const twice = await cli("upgrade-shard", name, code, "--delay", `${DELAY}`);
    expect([twice.code, twice.stderr]).toEqual([2, `error: ${code} is in force already\n`]);
    const { blockNumber } = unwrap(await before.client.sidechainHeader());
    await old.end("SIGTERM");

    const unable = launch({ ...newSite, dataDir: oldSite.dataDir }, "run", encodeBase58(shard));
    expect(await unable.ended).toBe(1);
    expect(unable.log).toContain("SealedKeysRefused");

    // The shard's name is sealed with the old one's keys.
    const migrating = { ...newSite, dataDir: oldSite.dataDir, options: newSite.options.slice(0, 2) };
    const migration = launch(migrating, "migrate-shard", newSite.dataDir);
    expect([await migration.ended, migration.log]).toEqual([0, expect.stringContaining(`migrated shard ${name}`)]);
    expect(migration.log).toMatch(/^old .*ShardProvisioned/mu);
    expect(migration.log).toMatch(/^new .*ShardReceived/mu);

    // Its name is not that of the new code: its keys tell.
    const after = launch(newSite);
    const serving = await untilServing(after, newSite);
    expect(unwrap(await serving.client.fingerprint())).toEqual(newFingerprint);
    expect(unwrap(await serving.client.shard())).toEqual(shard);
    expect(await shieldingKeyOf(serving)).toEqual(key);
    expect(await ask("trusted", "balance", "//Charlie")).toBe(`${credited(5n * UNIT)}`);
    const grown = async () => unwrap(await serving.client.sidechainHeader()).blockNumber > blockNumber;
    await poll("a block above those of the old code", grown, true);
    expect(await chain.delegates(vault)).toHaveLength(2);

    // The old one stands first, and only the first may confirm.
    const [first] = await listed();
    expect(await ask("purge-enclave", name, first as string)).toContain("validateers left: 1\n");
    await poll("a confirmation by the new code", async () => await chain.confirmed(shard) > blockNumber, true);
    await chain.pay("//Charlie", vault, UNIT);
    await poll("Charlie's balance", () => balanceAt(serving), credited(5n * UNIT) + credited(UNIT));
  }, TIMEOUT_MS);
});
