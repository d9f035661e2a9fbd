/**
 * X25519 key agreement on WebCrypto.
 *
 * @module
 */
import { x25519 } from "@noble/curves/ed25519.js";
import { asBufferSource, concatBytes } from "../primitives/bytes.ts";
import { err, ok, type Result } from "../primitives/result.ts";
import { randomBytes } from "./random.ts";

/** Length of a secret, a public key and a shared secret in bytes. */
export const X25519_KEY_LENGTH = 32;
/** What PKCS #8 puts before the 32 bytes of an X25519 secret. */
const PKCS8_PREFIX = new Uint8Array([48, 46, 2, 1, 0, 48, 5, 6, 3, 43, 101, 110, 4, 34, 4, 32]);

/** A key pair whose secret stays inside WebCrypto. */
export interface X25519Pair {
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
  /** Not extractable. */
  readonly privateKey: CryptoKey;
}

/** The other side's public key leads to no secret (a point of small order) or is malformed. */
export interface X25519Error {
  readonly code: "X25519Failed";
}

/** The pair of a 32-byte secret. @throws {RangeError} If there are not 32 bytes. */
export async function x25519FromSecret(secret: Uint8Array): Promise<X25519Pair> {
  if (secret.length !== X25519_KEY_LENGTH) {
    throw new RangeError(`Cannot import X25519 secret: want ${X25519_KEY_LENGTH} bytes, got ${secret.length}`);
  }
  const pkcs8 = asBufferSource(concatBytes(PKCS8_PREFIX, secret));
  const privateKey = await crypto.subtle.importKey("pkcs8", pkcs8, "X25519", false, ["deriveBits"]);
  pkcs8.fill(0);
  return { publicKey: x25519.getPublicKey(secret), privateKey };
}

/** A fresh secret of 32 bytes, for keys that are sealed and handed on. */
export function generateX25519Secret(): Uint8Array {
  return randomBytes(X25519_KEY_LENGTH);
}

/** A fresh pair for one session. */
export async function generateX25519(): Promise<X25519Pair> {
  const secret = generateX25519Secret();
  const pair = await x25519FromSecret(secret);
  secret.fill(0);
  return pair;
}

/** The 32-byte secret shared with the holder of `publicKey`. */
export async function x25519Derive(
  privateKey: CryptoKey,
  publicKey: Uint8Array,
): Promise<Result<Uint8Array, X25519Error>> {
  if (publicKey.length !== X25519_KEY_LENGTH) return err({ code: "X25519Failed" });
  try {
    const other = await crypto.subtle.importKey("raw", asBufferSource(publicKey), "X25519", false, []);
    const shared = new Uint8Array(
      await crypto.subtle.deriveBits({ name: "X25519", public: other }, privateKey, 8 * X25519_KEY_LENGTH),
    );
    return shared.every((byte) => byte === 0) ? err({ code: "X25519Failed" }) : ok(shared);
  } catch {
    return err({ code: "X25519Failed" });
  }
}
