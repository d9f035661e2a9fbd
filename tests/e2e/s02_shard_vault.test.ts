import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  credited,
  poll,
  startParentchain,
  startService,
  type TestService,
  TRANSFER_FEE,
  UNIT,
  UNSHIELD_FEE,
} from "./harness.ts";

const SCENARIO_TIMEOUT_MS = 600_000;

/** Parentchains on which the scenario is the same: the embedded one, and one with other pallet indexes. */
const PARENTCHAINS: readonly { readonly name: string; readonly devnode: readonly string[] | undefined }[] = [
  { name: "the embedded parentchain", devnode: undefined },
  { name: "a runtime with permuted pallets", devnode: ["--tmp", "--runtime", "permuted", "--no-prometheus"] },
];

describe.each(PARENTCHAINS)("S2 on $name: shield, transfer and unshield through the shard vault", ({ devnode }) => {
  let parentchain: TestService | undefined;
  let service: TestService;
  beforeAll(async () => {
    parentchain = devnode === undefined ? undefined : await startParentchain(...devnode);
    service = await startService(parentchain?.ports.parentchain);
  }, SCENARIO_TIMEOUT_MS);
  afterAll(async () => {
    await service?.stop();
    await parentchain?.stop();
  });

  const trusted = (...args: string[]) => service.ask("trusted", ...args);
  const balance = async (account: string) => BigInt(await trusted("balance", account));
  const nonce = async (account: string) => Number(await trusted("nonce", account));

  it.each(["first", "second"])("%s run ends with exact balances and nonces", async (run) => {
    const vault = await trusted("get-shard-vault");
    const start = await balance("//Charlie");
    const perRun = credited(6n * UNIT) - 3n * UNIT - TRANSFER_FEE - UNSHIELD_FEE;
    expect(start).toBe(run === "first" ? 0n : perRun);
    const bob = await trusted("new-account");
    expect(await trusted("list-accounts")).toContain(bob);
    const ferdieBefore = BigInt(await service.ask("balance", "//Ferdie"));

    await service.ask("transfer", "//Charlie", vault, `${6n * UNIT}`);
    await poll("balance of Charlie", () => balance("//Charlie"), start + credited(6n * UNIT));
    expect(await balance(bob)).toBe(0n);

    await trusted("transfer", "//Charlie", bob, `${2n * UNIT}`);
    await poll("balance of Bob", () => balance(bob), 2n * UNIT);
    expect(await balance("//Charlie")).toBe(start + credited(6n * UNIT) - 2n * UNIT - TRANSFER_FEE);

    await trusted("unshield-funds", "//Charlie", "//Ferdie", `${UNIT}`);
    await poll("balance of Charlie", () => balance("//Charlie"), start + perRun);
    expect(await balance(bob)).toBe(2n * UNIT);
    await poll(
      "balance of Ferdie on the parentchain",
      async () => BigInt(await service.ask("balance", "//Ferdie")),
      ferdieBefore + UNIT,
    );

    const charlie = await trusted("new-account");
    expect(await nonce(bob)).toBe(0);
    const pay = (amount: bigint) => service.cli("trusted", "--direct", "transfer", bob, charlie, `${amount}`);
    for (let i = 0; i < 3; i++) expect((await pay(UNIT / 5n)).code).toBe(0);
    expect(await nonce(bob)).toBe(3);

    const tooMuch = await pay(2n * UNIT);
    expect(tooMuch.code).toBe(1);
    expect(tooMuch.stdout).toMatch(/^0x[0-9a-f]{64}\n$/u);
    expect(tooMuch.stderr).toContain("too little for the amount and the fee");
    expect(await nonce(bob)).toBe(4);
    expect(await balance(charlie)).toBe(3n * UNIT / 5n);

    expect((await pay(UNIT / 5n)).code).toBe(0);
    expect(await nonce(bob)).toBe(5);
    expect(await balance(bob)).toBe(2n * UNIT - 4n * UNIT / 5n - 5n * TRANSFER_FEE);
    expect(await balance(charlie)).toBe(4n * UNIT / 5n);
  }, SCENARIO_TIMEOUT_MS);
});
