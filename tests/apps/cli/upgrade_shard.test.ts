import { describe, expect, it } from "vitest";
import type { ShardConfigs } from "../../../src/apps/cli/enclave_registry.ts";
import { checkUpgrade } from "../../../src/apps/cli/upgrade_shard.ts";
import { MIN_UPGRADE_VISIBLE_BLOCKS } from "../../../src/enclave/api/upgrade_delay.ts";
import { encodeBase58 } from "../../../src/primitives/base58.ts";
import { enclaveFingerprint } from "../../../src/primitives/branded.ts";

const code = (value: number) => enclaveFingerprint(new Uint8Array(32).fill(value));
const [OLD, NEXT, OTHER] = [code(1), code(2), code(3)];

function config(fingerprint: Uint8Array): ShardConfigs["active"] {
  const enclaveFingerprint = { toU8a: () => fingerprint };
  return { enclaveFingerprint, maxInstances: undefined, authorities: undefined, maintenanceMode: false };
}

const configs = (active: Uint8Array, pending?: Uint8Array, at = 200): ShardConfigs => ({
  active: config(active),
  pending: pending && { config: config(pending), at },
  number: 100,
});

const order = (fingerprint = NEXT, delay = MIN_UPGRADE_VISIBLE_BLOCKS, allowShortDelay = false) => ({
  ...{ fingerprint, delay, allowShortDelay },
});

describe("checkUpgrade()", () => {
  it("refuses a delay that is shorter than validateers want to have seen the code, outside development", () => {
    expect(checkUpgrade(configs(OLD), order(), false)).toBeUndefined();
    const short = order(NEXT, MIN_UPGRADE_VISIBLE_BLOCKS - 1);
    expect(() => checkUpgrade(configs(OLD), short, false)).toThrow(/14399 blocks is too short.*--allow-short-delay/u);
    expect(checkUpgrade(configs(OLD), short, true)).toBeUndefined();
    expect(checkUpgrade(configs(OLD), { ...short, allowShortDelay: true }, false)).toBeUndefined();
  });

  it("refuses the fingerprint in force, also if the chain still stores it as announced", () => {
    expect(() => checkUpgrade(configs(OLD), order(OLD), false)).toThrow(`${encodeBase58(OLD)} is in force already`);
    expect(() => checkUpgrade(configs(NEXT, NEXT, 100), order(NEXT), false)).toThrow("is in force already");
    expect(() => checkUpgrade(configs(OLD, OLD), order(OLD), false)).toThrow("is in force already");
  });

  it("says which announcement is replaced, and no word about one that is in force", () => {
    const sentence = `instead of ${encodeBase58(OTHER)}, announced for block 101`;
    expect(checkUpgrade(configs(OLD, OTHER, 101), order(), false)).toBe(sentence);
    expect(checkUpgrade(configs(OTHER, OTHER, 100), order(), false)).toBeUndefined();
  });

  it("takes an announcement back with the fingerprint in force, at once", () => {
    const sentence = `instead of ${encodeBase58(OTHER)}, announced for block 200`;
    expect(checkUpgrade(configs(OLD, OTHER), order(OLD, 0), false)).toBe(sentence);
  });
});
