import { describe, expect, it } from "vitest";
import { pairFromSuri } from "../../../src/crypto/suri.ts";
import { toHex } from "../../../src/primitives/hex.ts";
import { readFreeBalance, readTotalIssuance } from "../../../src/stf/pallets/balances.ts";
import { readNonce } from "../../../src/stf/pallets/system.ts";
import { computeShieldingFee } from "../../../src/stf/fees.ts";
import type { TrustedCall } from "../../../src/types/trusted_call.ts";
import type { TestEvent } from "../../parentchain/builders.ts";
import { accountOf, submitDirect } from "../clients.ts";
import type { NetworkHost } from "./network.ts";
import { eachWithTwoValidateers, first, network, second } from "./two_validateers.ts";

const TIMEOUT_MS = 60_000;
const ALICE = pairFromSuri("//Alice");
const BOB = pairFromSuri("//Bob");
const DAVE = accountOf(pairFromSuri("//Dave"));
const AMOUNT = 5_000_000_000_000n;

eachWithTwoValidateers({ slots: 4 });

const freeOf = (host: NetworkHost, account: Uint8Array) => readFreeBalance(host.head.snapshot, account as never);
const issuanceOf = (host: NetworkHost) => readTotalIssuance(host.head.snapshot);

async function depositOf(from: Uint8Array): Promise<TestEvent> {
  const to = (await first.health()).vault as Uint8Array;
  return { extrinsic: 0, pallet: "Balances", name: "Transfer", fields: { from, to, amount: AMOUNT } };
}

const transfer = (from: typeof ALICE, amount: bigint): TrustedCall => ({
  type: "balance_transfer",
  value: { from: accountOf(from), to: accountOf(pairFromSuri("//Eve")), amount },
});

describe("The same deposit, seen by two validateers with different pools on two forks", () => {
  it("is credited once, whichever fork wins, and calls of the abandoned one are executed in the other", async () => {
    const credited = AMOUNT - computeShieldingFee(AMOUNT);
    await network.grow({ events: [await depositOf(accountOf(BOB))] });
    await network.slots(4);
    const before = issuanceOf(first);
    network.parted.add(second);
    await submitDirect(first, ALICE, transfer(ALICE, 1_000_000_000_000n), 0);
    await submitDirect(second, BOB, transfer(BOB, 2_000_000_000_000n), 0);
    await network.grow({ events: [await depositOf(DAVE)] });
    await network.slots(4);
    await network.slots(6, [second]);
    const nonces = (host: NetworkHost) => [ALICE, BOB].map((who) => readNonce(host.head.snapshot, accountOf(who)));
    expect([nonces(first), nonces(second)]).toEqual([[1, 0], [0, 1]]);
    for (const host of network.hosts) {
      expect(freeOf(host, DAVE)).toBe(credited);
      expect(issuanceOf(host)).toBeGreaterThan(before);
    }
    const abandoned = second.head.hash;
    network.parted.clear();
    await network.slots(6);
    expect(toHex(second.head.hash)).toBe(toHex(first.head.hash));
    expect(second.lines("ForkSwitched").length).toBeGreaterThan(0);
    expect([...second.enclave.shard()?.chain.ancestors() ?? []].some(({ hash }) => toHex(hash) === toHex(abandoned)))
      .toBe(false);
    for (const host of network.hosts) {
      expect(freeOf(host, DAVE)).toBe(credited);
      // Bob's call went back to the pool of the one that had it, and was executed in its next slot.
      expect(nonces(host)).toEqual([1, 1]);
    }
    expect(issuanceOf(second)).toBe(issuanceOf(first));
    await network.grow();
    await network.slots(4);
    expect(freeOf(second, DAVE)).toBe(credited);
  }, TIMEOUT_MS);

  it("is credited once by a block that the other has not seen the parentchain block of", async () => {
    const credited = AMOUNT - computeShieldingFee(AMOUNT);
    const block = await network.growOnly(first, { events: [await depositOf(DAVE)] });
    await network.slots(6);
    expect(freeOf(first, DAVE)).toBe(credited);
    expect(freeOf(second, DAVE)).toBe(0n);
    await network.catchUp(second, block);
    network.nowMs += 2_100;
    await network.slots(6);
    expect(toHex(second.head.hash)).toBe(toHex(first.head.hash));
    expect(freeOf(second, DAVE)).toBe(credited);
  }, TIMEOUT_MS);
});
