import { describe, expect, it } from "vitest";
import { u32 } from "../../src/codec/codec.ts";
import { CodecError } from "../../src/codec/error.ts";
import { accountId } from "../../src/primitives/branded.ts";
import { fromHex, toHex } from "../../src/primitives/hex.ts";
import { Overlay } from "../../src/state/overlay.ts";
import { StateSnapshot } from "../../src/state/snapshot.ts";
import { parentchainPallets } from "../../src/stf/pallets/parentchain.ts";
import { systemAccount, systemNumber } from "../../src/stf/pallets/system.ts";
import { storageMap, storageMapKey, storageValue, storageValueKey } from "../../src/stf/storage.ts";
import { fill } from "./fixtures.ts";

// Well-known keys of Substrate chains.
const SYSTEM = "26aa394eea5630e07c48ae0c9558cef7";
const ACCOUNT = "b99d880ec681799c0cf30e8886371da9";
const NUMBER = "02a5c1b19ab7a04f536c519aca4983ac";
const ALICE = "d43593c715fdd31c61141abd04a99fd6822c8558854ccde39a5684e7a56da27d";
const ALICE_BLAKE2_128 = "de1e86a9a8c739864cf3cc5ec2bea59f";

describe("storage keys", () => {
  it("are those of every Substrate chain", () => {
    expect(toHex(storageValueKey("System", "Number"))).toBe(`0x${SYSTEM}${NUMBER}`);
    expect(toHex(systemNumber.key)).toBe(`0x${SYSTEM}${NUMBER}`);
    const alice = fromHex(ALICE);
    const expected = `0x${SYSTEM}${ACCOUNT}${ALICE_BLAKE2_128}${ALICE}`;
    expect(toHex(storageMapKey("System", "Account", alice))).toBe(expected);
    expect(toHex(systemAccount.keyOf(accountId(alice)))).toBe(expected);
    expect(toHex(systemAccount.prefix)).toBe(`0x${SYSTEM}${ACCOUNT}`);
  });

  it("of the parentchain pallets bear the worker's names", () => {
    expect(toHex(parentchainPallets.TargetA.shardVault.key)).toBe(
      toHex(storageValueKey("ParentchainTargetA", "ShardVault")),
    );
    expect(toHex(parentchainPallets.Integritee.number.key)).toBe(
      toHex(storageValueKey("ParentchainIntegritee", "Number")),
    );
  });
});

describe("typed storage", () => {
  const value = storageValue("Test", "Value", u32);
  const map = storageMap("Test", "Map", u32, u32);

  it("gives back what was set, and undefined after it was removed", () => {
    const store = new Overlay(StateSnapshot.empty());
    expect(value.get(store)).toBeUndefined();
    value.set(store, 7);
    map.set(store, 1, 8);
    map.set(store, 2, 9);
    expect([value.get(store), map.get(store, 1), map.get(store, 2), map.get(store, 3)]).toEqual([7, 8, 9, undefined]);
    value.remove(store);
    map.remove(store, 1);
    expect([value.get(store), map.get(store, 1), map.get(store, 2)]).toEqual([undefined, undefined, 9]);
    expect([...store.iterate(map.prefix)].length).toBe(1);
  });

  it("throws CodecError on a corrupt value instead of guessing", () => {
    const store = new Overlay(StateSnapshot.empty());
    store.set(value.key, fill(1, 3));
    expect(() => value.get(store)).toThrow(CodecError);
    store.set(value.key, fill(1, 5));
    expect(() => value.get(store)).toThrow(CodecError);
  });
});
