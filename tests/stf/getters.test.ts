import { describe, expect, it } from "vitest";
import { decodeBase58 } from "../../src/primitives/base58.ts";
import { pairFromSuri } from "../../src/crypto/suri.ts";
import { sr25519Sign } from "../../src/crypto/sr25519.ts";
import { ed25519FromSeed, ed25519Sign } from "../../src/crypto/ed25519.ts";
import { accountId, blockHash, enclaveFingerprint, shardIdentifier } from "../../src/primitives/branded.ts";
import { utf8 } from "../../src/primitives/bytes.ts";
import { fromHex, toHex } from "../../src/primitives/hex.ts";
import { StateSnapshot } from "../../src/state/snapshot.ts";
import { executeGetter } from "../../src/stf/execute_getter.ts";
import {
  verifyRawOrWrapped,
  verifyTrustedCallSignature,
  verifyTrustedGetterSignature,
} from "../../src/stf/verify_signature.ts";
import { accountInfo, DEFAULT_ACCOUNT_INFO } from "../../src/types/account_info.ts";
import { type Getter, getter, type TrustedGetter, trustedGetterPayload } from "../../src/types/getter.ts";
import { parentchainsInfo } from "../../src/types/parentchains_info.ts";
import { trustedCallSigned } from "../../src/types/trusted_call_signed.ts";
import wire from "../types/vectors/wire.json" with { type: "json" };
import { BOB, fill, FINGERPRINT, issuance, newShard, ROOT, ROOT_PAIR, SHARD, sign } from "./fixtures.ts";

const V1 = wire.V1_trusted_call_signed;
const BOB_PAIR = pairFromSuri("//Bob");
const publicOf = (type: "some_value" | "total_issuance" | "parentchains_info"): Getter => ({
  type: "public",
  value: { type, value: undefined },
});
const accountInfoOf = (owner: typeof ROOT): TrustedGetter => ({ type: "account_info", value: { owner } });

function signedGetter(asked: TrustedGetter, pair = ROOT_PAIR, delegate?: typeof ROOT): Getter {
  const value = sr25519Sign(pair, trustedGetterPayload(asked));
  return { type: "trusted", value: { getter: asked, delegate, signature: { type: "Sr25519", value } } };
}

describe("verifyTrustedCallSignature()", () => {
  const signed = trustedCallSigned.decode(fromHex(V1.scale));
  const fingerprint = enclaveFingerprint(fromHex(V1.mrenclave));
  const shard = shardIdentifier(decodeBase58(V1.shard_base58));

  it("accepts the worker's vector, signed by a browser wallet", () => {
    expect(verifyTrustedCallSignature(signed, fingerprint, shard)).toBe(V1.verifies_wrapped_in_bytes_tags);
  });

  it("refuses it for another enclave, shard, nonce, call, signer or scheme", () => {
    const other = enclaveFingerprint(fill(1));
    expect(verifyTrustedCallSignature(signed, other, shard)).toBe(false);
    expect(verifyTrustedCallSignature(signed, fingerprint, shardIdentifier(fill(1)))).toBe(false);
    expect(verifyTrustedCallSignature({ ...signed, nonce: 2 }, fingerprint, shard)).toBe(false);
    expect(verifyTrustedCallSignature({ ...signed, delegate: BOB }, fingerprint, shard)).toBe(false);
    const { call, signature } = signed;
    if (call.type !== "balance_unshield") throw new TypeError("want balance_unshield");
    const richer = { ...call, value: { ...call.value, amount: 11n } };
    expect(verifyTrustedCallSignature({ ...signed, call: richer }, fingerprint, shard)).toBe(false);
    const asEd25519 = { type: "Ed25519" as const, value: signature.value };
    expect(verifyTrustedCallSignature({ ...signed, signature: asEd25519 }, fingerprint, shard)).toBe(false);
  });

  it("accepts a raw signature as well as a wrapped one, and a delegate's in place of the sender's", () => {
    const noop = { type: "noop" as const, value: { sender: ROOT } };
    expect(verifyTrustedCallSignature(sign(ROOT_PAIR, noop, 3), FINGERPRINT, SHARD)).toBe(true);
    expect(verifyTrustedCallSignature(sign(ROOT_PAIR, noop, 3, true), FINGERPRINT, SHARD)).toBe(true);
    const foreign = { type: "noop" as const, value: { sender: BOB } };
    const byDelegate = sign(ROOT_PAIR, foreign, 3);
    expect(verifyTrustedCallSignature(byDelegate, FINGERPRINT, SHARD)).toBe(false);
    expect(verifyTrustedCallSignature({ ...byDelegate, delegate: ROOT }, FINGERPRINT, SHARD)).toBe(true);
  });

  it("accepts other schemes", () => {
    const pair = ed25519FromSeed(fill(7));
    const account = accountId(pair.publicKey);
    const signature = { type: "Ed25519" as const, value: ed25519Sign(pair, utf8("payload")) };
    expect(verifyRawOrWrapped(signature, utf8("payload"), account)).toBe(true);
    expect(verifyRawOrWrapped(signature, utf8("another"), account)).toBe(false);
  });
});

