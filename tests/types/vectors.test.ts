import { describe, expect, it } from "vitest";
import { decodeBase58, encodeBase58 } from "../../src/primitives/base58.ts";
import { accountId, enclaveFingerprint, shardIdentifier } from "../../src/primitives/branded.ts";
import { concatBytes } from "../../src/primitives/bytes.ts";
import { fromHex, toHex } from "../../src/primitives/hex.ts";
import { enumeration } from "../../src/codec/enumeration.ts";
import { getter, trustedGetterOwner, trustedGetterPayload } from "../../src/types/getter.ts";
import { sovereignEnclaveAccount } from "../../src/types/multi_enclave.ts";
import { MAX_CYPHERTEXT_BYTES, request } from "../../src/types/request.ts";
import {
  MAX_RPC_MESSAGE_BYTES,
  rpcError,
  rpcMessage,
  rpcOk,
  rpcReturnValue,
} from "../../src/types/rpc_return_value.ts";
import { type ShardConfig, shardConfigAt } from "../../src/types/shard_config.ts";
import { shieldingKeyFromJson, shieldingKeyToJson } from "../../src/types/shielding_key.ts";
import { computeTopHash } from "../../src/types/top_hash.ts";
import { trustedCallSender } from "../../src/types/trusted_call.ts";
import { trustedCallPayload, trustedCallSigned, trustedCallSigner } from "../../src/types/trusted_call_signed.ts";
import { refusalOf } from "./codec_suite.ts";
import wire from "./vectors/wire.json" with { type: "json" };

const V1 = wire.V1_trusted_call_signed;
const V2 = wire.V2_trusted_getter;
const fill = (byte: number, length = 32) => new Uint8Array(length).fill(byte);

describe("signed call of the reference (V1)", () => {
  const bytes = fromHex(V1.scale);
  const signed = trustedCallSigned.decode(bytes);

  it("decodes to the known call and encodes to the same bytes", () => {
    expect(bytes.length).toBe(V1.bytes);
    expect(signed.call).toMatchObject({ type: "balance_unshield", value: { amount: 10n } });
    expect(signed.nonce).toBe(1);
    expect(signed.delegate).toBeUndefined();
    expect(signed.signature.type).toBe("Sr25519");
    expect(toHex(trustedCallSigned.encode(signed))).toBe(V1.scale);
  });

  it("has the known hash as direct and as indirect call", () => {
    expect(toHex(computeTopHash({ type: "direct_call", value: signed }))).toBe(V1.top_hash_direct_call);
    expect(toHex(computeTopHash({ type: "indirect_call", value: signed }))).toBe(V1.top_hash_indirect_call);
  });

  it("trustedCallPayload() is call, nonce, fingerprint and shard, one after another", () => {
    const fingerprint = enclaveFingerprint(decodeBase58(V1.mrenclave_base58));
    const shard = shardIdentifier(decodeBase58(V1.shard_base58));
    expect(toHex(fingerprint)).toBe(V1.mrenclave);
    expect(encodeBase58(shard)).toBe(V1.shard_base58);
    const expected = concatBytes(bytes.slice(0, 117), fingerprint, shard);
    expect(toHex(trustedCallPayload(signed.call, 1, fingerprint, shard))).toBe(toHex(expected));
  });

  it("trustedCallSigner() is the delegate if there is one", () => {
    expect(trustedCallSigner(signed)).toEqual(trustedCallSender(signed.call));
    const delegate = accountId(fill(9));
    expect(trustedCallSigner({ ...signed, delegate })).toEqual(delegate);
  });
});

describe("trustedCallSender()", () => {
  it("is the first field of each call", () => {
    const account = accountId(fill(1));
    const other = accountId(fill(2));
    const shard = shardIdentifier(fill(3));
    expect(trustedCallSender({ type: "noop", value: { sender: account } })).toBe(account);
    const transfer = { from: account, to: other, amount: 1n };
    expect(trustedCallSender({ type: "balance_transfer", value: transfer })).toBe(account);
    const unshield = { from: account, beneficiary: other, amount: 1n, shard };
    expect(trustedCallSender({ type: "balance_unshield", value: unshield })).toBe(account);
    const setBalance = { root: account, who: other, free: 1n, reserved: 0n };
    expect(trustedCallSender({ type: "balance_set_balance", value: setBalance })).toBe(account);
  });
});

describe("getter of the reference (V2)", () => {
  it("decodes to the known getter and encodes to the same bytes", () => {
    const decoded = getter.decode(fromHex(V2.scale));
    expect(toHex(getter.encode(decoded))).toBe(V2.scale);
    if (decoded.type !== "trusted") throw new TypeError("want a trusted getter");
    expect(toHex(trustedGetterOwner(decoded.value.getter))).toBe(V2.account);
    expect(decoded.value.delegate).toBeUndefined();
    expect(toHex(trustedGetterPayload(decoded.value.getter))).toBe(`0x00${V2.account.slice(2)}`);
  });
});

