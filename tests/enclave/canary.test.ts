import { describe, expect, it } from "vitest";
import { pairFromSuri } from "../../src/crypto/suri.ts";
import { encodeSs58 } from "../../src/crypto/ss58.ts";
import { u128 } from "../../src/codec/codec.ts";
import { effects } from "../../src/enclave/api/effects.ts";
import { encodeBase58 } from "../../src/primitives/base58.ts";
import { toHex } from "../../src/primitives/hex.ts";
import { TestChain } from "../parentchain/builders.ts";
import { accountOf, submitDirect } from "./clients.ts";
import { TestHost } from "./harness.ts";

const ALICE = pairFromSuri("//Alice");
const CANARY_AMOUNT = 1_234_567_890_123n;

function contains(haystack: Uint8Array, needle: Uint8Array): boolean {
  for (let i = haystack.indexOf(needle[0] as number); i !== -1; i = haystack.indexOf(needle[0] as number, i + 1)) {
    if (needle.every((byte, j) => haystack[i + j] === byte)) return true;
  }
  return false;
}

describe("everything that leaves the enclave", () => {
  it("holds no planted secret: recipient, amount, sealing key; in any spelling", async () => {
    const recipient = pairFromSuri("//CanaryRecipient");
    const poor = pairFromSuri("//CanaryPoor");
    const host = await new TestHost(new TestChain()).start();
    const call = (from = ALICE, amount = CANARY_AMOUNT) => ({
      type: "balance_transfer" as const,
      value: { from: accountOf(from), to: accountOf(recipient), amount },
    });
    const texts: string[] = [];
    const clients = [
      await submitDirect(host, ALICE, call(), 0),
      await submitDirect(host, ALICE, call(), 0),
      await submitDirect(host, ALICE, call(ALICE, CANARY_AMOUNT ** 2n), 1),
      await submitDirect(host, poor, call(poor), 0),
      await submitDirect(host, poor, call(ALICE), 5),
    ];
    await host.slots(3);
    const metrics = await host.call("metrics", undefined);
    const health = await host.call("health", undefined);
    for (const value of [host.logs, metrics, health, host.fatal]) {
      texts.push(JSON.stringify(value, (_key, item) => typeof item === "bigint" ? String(item) : item) ?? "");
    }
    for (const client of clients) texts.push(...client.sent);
    const chunks = [effects.encode(host.all.filter(({ type }) => type !== "write_file"))];
    chunks.push(...host.disk.files.values(), ...host.disk.blocks.map(({ bytes }) => bytes));
    const sealingKey = new Uint8Array(32).fill(0x11);
    for (const account of [accountOf(recipient), accountOf(poor), sealingKey]) {
      for (const chunk of chunks) expect(contains(chunk, account)).toBe(false);
      const spellings = [
        toHex(account).slice(2),
        encodeBase58(account),
        encodeSs58(account as never, 42),
        account.join(),
      ];
      for (const spelling of spellings) for (const text of texts) expect(text).not.toContain(spelling);
    }
    for (const chunk of chunks) expect(contains(chunk, u128.encode(CANARY_AMOUNT))).toBe(false);
    for (const text of texts) expect(text).not.toContain(String(CANARY_AMOUNT));
    expect(host.disk.blocks.length).toBe(3);
  });

  it("finds the canary where it must be, in the plaintext (positive control)", () => {
    expect(contains(new Uint8Array([9, ...accountOf(ALICE), 9]), accountOf(ALICE))).toBe(true);
  });
});
