import { beforeAll, describe, expect, it } from "vitest";
import { installFastCrypto } from "../../src/crypto/fast.ts";
import { runCuts } from "../faults/cuts.ts";
import { runFirstStarts } from "../faults/first_starts.ts";
import { runKills } from "../faults/kills.ts";
import { runPayouts } from "../faults/payouts.ts";
import type { Report } from "../faults/report.ts";

/** A tenth of the full runs of `tests/faults/main.ts`. */
const KILLS = 5;
const CUTS = 5;
/** Of the ways in which a payout is disturbed those that end soon. */
const PAYOUTS = [
  "killed before sending",
  "killed after inclusion, which it has not seen",
  "connection lost after sending",
];
const SEED = 20;
const TIMEOUT_MS = 900_000;

const options = (count: number) => ({ count, seed: SEED, note: () => {} });

/** Busy machines are slow: what took longer than its goal is the business of the full runs. */
function expectGood(report: Report): void {
  expect(report.failures).toEqual([]);
}

beforeAll(installFastCrypto);

describe("a validateer that is killed", () => {
  it("under load, loses no call that was reported, and keeps deposits and payouts exact", async () => {
    expectGood(await runKills(options(KILLS)));
  }, TIMEOUT_MS);

  it("in its very first start, goes on from there", async () => {
    expectGood(await runFirstStarts(options(1)));
  }, TIMEOUT_MS);

  it("in the middle of a write, arrives at the head that is whole, and refuses what no crash explains", async () => {
    expectGood(await runCuts(options(CUTS)));
  }, TIMEOUT_MS);

  it("around a payout, pays it exactly once or keeps it with an alert", async () => {
    expectGood(await runPayouts(options(1), PAYOUTS));
  }, TIMEOUT_MS);
});
