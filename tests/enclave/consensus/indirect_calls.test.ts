import { beforeAll, describe, expect, it } from "vitest";
import { installFastCrypto } from "../../../src/crypto/fast.ts";
import { pairFromSuri } from "../../../src/crypto/suri.ts";
import { toHex } from "../../../src/primitives/hex.ts";
import { readFreeBalance } from "../../../src/stf/pallets/balances.ts";
import { readNonce } from "../../../src/stf/pallets/system.ts";
import { accountOf, encryptCall, signFor } from "../clients.ts";
import { Network } from "./network.ts";

const TIMEOUT_MS = 120_000;
/** Indirect calls of one parentchain block. */
const CALLS = 1_000;
/** More slots than the decryption of all calls takes. */
const MAX_SLOTS = 8_000;
const ALICE = pairFromSuri("//Alice");
const BOB = accountOf(pairFromSuri("//Bob"));
const AMOUNT = 1_000_000_000n;

let network: Network;
let calls: Uint8Array[];

beforeAll(async () => {
  await installFastCrypto();
  network = await Network.ofTwo();
  const { first } = network;
  const transfer = { type: "balance_transfer" as const, value: { from: accountOf(ALICE), to: BOB, amount: AMOUNT } };
  calls = [];
  for (let nonce = 0; nonce < CALLS; nonce++) {
    const cyphertext = await encryptCall(first, "indirect_call", signFor(first, ALICE, transfer, nonce));
    const request = { shard: first.shard, cyphertext };
    calls.push(network.chain.metadata.encodeCall("EnclaveBridge", "invoke", { request }));
  }
}, TIMEOUT_MS);

describe("A parentchain block with 1,000 indirect calls", () => {
  it("is executed whole, each call once, and no slot is missed meanwhile", async () => {
    const { first, second } = network;
    await network.slots(4);
    const before = readFreeBalance(first.head.snapshot, BOB);
    await network.grow({ calls });
    const nonceOf = () => readNonce(first.head.snapshot, accountOf(ALICE));
    let slots = 0;
    let missed = 0;
    let executed = 0;
    for (; slots < MAX_SLOTS && nonceOf() < CALLS; slots++) {
      const outcomes = await network.slot();
      const authored = outcomes.filter((outcome) => outcome?.code === "Authored");
      if (authored.length !== 1) missed++;
      for (const outcome of authored) executed += outcome?.executed ?? 0;
      // Decryption goes on between slots.
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect([missed, nonceOf(), executed]).toEqual([0, CALLS, CALLS]);
    expect(readFreeBalance(first.head.snapshot, BOB) - before).toBe(AMOUNT * BigInt(CALLS));
    await network.slots(2);
    expect(toHex(second.head.hash)).toBe(toHex(first.head.hash));
    expect(second.head.snapshot.root).toEqual(first.head.snapshot.root);
  }, TIMEOUT_MS);
});
