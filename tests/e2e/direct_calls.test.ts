import { connect, createServer } from "node:tls";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fetchCertificate, pinnedSocket, processTimer } from "../../src/apps/cli/worker_socket.ts";
import { TrustedClient } from "../../src/client/trusted_client.ts";
import { sr25519Signer } from "../../src/client/trusted_signer.ts";
import { connectWorkerRpc } from "../../src/client/worker_rpc.ts";
import { encodeSs58 } from "../../src/crypto/ss58.ts";
import { pairFromSuri } from "../../src/crypto/suri.ts";
import { createTlsCertificate } from "../../src/enclave/tls_certificate.ts";
import { encodeBase58 } from "../../src/primitives/base58.ts";
import { unwrap } from "../../src/primitives/result.ts";
import { credited, poll, ROOT, startService, type TestService, TRANSFER_FEE, UNIT, UNSHIELD_FEE } from "./harness.ts";

const SCENARIO_TIMEOUT_MS = 300_000;
const OTHER_NAME = encodeBase58(new Uint8Array(32).fill(5));

let service: TestService;
beforeAll(async () => void (service = await startService()), SCENARIO_TIMEOUT_MS);
afterAll(async () => await service?.stop());

const trusted = (...args: string[]) => service.ask("trusted", ...args);
const balance = async (account: string) => BigInt(await trusted("balance", account));
const nonce = async (account: string) => Number(await trusted("nonce", account));

/** Direct calls that have come so far. */
async function callsReceived(): Promise<number> {
  const metrics = await (await fetch(`http://127.0.0.1:${service.ports.metrics}/metrics`)).text();
  return Number(/^integritee_worker_enclave_rpc_tc_received (\d+)$/mu.exec(metrics)?.[1]);
}

/** Gives an account exactly this balance, by the root of the development shard. */
async function fund(account: string, amount: bigint): Promise<void> {
  await trusted("--direct", "set-balance", account, `${amount}`);
  expect(await balance(account)).toBe(amount);
}

describe("S5: direct call on one worker", () => {
  it("reaches InSidechainBlock and leaves exact balances", async () => {
    const fingerprint = await service.cli("trusted", "get-fingerprint", "--hex");
    expect(fingerprint.stdout).toMatch(/^[1-9A-HJ-NP-Za-km-z]{40,44}\n0x[0-9a-f]{64}\n$/u);
    expect(fingerprint.stderr).toContain("EMULATED");
    const vault = await trusted("get-shard-vault");
    await service.ask("transfer", "//Charlie", vault, `${5n * UNIT}`);
    await poll("balance of Charlie", () => balance("//Charlie"), credited(5n * UNIT));
    const call = await service.cli("trusted", "--direct", "transfer", "//Charlie", "//BobIncognito", `${4n * UNIT}`);
    expect(call.stderr).toContain("status: InSidechainBlock 0x");
    expect(call.code).toBe(0);
    expect(await balance("//BobIncognito")).toBe(4n * UNIT);
    expect(await balance("//Charlie")).toBe(credited(5n * UNIT) - 4n * UNIT - TRANSFER_FEE);
  }, SCENARIO_TIMEOUT_MS);
});