describe("verifyTrustedGetterSignature()", () => {
  const isSigned = (asked: Getter) => asked.type === "trusted" && verifyTrustedGetterSignature(asked.value);

  it("accepts the owner's signature and the delegate's, and nobody else's", () => {
    expect(isSigned(signedGetter(accountInfoOf(ROOT)))).toBe(true);
    expect(isSigned(signedGetter(accountInfoOf(ROOT), BOB_PAIR))).toBe(false);
    expect(isSigned(signedGetter(accountInfoOf(BOB)))).toBe(false);
    const { value } = signedGetter(accountInfoOf(ROOT)) as Getter & { type: "trusted" };
    const broken = { ...value, signature: { type: "Sr25519" as const, value: fill(0, 64) } };
    expect(isSigned({ type: "trusted", value: broken })).toBe(false);
    const delegate = accountId(BOB_PAIR.publicKey);
    expect(isSigned(signedGetter(accountInfoOf(ROOT), BOB_PAIR, delegate))).toBe(true);
    expect(isSigned(signedGetter(accountInfoOf(ROOT), ROOT_PAIR, delegate))).toBe(false);
  });

  it("accepts the worker's vector, signed by a browser wallet", () => {
    expect(isSigned(getter.decode(fromHex(wire.V2_trusted_getter.scale)))).toBe(true);
  });
});

describe("executeGetter()", () => {
  it("answers public getters to everybody", () => {
    const store = newShard({ development: true });
    expect(toHex(executeGetter(store, publicOf("some_value")) as Uint8Array)).toBe("0x2a000000");
    const total = executeGetter(store, publicOf("total_issuance")) as Uint8Array;
    expect(total.length).toBe(16);
    expect(BigInt(toHex(total.reverse()))).toBe(issuance(store));
    const info = parentchainsInfo.decode(executeGetter(store, publicOf("parentchains_info")) as Uint8Array);
    expect(info.integritee.genesisHash).toEqual(blockHash(fill(1)));
  });

  it("answers account_info to the owner", () => {
    const store = newShard({ development: true });
    const answer = executeGetter(store, signedGetter(accountInfoOf(ROOT))) as Uint8Array;
    expect(accountInfo.decode(answer)).toMatchObject({ nonce: 0, data: { free: 10_000_000_000_000_000n } });
  });

  it("answers with defaults for an account that was never written, and on an empty state", () => {
    const answer = executeGetter(StateSnapshot.empty(), signedGetter(accountInfoOf(ROOT))) as Uint8Array;
    expect(accountInfo.decode(answer)).toEqual(DEFAULT_ACCOUNT_INFO);
    const total = executeGetter(StateSnapshot.empty(), publicOf("total_issuance"));
    expect(total).toEqual(fill(0, 16));
  });

  it("gives a delegate without a session proxy no answer", () => {
    const store = newShard({ development: true });
    expect(executeGetter(store, signedGetter(accountInfoOf(ROOT), BOB_PAIR, accountId(BOB_PAIR.publicKey)))).toBe(
      undefined,
    );
  });
});
