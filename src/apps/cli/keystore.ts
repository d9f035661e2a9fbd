/**
 * Keys of the command line in files of the current directory, in the layout of Substrate's local keystore: the file is
 * named by key type and public key, its content is the secret as JSON text.
 *
 * Source: worker `cli/src/command_utils.rs#KEYSTORE_PATH` (839eda024)
 *
 * @module
 */
import { fromHex, toHex } from "../../primitives/hex.ts";
import { utf8 } from "../../primitives/bytes.ts";
import { CliError } from "./cli_error.ts";

/** Folder of the keys for the parentchain. */
export const KEYSTORE_PATH = "my_keystore";
/** Folder of the keys for shards; one folder per shard below it. */
export const TRUSTED_KEYSTORE_PATH = "my_trusted_keystore";
/** Longest secret read: a phrase of 24 words with a long password fits. */
const MAX_SECRET_LENGTH = 1_024;

/** Kind of a key: sr25519 or ed25519. */
export type KeyType = "sr25" | "ed25";

/** Writes a secret for its owner's eyes only. @throws {CliError} `Keystore` */
export function storeKey(folder: string, type: KeyType, publicKey: Uint8Array, secret: string): void {
  const path = `${folder}/${fileName(type, publicKey)}`;
  try {
    Deno.mkdirSync(folder, { recursive: true, mode: 0o700 });
    Deno.writeTextFileSync(path, JSON.stringify(secret), { createNew: true, mode: 0o600 });
  } catch (cause) {
    throw new CliError("Keystore", `Cannot write the key file "${path}"`, { cause });
  }
}

/** The secret of a public key, or `undefined` if the folder has none. @throws {CliError} `Keystore` */
export function loadKey(folder: string, type: KeyType, publicKey: Uint8Array): string | undefined {
  const path = `${folder}/${fileName(type, publicKey)}`;
  let text: string;
  try {
    if (Deno.statSync(path).size > MAX_SECRET_LENGTH) throw new RangeError("the file is too long for a secret");
    text = Deno.readTextFileSync(path);
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) return undefined;
    throw new CliError("Keystore", `Cannot read the key file "${path}"`, { cause });
  }
  const secret = parseSecret(text);
  if (secret === undefined) throw new CliError("Keystore", `Cannot read the key file "${path}": not a JSON text`);
  return secret;
}

/** Public keys of one kind in a folder, in the order of their bytes; none if the folder is missing. */
export function listKeys(folder: string, type: KeyType): Uint8Array[] {
  const prefix = typePrefix(type);
  const names: string[] = [];
  try {
    for (const entry of Deno.readDirSync(folder)) {
      if (entry.isFile && entry.name.startsWith(prefix) && /^[0-9a-f]{72}$/.test(entry.name)) names.push(entry.name);
    }
  } catch (cause) {
    if (!(cause instanceof Deno.errors.NotFound)) {
      throw new CliError("Keystore", `Cannot read the folder "${folder}"`, { cause });
    }
  }
  return names.sort().map((name) => fromHex(name.slice(prefix.length)));
}

function parseSecret(text: string): string | undefined {
  try {
    const secret = JSON.parse(text);
    return typeof secret === "string" ? secret : undefined;
  } catch {
    return undefined;
  }
}

function fileName(type: KeyType, publicKey: Uint8Array): string {
  return typePrefix(type) + toHex(publicKey).slice(2);
}

function typePrefix(type: KeyType): string {
  return toHex(utf8(type)).slice(2);
}