describe("S13: the steps of the JavaScript sample with the client library", () => {
  it("asks, transfers and unshields", async () => {
    const amount = 100_000_000n;
    await fund("//Sample", UNIT);
    const address = { host: "127.0.0.1", port: service.ports.trusted };
    const rpc = await connectWorkerRpc(pinnedSocket(address, await fetchCertificate(address)), processTimer);
    try {
      const client = new TrustedClient(rpc, processTimer);
      const sample = sr25519Signer(pairFromSuri("//Sample"));
      const bob = sr25519Signer(pairFromSuri("//Bob"));
      const vault = unwrap(await client.shardVault());
      await service.ask("transfer", "//Bob", encodeSs58(vault.account), `${UNIT}`);
      const shard = unwrap(await client.shard());
      const start = unwrap(await client.accountInfo(shard, sample));
      expect(start.data.free).toBe(UNIT);
      const domain = { shard, fingerprint: unwrap(await client.fingerprint()) };

      const transfer = unwrap(
        await client.submitCall(
          { type: "balance_transfer", value: { from: sample.account, to: bob.account, amount } },
          domain,
          sample,
        ),
      );
      expect(unwrap(await transfer.final).type).toBe("InSidechainBlock");
      const onParentchain = BigInt(await service.ask("balance", "//Bob"));
      const unshield = unwrap(
        await client.submitCall(
          { type: "balance_unshield", value: { from: sample.account, beneficiary: bob.account, amount, shard } },
          domain,
          sample,
        ),
      );
      expect(unwrap(await unshield.final).type).toBe("InSidechainBlock");

      const end = unwrap(await client.accountInfo(shard, sample));
      expect(end.nonce).toBe(start.nonce + 2);
      expect(end.data.free).toBe(UNIT - 2n * amount - TRANSFER_FEE - UNSHIELD_FEE);
      await poll(
        "balance of Bob on the parentchain",
        async () => BigInt(await service.ask("balance", "//Bob")),
        onParentchain + amount,
      );
    } finally {
      rpc.close();
    }
  }, SCENARIO_TIMEOUT_MS);
});

describe("S22: a call with too high a nonce, then the missing one", () => {
  it("keeps the first waiting and includes both in order", async () => {
    await fund("//Early", UNIT);
    const first = await nonce("//Early");
    const pay = (n: number, to: string) =>
      service.cli("trusted", "--direct", "transfer", "//Early", to, "1000", "--nonce", `${n}`);
    const before = await callsReceived();
    const later = pay(first + 1, "//LateOne");
    await poll("the call with too high a nonce", callsReceived, before + 1);
    // Each of these questions takes several slots: a command starts.
    expect(await nonce("//Early")).toBe(first);
    expect(await balance("//LateOne")).toBe(0n);
    expect((await pay(first, "//EarlyOne")).code).toBe(0);
    const waited = await later;
    expect(waited.code).toBe(0);
    expect(waited.stderr).toMatch(/status: Future\nstatus: (?:Ready\nstatus: )?InSidechainBlock/u);
    expect(await nonce("//Early")).toBe(first + 2);
    expect(await balance("//Early")).toBe(UNIT - 2n * (1_000n + TRANSFER_FEE));
    expect([await balance("//EarlyOne"), await balance("//LateOne")]).toEqual([1_000n, 1_000n]);
  }, SCENARIO_TIMEOUT_MS);

  it("refuses a nonce that was used, with the reason", async () => {
    const used = await service.cli("trusted", "-d", "transfer", "//Early", "//LateOne", "1000", "--nonce", "0");
    expect(used.code).toBe(1);
    expect(used.stderr).toContain("nonce 0 was used before, the next one is 2");
  }, SCENARIO_TIMEOUT_MS);
});

describe("S23: wrong fingerprint or shard", () => {
  it("ends a call for another fingerprint as Invalid, with the reason and nothing changed", async () => {
    await fund("//Wrong", UNIT);
    const result = await service.cli("trusted", "-m", OTHER_NAME, "-d", "transfer", "//Wrong", "//Bob", "1000");
    expect(result.code).toBe(1);
    expect(result.stdout).toMatch(/^0x[0-9a-f]{64}\n$/u);
    expect(result.stderr).toContain("ended as Invalid: the fingerprint given");
    expect([await nonce("//Wrong"), await balance("//Wrong")]).toEqual([0, UNIT]);
  }, SCENARIO_TIMEOUT_MS);

  it("refuses a shard that the worker does not serve, with the reason", async () => {
    const result = await service.cli("trusted", "-s", OTHER_NAME, "-d", "transfer", "//Wrong", "//Bob", "1000");
    expect(result.code).toBe(1);
    expect(result.stdout).toBe("");
    expect(result.stderr).toContain("it serves shard");
  }, SCENARIO_TIMEOUT_MS);
});

