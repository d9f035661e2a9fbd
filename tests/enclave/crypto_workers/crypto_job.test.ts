import { beforeAll, describe, expect, it } from "vitest";
import { tryDecode } from "../../../src/codec/codec.ts";
import {
  type CryptoAnswer,
  cryptoAnswers,
  type CryptoJob,
  cryptoJobs,
  isCryptoBatch,
  isCryptoBoot,
  MAX_BATCH_JOBS,
  MAX_OPEN_BYTES,
  MAX_OPERATION_BYTES,
} from "../../../src/enclave/crypto_workers/crypto_job.ts";
import { concatBytes } from "../../../src/primitives/bytes.ts";
import { createSamples, type Samples } from "./samples.ts";

let samples: Samples;

beforeAll(async () => {
  samples = await createSamples();
});

describe("cryptoJobs and cryptoAnswers", () => {
  it("are the same after a trip", () => {
    const jobs: CryptoJob[] = [
      { type: "open", value: new Uint8Array(MAX_OPEN_BYTES).fill(7) },
      ...samples.getters.map(({ signed }) => ({ type: "getter" as const, value: signed })),
    ];
    expect(cryptoJobs.decode(cryptoJobs.encode(jobs))).toEqual(jobs);
    const answers: CryptoAnswer[] = [
      { type: "undecipherable", value: undefined },
      { type: "undecodable", value: undefined },
      { type: "opened", value: { operation: new Uint8Array(MAX_OPERATION_BYTES), isSigned: true } },
      { type: "verified", value: false },
    ];
    expect(cryptoAnswers.decode(cryptoAnswers.encode(answers))).toEqual(answers);
  });

  it("refuse what is cut off, too long, too many or followed by something", () => {
    const encoded = cryptoJobs.encode([{ type: "open", value: new Uint8Array(3) }]);
    expect(tryDecode(cryptoJobs, encoded).ok).toBe(true);
    expect(tryDecode(cryptoJobs, encoded.subarray(0, -1)).ok).toBe(false);
    expect(tryDecode(cryptoJobs, concatBytes(encoded, new Uint8Array(1))).ok).toBe(false);
    expect(() => cryptoJobs.encode([{ type: "open", value: new Uint8Array(MAX_OPEN_BYTES + 1) }])).toThrow();
    const answer: CryptoAnswer = { type: "verified", value: true };
    expect(() => cryptoAnswers.encode(Array.from({ length: MAX_BATCH_JOBS + 1 }, () => answer))).toThrow();
  });
});

describe("the messages between enclave and nested worker", () => {
  it("are told from all others", () => {
    const boot = { type: "crypto_boot", keys: samples.keys };
    expect(isCryptoBoot(boot)).toBe(true);
    for (
      const other of [null, undefined, 1, "crypto_boot", {}, { ...boot, type: "boot" }, { type: "crypto_boot" }, {
        ...boot,
        keys: { ...samples.keys, shieldingKey: {} },
      }, { ...boot, keys: { ...samples.keys, shard: "shard" } }]
    ) {
      expect(isCryptoBoot(other)).toBe(false);
    }
    expect(isCryptoBatch({ id: 1, bytes: new Uint8Array(0) })).toBe(true);
    for (
      const other of [null, undefined, 1, {}, { id: 1 }, { id: "1", bytes: new Uint8Array(0) }, { id: 1, bytes: [] }]
    ) {
      expect(isCryptoBatch(other)).toBe(false);
    }
  });

  it("carry a key that cannot be exported", async () => {
    expect(samples.keys.shieldingKey.extractable).toBe(false);
    await expect(crypto.subtle.exportKey("jwk", samples.keys.shieldingKey)).rejects.toThrow();
  });
});
