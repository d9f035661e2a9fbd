import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { accountOf, createAccount, signerOf } from "../../../src/apps/cli/accounts.ts";
import { CliError } from "../../../src/apps/cli/cli_error.ts";
import { listKeys, loadKey, storeKey } from "../../../src/apps/cli/keystore.ts";
import { pairFromSuri } from "../../../src/crypto/suri.ts";
import { encodeSs58 } from "../../../src/crypto/ss58.ts";

let folder: string;
beforeEach(() => void (folder = Deno.makeTempDirSync()));
afterEach(() => Deno.removeSync(folder, { recursive: true }));

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof CliError) return error.code;
    throw error;
  }
  return "none";
}

describe("the keystore", () => {
  const alice = pairFromSuri("//Alice");
  const name = "73723235d43593c715fdd31c61141abd04a99fd6822c8558854ccde39a5684e7a56da27d";

  it("writes Substrate's file names and JSON text for the owner's eyes only", () => {
    storeKey(`${folder}/deep/keys`, "sr25", alice.publicKey, "//Alice");
    const path = `${folder}/deep/keys/${name}`;
    expect(Deno.readTextFileSync(path)).toBe('"//Alice"');
    expect((Deno.statSync(path).mode as number) & 0o777).toBe(0o600);
    expect((Deno.statSync(`${folder}/deep/keys`).mode as number) & 0o777).toBe(0o700);
    expect(loadKey(`${folder}/deep/keys`, "sr25", alice.publicKey)).toBe("//Alice");
    expect(listKeys(`${folder}/deep/keys`, "sr25")).toEqual([alice.publicKey]);
    expect(listKeys(`${folder}/deep/keys`, "ed25")).toEqual([]);
  });

  it("reports Keystore instead of overwriting a key", () => {
    storeKey(folder, "sr25", alice.publicKey, "//Alice");
    expect(codeOf(() => storeKey(folder, "sr25", alice.publicKey, "//Bob"))).toBe("Keystore");
    expect(loadKey(folder, "sr25", alice.publicKey)).toBe("//Alice");
  });

  it("reports Keystore for a file that is no text or too long, without its content", () => {
    for (const content of ["{}", "secret words", `"${"x".repeat(2_000)}"`]) {
      Deno.writeTextFileSync(`${folder}/${name}`, content);
      expect(codeOf(() => loadKey(folder, "sr25", alice.publicKey))).toBe("Keystore");
    }
  });

  it("is empty when the folder is missing, and ignores files of other names", () => {
    expect(listKeys(`${folder}/none`, "sr25")).toEqual([]);
    expect(loadKey(`${folder}/none`, "sr25", alice.publicKey)).toBeUndefined();
    for (const other of ["notes.txt", name.slice(2), `${name}00`]) Deno.writeTextFileSync(`${folder}/${other}`, '""');
    expect(listKeys(folder, "sr25")).toEqual([]);
  });
});

describe("accounts", () => {
  it("are named by derivation, seed, phrase or address", () => {
    const alice = pairFromSuri("//Alice").publicKey;
    const seed = "0xe5be9a5092b81bca64be81d212e7f2f9eba183bb7a90954f7b76361f6edb5c0a";
    const phrase = "bottom drive obey lake curtain smoke basket hold race lonely fit walk//Alice";
    for (const text of ["//Alice", seed, phrase, encodeSs58(alice), encodeSs58(alice, 13)]) {
      expect(accountOf(text)).toEqual(alice);
    }
  });

  it("report Usage for text that names nobody, without repeating it", () => {
    for (const text of ["", "nobody knows this phrase", "0x12", "5Gy6DcGGnKoBgBrQofiYDSskEnsHbqS3yrD1PUxMNFcmzSeT"]) {
      expect(codeOf(() => accountOf(text))).toBe("Usage");
    }
    expect(() => accountOf("my secret phrase")).toThrow(/^(?!.*my secret phrase).*$/u);
  });

  it("sign with the key that the keystore has for an address", () => {
    const account = createAccount(folder);
    expect(signerOf(encodeSs58(account), folder).publicKey).toEqual(account);
    expect(listKeys(folder, "sr25")).toEqual([account]);
  });

  it("report Keystore when the key is missing or another one", () => {
    const address = encodeSs58(pairFromSuri("//Alice").publicKey);
    expect(codeOf(() => signerOf(address, folder))).toBe("Keystore");
    storeKey(folder, "sr25", pairFromSuri("//Alice").publicKey, "//Bob");
    expect(codeOf(() => signerOf(address, folder))).toBe("Keystore");
  });
});