describe("the questions to a worker", () => {
  it("are answered alike with evidence and, after a warning, without", async () => {
    const [fingerprint, hex] = (await trusted("get-fingerprint", "-x")).split("\n");
    expect(await trusted("get-shard", "-x", "-a")).toMatch(new RegExp(`^${fingerprint}\n${hex}\n`, "u"));
    const insecure = await service.cli("trusted", "get-fingerprint", "--insecure");
    expect([insecure.code, insecure.stdout]).toEqual([0, `${fingerprint}\n`]);
    expect(insecure.stderr).toContain("warning: --insecure");
    const header = JSON.parse(await trusted("get-sidechain-header"));
    expect(header.shardId).toBe(fingerprint);
    expect(header.blockNumber).toBeGreaterThan(0);
    const workers = await service.ask("list-workers");
    expect(workers).toContain("number of enclaves registered: 1\nEnclave\n");
    expect(workers).toContain(`   MRENCLAVE: ${fingerprint}\n`);
  }, SCENARIO_TIMEOUT_MS);
});

describe("the benchmark command", () => {
  it("prints the reference's lines when every balance was exact", async () => {
    const lines = (await trusted("-d", "benchmark", "2", "3", "-w")).split("\n");
    expect(lines[0]).toMatch(/^Finished benchmark with 2 clients and 3 transactions in [0-9]+ ms$/u);
    expect(lines).toHaveLength(21);
    expect(lines[20]).toMatch(/^100 percent are done within [0-9]+ ms$/u);
  }, SCENARIO_TIMEOUT_MS);
});

describe("the command line between a worker and somebody with a certificate of their own", () => {
  it("sends nothing, because the evidence names another certificate", async () => {
    const { certPem, keyPem } = await createTlsCertificate(["127.0.0.1"], Date.now());
    const relay = createServer({ cert: certPem, key: keyPem }, (inward) => {
      const outward = connect({ host: "127.0.0.1", port: service.ports.trusted, rejectUnauthorized: false });
      inward.on("error", () => outward.destroy());
      outward.on("error", () => inward.destroy());
      inward.pipe(outward).pipe(inward);
    });
    await new Promise<void>((resolve) => relay.listen(0, "127.0.0.1", resolve));
    try {
      const { port } = relay.address() as { port: number };
      const result = await service.cli("-P", `${port}`, "trusted", "-d", "transfer", "//Alice", "//Bob", "1000");
      expect(result.code).toBe(1);
      expect(result.stderr).toContain("states another certificate");
    } finally {
      relay.close();
    }
  }, SCENARIO_TIMEOUT_MS);
});

describe("the example in the README", () => {
  it("type-checks, verifies the enclave, sends the call and prints its way into a block", async () => {
    await fund("//Alice", 3n * UNIT);
    await fund("//BobIncognito", UNIT);
    const readme = await Deno.readTextFile(`${ROOT}README.md`);
    const [, example = ""] = /```ts\n([\s\S]*?)```/.exec(readme) ?? [];
    const text = example.replaceAll('"./', `"file://${ROOT}`).replace("port: 2000", `port: ${service.ports.trusted}`)
      .replace("9944", `${service.ports.parentchain}`);
    const folder = await Deno.makeTempDir({ prefix: "readme-" });
    try {
      await Deno.writeTextFile(`${folder}/transfer.ts`, text);
      const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
        args: ["run", "--check", "-A", "--config", `${ROOT}deno.json`, `${folder}/transfer.ts`],
        stdin: "null",
      }).output();
      const [printed, told] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
      expect(printed?.trim().split("\n").slice(-2), told).toEqual(
        ["InSidechainBlock", `//BobIncognito has ${2n * UNIT}`],
      );
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  }, SCENARIO_TIMEOUT_MS);
});
