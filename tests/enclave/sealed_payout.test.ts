import { expect, it } from "vitest";
import { toHex } from "../../src/primitives/hex.ts";
import { unwrap } from "../../src/primitives/result.ts";
import type { StateSnapshot } from "../../src/state/snapshot.ts";
import { readPayout } from "../../src/stf/pallets/payouts.ts";
import { testAccount, type TestBlock, TestChain } from "../parentchain/builders.ts";
import { submitDirect } from "./clients.ts";
import { ALICE, follow, inputOf, offer } from "./hostile/fixtures.ts";
import { confirmed, funded, paid, registered } from "./parentchain_storage.ts";
import { delegates, PeerHost } from "./provisioning/two_hosts.ts";

const BENEFICIARY = testAccount(0xc0);
const FIRST = 1_000n;
const SEALED = { finality: 1, payoutFinality: 1 };
/** Blocks in which two windows of payouts begin. */
const ENOUGH_BLOCKS = 130;

const payoutsOf = (host: PeerHost) => {
  const all = host.extrinsics.filter(({ purpose }) => purpose === "payout");
  return [...new Map(all.map(({ bytes }) => [toHex(bytes), bytes])).values()];
};

/** Sealed blocks, the last one proven. */
async function justified(host: PeerHost, blocks: readonly TestBlock[]): Promise<void> {
  const inputs = [];
  for (const block of blocks) {
    inputs.push(await inputOf(host, block, block === blocks.at(-1) ? host.chain.justify(block) : undefined));
  }
  unwrap(await offer(host, inputs));
}

/** A shard with a vault that follows and pays at level sealed. */
async function payer(): Promise<{ readonly host: PeerHost; readonly vault: Uint8Array }> {
  const host = await PeerHost.create(new TestChain(), 1);
  unwrap(await host.init(SEALED));
  unwrap(await host.initParentchain());
  await follow(host);
  const vault = (await host.health()).vault as Uint8Array;
  const funds = [...funded(vault, 1), ...funded(host.self.signer, 0)];
  await follow(host, { storage: [...host.listed(), ...registered(host), ...delegates(host, host), ...funds] });
  return { host, vault };
}

/** A block of the shard in which a payout is owed. */
async function owe(host: PeerHost, amount: bigint, nonce: number) {
  const value = { from: ALICE.publicKey as never, beneficiary: BENEFICIARY, amount, shard: host.shard };
  await submitDirect(host, ALICE, { type: "balance_unshield", value }, nonce);
  await host.slots(2);
  const { blockNumber, blockHash } = await host.health();
  return { number: blockNumber, hash: blockHash };
}

it("a payment that replaces an abandoned sealed block is not made a second time after a restart", async () => {
  const { host, vault } = await payer();
  const [first, second] = [await owe(host, FIRST, 0), await owe(host, 2n * FIRST, 1)];
  await follow(host, { storage: confirmed(host, first) });
  const [signed] = payoutsOf(host) as [Uint8Array];
  const fork = host.tip;
  // A sealed tail without the payment. It confirms the second payout, which is signed, and the ledger stored with that.
  const tail = [host.chain.build(fork)];
  tail.push(host.chain.build(tail[0] as TestBlock, { storage: confirmed(host, second) }));
  for (const block of tail) unwrap(await offer(host, [await inputOf(host, block)]));
  expect(payoutsOf(host)).toHaveLength(2);
  // What is proven instead has the first payment in its first block.
  const storage = funded(host.self.signer, 1);
  const truth = [host.chain.build(fork, { ...paid(signed, vault, BENEFICIARY, FIRST), slot: 20n, storage })];
  for (const slot of [21n, 22n]) truth.push(host.chain.build(truth.at(-1) as TestBlock, { slot }));
  await justified(host, truth);
  expect(host.codes()).toContain("PayoutLedgerReverted");

  const again = await PeerHost.create(host.chain, 1, host.disk.copy(), truth.at(-1));
  again.nowMs = host.nowMs + 1_000;
  unwrap(await again.init(SEALED));
  const { number } = unwrap(await again.initParentchain());
  await justified(again, [...host.built, ...truth].filter((block) => block.number > number));
  expect(again.codes()).toContain("PayoutLedgerReverted");
  for (let i = 0; i < ENOUGH_BLOCKS; i++) {
    again.tip = host.chain.build(again.tip, { slot: BigInt(23 + i) });
    again.nowMs += 6_000;
    await justified(again, [again.tip]);
  }
  expect(payoutsOf(again).map(toHex).filter((bytes) => bytes !== toHex(signed))).toEqual([]);
}, 60_000);

it("a payout whose payment was undone does not become done", async () => {
  const { host, vault } = await payer();
  await follow(host, { storage: confirmed(host, await owe(host, FIRST, 0)) });
  const status = () => readPayout(host.enclave.shard()?.chain.head.snapshot as StateSnapshot, 0n)?.status.type;
  const [signed] = payoutsOf(host) as [Uint8Array];
  const payment = host.chain.build(host.tip, paid(signed, vault, BENEFICIARY, FIRST));
  unwrap(await offer(host, [await inputOf(host, payment)]));
  expect(host.codes()).toContain("PayoutPaid");
  await justified(host, [host.chain.build(host.tip, { slot: 20n })]);
  expect(host.codes()).toContain("PayoutLedgerReverted");
  host.nowMs += 2_100;
  expect((await host.slots(3)).map(({ code }) => code)).toContain("Authored");
  expect(status()).toBe("queued");
}, 60_000);
