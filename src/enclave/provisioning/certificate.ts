/**
 * What is read of the certificates of both ends: nothing but the key, strictly.
 *
 * @module
 */
import { parseCertificate } from "../../attestation/x509.ts";
import { p256Verify } from "../../crypto/p256.ts";
import { sha256 } from "../../crypto/sha256.ts";
import { type H256, h256 } from "../../primitives/branded.ts";
import { concatBytes } from "../../primitives/bytes.ts";
import { fromHex } from "../../primitives/hex.ts";
import { err, ok, type Result } from "../../primitives/result.ts";
import { MAX_PEER_CERTIFICATE_BYTES } from "./secure_channel.ts";

/** DER of a SubjectPublicKeyInfo of an uncompressed P-256 key, up to its 64 bytes x ‖ y. */
const P256_SPKI_PREFIX = fromHex("0x3059301306072a8648ce3d020106082a8648ce3d03010703420004");

/** The certificate cannot be taken. */
export interface PeerCertificateError {
  readonly code: "PeerCertificateMalformed";
}

/**
 * SHA-256 of the SubjectPublicKeyInfo of a self-signed P-256 certificate. Version, structure and own signature are
 * checked: some TLS libraries let certificates that they cannot read take part without a handshake signature.
 */
export async function readSpkiHash(der: Uint8Array): Promise<Result<H256, PeerCertificateError>> {
  if (der.length > MAX_PEER_CERTIFICATE_BYTES) return err({ code: "PeerCertificateMalformed" });
  const parsed = parseCertificate(der);
  if (!parsed.ok) return err({ code: "PeerCertificateMalformed" });
  const { publicKey, signature, tbs } = parsed.value;
  if (!await p256Verify(signature, tbs, publicKey)) return err({ code: "PeerCertificateMalformed" });
  return ok(h256(sha256(concatBytes(P256_SPKI_PREFIX, publicKey))));
}
