import { beforeEach, describe, expect, it } from "vitest";
import { pairFromSuri } from "../../../src/crypto/suri.ts";
import { toHex } from "../../../src/primitives/hex.ts";
import { unwrap } from "../../../src/primitives/result.ts";
import { readPayout } from "../../../src/stf/pallets/payouts.ts";
import { testAccount, type TestBlock, type TestBlockSpec, type TestEvent } from "../../parentchain/builders.ts";
import { submitDirect } from "../clients.ts";
import type { Storage } from "../provisioning/two_hosts.ts";
import { confirmationOf, Network, type NetworkHost } from "./network.ts";

const TIMEOUT_MS = 60_000;
const ALICE = pairFromSuri("//Alice");
const UNIT = 1_000_000_000_000n;
const BENEFICIARY = testAccount(0xc0);
/** Block in a window in which it is the first validateer's turn for payout 0. */
const FIRST_PAYS = 129;

let network: Network;
let first: NetworkHost;
let second: NetworkHost;

function account(nonce: number, free: bigint) {
  const data = { free, reserved: 0n, frozen: 0n, flags: 0n };
  return { nonce, consumers: 0, providers: 1, sufficients: 0, data };
}

async function unshield(nonce: number): Promise<void> {
  const value = { from: ALICE.publicKey as never, beneficiary: BENEFICIARY, amount: UNIT, shard: first.shard };
  await submitDirect(first, ALICE, { type: "balance_unshield", value }, nonce);
}

const payoutsOf = (host: NetworkHost) => host.extrinsics.filter(({ purpose }) => purpose === "payout");

/** A parentchain block with the payment of an extrinsic. */
function payment(vault: Uint8Array, bytes: Uint8Array): TestBlockSpec {
  const events: TestEvent[] = [
    { extrinsic: 1, pallet: "Balances", name: "Transfer", fields: { from: vault, to: BENEFICIARY, amount: UNIT } },
    { extrinsic: 1, pallet: "Proxy", name: "ProxyExecuted", fields: { result: { type: "Ok", value: undefined } } },
  ];
  return { extrinsics: [bytes], events };
}

beforeEach(async () => {
  network = await Network.ofTwo();
  ({ first, second } = network);
  await network.slots(4);
}, TIMEOUT_MS);

describe("payouts of two validateers", () => {
  it("are known to one that was away while one was owed, paid and done: no equal one counts as paid", async () => {
    const vault = (await first.health()).vault as Uint8Array;
    const funds: Storage = [
      ["System", "Account", [vault], account(1, 100n * UNIT)],
      ["System", "Account", [first.self.signer], account(0, 100n * UNIT)],
    ];
    await network.grow({ storage: funds });
    while (first.tip.number < FIRST_PAYS) await network.grow();
    network.parted.add(second);
    const missed: TestBlock[] = [];
    const grow = async (spec: TestBlockSpec = {}) => {
      missed.push(await network.growOnly(first, spec));
    };
    // Three that are equal: number 0 and 2 are the first validateer's in this window.
    for (const nonce of [0, 1, 2]) await unshield(nonce);
    await network.slots(4, [second]);
    await grow({ storage: confirmationOf(first, first.head.number, first.head.hash) });
    await grow();
    expect(new Set(payoutsOf(first).map(({ bytes }) => toHex(bytes))).size).toBe(2);
    await grow(payment(vault, payoutsOf(first)[0]?.bytes as Uint8Array));
    await network.slots(4, [second]);
    expect([0n, 1n, 2n].map((id) => readPayout(first.head.snapshot, id)?.status.type)).toEqual([
      "done",
      "queued",
      "queued",
    ]);
    await grow({ storage: confirmationOf(first, first.head.number, first.head.hash) });
    // Back: all missed blocks of the parentchain at once, then those of the shard, then both go on.
    second.tip = first.tip;
    second.built.push(...missed);
    second.nowMs = network.nowMs;
    unwrap(await second.importParentchain(missed));
    network.parted.clear();
    await network.slots(8);
    await network.grow();
    await network.grow();
    await network.slots(4);
    expect(toHex(second.head.hash)).toBe(toHex(first.head.hash));
    expect(second.lines("PayoutPaid").map(({ id }) => String(id))).toEqual(["0"]);
    expect(second.lines("UnexpectedVaultTransfer")).toEqual([]);
    expect([0n, 1n, 2n].map((id) => readPayout(second.head.snapshot, id)?.status.type)).toEqual([
      "done",
      "queued",
      "queued",
    ]);
  }, TIMEOUT_MS);
});
