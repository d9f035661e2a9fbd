import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { keccakMerkleRoot } from "../../src/crypto/merkle.ts";
import { keccak_256 } from "../../src/crypto/keccak.ts";
import { ed25519FromSeed } from "../../src/crypto/ed25519.ts";
import { decodeSs58, encodeSs58 } from "../../src/crypto/ss58.ts";
import { junctionChainCode, mnemonicToMiniSecret, pairFromSuri } from "../../src/crypto/suri.ts";
import { deriveVault, vaultChainCode } from "../../src/crypto/vault.ts";
import { shardIdentifier } from "../../src/primitives/branded.ts";
import { concatBytes } from "../../src/primitives/bytes.ts";
import { encodeBase58 } from "../../src/primitives/base58.ts";
import { fromHex, toHex } from "../../src/primitives/hex.ts";
import { describeEachCrypto } from "./implementations.ts";
import merkleVectors from "./vectors/merkle.json" with { type: "json" };
import ss58Vectors from "./vectors/ss58.json" with { type: "json" };
import suriVectors from "./vectors/suri.json" with { type: "json" };
import vaultVectors from "./vectors/vault.json" with { type: "json" };

describeEachCrypto("pairFromSuri()", () => {
  for (const { suri, scheme, publicKey } of suriVectors.valid) {
    it(`gives the ${scheme} key of ${suri.slice(0, 40)}`, () => {
      const pair = scheme === "ed25519" ? pairFromSuri(suri, "ed25519") : pairFromSuri(suri);
      expect(toHex(pair.publicKey)).toBe(publicKey);
    });
  }
});

describe("pairFromSuri()", () => {
  for (const { why, suri } of suriVectors.invalid) {
    it(`throws a TypeError that quotes nothing when: ${why}`, () => {
      let message = "";
      try {
        pairFromSuri(suri);
      } catch (error) {
        expect(error).toBeInstanceOf(TypeError);
        message = (error as Error).message;
      }
      expect(message).toMatch(/^Cannot parse secret URI/u);
      expect(message).not.toContain(suri.slice(0, 12));
    });
  }

  it("refuses a soft junction with ed25519", () => {
    expect(() => pairFromSuri("//Alice/soft", "ed25519")).toThrow(TypeError);
  });

  it("takes an account without mnemonic from the development one", () => {
    const phrase = "bottom drive obey lake curtain smoke basket hold race lonely fit walk";
    expect(pairFromSuri(`${phrase}//Bob`).publicKey).toEqual(pairFromSuri("//Bob").publicKey);
  });

  it("mnemonicToMiniSecret() gives the published seed", () => {
    for (const { mnemonic, password, miniSecret } of suriVectors.miniSecret) {
      expect(toHex(mnemonicToMiniSecret(mnemonic, password))).toBe(miniSecret);
    }
  });

  it("junctionChainCode() takes u64 numbers as numbers and larger ones as text", () => {
    expect(toHex(junctionChainCode("1"))).toBe(`0x01${"00".repeat(31)}`);
    expect(toHex(junctionChainCode("18446744073709551615"))).toBe(`0x${"ff".repeat(8)}${"00".repeat(24)}`);
    expect(junctionChainCode("18446744073709551616")[0]).toBe(20 << 2);
  });
});

describe("SS58", () => {
  it("encodeSs58() and decodeSs58() agree with the published addresses", () => {
    for (const { prefix, account, address } of ss58Vectors.valid) {
      expect(encodeSs58(fromHex(account), prefix)).toBe(address);
      expect(decodeSs58(address)).toEqual({ account: fromHex(account), prefix });
    }
  });

  for (const { why, address } of ss58Vectors.invalid) {
    it(`decodeSs58() throws a TypeError when: ${why}`, () => {
      expect(() => decodeSs58(address)).toThrow(TypeError);
    });
  }

  it("decodeSs58() refuses a small prefix in two bytes, and a reserved first byte", () => {
    const account = new Uint8Array(32);
    expect(() => decodeSs58(encodeBase58(concatBytes(new Uint8Array([0x4a, 0x80]), account, new Uint8Array(2)))))
      .toThrow("shortest form");
    expect(() => decodeSs58(encodeBase58(concatBytes(new Uint8Array([0x80]), account, new Uint8Array(3)))))
      .toThrow("wrong length or prefix");
  });

  it("encodeSs58() refuses reserved and too large prefixes and other lengths", () => {
    for (const prefix of [-1, 46, 47, 16_384, 1.5]) {
      expect(() => encodeSs58(new Uint8Array(32), prefix)).toThrow(RangeError);
    }
    expect(() => encodeSs58(new Uint8Array(33))).toThrow(RangeError);
  });

  it("decodeSs58() undoes encodeSs58()", () => {
    const anyPrefix = fc.integer({ min: 0, max: 16_383 }).filter((prefix) => prefix !== 46 && prefix !== 47);
    fc.assert(fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), anyPrefix, (account, prefix) => {
      expect(decodeSs58(encodeSs58(account, prefix))).toEqual({ account, prefix });
    }));
  });
});

describe("deriveVault()", () => {
  it("gives the vaults of the vectors", () => {
    for (const vector of vaultVectors.valid) {
      const shard = shardIdentifier(fromHex(vector.shard));
      const seed = fromHex(vector.enclave_seed);
      expect(toHex(ed25519FromSeed(seed).publicKey)).toBe(vector.enclave_public);
      expect(toHex(vaultChainCode(shard))).toBe(vector.chain_code);
      const { account, pair } = deriveVault(seed, shard);
      expect(toHex(pair.seed)).toBe(vector.vault_seed);
      expect(toHex(account)).toBe(vector.vault_account);
    }
  });
});

describe("keccakMerkleRoot()", () => {
  it("gives the roots of the vectors", () => {
    for (const { leaves, root } of merkleVectors.valid) {
      expect(toHex(keccakMerkleRoot(leaves.map(fromHex)))).toBe(root);
    }
  });

  it("gives zeros for no leaves", () => {
    expect(keccakMerkleRoot([])).toEqual(new Uint8Array(32));
  });

  it("promotes an odd last node as it is", () => {
    const leaves = [1, 2, 3].map((byte) => new Uint8Array(32).fill(byte));
    const [a, b, c] = leaves.map((leaf): Uint8Array => keccak_256(leaf)) as [Uint8Array, Uint8Array, Uint8Array];
    const left = keccak_256(concatBytes(a, b));
    expect(keccakMerkleRoot(leaves)).toEqual(keccak_256(concatBytes(left, c)));
  });

  it("changes with the order of the leaves", () => {
    const leaves = [1, 2].map((byte) => new Uint8Array(32).fill(byte));
    expect(keccakMerkleRoot(leaves)).not.toEqual(keccakMerkleRoot([...leaves].reverse()));
  });
});