describe("envelopes", () => {
  it("request refuses a ciphertext above its bound before it reads it", () => {
    const tooLong = concatBytes(fill(0), Uint8Array.of(0x02, 0, 4, 0));
    expect(MAX_CYPHERTEXT_BYTES).toBeLessThan(0x10000);
    expect(refusalOf(request, tooLong)).toBe("TooLarge");
    const shard = shardIdentifier(fill(0));
    expect(() => request.encode({ shard, cyphertext: fill(0, MAX_CYPHERTEXT_BYTES + 1) })).toThrow(RangeError);
  });

  it("rpcOk() and rpcError() have the forms of the worker", () => {
    expect(toHex(rpcReturnValue.encode(rpcOk(fill(0, 1))))).toBe("0x04000000");
    const answer = rpcReturnValue.encode(rpcError("no"));
    expect(toHex(answer)).toBe("0x0c086e6f0002");
    expect(rpcMessage.decode(rpcReturnValue.decode(answer).value)).toBe("no");
    expect(() => rpcError("x".repeat(MAX_RPC_MESSAGE_BYTES + 1))).toThrow(RangeError);
  });
});

describe("enumeration()", () => {
  it("refuses an index that is taken, and names that it does not know", () => {
    expect(() => enumeration({ One: 1, Two: 1 })).toThrow(TypeError);
    expect(() => enumeration({ One: 1 }).encode("toString" as "One")).toThrow(TypeError);
  });
});

describe("shardConfigAt()", () => {
  const config = (byte: number): ShardConfig => ({
    enclaveFingerprint: enclaveFingerprint(fill(byte)),
    maxInstances: undefined,
    authorities: undefined,
    maintenanceMode: false,
  });

  it("changes to the pending configuration at its block", () => {
    const upgradable = { activeConfig: config(1), pendingUpgrade: config(2), upgradeAt: 10 };
    expect(shardConfigAt(upgradable, 9)).toEqual(config(1));
    expect(shardConfigAt(upgradable, 10)).toEqual(config(2));
    expect(shardConfigAt({ ...upgradable, upgradeAt: undefined }, 10)).toEqual(config(1));
    expect(shardConfigAt({ ...upgradable, pendingUpgrade: undefined }, 10)).toEqual(config(1));
  });
});

describe("sovereignEnclaveAccount()", () => {
  const enclave = {
    reportData: concatBytes(fill(1), fill(2)),
    mrEnclave: enclaveFingerprint(fill(3)),
    mrSigner: fill(4),
    timestamp: 0n,
    url: undefined,
    buildMode: "Debug" as const,
    status: "Ok" as const,
  };

  it("is the key in the report, unless somebody else registered the enclave", () => {
    const skip = (proxied: boolean) => ({ type: "Skip" as const, value: { proxied } });
    expect(sovereignEnclaveAccount({ ...enclave, attestationMethod: skip(false) })).toEqual(fill(1));
    expect(sovereignEnclaveAccount({ ...enclave, attestationMethod: { type: "Ias", value: undefined } })).toEqual(
      fill(1),
    );
    expect(sovereignEnclaveAccount({ ...enclave, attestationMethod: skip(true) })).toBeUndefined();
  });
});

describe("JSON form of the shielding key", () => {
  const key = { n: Uint8Array.from({ length: 384 }, (_, i) => i & 255), e: Uint8Array.of(1, 0, 1, 0) };

  it("is two arrays of numbers and gives back the key", () => {
    const text = shieldingKeyToJson(key);
    expect(text.startsWith('{"n":[0,1,2,3,')).toBe(true);
    expect(text.endsWith('],"e":[1,0,1,0]}')).toBe(true);
    expect(shieldingKeyFromJson(text)).toEqual({ ok: true, value: key });
  });

  it("shieldingKeyFromJson() names the part that is wrong", () => {
    const partOf = (json: unknown) => {
      const result = shieldingKeyFromJson(typeof json === "string" ? json : JSON.stringify(json));
      return result.ok ? "none" : result.error.part;
    };
    const n = [...key.n];
    const e = [...key.e];
    expect(partOf("{")).toBe("text");
    expect(partOf("null")).toBe("text");
    expect(partOf(" ".repeat(9000))).toBe("text");
    expect(partOf({ e })).toBe("n");
    expect(partOf({ n: n.slice(1), e })).toBe("n");
    expect(partOf({ n: [256, ...n.slice(1)], e })).toBe("n");
    expect(partOf({ n: [0.5, ...n.slice(1)], e })).toBe("n");
    expect(partOf({ n: ["0", ...n.slice(1)], e })).toBe("n");
    expect(partOf({ n })).toBe("e");
    expect(partOf({ n, e: [...e, 0] })).toBe("e");
    expect(partOf({ n, e })).toBe("none");
  });

  it("shieldingKeyToJson() throws on wrong lengths", () => {
    expect(() => shieldingKeyToJson({ ...key, n: fill(1, 383) })).toThrow(RangeError);
    expect(() => shieldingKeyToJson({ ...key, e: fill(1, 3) })).toThrow(RangeError);
  });
});
