import { describe, expect, it } from "vitest";
import { createKeys, openKeys } from "../../src/enclave/keys.ts";
import { seal, type SealContext, SEALING_OVERHEAD, unseal } from "../../src/enclave/sealing.ts";
import { rsaDecrypt, rsaEncrypt } from "../../src/crypto/rsa_oaep.ts";
import { shardIdentifier } from "../../src/primitives/branded.ts";
import { ClockGuard, MAX_AHEAD_OF_PARENTCHAIN_MS, MAX_BEHIND_PARENTCHAIN_MS } from "../../src/enclave/clock_guard.ts";
import { createTlsCertificate } from "../../src/enclave/tls_certificate.ts";
import { X509Certificate } from "@peculiar/x509";

const CONTEXT: SealContext = { sealingKey: new Uint8Array(32).fill(1), fingerprint: new Uint8Array(32).fill(2) };
const PLAIN = new TextEncoder().encode("a state of the shard");
const SHARD = shardIdentifier(new Uint8Array(32).fill(3));

async function codeOf(context: SealContext, name: string, sealed: Uint8Array): Promise<string> {
  const opened = await unseal(context, name, sealed);
  return opened.ok ? "opened" : opened.error.code;
}

describe("unseal()", () => {
  it("opens what seal() made, and nothing repeats between two seals of the same bytes", async () => {
    const a = await seal(CONTEXT, "x", PLAIN);
    const b = await seal(CONTEXT, "x", PLAIN);
    const opened = await unseal(CONTEXT, "x", a);
    expect(opened.ok && opened.value).toEqual(PLAIN);
    expect(a).toHaveLength(PLAIN.length + SEALING_OVERHEAD);
    expect(a.subarray(40)).not.toEqual(b.subarray(40));
  });

  it("refuses every flipped bit", async () => {
    const sealed = await seal(CONTEXT, "x", PLAIN);
    for (let i = 0; i < sealed.length * 8; i += 3) {
      const flipped = sealed.slice();
      flipped[i >> 3] = (flipped[i >> 3] as number) ^ (1 << (i & 7));
      expect(await codeOf(CONTEXT, "x", flipped)).not.toBe("opened");
    }
  });

  it("refuses every shorter prefix, and appended bytes", async () => {
    const sealed = await seal(CONTEXT, "x", PLAIN);
    for (let length = 0; length < sealed.length; length++) {
      expect(await codeOf(CONTEXT, "x", sealed.subarray(0, length))).not.toBe("opened");
    }
    expect(await codeOf(CONTEXT, "x", new Uint8Array([...sealed, 0]))).toBe("SealBroken");
  });

  it("reports SealBroken under another platform's key or another name", async () => {
    const sealed = await seal(CONTEXT, "x", PLAIN);
    expect(await codeOf({ ...CONTEXT, sealingKey: new Uint8Array(32).fill(9) }, "x", sealed)).toBe("SealBroken");
    expect(await codeOf(CONTEXT, "y", sealed)).toBe("SealBroken");
  });

  it("reports SealedByOtherCode with the other measurement", async () => {
    const sealed = await seal(CONTEXT, "x", PLAIN);
    const opened = await unseal({ ...CONTEXT, fingerprint: new Uint8Array(32).fill(3) }, "x", sealed);
    expect(!opened.ok && opened.error).toEqual({ code: "SealedByOtherCode", fingerprint: CONTEXT.fingerprint });
  });
});

describe("openKeys()", () => {
  it("gives the keys that createKeys() drew", async () => {
    const { keys, sealed } = await createKeys(CONTEXT, SHARD);
    const opened = await openKeys(CONTEXT, sealed);
    if (!opened.ok) throw new TypeError(opened.error.code);
    expect(opened.value.shard).toEqual(SHARD);
    expect(opened.value.signer.publicKey).toEqual(keys.signer.publicKey);
    expect(opened.value.session.publicKey).toEqual(keys.session.publicKey);
    expect([opened.value.stateKey, opened.value.pathKey, opened.value.saltKey]).toEqual([
      keys.stateKey,
      keys.pathKey,
      keys.saltKey,
    ]);
    const cyphertext = await rsaEncrypt(keys.shielding.publicKey, PLAIN);
    const plain = await rsaDecrypt(opened.value.shielding.privateKey, cyphertext);
    expect(plain.ok && plain.value).toEqual(PLAIN);
  });

  it("reports KeysMalformed for sealed bytes that are no keys", async () => {
    const opened = await openKeys(CONTEXT, await seal(CONTEXT, "keys", PLAIN));
    expect(!opened.ok && opened.error.code).toBe("KeysMalformed");
  });
});

describe("ClockGuard", () => {
  it("refuses a clock that goes back, and takes the same time again", () => {
    const guard = new ClockGuard();
    expect(guard.check(1000).ok).toBe(true);
    expect(guard.check(1000).ok).toBe(true);
    const back = guard.check(999);
    expect(!back.ok && back.error.code).toBe("ClockWentBack");
  });

  it("bounds the clock by the newest parentchain timestamp", () => {
    const guard = new ClockGuard();
    guard.sawParentchain(1_000_000);
    guard.sawParentchain(500_000);
    const behind = guard.check(1_000_000 - MAX_BEHIND_PARENTCHAIN_MS - 1);
    expect(!behind.ok && behind.error.code).toBe("ClockBehindParentchain");
    expect(guard.check(1_000_000 + MAX_AHEAD_OF_PARENTCHAIN_MS).ok).toBe(true);
    const ahead = guard.check(1_000_000 + MAX_AHEAD_OF_PARENTCHAIN_MS + 1);
    expect(!ahead.ok && ahead.error.code).toBe("ClockAheadOfParentchain");
  });
});

describe("createTlsCertificate()", () => {
  it("makes a leaf with the names, valid now, and another one each time", async () => {
    const nowMs = 1_800_000_000_000;
    const first = await createTlsCertificate(["localhost", "127.0.0.1", "::1"], nowMs);
    const second = await createTlsCertificate(["localhost"], nowMs);
    expect(first.der).not.toEqual(second.der);
    const certificate = new X509Certificate(first.certPem);
    expect(certificate.notBefore.getTime()).toBeLessThan(nowMs);
    expect(certificate.notAfter.getTime()).toBeGreaterThan(nowMs);
    expect(await certificate.verify({ date: new Date(nowMs) })).toBe(true);
    expect(certificate.subject).toContain("Enclave");
    await expect(createTlsCertificate([], nowMs)).rejects.toThrow(RangeError);
  });
});
