/**
 * The self-signed certificate of the TLS endpoint: P-256, a leaf, renewed at every start.
 *
 * Differs: the worker's is Ed25519 with the signing key and valid until the year 4096; rustls and browsers want P-256,
 * and a key of its own that lives for one start is worth less to a thief.
 *
 * @module
 */
import "reflect-metadata";
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from "@peculiar/x509";
import { generateP256, p256PrivateToPkcs8 } from "../crypto/p256.ts";
import { randomBytes } from "../crypto/random.ts";
import { sha256 } from "../crypto/sha256.ts";
import { toHex } from "../primitives/hex.ts";

/** How long a certificate is valid: longer than any start runs, short enough to be worthless when stolen later. */
export const CERTIFICATE_DAYS = 90;
/** How long before the start it is valid, for clients whose clock is behind. */
const BACKDATE_MS = 3_600_000;
const DAY_MS = 86_400_000;

/** Certificate and key as the TLS server takes them. */
export interface TlsCertificate {
  readonly der: Uint8Array;
  readonly certPem: string;
  /** PKCS #8; extractable because the server takes nothing else. */
  readonly keyPem: string;
  /** SHA-256 of the DER, for key statements. */
  readonly hash: Uint8Array;
}

/** Makes a fresh certificate for these DNS names and IP addresses. @throws {RangeError} If there are none. */
export async function createTlsCertificate(names: readonly string[], nowMs: number): Promise<TlsCertificate> {
  if (names.length === 0) throw new RangeError("Cannot make a certificate without names");
  const pair = await generateP256(true);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    // A leading zero bit keeps the serial number positive.
    serialNumber: `01${toHex(randomBytes(8)).slice(2)}`,
    name: "O=Integritee, CN=Enclave",
    notBefore: new Date(nowMs - BACKDATE_MS),
    notAfter: new Date(nowMs + CERTIFICATE_DAYS * DAY_MS),
    keys: pair.keys,
    signingAlgorithm: { name: "ECDSA", hash: "SHA-256" },
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
      new SubjectAlternativeNameExtension(names.map(generalName)),
    ],
  });
  const der = new Uint8Array(certificate.rawData);
  const pkcs8 = await p256PrivateToPkcs8(pair.keys.privateKey);
  return { der, certPem: pem("CERTIFICATE", der), keyPem: pem("PRIVATE KEY", pkcs8), hash: sha256(der) };
}

function generalName(value: string): { readonly type: "ip" | "dns"; readonly value: string } {
  return { type: isIpAddress(value) ? "ip" : "dns", value };
}

function isIpAddress(name: string): boolean {
  return name.includes(":") || /^\d{1,3}(\.\d{1,3}){3}$/.test(name);
}

function pem(label: string, der: Uint8Array): string {
  const base64 = btoa(Array.from(der, (byte) => String.fromCharCode(byte)).join(""));
  const lines = base64.match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n`;
}
