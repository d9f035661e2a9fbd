import { assert, nat, property } from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { integriteeRuntime } from "../../../src/devnode/runtime/definitions/integritee.ts";
import { permutedRuntime } from "../../../src/devnode/runtime/definitions/permuted.ts";
import { BASE_EXTRINSIC_REF_TIME } from "../../../src/devnode/runtime/pallets/system/limits.ts";
import { TREASURY_ACCOUNT } from "../../../src/devnode/runtime/pallets/treasury.ts";
import { compactU32 } from "../../../src/codec/codec.ts";
import { concatBytes, utf8 } from "../../../src/primitives/bytes.ts";
import { toHex } from "../../../src/primitives/hex.ts";
import { trieRoot } from "../../../src/trie/trie.ts";
import { names, only, TestChain } from "./test_chain.ts";

const TEER = 10n ** 12n;

describe.each([["integritee", integriteeRuntime], ["permuted", permutedRuntime]])(
  "signed extrinsics of the %s runtime",
  (_name, definition) => {
    let chain: TestChain;
    beforeEach(async () => {
      chain = await TestChain.create(definition);
    });

    it("are accepted as polkadot-js signs them, mortal and immortal", () => {
      const remark = chain.tx.system.remarkWithEvent("0x1234");
      expect(chain.outcome("//Alice", remark)).toBe("ok");
      expect(chain.outcome("//Alice", remark, { period: 64 })).toBe("ok");
      expect(chain.nonce(chain.account("//Alice"))).toBe(2);
    });

    it("pay by weight and length, before the call and whatever becomes of it", () => {
      const bob = chain.account("//Bob");
      const before = chain.free(bob);
      const extrinsic = chain.sign("//Bob", chain.tx.balances.transferKeepAlive(TREASURY_ACCOUNT, before));
      const events = chain.block(extrinsic);
      expect(names(events)).toContain("system.ExtrinsicFailed");
      const weight = only(events.filter(({ phase }) => phase === "extrinsic 1"), "system.ExtrinsicFailed")[1].weight;
      const fee = BASE_EXTRINSIC_REF_TIME + 1_000_000n * BigInt(extrinsic.length) + weight.refTime.toBigInt();
      const paid = only(events, "transactionPayment.TransactionFeePaid");
      expect(paid.actualFee.toBigInt()).toBe(fee);
      expect(before - chain.free(bob)).toBe(fee);
    });

    it("give one percent of the fee and the tip to the treasury and burn the rest", () => {
      const treasury = chain.free(TREASURY_ACCOUNT);
      const issuance = chain.read(chain.query.balances.totalIssuance).toBigInt();
      const events = chain.run("//Bob", chain.tx.system.remark("0x"), { tip: 5n * TEER });
      const paid = only(events, "transactionPayment.TransactionFeePaid");
      const fee = paid.actualFee.toBigInt() - 5n * TEER;
      expect(paid.tip.toBigInt()).toBe(5n * TEER);
      expect(chain.free(TREASURY_ACCOUNT) - treasury).toBe(fee / 100n + 5n * TEER);
      expect(issuance - chain.read(chain.query.balances.totalIssuance).toBigInt()).toBe(fee - fee / 100n);
    });
  },
);

