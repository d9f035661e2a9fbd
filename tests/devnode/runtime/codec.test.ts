import { assert, bigInt, nat, property, uint8Array } from "fast-check";
import { TypeRegistry } from "@polkadot/types";
import { describe, expect, it } from "vitest";
import { createModel } from "../../../src/devnode/runtime/model.ts";
import { integriteeRuntime } from "../../../src/devnode/runtime/definitions/integritee.ts";
import { era, mortalEra } from "../../../src/devnode/runtime/types/era.ts";
import { eraBirth, eraDeath } from "../../../src/devnode/runtime/types/era.ts";
import { StorageOverlay } from "../../../src/devnode/runtime/storage/overlay.ts";
import { emptyTrie, trieGet, trieInsert } from "../../../src/trie/trie.ts";
import { toHex } from "../../../src/primitives/hex.ts";
import { TestChain } from "./test_chain.ts";

describe("eras", () => {
  const registry = new TypeRegistry();

  it("are those of polkadot-js for any period and block", () => {
    assert(
      property(nat(70_000), nat(10_000_000), (period, current) => {
        const ours = mortalEra(Math.max(4, period), current);
        if (ours.type !== "Mortal") throw new Error("want a mortal era");
        const made = registry.createType("ExtrinsicEra", { current, period: ours.period });
        // Decoded again, because an era that polkadot-js makes of numbers keeps a phase that its bytes cannot hold.
        const theirs = registry.createType("ExtrinsicEra", made.toU8a());
        expect(toHex(era.codec.encode(ours))).toBe(theirs.toHex());
        expect(era.codec.decode(theirs.toU8a())).toEqual(ours);
        expect(eraBirth(ours, current)).toBe(theirs.asMortalEra.birth(current));
        expect(eraDeath(ours, current)).toBe(theirs.asMortalEra.death(current));
      }),
      { verbose: 1 },
    );
  });

  it("refuse periods below 4 and phases beyond the period", () => {
    expect(() => era.codec.decode(new Uint8Array([0x10, 0x00]))).toThrow("era of period 2");
    expect(() => era.codec.decode(new Uint8Array([0x41, 0x00]))).toThrow("phase 4");
    expect(() => era.codec.decode(new Uint8Array([0x15]))).toThrow();
    expect(era.codec.decode(new Uint8Array([0]))).toEqual({ type: "Immortal" });
  });
});

describe("calls", () => {
  it("are encoded as polkadot-js encodes them, and decoded to the same names", async () => {
    const chain = await TestChain.create();
    const { callType } = createModel(integriteeRuntime);
    assert(
      property(
        bigInt({ min: 0n, max: (1n << 128n) - 1n }),
        uint8Array({ minLength: 32, maxLength: 32 }),
        (value, dest) => {
          const theirs = chain.tx.utility.batch([
            chain.tx.balances.transferKeepAlive(dest, value),
            chain.tx.enclaveBridge.shieldFunds(dest, toHex(dest), value),
          ]).toU8a();
          const ours = callType.codec.decode(theirs);
          expect(ours.pallet).toBe("Utility");
          expect(ours.args["calls"]).toEqual([
            {
              pallet: "Balances",
              call: "transfer_keep_alive",
              args: { dest: { type: "Id", value: dest }, value },
            },
            {
              pallet: "EnclaveBridge",
              call: "shield_funds",
              args: { shard: dest, incognito_account_encrypted: dest, amount: value },
            },
          ]);
          expect(callType.codec.encode(ours)).toEqual(theirs);
        },
      ),
      { numRuns: 30, verbose: 1 },
    );
  });

  it("of any bytes are decoded or refused, and never crash", () => {
    const { callType } = createModel(integriteeRuntime);
    assert(
      property(uint8Array({ maxLength: 80 }), (bytes) => {
        try {
          const call = callType.codec.decode(bytes);
          expect(callType.codec.encode(call)).toEqual(bytes);
        } catch (error) {
          expect((error as Error).name).toBe("CodecError");
        }
      }),
      { numRuns: 3000, verbose: 1 },
    );
  });

  it("that the runtime has not got cannot be encoded", () => {
    const { callType } = createModel(integriteeRuntime);
    expect(() => callType.codec.encode({ pallet: "Balances", call: "burn", args: {} })).toThrow(TypeError);
    expect(() => callType.codec.encode({ pallet: "Vesting", call: "vest", args: {} })).toThrow(TypeError);
  });
});

describe("StorageOverlay", () => {
  const key = (...bytes: number[]) => new Uint8Array(bytes);

  it("keeps what is committed and forgets what is rolled back, at any depth", () => {
    const base = trieInsert(emptyTrie(), key(1), key(10));
    const store = new StorageOverlay(base);
    store.begin();
    store.set(key(1), key(11));
    store.append(key(1));
    store.begin();
    store.remove(key(1));
    store.append(key(2));
    expect(store.get(key(1))).toBeUndefined();
    store.rollback();
    expect(store.get(key(1))).toEqual(key(11));
    expect(store.journal).toEqual([key(1)]);
    store.begin();
    store.set(key(2), key(20));
    store.commit();
    expect(() => store.toTrie()).toThrow("1 transactions are open");
    store.commit();
    const trie = store.toTrie();
    expect([trieGet(trie, key(1)), trieGet(trie, key(2))]).toEqual([key(11), key(20)]);
    expect(trieGet(base, key(1))).toEqual(key(10));
    expect(() => store.commit()).toThrow(RangeError);
    expect(() => store.rollback()).toThrow(RangeError);
  });

  it("lists keys of a prefix in order, with open changes", () => {
    const store = new StorageOverlay(trieInsert(trieInsert(emptyTrie(), key(1, 5), key(0)), key(1, 9), key(0)));
    store.set(key(1, 7), key(0));
    store.set(key(2, 1), key(0));
    store.begin();
    store.remove(key(1, 9));
    store.set(key(1, 1), key(0));
    expect(store.keysWithPrefix(key(1))).toEqual([key(1, 1), key(1, 5), key(1, 7)]);
    store.rollback();
    expect(store.keysWithPrefix(key(1))).toEqual([key(1, 5), key(1, 7), key(1, 9)]);
  });

  it("refuses the 256th transaction inside another", () => {
    const store = new StorageOverlay(emptyTrie());
    for (let i = 0; i < 255; i++) store.begin();
    expect(() => store.begin()).toThrow(RangeError);
  });
});
