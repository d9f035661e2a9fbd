/**
 * Accounts as people name them: `//Alice`, a seed, a phrase, or an address whose key is in a keystore.
 *
 * Source: worker `cli/src/command_utils.rs#get_pair_from_str` (839eda024)
 *
 * @module
 */
import { randomBytes } from "../../crypto/random.ts";
import { sr25519FromSeed, type Sr25519Pair } from "../../crypto/sr25519.ts";
import { decodeSs58 } from "../../crypto/ss58.ts";
import { pairFromSuri } from "../../crypto/suri.ts";
import { type AccountId, accountId } from "../../primitives/branded.ts";
import { equalBytes } from "../../primitives/bytes.ts";
import { toHex } from "../../primitives/hex.ts";
import { CliError } from "./cli_error.ts";
import { loadKey, storeKey } from "./keystore.ts";

/** The account that a text names. @throws {CliError} `Usage` */
export function accountOf(text: string): AccountId {
  const address = addressAccount(text);
  return address ?? accountId(pairOfSecret(text).publicKey);
}

/** The key pair that a text names; an address is looked up in `keystore`. @throws {CliError} `Usage` or `Keystore` */
export function signerOf(text: string, keystore: string): Sr25519Pair {
  const address = addressAccount(text);
  if (address === undefined) return pairOfSecret(text);
  const secret = loadKey(keystore, "sr25", address);
  if (secret === undefined) throw new CliError("Keystore", `Cannot sign for "${text}": "${keystore}" has no such key`);
  const pair = pairOfSecret(secret);
  if (!equalBytes(pair.publicKey, address)) {
    throw new CliError("Keystore", `Cannot sign for "${text}": its key file in "${keystore}" holds another key`);
  }
  return pair;
}

/** Makes a new sr25519 key and keeps its seed in `keystore`. @throws {CliError} `Keystore` */
export function createAccount(keystore: string): AccountId {
  const seed = randomBytes(32);
  const { publicKey } = sr25519FromSeed(seed);
  storeKey(keystore, "sr25", publicKey, toHex(seed));
  return accountId(publicKey);
}

function addressAccount(text: string): AccountId | undefined {
  if (text.startsWith("/") || text.startsWith("0x") || text.includes(" ")) return undefined;
  try {
    return decodeSs58(text).account;
  } catch {
    return undefined;
  }
}

function pairOfSecret(text: string): Sr25519Pair {
  try {
    // The empty text would name the root of the development accounts.
    if (text === "") throw new TypeError("Cannot parse secret URI: empty");
    return pairFromSuri(text);
  } catch (cause) {
    // The text may be a secret with a typing mistake: it is not repeated.
    throw new CliError("Usage", "Cannot read account: want //Name, a seed, a phrase or an address", { cause });
  }
}