describe("refusals of signed extrinsics", () => {
  let chain: TestChain;
  beforeEach(async () => {
    chain = await TestChain.create();
  });
  const both = (extrinsic: Uint8Array) => [chain.validate(extrinsic), chain.tryApply(extrinsic)];

  it("Stale: the nonce is used", () => {
    const extrinsic = chain.sign("//Alice", chain.tx.system.remark("0x"));
    chain.block(extrinsic);
    expect(both(extrinsic)).toEqual(["Stale", "Stale"]);
  });

  it("Future: the nonce is not reached; the pool keeps it and knows what must come before", () => {
    const extrinsic = chain.sign("//Alice", chain.tx.system.remark("0x"), { nonce: 1 });
    expect(both(extrinsic)).toEqual(["ok", "Future"]);
    const verdict = chain.runtime.validateTransaction(chain.state, chain.bestHash, "External", extrinsic);
    const first = chain.runtime.validateTransaction(
      chain.state,
      chain.bestHash,
      "External",
      chain.sign("//Alice", chain.tx.system.remark("0x")),
    );
    if (!verdict.ok || !first.ok) throw new Error("want two verdicts");
    expect(verdict.value.requires.map(toHex)).toEqual(first.value.provides.map(toHex));
    expect(first.value.requires).toEqual([]);
  });

  it("Payment: the sender does not exist", () => {
    expect(both(chain.sign("//Nobody", chain.tx.system.remark("0x")))).toEqual(["Payment", "Payment"]);
  });

  it("Payment: the fee would not leave the existential deposit", () => {
    chain.run("//Alice", chain.tx.balances.transferAllowDeath(chain.account("//Poor"), 1000n));
    expect(both(chain.sign("//Poor", chain.tx.system.remark("0x")))).toEqual(["Payment", "Payment"]);
    expect(both(chain.sign("//Bob", chain.tx.system.remark("0x"), { tip: 1000n * TEER }))).toEqual([
      "Payment",
      "Payment",
    ]);
  });

  it.each([
    ["another chain", { genesisHash: `0x${"11".repeat(32)}` }],
    ["another spec version", { specVersion: 409 }],
    ["another transaction version", { transactionVersion: 7 }],
    ["another checkpoint", { blockHash: `0x${"22".repeat(32)}` }],
  ])("BadProof: signed for %s", (_what, options) => {
    expect(both(chain.sign("//Alice", chain.tx.system.remark("0x"), options))).toEqual(["BadProof", "BadProof"]);
  });

  it("BadProof: any bit of the signature or the call changed", () => {
    const extrinsic = chain.sign("//Alice", chain.tx.system.remark("0x1234"));
    for (const at of [2 + 1 + 32 + 1 + 3, extrinsic.length - 1]) {
      const changed = extrinsic.slice();
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect(both(changed)).toEqual(["BadProof", "BadProof"]);
    }
  });

  it("AncientBirthBlock, then BadProof: the era is over; it was good until the block before", () => {
    const extrinsic = chain.sign("//Alice", chain.tx.system.remark("0x"), { period: 4 });
    chain.block();
    chain.block();
    expect(both(extrinsic)).toEqual(["ok", "ok"]);
    chain.block();
    // The block that now counts as its birth is the one that is being made, so it has no hash yet.
    expect(both(extrinsic)).toEqual(["AncientBirthBlock", "AncientBirthBlock"]);
    chain.block();
    expect(both(extrinsic)).toEqual(["BadProof", "BadProof"]);
  });

  it("AncientBirthBlock: the block in which the era began is not known any more", () => {
    chain.block();
    const extrinsic = chain.sign("//Alice", chain.tx.system.remark("0x"), { period: 4 });
    const key = chain.key(chain.query.system.blockHash, chain.number);
    chain.sudo(chain.tx.system.killStorage([key]));
    expect(both(extrinsic)).toEqual(["AncientBirthBlock", "AncientBirthBlock"]);
  });

  it("BadSigner: nobody owns the account of zeros", () => {
    const extrinsic = chain.sign("//Alice", chain.tx.system.remark("0x"));
    const zero = extrinsic.slice();
    zero.fill(0, 4, 36);
    // The signature is checked before the sender, as in the original.
    expect(both(zero)).toEqual(["BadProof", "BadProof"]);
  });

  it("CannotLookup: the address is an index", () => {
    const extrinsic = chain.sign("//Alice", chain.tx.system.remark("0x"));
    const body = extrinsic.slice(2);
    const indexed = concatBytes(body.subarray(0, 1), new Uint8Array([1]), body.subarray(34));
    expect(both(concatBytes(compactU32.encode(indexed.length), indexed))).toEqual(["CannotLookup", "CannotLookup"]);
  });

  it("ExhaustsResources: too long, or too heavy, for a block", () => {
    const long = chain.sign("//Alice", chain.tx.system.remark(toHex(new Uint8Array(4 * 1024 * 1024))));
    expect(both(long)).toEqual(["ExhaustsResources", "ExhaustsResources"]);
    const heavy = chain.tx.sudo.sudoUncheckedWeight(chain.tx.system.remark("0x"), {
      refTime: 2n * 10n ** 12n,
      proofSize: 0,
    });
    expect(both(chain.sign("//Alice", heavy))).toEqual(["ExhaustsResources", "ExhaustsResources"]);
  });

  it("ExhaustsResources: the block is full, the next one has room", () => {
    const half = chain.tx.sudo.sudoUncheckedWeight(chain.tx.system.remark("0x"), {
      refTime: 9n * 10n ** 11n,
      proofSize: 0,
    });
    const block = chain.begin();
    const first = chain.runtime.applyExtrinsic(block, chain.sign("//Alice", half));
    const second = chain.sign("//Alice", half, { nonce: 1 });
    expect(first.ok).toBe(true);
    const refused = chain.runtime.applyExtrinsic(block, second);
    expect(refused.ok ? "ok" : refused.error.code).toBe("ExhaustsResources");
    chain.finish(block);
    expect(chain.tryApply(second)).toBe("ok");
  });

  it("MandatoryValidation and BadMandatory: inherents are no transactions", () => {
    const inherent = chain.runtime.inherentExtrinsics(chain.nowMs)[0] ?? new Uint8Array();
    expect(both(inherent)).toEqual(["MandatoryValidation", "BadMandatory"]);
    const signed = chain.sign("//Alice", chain.tx.timestamp.set(chain.nowMs + 6000));
    expect(both(signed)).toEqual(["MandatoryValidation", "BadMandatory"]);
  });

  it("NoUnsignedValidator: calls need a signature", () => {
    const call = chain.tx.system.remark("0x").toU8a();
    const bare = concatBytes(compactU32.encode(call.length + 1), new Uint8Array([4]), call);
    expect(chain.validate(bare)).toBe("NoUnsignedValidator");
  });

  it("Undecodable: truncated, trailing, of another version, with an unknown pallet", () => {
    const extrinsic = chain.sign("//Alice", chain.tx.system.remark("0x"));
    const otherVersion = extrinsic.slice();
    otherVersion[2] = 0x85;
    const otherPallet = extrinsic.slice();
    otherPallet[extrinsic.length - 3] = 77;
    const cases = [extrinsic.subarray(0, -1), concatBytes(extrinsic, new Uint8Array(1)), otherVersion, otherPallet];
    for (const bytes of [...cases, new Uint8Array(0), utf8("hello")]) {
      expect(both(bytes)).toEqual(["Undecodable", "Undecodable"]);
    }
  });

  it("of signed extrinsics with any byte changed never crash the runtime", () => {
    const extrinsic = chain.sign(
      "//Alice",
      chain.tx.utility.batch([chain.tx.balances.transferKeepAlive(chain.account("//Bob"), 1)]),
    );
    assert(
      property(nat(extrinsic.length - 1), nat(255), nat(extrinsic.length), (at, byte, end) => {
        const changed = extrinsic.slice();
        changed[at] = byte;
        for (const bytes of [changed, changed.subarray(0, end)]) {
          const codes = both(bytes);
          const isWhole = bytes.length === extrinsic.length && bytes.every((value, i) => value === extrinsic[i]);
          if (!isWhole) expect(codes).not.toContain("ok");
        }
      }),
      { numRuns: 150, verbose: 1 },
    );
  });

  it("a refused extrinsic leaves the block as it was", () => {
    const block = chain.begin();
    const refused = chain.runtime.applyExtrinsic(
      block,
      chain.sign("//Alice", chain.tx.system.remark("0x"), { nonce: 9 }),
    );
    expect(refused.ok).toBe(false);
    const withRefused = chain.runtime.finalizeBlock(block).header;
    chain.nowMs -= 6000;
    const without = chain.runtime.finalizeBlock(chain.begin()).header;
    expect(toHex(withRefused.stateRoot)).toBe(toHex(without.stateRoot));
    expect(toHex(withRefused.extrinsicsRoot)).toBe(toHex(without.extrinsicsRoot));
  });
});

