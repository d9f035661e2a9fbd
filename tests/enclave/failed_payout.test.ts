import { expect, it } from "vitest";
import { pairFromSuri } from "../../src/crypto/suri.ts";
import { toHex } from "../../src/primitives/hex.ts";
import { unwrap } from "../../src/primitives/result.ts";
import { MAX_PAYOUT_FAILURES } from "../../src/enclave/duties/payouts.ts";
import { readPayout } from "../../src/stf/pallets/payouts.ts";
import { testAccount, TestChain, type TestEvent } from "../parentchain/builders.ts";
import { submitDirect } from "./clients.ts";
import { funded, registered } from "./parentchain_storage.ts";
import { delegates, growAll, headConfirmed, PeerHost } from "./provisioning/two_hosts.ts";

const ALICE = pairFromSuri("//Alice");
/** Blocks in which four windows have passed: those of a young shard are short. */
const ENOUGH_BLOCKS = 200;
const REFUSED: readonly TestEvent[] = [{
  extrinsic: 1,
  pallet: "Proxy",
  name: "ProxyExecuted",
  fields: { result: { type: "Err", value: { type: "BadOrigin", value: undefined } } },
}];

const payoutsOf = (
  host: PeerHost,
) => [...new Set(host.extrinsics.filter(({ purpose }) => purpose === "payout").map(({ bytes }) => toHex(bytes)))];

it(
  "a payout that the parentchain refuses time and again fails in the state, and nothing is signed for it any more",
  async () => {
    const host = await PeerHost.create(new TestChain(), 1);
    await host.init();
    await host.initParentchain();
    await growAll([host]);
    const vault = (await host.health()).vault as Uint8Array;
    const funds = [...funded(vault, 1), ...funded(host.self.signer, 0)];
    await growAll([host], { storage: [...host.listed(), ...registered(host), ...delegates(host, host), ...funds] });
    host.nowMs += 2_100;
    const confirm = async () => {
      await host.slots(4);
      await growAll([host], { storage: await headConfirmed(host) });
    };
    const value = { from: ALICE.publicKey as never, beneficiary: testAccount(0xc0), amount: 1n, shard: host.shard };
    await submitDirect(host, ALICE, { type: "balance_unshield", value }, 0);
    await confirm();
    const refused = new Set<string>();
    while (refused.size < MAX_PAYOUT_FAILURES && host.tip.number < ENOUGH_BLOCKS) {
      const [next] = host.extrinsics.filter(({ purpose, bytes }) => purpose === "payout" && !refused.has(toHex(bytes)));
      if (next !== undefined) refused.add(toHex(next.bytes));
      await growAll([host], next === undefined ? {} : { extrinsics: [next.bytes], events: [...REFUSED] });
    }
    expect(refused.size).toBe(MAX_PAYOUT_FAILURES);
    const statusOf = () => readPayout(headStateOf(host), 0n)?.status.type;
    expect(statusOf()).toBe("queued");
    host.nowMs += 2_100;
    await confirm();
    expect(statusOf()).toBe("failed");
    const metrics = unwrap(await host.call("metrics", undefined));
    const metric = (name: string) => Number(metrics.find((sample) => sample.name === name)?.value);
    expect(["failed", "open", "oldest_open_seconds"].map((name) => metric(`enclave_payouts_${name}`))).toEqual([
      1,
      0,
      0,
    ]);
    for (let block = 0; block < 70; block++) await growAll([host]);
    expect(host.codes().filter((code) => code === "PayoutSetAside")).toHaveLength(1);
    expect(payoutsOf(host)).toHaveLength(MAX_PAYOUT_FAILURES);
  },
  60_000,
);

function headStateOf(host: PeerHost) {
  const head = host.enclave.shard()?.chain.head;
  if (head === undefined) throw new Error("no shard");
  return head.snapshot;
}
