/**
 * ECDSA over P-256 with SHA-256 on WebCrypto: the curve of X.509 certificates and DCAP quotes.
 *
 * @module
 */
import { asBufferSource, concatBytes } from "../primitives/bytes.ts";

/** Length of a raw signature, r ‖ s big endian, and of a raw public key, x ‖ y. */
export const P256_RAW_LENGTH = 64;
const ALGORITHM = { name: "ECDSA", namedCurve: "P-256" } as const;
const SIGNING = { name: "ECDSA", hash: "SHA-256" } as const;

/** A key pair in WebCrypto's form. */
export interface P256Pair {
  /** x ‖ y, 64 bytes. */
  readonly publicKey: Uint8Array;
  readonly keys: CryptoKeyPair;
}

/** Draws a new pair. */
export async function generateP256(extractable: boolean): Promise<P256Pair> {
  return await p256Pair(await crypto.subtle.generateKey(ALGORITHM, extractable, ["sign", "verify"]));
}

async function p256Pair(keys: CryptoKeyPair): Promise<P256Pair> {
  const uncompressed = new Uint8Array(await crypto.subtle.exportKey("raw", keys.publicKey));
  return { publicKey: uncompressed.slice(1), keys };
}

/** The pair of a private key in JWK form. @throws {TypeError} If it is none. */
export async function p256FromJwk(jwk: JsonWebKey): Promise<P256Pair> {
  try {
    const { kty, crv, x, y } = jwk as Record<string, string>;
    const publicJwk = { kty, crv, x, y } as JsonWebKey;
    return await p256Pair({
      privateKey: await crypto.subtle.importKey("jwk", jwk, ALGORITHM, true, ["sign"]),
      publicKey: await crypto.subtle.importKey("jwk", publicJwk, ALGORITHM, true, ["verify"]),
    });
  } catch {
    // The cause may quote the key; it stays here.
    throw new TypeError("Cannot import P-256 key: no private JWK of this curve");
  }
}

/** PKCS #8 of an extractable private key, for TLS servers that take nothing else; a secret. */
export async function p256PrivateToPkcs8(privateKey: CryptoKey): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.exportKey("pkcs8", privateKey));
}

/** Signs a message; 64 bytes r ‖ s. */
export async function p256Sign(privateKey: CryptoKey, message: Uint8Array): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.sign(SIGNING, privateKey, asBufferSource(message)));
}

/** Whether `signature` (64 bytes) is that of the message by the key x ‖ y (64 bytes); false for anything malformed. */
export async function p256Verify(
  signature: Uint8Array,
  message: Uint8Array,
  publicKey: Uint8Array,
): Promise<boolean> {
  if (signature.length !== P256_RAW_LENGTH || publicKey.length !== P256_RAW_LENGTH) return false;
  try {
    const uncompressed = asBufferSource(concatBytes(new Uint8Array([4]), publicKey));
    const key = await crypto.subtle.importKey("raw", uncompressed, ALGORITHM, false, ["verify"]);
    return await crypto.subtle.verify(SIGNING, key, asBufferSource(signature), asBufferSource(message));
  } catch {
    return false;
  }
}