describe("storage that root has written garbage into", () => {
  it("counts as absent", async () => {
    const chain = await TestChain.create();
    const bob = chain.account("//Bob");
    const keys = [
      chain.key(chain.query.system.account, bob),
      chain.key(chain.query.enclaveBridge.shardStatus, new Uint8Array(32)),
      chain.key(chain.query.grandpa.pendingChange),
      chain.key(chain.query.timestamp.now),
    ];
    const events = chain.sudo(chain.tx.system.setStorage(keys.map((key) => [key, "0xff"])));
    expect(only(events, "sudo.Sudid").sudoResult.isOk).toBe(true);
    expect(chain.validate(chain.sign("//Bob", chain.tx.system.remark("0x"), { nonce: 0 }))).toBe("Payment");
    expect(chain.outcome("//Alice", chain.tx.balances.transferKeepAlive(bob, TEER))).toBe("ok");
    expect(chain.free(bob)).toBe(TEER);
  });
});

describe("calls in calls", () => {
  it("more than 256 deep are not decoded, fewer are", async () => {
    const chain = await TestChain.create();
    const nest = (depth: number) => {
      const level = new Uint8Array([9, 0, 4]);
      const inner = chain.tx.system.remark("0x").toU8a();
      const call = concatBytes(...Array.from({ length: depth }, () => level), inner);
      return concatBytes(compactU32.encode(call.length + 1), new Uint8Array([4]), call);
    };
    expect(chain.validate(nest(255))).toBe("NoUnsignedValidator");
    expect(chain.validate(nest(256))).toBe("Undecodable");
    expect(chain.validate(nest(100_000))).toBe("Undecodable");
  });
});

