import { describe, expect, it } from "vitest";
import { pairFromSuri } from "../../../src/crypto/suri.ts";
import { toHex } from "../../../src/primitives/hex.ts";
import { readFreeBalance, readTotalIssuance } from "../../../src/stf/pallets/balances.ts";
import { readNonce } from "../../../src/stf/pallets/system.ts";
import { accountOf, submitDirect } from "../clients.ts";
import { eachWithTwoValidateers, first, network, second } from "./two_validateers.ts";

const TIMEOUT_MS = 60_000;
const ALICE = pairFromSuri("//Alice");
const EVE = accountOf(pairFromSuri("//Eve"));
const AMOUNT = 1_000_000_000_000n;
/** Slots in which every message takes a second. */
const SLOW_SLOTS = 100;
const CALLS = 10;

eachWithTwoValidateers({ slots: 4 });

describe("A second of delay (S12)", () => {
  it.each([
    ["in what the first sends", () => [first]],
    ["in what the second sends", () => [second]],
    ["both ways", () => [first, second]],
  ])("%s costs forks, but no call, and is over eight slots after it", async (_name, slow) => {
    const issuance = readTotalIssuance(first.head.snapshot);
    for (const host of slow()) network.delaysMs.set(host, 1_000);
    for (let slot = 0; slot < SLOW_SLOTS; slot++) {
      if (slot % (SLOW_SLOTS / CALLS) === 0) {
        const value = { from: accountOf(ALICE), to: EVE, amount: AMOUNT };
        await submitDirect(first, ALICE, { type: "balance_transfer", value }, slot / (SLOW_SLOTS / CALLS));
      }
      const codes = (await network.slot()).map((outcome) => outcome?.code);
      expect(codes).toContain("Authored");
    }
    network.delaysMs.clear();
    await network.slots(8);
    expect(first.lines("ForkSwitched").length + second.lines("ForkSwitched").length).toBeGreaterThan(0);
    expect(toHex(second.head.hash)).toBe(toHex(first.head.hash));
    expect(readNonce(second.head.snapshot, accountOf(ALICE))).toBe(CALLS);
    expect(readFreeBalance(second.head.snapshot, EVE)).toBe(AMOUNT * BigInt(CALLS));
    expect(readTotalIssuance(second.head.snapshot)).toBeLessThanOrEqual(issuance);
    // Both author in each of their slots: at least every second one is filled in the branch that is left.
    expect(first.head.number).toBeGreaterThanOrEqual(BigInt(SLOW_SLOTS / 2));
    for (const host of network.hosts) {
      expect(host.lines("Equivocation")).toEqual([]);
      expect(host.fatal).toBeUndefined();
    }
  }, TIMEOUT_MS);
});
