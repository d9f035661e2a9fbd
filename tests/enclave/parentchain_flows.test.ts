import { describe, expect, it } from "vitest";
import { pairFromSuri } from "../../src/crypto/suri.ts";
import { computeShieldingFee } from "../../src/stf/fees.ts";
import { signedBlock } from "../../src/types/signed_block.ts";
import { TestChain } from "../parentchain/builders.ts";
import { accountInfoOf, accountOf, encryptCall, signFor, submitDirect } from "./clients.ts";
import { TestHost } from "./harness.ts";
import { watchDecryption } from "./watch_decryption.ts";

const ALICE = pairFromSuri("//Alice");
const BOB = pairFromSuri("//Bob");

async function vaultOf(host: TestHost): Promise<Uint8Array> {
  const health = await host.call("health", undefined);
  return health.ok && health.value.vault !== undefined ? health.value.vault : new Uint8Array();
}

const EVE = accountOf(pairFromSuri("//Eve"));

const hostOf = () => new TestHost(new TestChain()).start();

describe("deposits to the vault", () => {
  it("are credited once, less the fee, after the head has settled", async () => {
    const host = await hostOf();
    const amount = 5_000_000_000_000n;
    const to = await vaultOf(host);
    await host.parentchainBlock({
      events: [{ extrinsic: 0, pallet: "Balances", name: "Transfer", fields: { from: accountOf(BOB), to, amount } }],
    });
    await host.slot();
    expect((await accountInfoOf(host, BOB)).data.free).toBe(0n);
    host.nowMs += 2_000;
    await host.slots(3);
    expect((await accountInfoOf(host, BOB)).data.free).toBe(amount - computeShieldingFee(amount));
    await host.parentchainBlock();
    host.nowMs += 2_000;
    await host.slots(2);
    expect((await accountInfoOf(host, BOB)).data.free).toBe(amount - computeShieldingFee(amount));
  });
});

describe("invoke on the parentchain", () => {
  it("is decrypted off the slot and executed once; garbage and other shards change nothing", async () => {
    const host = await hostOf();
    const amount = 7_000_000_000_000n;
    const call = {
      type: "balance_transfer" as const,
      value: { from: accountOf(ALICE), to: accountOf(BOB), amount },
    };
    const cyphertext = await encryptCall(host, "indirect_call", signFor(host, ALICE, call, 0));
    const invoke = (shard: Uint8Array, content: Uint8Array) =>
      host.chain.metadata.encodeCall("EnclaveBridge", "invoke", { request: { shard, cyphertext: content } });
    const decrypted = watchDecryption(host);
    await host.parentchainBlock({
      calls: [
        invoke(host.shard, new Uint8Array(384)),
        invoke(new Uint8Array(32), cyphertext),
        invoke(host.shard, cyphertext),
        invoke(host.shard, cyphertext),
      ],
    });
    await decrypted(3);
    host.nowMs += 2_000;
    await host.slots(3);
    expect((await accountInfoOf(host, BOB)).data.free).toBe(amount);
    expect((await accountInfoOf(host, ALICE)).nonce).toBe(1);
    expect(host.logs.find(({ code }) => code === "IndirectCalls")?.fields).toEqual({ taken: "1", refused: "1" });
  });

  it("can spend what was deposited in the same parentchain block", async () => {
    const host = await hostOf();
    const deposit = 5_000_000_000_000n;
    const call = { type: "balance_transfer" as const, value: { from: accountOf(BOB), to: EVE, amount: 1_000_000n } };
    const cyphertext = await encryptCall(host, "indirect_call", signFor(host, BOB, call, 0));
    const to = await vaultOf(host);
    const fields = { from: accountOf(BOB), to, amount: deposit };
    const decrypted = watchDecryption(host);
    await host.parentchainBlock({
      calls: [host.chain.metadata.encodeCall("EnclaveBridge", "invoke", {
        request: { shard: host.shard, cyphertext },
      })],
      events: [{ extrinsic: 0, pallet: "Balances", name: "Transfer", fields }],
    });
    await decrypted(1);
    expect((await host.slots(2)).map(({ executed, failed }) => executed + failed)).toEqual([0, 0]);
    host.nowMs += 2_000;
    const outcomes = await host.slots(3);
    expect(outcomes.map(({ executed, failed }) => [executed, failed])).toEqual([[0, 0], [1, 0], [0, 0]]);
    expect((await accountInfoOf(host, BOB)).nonce).toBe(1);
  });
});

