/**
 * Checks P-256 signatures and remembers good ones: certificates and collateral come again with every quote.
 *
 * @module
 */
import { p256Verify } from "../crypto/p256.ts";
import { equalBytes } from "../primitives/bytes.ts";
import { type Hex, toHex } from "../primitives/hex.ts";

/** Whether a signature (r ‖ s) is that of a message by a key (x ‖ y); false for anything malformed, never rejects. */
export type CheckSignature = (signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array) => Promise<boolean>;

/** Signatures that are remembered: those of 20 processors and of the collateral of all of them. */
export const MAX_REMEMBERED_SIGNATURES = 64;

interface Remembered {
  readonly message: Uint8Array;
  readonly publicKey: Uint8Array;
  readonly isGood: Promise<boolean>;
}

/**
 * Makes a checker. A signature under way is not checked a second time; a good one is remembered, the oldest is
 * forgotten first. Only the signature is remembered, never that something is valid at a moment.
 */
export function createSignatureChecker(capacity: number = MAX_REMEMBERED_SIGNATURES): CheckSignature {
  const known = new Map<Hex, Remembered>();
  return (signature, message, publicKey) => {
    const name = toHex(signature);
    const entry = known.get(name);
    if (entry !== undefined && equalBytes(entry.message, message) && equalBytes(entry.publicKey, publicKey)) {
      return entry.isGood;
    }
    const isGood = p256Verify(signature, message, publicKey);
    // Somebody who sends known signatures over other messages does not drive the good ones out.
    if (entry !== undefined) return isGood;
    known.set(name, { message: message.slice(), publicKey: publicKey.slice(), isGood });
    return isGood.then((good) => {
      if (!good) known.delete(name);
      for (const oldest of known.keys()) {
        if (known.size <= capacity) break;
        known.delete(oldest);
      }
      return good;
    });
  };
}
