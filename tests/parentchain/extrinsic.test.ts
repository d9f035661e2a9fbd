import { describe, expect, it } from "vitest";
import fc from "fast-check";
import { blake2_256 } from "../../src/crypto/blake2.ts";
import { ed25519Sign, ed25519Verify } from "../../src/crypto/ed25519.ts";
import { blockHash } from "../../src/primitives/branded.ts";
import { concatBytes } from "../../src/primitives/bytes.ts";
import { toHex } from "../../src/primitives/hex.ts";
import { encodeEra, eraBirth, eraDeath, mortalEra } from "../../src/parentchain/era.ts";
import { type ExtrinsicContext, signExtrinsic } from "../../src/parentchain/extrinsic.ts";
import { decodeExtrinsic } from "../../src/parentchain/extrinsic_decode.ts";
import { ParentchainMetadata } from "../../src/parentchain/metadata.ts";
import { seed, SIGNER, SIGNER_ACCOUNT, testAccount } from "./builders.ts";
import { codeOf } from "./expect_error.ts";
import { buildTestMetadata, type TestRuntimeOptions } from "./metadata_builder.ts";

const GENESIS = blockHash(seed(0x99));
const CHECKPOINT = blockHash(seed(0x77));

function signed(options: TestRuntimeOptions, call: (metadata: ParentchainMetadata) => Uint8Array) {
  const metadata = new ParentchainMetadata(buildTestMetadata(options));
  const payloads: Uint8Array[] = [];
  const signer = {
    account: SIGNER_ACCOUNT,
    sign: (payload: Uint8Array) => {
      payloads.push(payload);
      return ed25519Sign(SIGNER, payload);
    },
  };
  const context: ExtrinsicContext = {
    metadata,
    genesisHash: GENESIS,
    era: mortalEra(64, 42),
    checkpoint: CHECKPOINT,
    nonce: 3,
  };
  const encoded = call(metadata);
  return {
    metadata,
    payload: () => payloads[0] as Uint8Array,
    call: encoded,
    sign: () => signExtrinsic(encoded, signer, context),
  };
}

const remark = (length: number) => (metadata: ParentchainMetadata) =>
  metadata.encodeCall("System", "remark", { remark: new Uint8Array(length) });

describe("signExtrinsic()", () => {
  it("puts the parts in the order of the protocol facts", () => {
    const { sign, payload, call } = signed({}, remark(4));
    const { bytes, hash } = sign();
    // Era of 64 blocks at phase 42, nonce 3, tip 0, mode 0.
    const extra = "a5020c0000";
    const additional = "9a010000" + "08000000" + "99".repeat(32) + "77".repeat(32) + "00";
    expect(toHex(payload())).toBe(`${toHex(call)}${extra}${additional}`);
    const signature = toHex(ed25519Sign(SIGNER, payload())).slice(2);
    const body = `84` + `00${toHex(SIGNER_ACCOUNT).slice(2)}` + `00${signature}` + extra + toHex(call).slice(2);
    expect(toHex(bytes)).toBe(`0xbd01${body}`);
    expect(hash).toEqual(blake2_256(bytes));
  });

  it("hashes payloads above 256 bytes", () => {
    const { sign, payload } = signed({}, remark(300));
    const { bytes } = sign();
    expect(payload()).toHaveLength(32);
    expect(ed25519Verify(bytes.subarray(3 + 33 + 1, 3 + 33 + 1 + 64), payload(), SIGNER_ACCOUNT)).toBe(true);
  });

  it("skips an extension that is not known but empty, and names one with content", () => {
    expect(signed({ unknownExtension: "empty" }, remark(1)).sign().bytes)
      .toEqual(signed({}, remark(1)).sign().bytes);
    expect(() => signed({ unknownExtension: "content" }, remark(1)).sign()).toThrow('"Mystery" is not known');
  });
});

describe("decodeExtrinsic()", () => {
  it("finds signer, name and call of what signExtrinsic() made, in any runtime", () => {
    for (const options of [{}, { permuted: true }, { version: 15 as const }]) {
      const { metadata, sign, call } = signed(options, remark(20));
      const decoded = decodeExtrinsic(sign().bytes, metadata);
      expect(decoded).toEqual({
        ok: true,
        value: { signer: SIGNER_ACCOUNT, name: { pallet: "System", call: "remark" }, call },
      });
    }
  });

  it("takes bare ones of both versions, and refuses other versions and wrong lengths", () => {
    const { metadata, call } = signed({}, remark(4));
    const of = (version: number) => {
      const body = concatBytes(new Uint8Array([version]), call);
      return decodeExtrinsic(concatBytes(new Uint8Array([body.length * 4]), body), metadata);
    };
    expect(codeOf(of(4))).toBe("ok");
    expect(codeOf(of(5))).toBe("ok");
    expect(codeOf(of(3))).toBe("InvalidValue");
    expect(codeOf(of(0xc4))).toBe("InvalidValue");
    expect(codeOf(decodeExtrinsic(concatBytes(new Uint8Array([4, 4]), call), metadata))).toBe("TrailingBytes");
    expect(codeOf(decodeExtrinsic(new Uint8Array([200, 1]), metadata))).toBe("Truncated");
  });

  it("never throws on other bytes", () => {
    const metadata = new ParentchainMetadata(buildTestMetadata());
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (body) => {
      const bytes = concatBytes(new Uint8Array([(body.length << 2) & 0xff, body.length >>> 6]), body);
      expect(decodeExtrinsic(bytes, metadata)).toHaveProperty("ok");
    }));
  });

  it("gives no signer for addresses that are no account", () => {
    const { metadata, sign } = signed({}, remark(0));
    const bytes = sign().bytes;
    // The address' variant: 0 Id → 2 Raw would read the length from the account; account bytes decide.
    const raw = concatBytes(bytes.subarray(0, 3), new Uint8Array([2]), bytes.subarray(4));
    expect(codeOf(decodeExtrinsic(raw, metadata))).not.toBe("ok");
    expect(testAccount(1)).toHaveLength(32);
  });
});

describe("eras", () => {
  it("encode as Substrate's own examples", () => {
    expect(toHex(encodeEra({ type: "immortal" }))).toBe("0x00");
    expect(toHex(encodeEra(mortalEra(64, 42)))).toBe("0xa502");
    expect(toHex(encodeEra(mortalEra(32_768, 20_000)))).toBe("0x4e9c");
    expect(toHex(encodeEra(mortalEra(256, 42)))).toBe("0xa702");
    expect(toHex(encodeEra(mortalEra(4, 1)))).toBe("0x1100");
  });

  it("are born at or below the block they are made at, and die a period later", () => {
    fc.assert(fc.property(
      fc.constantFrom(4, 16, 64, 512),
      fc.integer({ min: 0, max: 4_000_000 }),
      fc.nat({ max: 511 }),
      (period, at, later) => {
        const era = mortalEra(period, at);
        expect(eraBirth(era, at)).toBe(at);
        expect(eraDeath(era, at)).toBe(at + period);
        expect(eraBirth(era, at + later % period)).toBe(at);
      },
    ));
  });

  it("refuse periods out of range", () => {
    expect(() => mortalEra(2, 0)).toThrow(RangeError);
    expect(() => mortalEra(100_000, 0)).toThrow(RangeError);
  });
});
