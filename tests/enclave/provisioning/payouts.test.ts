import { describe, expect, it } from "vitest";
import { pairFromSuri } from "../../../src/crypto/suri.ts";
import { decodeExtrinsic } from "../../../src/parentchain/extrinsic_decode.ts";
import { toHex } from "../../../src/primitives/hex.ts";
import { listOpenPayouts } from "../../../src/stf/pallets/payouts.ts";
import { testAccount, TestChain } from "../../parentchain/builders.ts";
import { submitDirect } from "../clients.ts";
import { funded, listing, paid, registered, type Storage } from "../parentchain_storage.ts";
import { delegates, growAll, headConfirmed, PeerHost, settle } from "./two_hosts.ts";

const ALICE = pairFromSuri("//Alice");
const UNIT = 1_000_000_000_000n;
/** Beneficiaries of the payouts 0 and 1. */
const [PAID, OWED] = [testAccount(0xc0), testAccount(0xc1)];
/** Last block of the window of payouts that begins with the shard, in block 2. */
const WINDOW_END = 33;
const TIMEOUT_MS = 120_000;

const vaultOf = async (host: PeerHost) => (await host.health()).vault as Uint8Array;
const payoutsOf = (host: PeerHost) => host.extrinsics.filter(({ purpose }) => purpose === "payout");

/** The first validateer owes two payouts, whose block is confirmed; it has signed both, and one of them is paid. */
async function startPaying(chain: TestChain): Promise<PeerHost> {
  const first = await PeerHost.create(chain, 1);
  await first.init();
  await first.initParentchain();
  await growAll([first]);
  await growAll([first], { storage: [...first.listed(), ...registered(first), ...delegates(first, first)] });
  first.nowMs += 2_100;
  for (const [nonce, beneficiary] of [PAID, OWED].entries()) {
    const value = { from: ALICE.publicKey as never, beneficiary, amount: UNIT, shard: first.shard };
    await submitDirect(first, ALICE, { type: "balance_unshield", value }, nonce);
  }
  await first.slots(4);
  const vault = await vaultOf(first);
  await growAll([first], {
    storage: [...funded(vault, 1), ...funded(first.self.signer, 0), ...await headConfirmed(first)],
  });
  await growAll([first]);
  const one = payoutsOf(first).find(({ bytes }) => toHex(bytes).includes(toHex(PAID).slice(2)));
  expect(new Set(payoutsOf(first).map(({ bytes }) => toHex(bytes))).size).toBe(2);
  await growAll([first], paid(one?.bytes as Uint8Array, vault, PAID, UNIT));
  expect(first.codes().filter((code) => code === "PayoutPaid")).toHaveLength(1);
  await first.call("start_provisioning", undefined);
  return first;
}

describe("a validateer that joined", () => {
  it("never pays what another has paid or has signed in this window, and pays the rest in the next", async () => {
    const chain = new TestChain();
    const first = await startPaying(chain);
    const second = await PeerHost.create(chain, 2, undefined, first.tip);
    second.provider = first;
    await second.init();
    await second.initParentchain();
    await second.importParentchain(first.built);
    const step = async (storage: Storage = []) => {
      await growAll([first, second], { storage });
      await settle(second);
    };
    // It is the only payer from the next window on, and could pay at once.
    await step([...registered(second), ...funded(second.self.signer, 0)]);
    for (let block = 0; block < 9 && !second.codes().includes("ShardReceived"); block++) await step();
    const told = await second.importParentchain([second.tip]);
    const from = told.ok ? told.value.number : Infinity;
    await second.importParentchain(first.built.filter(({ number }) => number > from));
    const state = second.enclave.shard()?.chain.base.snapshot;
    // To the state both are open: what tells them apart is the ledger that was handed over.
    expect(listOpenPayouts(state as never).map(({ beneficiary }) => toHex(beneficiary))).toEqual(
      [PAID, OWED].map(toHex),
    );
    await step([...delegates(second, second), ...listing(second)]);
    while (second.tip.number < WINDOW_END) await growAll([first, second]);
    expect(payoutsOf(second)).toEqual([]);
    for (let block = 0; block < 6; block++) await step();
    const signed = new Set(payoutsOf(second).map(({ bytes }) => toHex(bytes)));
    expect(signed.size).toBe(1);
    const [bytes] = payoutsOf(second).map((extrinsic) => extrinsic.bytes);
    const decoded = decodeExtrinsic(bytes as Uint8Array, chain.metadata);
    expect(decoded.ok && decoded.value.signer).toEqual(second.self.signer);
    expect([...signed][0]).toContain(toHex(OWED).slice(2));
  }, TIMEOUT_MS);
});
