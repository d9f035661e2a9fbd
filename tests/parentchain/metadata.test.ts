import { describe, expect, it } from "vitest";
import { toHex } from "../../src/primitives/hex.ts";
import { concatBytes } from "../../src/primitives/bytes.ts";
import { blake2_128 } from "../../src/crypto/blake2.ts";
import { ParentchainMetadata } from "../../src/parentchain/metadata.ts";
import { buildTestMetadata } from "./metadata_builder.ts";

describe("ParentchainMetadata", () => {
  it("storage() makes the keys that the protocol facts list, whatever the pallets' indices", () => {
    for (const options of [{ version: 14 }, { version: 15 }, { version: 14, permuted: true }] as const) {
      const metadata = new ParentchainMetadata(buildTestMetadata(options));
      const shard = new Uint8Array(32).fill(9);
      expect(toHex(metadata.storage("System", "Events")?.key() ?? new Uint8Array(0)))
        .toBe("0x26aa394eea5630e07c48ae0c9558cef780d41e5e16056765bc8461851072c9d7");
      expect(toHex(metadata.storage("EnclaveBridge", "ShardStatus")?.key(shard) ?? new Uint8Array(0)))
        .toBe(
          "0xf03cead655362fe0725d529a9971f1e66ff6d4e44d83b4c424c31d83115b64ea" +
            toHex(concatBytes(blake2_128(shard), shard)).slice(2),
        );
    }
  });

  it("knows versions, prefix, constants and schemes", () => {
    const metadata = new ParentchainMetadata(buildTestMetadata());
    expect(metadata.specVersion).toBe(410);
    expect(metadata.transactionVersion).toBe(8);
    expect(metadata.ss58Prefix).toBe(13);
    expect(metadata.extrinsicsTrieVersion).toBe(0);
    expect(metadata.constant("Balances", "ExistentialDeposit")).toBe(500n);
    expect(metadata.auraScheme()).toBe("sr25519");
    expect(new ParentchainMetadata(buildTestMetadata({ auraEd25519: true })).auraScheme()).toBe("ed25519");
    expect(metadata.storage("Balances", "Nothing")).toBeUndefined();
    expect(metadata.hasCall("Balances", "nothing")).toBe(false);
    // Names from the prototype of objects are no calls.
    expect(metadata.hasCall("Balances", "constructor")).toBe(false);
  });

  it("decodeCallArgs() refuses trailing bytes and truncated calls", () => {
    const metadata = new ParentchainMetadata(buildTestMetadata());
    const call = metadata.encodeCall("Timestamp", "set", { now: 5n });
    const name = metadata.callName(call);
    if (name === undefined) throw new Error("no name");
    expect(metadata.decodeCallArgs(name, call)).toEqual({ ok: true, value: { now: 5n } });
    expect(metadata.decodeCallArgs(name, concatBytes(call, new Uint8Array(1))).ok).toBe(false);
    expect(metadata.decodeCallArgs(name, call.subarray(0, call.length - 1)).ok).toBe(false);
  });

  it("refuses what is not metadata", () => {
    expect(() => new ParentchainMetadata(new Uint8Array([1, 2, 3]))).toThrow(TypeError);
    expect(() => new ParentchainMetadata(new Uint8Array(5 * 1024 * 1024))).toThrow(RangeError);
  });

  it("stops at calls that nest too deep instead of overflowing the stack", () => {
    const metadata = new ParentchainMetadata(buildTestMetadata());
    const batch = metadata.encodeCall("Utility", "batch", { calls: [] }).subarray(0, 2);
    const depth = 2_000;
    const deep = concatBytes(
      ...Array.from({ length: depth }, () => concatBytes(batch, new Uint8Array([4]))),
      batch,
      new Uint8Array([0]),
    );
    const name = { pallet: "Utility", call: "batch" };
    const result = metadata.decodeCallArgs(name, deep);
    expect(result.ok ? "" : result.error.code).toBe("TooLarge");
  });
});