describe("duties", () => {
  it("register at once, and do not repeat what is under way", async () => {
    const host = await hostOf();
    expect(host.extrinsics.map(({ purpose }) => purpose)).toContain("register_sgx_enclave");
    const before = host.extrinsics.filter(({ purpose }) => purpose === "register_sgx_enclave").length;
    await host.parentchainBlock();
    expect(host.extrinsics.filter(({ purpose }) => purpose === "register_sgx_enclave")).toHaveLength(before);
  });

  it("confirm a block that is persisted, with its own number and hash", async () => {
    const host = await hostOf();
    await host.slots(4);
    await host.parentchainBlock();
    expect(host.extrinsics.map(({ purpose }) => purpose)).toContain("confirm_imported_sidechain_block");
  });

  it("send nothing on a view that is old", async () => {
    const host = new TestHost(new TestChain());
    await host.init();
    await host.initParentchain();
    host.nowMs += 10_000_000;
    for (let i = 0; i < 2; i++) await host.parentchainBlock({ storage: host.listed() });
    expect(host.extrinsics).toEqual([]);
    expect(host.logs.filter(({ code }) => code === "ParentchainViewOld")).toHaveLength(1);
  });

  it("forget an extrinsic that the node refused, and send it again", async () => {
    const host = new TestHost(new TestChain());
    const one = host.one.bind(host);
    host.one = async (effect) => {
      if (effect.type !== "submit_extrinsic") return await one(effect);
      host.extrinsics.push(effect.value);
      await host.call("extrinsic_submitted", { ticket: effect.value.ticket, accepted: false });
    };
    await host.start();
    await host.parentchainBlock();
    expect(host.extrinsics.filter(({ purpose }) => purpose === "register_sgx_enclave").length).toBeGreaterThan(1);
  });
});

describe("the line between a block and the world", () => {
  it("nothing is told before persisted: no push, no broadcast, no getter", async () => {
    const host = await hostOf();
    const waiting: { hash: Uint8Array }[] = [];
    host.storeBlock = (block) => {
      waiting.push(block);
      return Promise.resolve();
    };
    const amount = 3_000_000_000_000n;
    const client = await submitDirect(host, ALICE, {
      type: "balance_transfer",
      value: { from: accountOf(ALICE), to: accountOf(BOB), amount },
    }, 0);
    expect((await host.slot()).executed).toBe(1);
    expect((await host.slot()).executed).toBe(0);
    expect([client.pushes(), host.broadcasts, (await accountInfoOf(host, BOB)).data.free]).toEqual([[], [], 0n]);
    for (const { hash } of waiting) await host.call("persisted", { hash });
    expect(client.pushes()).toHaveLength(1);
    expect(host.broadcasts.map((bytes) => signedBlock.decode(bytes).block.header.blockNumber)).toEqual([1n, 2n]);
    expect((await accountInfoOf(host, BOB)).data.free).toBe(amount);
    const again = await host.call("persisted", { hash: waiting[0]?.hash as Uint8Array });
    expect(!again.ok && again.error.code).toBe("UnknownBlock");
  });

  it("one block a slot, also if the host calls twice or turns its clock back", async () => {
    const host = await hostOf();
    expect((await host.slot()).code).toBe("Authored");
    const nowMs = BigInt(host.nowMs);
    const again = await host.call("on_slot", { nowMs: nowMs + 1n });
    expect(again.ok && again.value.code).toBe("NotMyTurn");
    const back = await host.call("on_slot", { nowMs: nowMs - 300n });
    expect(back.ok && back.value.code).toBe("ClockWentBack");
    const ahead = await host.call("on_slot", { nowMs: nowMs + 100_000_000n });
    expect(ahead.ok && ahead.value.code).toBe("ClockAheadOfParentchain");
    expect((await host.slot()).code).toBe("Authored");
    const told = host.logs.filter(({ code }) => code === "NotAuthoring" || code === "AuthoringAgain");
    expect(told.map(({ code, fields }) => fields["reason"] ?? code)).toEqual([
      "ClockWentBack",
      "ClockAheadOfParentchain",
      "AuthoringAgain",
    ]);
  });

  it("answers of the host that nobody waits for are refused", async () => {
    const host = await hostOf();
    for (const ticket of [0n, 1n, 999n]) {
      const result = await host.call("file_read", { ticket, bytes: undefined });
      expect(!result.ok && result.error.code).toBe("UnknownTicket");
    }
  });
});
