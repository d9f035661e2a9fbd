import { describe, expect, it } from "vitest";
import {
  EMULATED_DEVELOPMENT_ROOT,
  EMULATED_DEVELOPMENT_ROOT_CERTIFICATE,
} from "../../../src/attestation/emulated_root.ts";
import { readPlatformRoot } from "../../../src/apps/cli/platform_root.ts";
import { addressOf } from "../../../src/apps/cli/parentchain.ts";
import { enclaveAccount } from "../../../src/apps/cli/purge_enclave.ts";
import { pairFromSuri } from "../../../src/crypto/suri.ts";
import { toHex } from "../../../src/primitives/hex.ts";
import { percentile, percentileLines } from "../../../src/apps/cli/percentiles.ts";
import { runCommandLine } from "../../../src/apps/cli/program.ts";

async function run(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const out: string[] = [];
  const err: string[] = [];
  const terminal = { print: (line: string) => void out.push(line), note: (line: string) => void err.push(line) };
  const code = await runCommandLine(args, terminal);
  return { code, out: out.join("\n"), err: err.join("\n") };
}

describe("runCommandLine()", () => {
  it.each([
    [["balance"], "missing required argument"],
    [["balance", "//Alice", "//Bob"], "too many arguments"],
    [["nope"], "unknown command"],
    [["purge-enclave", "0OIl", "//Alice"], "base58"],
    [["purge-enclave", "4vJ9JU1bJJE96FWSJKvHsmmFADCg4gpZQff4P3bkLKi", "0x12", "--sudo"], "argument missing"],
    [["purge-enclave"], "missing required argument"],
    [["upgrade-shard", "4vJ9JU1bJJE96FWSJKvHsmmFADCg4gpZQff4P3bkLKi", "0OIl", "--delay", "1"], "base58"],
    [
      ["upgrade-shard", "4vJ9JU1bJJE96FWSJKvHsmmFADCg4gpZQff4P3bkLKi", "4vJ9JU1bJJE96FWSJKvHsmmFADCg4gpZQff4P3bkLKi"],
      "--delay",
    ],
    [["trusted", "--nope"], "unknown option"],
    [["transfer", "//A", "//B", "-5"], "want a whole number"],
    [["transfer", "//A", "//B", "1.5"], "want a whole number"],
    [["transfer", "//A", "//B", `${1n << 128n}`], "want a whole number"],
    [["-p", "0", "balance", "//Alice"], "want a port"],
    [["-p", "65536", "balance", "//Alice"], "want a port"],
    [["trusted", "-s", "0OIl", "balance", "//Alice"], "base58"],
    [["trusted", "-m", "abc", "balance", "//Alice"], "base58"],
    [["-U", "ws://127.0.0.1", "trusted", "get-shard"], "want wss://HOST"],
    [["trusted", "-d", "benchmark", "0"], "want 1 to"],
    [["trusted", "benchmark"], "pass --direct"],
    [["trusted", "-d", "benchmark", "1", "1", "5", "4"], "5 to 4 ms"],
    [["trusted", "transfer", "//A", "no phrase here", "1"], "Cannot read account"],
  ])("ends %j with 2 and says why on standard error", async (args, why) => {
    const result = await run(...args);
    expect(result.err).toContain(why);
    expect([result.code, result.out]).toEqual([2, ""]);
  });

  it("ends with 1 when nobody listens, and names the address", async () => {
    const listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
    const port = `${(listener.addr as Deno.NetAddr).port}`;
    listener.close();
    const worker = await run("-P", port, "trusted", "get-shard");
    expect([worker.code, worker.out]).toEqual([1, ""]);
    expect(worker.err).toContain(`Cannot reach the worker at "127.0.0.1:${port}"`);
    const node = await run("-p", port, "balance", "//Alice");
    expect([node.code, node.out]).toEqual([1, ""]);
    expect(node.err).toContain(`Cannot reach the parentchain node at "ws://127.0.0.1:${port}"`);
  });

  it("prints help to standard output and ends with 0", async () => {
    const help = await run("trusted", "transfer", "--help");
    expect([help.code, help.err]).toEqual([0, ""]);
    expect(help.out).toContain("<from> <to> <amount>");
  });

  it("says in the help of commands with root rights what they want and what they leave", async () => {
    const { out: purge } = await run("purge-enclave", "--help");
    const flowing = purge.replaceAll(/\s+/gu, " ");
    for (
      const text of [
        "shard in base58",
        "signer account of the enclave, not its fingerprint",
        "on development chains only",
      ]
    ) expect(flowing).toContain(text);
    expect(flowing).toContain("registers itself again");
    const { out: upgrade } = await run("upgrade-shard", "--help");
    expect(upgrade.replaceAll(/\s+/gu, " ")).toMatch(/at least 14400 outside development.*recommended: 28800/u);
  });
});

describe("enclaveAccount()", () => {
  it("takes what logs and lists print, and no hexadecimal as a secret", () => {
    const { publicKey } = pairFromSuri("//Bob");
    for (const text of [toHex(publicKey), toHex(publicKey).toUpperCase().replace("0X", "0x"), addressOf(publicKey)]) {
      expect(enclaveAccount(text)).toEqual(publicKey);
    }
    expect(() => enclaveAccount("0x12")).toThrow(/want \/\/Name/u);
  });
});

describe("percentileLines()", () => {
  it("names for 5 to 100 percent the smallest latency that covers them", () => {
    const lines = percentileLines(Array.from({ length: 20 }, (_, i) => 20 - i - 0.5));
    expect(lines).toHaveLength(20);
    expect(lines[0]).toBe("5 percent are done within 1 ms");
    expect(lines[9]).toBe("50 percent are done within 10 ms");
    expect(lines[19]).toBe("100 percent are done within 20 ms");
  });

  it("is defined for one value and for none", () => {
    expect([percentile([7], 5), percentile([7], 100), percentile([], 50)]).toEqual([7, 7, 0]);
  });
});

describe("readPlatformRoot()", () => {
  it("takes the certificate of a PEM file as an emulated root", () => {
    const path = Deno.makeTempFileSync();
    try {
      Deno.writeTextFileSync(path, EMULATED_DEVELOPMENT_ROOT_CERTIFICATE);
      const root = readPlatformRoot(path);
      expect(root).toMatchObject({ isEmulated: true, publicKey: EMULATED_DEVELOPMENT_ROOT.publicKey });
      Deno.writeTextFileSync(path, "no certificate");
      expect(() => readPlatformRoot(path)).toThrow(/want a PEM certificate/u);
    } finally {
      Deno.removeSync(path);
    }
    expect(() => readPlatformRoot(path)).toThrow(/Cannot read platform root/u);
  });
});
