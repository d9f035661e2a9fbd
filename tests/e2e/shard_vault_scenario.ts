/**
 * S2: shield, transfer and unshield through the shard vault, by commands to one validateer.
 *
 * @module
 */
import { expect } from "vitest";
import { credited, poll, type TestService, TRANSFER_FEE, UNIT, UNSHIELD_FEE } from "./harness.ts";

/** A run of the scenario; the second one goes on where the first one ended. */
export type ScenarioRun = "first" | "second";

/**
 * Runs the scenario and expects exact balances and nonces. Among several validateers a block may give way to another one, which
 * has its calls later: `settled` resolves when all have the newest blocks.
 */
export async function runShardVaultScenario(
  { ask, cli }: Pick<TestService, "ask" | "cli">,
  run: ScenarioRun,
  settled: () => Promise<unknown> = () => Promise.resolve(),
): Promise<void> {
  const trusted = (...args: string[]) => ask("trusted", ...args);
  const balance = async (account: string) => BigInt(await trusted("balance", account));
  const nonce = async (account: string) => Number(await trusted("nonce", account));

  const vault = await trusted("get-shard-vault");
  const start = await balance("//Charlie");
  const perRun = credited(6n * UNIT) - 3n * UNIT - TRANSFER_FEE - UNSHIELD_FEE;
  expect(start).toBe(run === "first" ? 0n : perRun);
  const bob = await trusted("new-account");
  expect(await trusted("list-accounts")).toContain(bob);
  const ferdieBefore = BigInt(await ask("balance", "//Ferdie"));

  await ask("transfer", "//Charlie", vault, `${6n * UNIT}`);
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
    async () => BigInt(await ask("balance", "//Ferdie")),
    ferdieBefore + UNIT,
  );

  const charlie = await trusted("new-account");
  expect(await nonce(bob)).toBe(0);
  const pay = async (amount: bigint) => {
    const result = await cli("trusted", "--direct", "transfer", bob, charlie, `${amount}`);
    await settled();
    return result;
  };
  const nonceIs = (wanted: number) => poll("Bob's nonce", () => nonce(bob), wanted);
  const balanceIs = (account: string, wanted: bigint) => poll("the balance", () => balance(account), wanted);
  for (let i = 0; i < 3; i++) expect((await pay(UNIT / 5n)).code).toBe(0);
  await nonceIs(3);

  const tooMuch = await pay(2n * UNIT);
  expect(tooMuch.code).toBe(1);
  expect(tooMuch.stdout).toMatch(/^0x[0-9a-f]{64}\n$/u);
  expect(tooMuch.stderr).toContain("too little for the amount and the fee");
  await nonceIs(4);
  await balanceIs(charlie, 3n * UNIT / 5n);

  expect((await pay(UNIT / 5n)).code).toBe(0);
  await nonceIs(5);
  await balanceIs(bob, 2n * UNIT - 4n * UNIT / 5n - 5n * TRANSFER_FEE);
  await balanceIs(charlie, 4n * UNIT / 5n);
}
