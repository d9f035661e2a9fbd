import { beforeEach, describe, expect, it } from "vitest";
import { pairFromSuri } from "../../../src/crypto/suri.ts";
import { toHex } from "../../../src/primitives/hex.ts";
import { unwrap } from "../../../src/primitives/result.ts";
import { readPayout } from "../../../src/stf/pallets/payouts.ts";
import { testAccount, type TestBlock, type TestBlockSpec } from "../../parentchain/builders.ts";
import { submitDirect } from "../clients.ts";
import { confirmed, funded, paid } from "../parentchain_storage.ts";
import type { NetworkHost } from "./network.ts";
import { eachWithTwoValidateers, first, network, second } from "./two_validateers.ts";

const TIMEOUT_MS = 60_000;
const ALICE = pairFromSuri("//Alice");
const UNIT = 1_000_000_000_000n;
const BENEFICIARY = testAccount(0xc0);
/** Block in a window in which it is the first validateer's turn for payouts with odd ids. */
const ODD = 65;
/** First block of the next window, in which those with even ids are the first one's. */
const EVEN = 128;

async function unshield(nonce: number): Promise<void> {
  const value = { from: ALICE.publicKey as never, beneficiary: BENEFICIARY, amount: UNIT, shard: first.shard };
  await submitDirect(first, ALICE, { type: "balance_unshield", value }, nonce);
}

const payoutsOf = (host: NetworkHost) => host.extrinsics.filter(({ purpose }) => purpose === "payout");

let vault: Uint8Array;

const signedBy = (host: NetworkHost) => new Set(payoutsOf(host).map(({ bytes }) => toHex(bytes)));
const statusesOf = ({ head: { snapshot } }: NetworkHost, ids: readonly bigint[]) =>
  ids.map((id) => readPayout(snapshot, id)?.status.type);

eachWithTwoValidateers({ slots: 4 });

/** They can pay, in the window in which odd payouts are the first one's. */
beforeEach(async () => {
  vault = (await first.health()).vault as Uint8Array;
  await network.grow({ storage: [...funded(vault, 1), ...funded(first.self.signer, 0)] });
  while (first.tip.number < ODD) await network.grow();
}, TIMEOUT_MS);

describe("payouts of two validateers", () => {
  it("are known to one that was away while one was owed, paid and done: no equal one counts as paid", async () => {
    network.parted.add(second);
    const missed: TestBlock[] = [];
    const grow = async (spec: TestBlockSpec = {}) => {
      missed.push(await network.growOnly(first, spec));
    };
    // Four that are equal, of which two are the first one's.
    for (const nonce of [0, 1, 2, 3]) await unshield(nonce);
    await network.slots(4, [second]);
    await grow({ storage: confirmed(first, first.head) });
    await grow();
    expect(signedBy(first).size).toBe(2);
    await grow(paid(payoutsOf(first)[0]?.bytes as Uint8Array, vault, BENEFICIARY, UNIT));
    await network.slots(4, [second]);
    expect(statusesOf(first, [0n, 1n, 2n, 3n])).toEqual(["queued", "done", "queued", "queued"]);
    await grow({ storage: confirmed(first, first.head) });
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
    expect(second.lines("PayoutPaid").map(({ id }) => String(id))).toEqual(["1"]);
    expect(second.lines("UnexpectedVaultTransfer")).toEqual([]);
    expect(statusesOf(second, [0n, 1n, 2n, 3n])).toEqual(["queued", "done", "queued", "queued"]);
  }, TIMEOUT_MS);

  it("are not signed a second time from a copy of the disk in the same window, but in the next", async () => {
    for (const nonce of [0, 1]) await unshield(nonce);
    await network.slots(4);
    const copied = first.disk.copy();
    const { head } = first;
    await network.grow({ storage: confirmed(first, head) });
    await network.grow();
    const [signed] = signedBy(first);
    expect(signedBy(first).size).toBe(1);
    // The host starts the enclave from the copy; another validateer's blocks go on, and none of this one is missing.
    first.disk.files.clear();
    for (const [name, bytes] of copied.files) first.disk.files.set(name, bytes);
    const again = await network.restart(first);
    for (let i = 0; i < 4; i++) {
      await network.slots(2, [again]);
      await network.grow();
    }
    expect(again.tip.number).toBeLessThan(EVEN - 8);
    expect(signedBy(again)).toEqual(new Set());
    while (again.tip.number <= EVEN) await network.grow();
    // Now payout 0 is its own; the bytes of payout 1 are dead.
    expect(signedBy(again).size).toBe(1);
    expect([...signedBy(again)]).not.toEqual([signed]);
  }, TIMEOUT_MS);
});
