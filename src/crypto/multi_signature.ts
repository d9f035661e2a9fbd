/**
 * Verification of a signature of any of the three schemes against an account.
 *
 * Source: worker uses `sp_runtime::MultiSignature#verify` (839eda024)
 *
 * @module
 */
import { ecdsaVerifyAccount } from "./ecdsa.ts";
import { ed25519Verify } from "./ed25519.ts";
import { sr25519Verify } from "./sr25519.ts";

/** A signature and its scheme: 64 bytes, or 65 for Ecdsa. */
export interface AnySignature {
  readonly type: "Ed25519" | "Sr25519" | "Ecdsa";
  readonly value: Uint8Array;
}

/** Whether the account has signed the message; false, too, for anything malformed. */
export function verifyMultiSignature(signature: AnySignature, message: Uint8Array, account: Uint8Array): boolean {
  switch (signature.type) {
    case "Ed25519":
      return ed25519Verify(signature.value, message, account);
    case "Sr25519":
      return sr25519Verify(signature.value, message, account);
    case "Ecdsa":
      return ecdsaVerifyAccount(signature.value, message, account);
  }
}
