/**
 * Secret URIs: `//Alice`, `0x<seed>//hard/soft`, `<mnemonic>//hard///password`.
 *
 * Source: worker `cli/src/command_utils.rs#get_pair_from_str` uses `sp_core::Pair::from_string` (839eda024)
 *
 * @module
 */
import { pbkdf2 } from "@noble/hashes/pbkdf2.js";
import { sha512 } from "@noble/hashes/sha2.js";
import { mnemonicToEntropy } from "@scure/bip39";
import { wordlist } from "@scure/bip39/wordlists/english.js";
import { concatBytes, utf8 } from "../primitives/bytes.ts";
import { fromHex } from "../primitives/hex.ts";
import { blake2_256 } from "./blake2.ts";
import { ed25519DeriveHard, ed25519FromSeed, type Ed25519Pair } from "./ed25519.ts";
import { sr25519DeriveHard, sr25519DeriveSoft, sr25519FromSeed, type Sr25519Pair } from "./sr25519.ts";

/** Longest secret URI that is read: 24 words of at most 8 letters, with room for a path. */
export const MAX_SURI_LENGTH = 1024;
/** Rounds of PBKDF2 from mnemonic to seed, by substrate-bip39. */
const MNEMONIC_ROUNDS = 2048;
/** The seed of the mnemonic that every Substrate chain uses for development accounts, `bottom drive obey …`. */
const DEVELOPMENT_SEED = "0xfac7959dbfe72f052e5a0c3c8d6530f202b02fd8f9f5ca3580ec8deb7797479e";

/** One step of a derivation path. */
export interface Junction {
  readonly isHard: boolean;
  /** 32 bytes. */
  readonly chainCode: Uint8Array;
}

/** The pair a secret URI names. */
export function pairFromSuri(suri: string, scheme?: "sr25519"): Sr25519Pair;
/** The pair a secret URI names; ed25519 takes hard junctions only. */
export function pairFromSuri(suri: string, scheme: "ed25519"): Ed25519Pair;
/**
 * The pair a secret URI names.
 *
 * @throws {TypeError} If the URI is malformed, or has a soft junction with ed25519.
 */
export function pairFromSuri(suri: string, scheme: "sr25519" | "ed25519" = "sr25519"): Sr25519Pair | Ed25519Pair {
  const { seed, junctions } = parseSuri(suri);
  if (scheme === "sr25519") {
    return junctions.reduce<Sr25519Pair>(
      (pair, { isHard, chainCode }) => isHard ? sr25519DeriveHard(pair, chainCode) : sr25519DeriveSoft(pair, chainCode),
      sr25519FromSeed(seed),
    );
  }
  return ed25519FromSeed(junctions.reduce((parent, { isHard, chainCode }) => {
    if (!isHard) throw new TypeError("Cannot derive ed25519 key: soft junction");
    return ed25519DeriveHard(parent, chainCode);
  }, seed));
}

/** The seed and path of a secret URI. @throws {TypeError} If it is malformed; the message quotes nothing of it. */
export function parseSuri(suri: string): { readonly seed: Uint8Array; readonly junctions: readonly Junction[] } {
  if (suri.length > MAX_SURI_LENGTH) {
    throw new TypeError(`Cannot parse secret URI: above ${MAX_SURI_LENGTH} characters`);
  }
  const match = /^(?<phrase>[\w ]*)(?<path>(?:\/\/?[^/]+)*)(?:\/\/\/(?<password>.*))?$/su.exec(suri);
  if (match?.groups === undefined) throw new TypeError("Cannot parse secret URI: wrong form");
  const { phrase = "", path = "", password = "" } = match.groups;
  const junctions = [...path.matchAll(/(\/\/?)([^/]+)/gu)].map(([, slashes, code]) => ({
    isHard: slashes === "//",
    chainCode: junctionChainCode(code as string),
  }));
  return { seed: seedOf(phrase, password), junctions };
}

function seedOf(phrase: string, password: string): Uint8Array {
  if (phrase === "" && password === "") return fromHex(DEVELOPMENT_SEED);
  if (/^0x[0-9a-fA-F]{64}$/u.test(phrase)) return fromHex(phrase);
  return mnemonicToMiniSecret(phrase === "" ? DEVELOPMENT_PHRASE : phrase, password);
}

const DEVELOPMENT_PHRASE = "bottom drive obey lake curtain smoke basket hold race lonely fit walk";

/** The 32-byte seed of a mnemonic, by substrate-bip39: from the entropy, not from the words. @throws {TypeError} */
export function mnemonicToMiniSecret(mnemonic: string, password: string): Uint8Array {
  let entropy: Uint8Array;
  try {
    entropy = mnemonicToEntropy(mnemonic.trim().split(/\s+/u).join(" "), wordlist);
  } catch {
    throw new TypeError("Cannot parse secret URI: no mnemonic and no seed");
  }
  const salt = utf8(`mnemonic${password.normalize("NFKD")}`);
  return pbkdf2(sha512, entropy, salt, { c: MNEMONIC_ROUNDS, dkLen: 64 }).slice(0, 32);
}

/** Chain code of one path element: a number as u64, else a SCALE string, hashed if it is longer than 32 bytes. */
export function junctionChainCode(code: string): Uint8Array {
  const chainCode = new Uint8Array(32);
  if (/^[0-9]+$/u.test(code) && BigInt(code) < 1n << 64n) {
    new DataView(chainCode.buffer).setBigUint64(0, BigInt(code), true);
    return chainCode;
  }
  const scale = scaleBytes(utf8(code));
  if (scale.length > chainCode.length) return blake2_256(scale);
  chainCode.set(scale);
  return chainCode;
}

/** Bytes with their compact length; {@linkcode MAX_SURI_LENGTH} keeps it in the one- and two-byte forms. */
function scaleBytes(bytes: Uint8Array): Uint8Array {
  const { length } = bytes;
  const prefix = length < 64 ? [length << 2] : [((length << 2) & 0xff) | 1, length >> 6];
  return concatBytes(new Uint8Array(prefix), bytes);
}
