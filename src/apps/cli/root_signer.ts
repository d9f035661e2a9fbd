/**
 * The key with the root rights of a parentchain.
 *
 * @module
 */
import type { Sr25519Pair } from "../../crypto/sr25519.ts";
import { equalBytes } from "../../primitives/bytes.ts";
import { signerOf } from "./accounts.ts";
import { CliError } from "./cli_error.ts";
import { KEYSTORE_PATH } from "./keystore.ts";
import { type Parentchain, query } from "./parentchain.ts";

/** The pair of an account, if it has root rights now. @throws {CliError} `Usage` if it has not. */
export async function rootSigner(chain: Parentchain, account: string): Promise<Sr25519Pair> {
  const signer = signerOf(account, KEYSTORE_PATH);
  const root = await query(chain, "sudo", "key") as { toU8a(isBare: boolean): Uint8Array };
  if (!equalBytes(root.toU8a(true).slice(-32), signer.publicKey)) {
    throw new CliError("Usage", `"${account}" has no root rights on this chain: pass the account that has with --sudo`);
  }
  return signer;
}
