import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { encodeBase58 } from "../../src/primitives/base58.ts";
import { startParentchain, type TestService, UNIT } from "./harness.ts";

const TIMEOUT_MS = 300_000;
const ALICE = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY";

let node: TestService;
beforeAll(async () => void (node = await startParentchain()), TIMEOUT_MS);
afterAll(async () => await node?.stop());

const balance = async (account: string) => BigInt(await node.ask("balance", account));

describe("the commands for the parentchain", () => {
  it("read a balance by name and by address, as a number only", async () => {
    expect(await balance("//Bob")).toBe(1_000n * UNIT);
    expect(await balance(ALICE)).toBe(await balance("//Alice"));
    expect(await balance("//Nobody")).toBe(0n);
  }, TIMEOUT_MS);

  it("transfer, wait for the block and print the new balance", async () => {
    const result = await node.cli("transfer", "//Charlie", "//Fresh", `${UNIT}`);
    expect([result.code, result.stderr]).toEqual([0, ""]);
    expect(result.stdout).toMatch(/^\[\+\] L1 extrinsic success\. extrinsic hash: 0x[0-9a-f]{64}\nbalance for /u);
    expect(result.stdout).toMatch(new RegExp(` is now ${UNIT}\n$`, "u"));
    expect(await balance("//Fresh")).toBe(UNIT);
  }, TIMEOUT_MS);

  it("sign with a key of the local keystore", async () => {
    const account = await node.ask("new-account");
    expect(await node.ask("list-accounts")).toBe(`sr25519 keys:\n${account}\ned25519 keys:`);
    await node.ask("transfer", "//Alice", account, `${2n * UNIT}`);
    await node.ask("transfer", account, "//Other", `${UNIT}`);
    expect(await balance("//Other")).toBe(UNIT);
  }, TIMEOUT_MS);

  it("drip from the faucet with consecutive nonces", async () => {
    const lines = (await node.ask("faucet", "//One", "//Two")).split("\n");
    expect(lines).toHaveLength(2);
    await node.ask("listen", "--await-blocks", "3");
    expect([await balance("//One"), await balance("//Two")]).toEqual([1_000_000_000n, 1_000_000_000n]);
  }, TIMEOUT_MS);

  it("list no workers on a fresh chain, its metadata and its events", async () => {
    expect(await node.ask("list-workers")).toBe("number of enclaves registered: 0");
    const metadata = await node.ask("print-metadata");
    expect(metadata).toContain('"EnclaveBridge"');
    const events = (await node.ask("listen", "-e", "2")).split("\n");
    expect(events.length).toBeGreaterThanOrEqual(2);
    expect(events[0]).toMatch(/^block [0-9]+ phase .* event system\.ExtrinsicSuccess /u);
  }, TIMEOUT_MS);

  it("purge only an enclave that is listed, and only with root rights", async () => {
    const shard = "4vJ9JU1bJJE96FWSJKvHsmmFADCg4gpZQff4P3bkLKi";
    const unlisted = await node.cli("purge-enclave", shard, "//Bob");
    expect([unlisted.code, unlisted.stdout]).toEqual([2, ""]);
    expect(unlisted.stderr).toContain(`is not among the validateers of shard ${shard}`);
    const powerless = await node.cli("purge-enclave", shard, "//Bob", "--sudo", "//Charlie");
    expect(powerless.code).toBe(2);
    expect(powerless.stderr).toContain('"//Charlie" has no root rights on this chain');
  }, TIMEOUT_MS);

  it("announce an upgrade only of a shard that there is, and only with root rights", async () => {
    const [shard, next] = ["4vJ9JU1bJJE96FWSJKvHsmmFADCg4gpZQff4P3bkLKi", encodeBase58(new Uint8Array(32).fill(3))];
    const nowhere = await node.cli("upgrade-shard", shard, next, "--delay", "10");
    expect([nowhere.code, nowhere.stdout]).toEqual([2, ""]);
    expect(nowhere.stderr).toContain(`Shard ${shard} has no configuration`);
    const powerless = await node.cli("upgrade-shard", shard, next, "--delay", "10", "--sudo", "//Charlie");
    expect([powerless.code, powerless.stderr]).toEqual([2, expect.stringContaining('"//Charlie" has no root rights')]);
  }, TIMEOUT_MS);

  it("end with 1 and the runtime's reason when a transfer fails", async () => {
    const tooMuch = await node.cli("transfer", "//Ferdie", "//Bob", `${1_000_000n * UNIT}`);
    expect([tooMuch.code, tooMuch.stdout]).toEqual([1, ""]);
    expect(tooMuch.stderr).toContain("error: The extrinsic failed: token.FundsUnavailable");
    const unpaid = await node.cli("transfer", "//Nobody", "//Bob", "1");
    expect(unpaid.code).toBe(1);
    expect(unpaid.stderr).toContain("The node refused the extrinsic");
  }, TIMEOUT_MS);
});
