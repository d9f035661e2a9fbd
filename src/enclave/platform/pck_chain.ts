/**
 * Certificates of an emulated platform: root → platform authority → PCK leaf, like those of real DCAP.
 *
 * @module
 */
import "reflect-metadata";
import {
  BasicConstraintsExtension,
  cryptoProvider,
  KeyUsageFlags,
  KeyUsagesExtension,
  X509Certificate,
  X509CertificateGenerator,
} from "@peculiar/x509";
import { encodePemChain } from "../../attestation/x509.ts";
import { generateP256, p256FromJwk, type P256Pair } from "../../crypto/p256.ts";
import { randomBytes } from "../../crypto/random.ts";
import { toHex } from "../../primitives/hex.ts";

cryptoProvider.set(crypto);

/** A root that can sign: an operator's, or the published development root. */
export interface SigningRoot {
  /** Self-signed certificate, PEM. */
  readonly certificate: string;
  /** Its private key on P-256. */
  readonly privateKey: JsonWebKey;
}

/** A PCK leaf with its chain. */
export interface PckChain {
  readonly leaf: P256Pair;
  /** Leaf, authority, root as PEM: the certification data of quotes. */
  readonly pem: Uint8Array;
}

const SIGNING_ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
/** Certificates begin a day early, for verifiers whose clock is behind. */
const BACKDATE_MS = 86_400_000;
/** Validity of a platform's certificates: made anew at each start, and no start lasts a year. */
const VALIDITY_MS = 365 * 86_400_000;
/** Validity of an operator's root: ten years, like that of other private authorities. */
const ROOT_VALIDITY_MS = 10 * VALIDITY_MS;
/** Authorities below the root: the platform authority. */
const ROOT_PATH_LENGTH = 1;

function serialNumber(): string {
  const serial = randomBytes(16);
  // Positive and without leading zeros, as DER wants it.
  serial[0] = ((serial[0] as number) & 0x7f) | 0x40;
  return toHex(serial).slice(2);
}

function authorityExtensions(pathLength: number) {
  return [
    new BasicConstraintsExtension(true, pathLength, true),
    new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
  ];
}

/** Makes a fresh platform authority and PCK leaf under a root; `nowMs` since 1970. @throws {TypeError} Bad root key. */
export async function createPckChain(root: SigningRoot, nowMs: number): Promise<PckChain> {
  const rootCertificate = new X509Certificate(root.certificate);
  const rootKey = await p256FromJwk(root.privateKey);
  const authority = await generateP256(false);
  const leaf = await generateP256(false);
  const validity = { notBefore: new Date(nowMs - BACKDATE_MS), notAfter: new Date(nowMs + VALIDITY_MS) };
  const authorityCertificate = await X509CertificateGenerator.create({
    ...validity,
    serialNumber: serialNumber(),
    subject: "CN=integritee-edge emulated platform authority",
    issuer: rootCertificate.subject,
    publicKey: authority.keys.publicKey,
    signingKey: rootKey.keys.privateKey,
    signingAlgorithm: SIGNING_ALGORITHM,
    extensions: authorityExtensions(0),
  });
  const leafCertificate = await X509CertificateGenerator.create({
    ...validity,
    serialNumber: serialNumber(),
    subject: "CN=integritee-edge emulated PCK certificate",
    issuer: authorityCertificate.subject,
    publicKey: leaf.keys.publicKey,
    signingKey: authority.keys.privateKey,
    signingAlgorithm: SIGNING_ALGORITHM,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature | KeyUsageFlags.nonRepudiation, true),
    ],
  });
  const chain = [leafCertificate, authorityCertificate, rootCertificate];
  return { leaf, pem: encodePemChain(chain.map(({ rawData }) => new Uint8Array(rawData))) };
}

/** Makes an operator's root, named so that nobody takes it for hardware; `nowMs` since 1970. */
export async function createSigningRoot(name: string, nowMs: number): Promise<SigningRoot> {
  const { keys } = await generateP256(true);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: `CN=${name} emulated platform root`,
    notBefore: new Date(nowMs - BACKDATE_MS),
    notAfter: new Date(nowMs + ROOT_VALIDITY_MS),
    keys,
    signingAlgorithm: SIGNING_ALGORITHM,
    extensions: authorityExtensions(ROOT_PATH_LENGTH),
  });
  const { kty, crv, d, x, y } = await crypto.subtle.exportKey("jwk", keys.privateKey) as Record<string, string>;
  return { certificate: `${certificate.toString("pem")}\n`, privateKey: { kty, crv, d, x, y } as JsonWebKey };
}

/** Reads the JSON file of a root, `{"certificate":"<PEM>","privateKey":<JWK>}`. @throws {TypeError} If it is none. */
export function parseSigningRoot(text: string): SigningRoot {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw new TypeError("Cannot parse platform root: no JSON");
  }
  const { certificate, privateKey } = (parsed ?? {}) as Partial<SigningRoot>;
  if (typeof certificate !== "string" || typeof privateKey !== "object" || privateKey === null) {
    throw new TypeError('Cannot parse platform root: want "certificate" and "privateKey"');
  }
  return { certificate, privateKey };
}