describe("blocks", () => {
  it("begin with the next number, a later slot and the time of that slot", async () => {
    const chain = await TestChain.create();
    chain.block();
    const digest = (slot: number) => [concatBytes(fromSlot(slot))];
    const fromSlot = (slot: number) => {
      const bytes = new Uint8Array(14);
      bytes.set([6, ...utf8("aura"), 32]);
      new DataView(bytes.buffer).setUint32(6, slot, true);
      return bytes;
    };
    const slot = Math.floor(chain.nowMs / 6000);
    const start = { parentHash: chain.bestHash, digest: digest(slot + 1) };
    expect(() => chain.runtime.initializeBlock(chain.state, { ...start, number: 1 })).toThrow("want 2");
    expect(() => chain.runtime.initializeBlock(chain.state, { ...start, number: 2, digest: [] })).toThrow(
      "no Aura slot",
    );
    expect(() => chain.runtime.initializeBlock(chain.state, { ...start, number: 2, digest: digest(slot) })).toThrow(
      "not later",
    );
    const block = chain.runtime.initializeBlock(chain.state, { ...start, number: 2 });
    expect(() => chain.runtime.finalizeBlock(block)).toThrow("timestamp is not set");
    for (const [nowMs, code] of [[chain.nowMs, "BadMandatory"], [chain.nowMs + 12_000, "BadMandatory"]] as const) {
      const again = chain.runtime.initializeBlock(chain.state, { ...start, number: 2 });
      const applied = chain.runtime.applyExtrinsic(
        again,
        chain.runtime.inherentExtrinsics(nowMs)[0] ?? new Uint8Array(),
      );
      expect(applied.ok ? "ok" : applied.error.code).toBe(code);
    }
  });

  it("forget block hashes after 2400 blocks, but not that of genesis", async () => {
    const chain = await TestChain.create();
    const key = (n: number) => chain.read(chain.query.system.blockHash, n).toHex();
    chain.block();
    chain.block();
    // The number is set as root, so that the test need not make 2400 blocks.
    chain.sudo(chain.tx.system.setStorage([[chain.key(chain.query.system.number), "0x60090000"]]));
    expect(key(1)).not.toBe(`0x${"00".repeat(32)}`);
    const digest = chain.headers[0]?.digest ?? [];
    expect(digest.length).toBe(1);
    chain.hashes.length = 2401;
    chain.hashes.fill(new Uint8Array(32).fill(7), 4);
    chain.block();
    expect(chain.number).toBe(2401);
    chain.block();
    expect(key(1)).toBe(`0x${"00".repeat(32)}`);
    expect(key(2)).not.toBe(`0x${"00".repeat(32)}`);
    expect(key(0)).not.toBe(`0x${"00".repeat(32)}`);
  });

  it("name their roots", async () => {
    const chain = await TestChain.create();
    chain.block();
    expect(toHex(chain.headers[0]?.stateRoot ?? new Uint8Array())).toBe(toHex(trieRoot(chain.state, 1)));
  });
});
