/**
 * X.509 certificates as DCAP uses them: version 3, P-256 keys, ECDSA with SHA-256.
 *
 * @module
 */
import { concatBytes, utf8 } from "../primitives/bytes.ts";
import { type Hex, toHex } from "../primitives/hex.ts";
import { err, ok, type Result } from "../primitives/result.ts";
import {
  DER_TAG,
  type DerElement,
  DerError,
  expectTag,
  readBitString,
  readBoolean,
  readChildren,
  readDer,
  readTimeMs,
  readUnsigned,
} from "./der.ts";
import { expectEcdsaSha256, readExtensions, readSerial, readSigned } from "./signed_der.ts";

/** A certificate's fields, as far as a chain is judged by them. */
export interface Certificate {
  /** The signed part. */
  readonly tbs: Uint8Array;
  /** r ‖ s over the signed part, 64 bytes. */
  readonly signature: Uint8Array;
  /** Number that the issuer gave it, as the digits in DER: unique for an issuer. */
  readonly serial: Hex;
  /** Name of the issuer, DER. */
  readonly issuer: Uint8Array;
  /** Name of the holder, DER. */
  readonly subject: Uint8Array;
  /** The holder's key x ‖ y on P-256, 64 bytes. */
  readonly publicKey: Uint8Array;
  /** First moment of validity, ms since 1970. */
  readonly notBeforeMs: number;
  /** Last moment of validity, ms since 1970. */
  readonly notAfterMs: number;
  /** Whether it may sign certificates (basic constraints and key usage both say so). */
  readonly isCa: boolean;
  /** How many further authorities may stand below it; undefined = any. */
  readonly pathLength: number | undefined;
  /** Whether its key may sign other things than certificates. */
  readonly maySign: boolean;
  /** Whether its key may sign revocation lists. */
  readonly maySignCrl: boolean;
  /** What it says of an SGX platform, DER; only PCK leaves have it. */
  readonly sgxExtension: Uint8Array | undefined;
}

/** The bytes are no certificate of the supported kind. */
export interface CertificateError {
  readonly code: "CertificateMalformed";
}

/** Most certificates in a chain: Intel's have three, one more is tolerated. */
export const MAX_CHAIN_LENGTH = 4;

const OID_EC_PUBLIC_KEY = "0x2a8648ce3d0201";
const OID_P256 = "0x2a8648ce3d030107";
const OID_BASIC_CONSTRAINTS = "0x551d13";
const OID_KEY_USAGE = "0x551d0f";
/** 1.2.840.113741.1.13.1, see `pck_extension.ts`. */
const OID_SGX_EXTENSION = "0x2a864886f84d010d01";
/** First bit of the key usage: digital signature. */
const USAGE_SIGN = 0x80;
/** Sixth bit of the key usage: signing certificates. */
const USAGE_SIGN_CERTIFICATE = 0x04;
/** Seventh bit of the key usage: signing revocation lists. */
const USAGE_SIGN_CRL = 0x02;

/** Reads one certificate from DER. */
export function parseCertificate(der: Uint8Array): Result<Certificate, CertificateError> {
  try {
    return ok(readCertificate(der));
  } catch (error) {
    if (error instanceof DerError) return err({ code: "CertificateMalformed" });
    throw error;
  }
}

function readCertificate(der: Uint8Array): Certificate {
  const { parts, tbs, signature } = readSigned(der);
  const [version, serial, algorithm, issuer, validity, subject, keyInfo, ...optional] = parts;
  if (toHex(expectTag(version, DER_TAG.explicit0).content) !== "0x020102") throw new DerError("Cannot read version");
  expectEcdsaSha256(algorithm);
  const [notBefore, notAfter] = readChildren(expectTag(validity, DER_TAG.sequence).content);
  return {
    tbs,
    signature,
    serial: readSerial(serial),
    issuer: expectTag(issuer, DER_TAG.sequence).whole,
    subject: expectTag(subject, DER_TAG.sequence).whole,
    publicKey: readPublicKey(expectTag(keyInfo, DER_TAG.sequence)),
    notBeforeMs: readTimeMs(notBefore),
    notAfterMs: readTimeMs(notAfter),
    ...readCertificateExtensions(optional.find((element) => element.tag === DER_TAG.explicit3)),
  };
}

function readPublicKey(keyInfo: DerElement): Uint8Array {
  const [algorithm, key] = readChildren(keyInfo.content);
  const [type, curve] = readChildren(expectTag(algorithm, DER_TAG.sequence).content);
  const isP256 = toHex(expectTag(type, DER_TAG.oid).content) === OID_EC_PUBLIC_KEY &&
    toHex(expectTag(curve, DER_TAG.oid).content) === OID_P256;
  const point = readBitString(key);
  if (!isP256 || point.length !== 65 || point[0] !== 4) throw new DerError("Cannot read public key: not P-256");
  return point.slice(1);
}

type Extensions = Pick<Certificate, "isCa" | "pathLength" | "maySign" | "maySignCrl" | "sgxExtension">;

function readCertificateExtensions(explicit: DerElement | undefined): Extensions {
  let constraints: { isCa: boolean; pathLength: number | undefined } = { isCa: false, pathLength: undefined };
  let usage = 0;
  let sgxExtension: Uint8Array | undefined;
  for (const { oid, isCritical, value } of explicit === undefined ? [] : readExtensions(explicit.content)) {
    if (oid === OID_BASIC_CONSTRAINTS) constraints = readBasicConstraints(value);
    else if (oid === OID_KEY_USAGE) {
      usage = expectTag(readDer(value, DER_TAG.bitString), DER_TAG.bitString).content[1] ?? 0;
    } else if (oid === OID_SGX_EXTENSION) sgxExtension = value;
    else if (isCritical) throw new DerError("Cannot read certificate: unknown critical extension");
  }
  return {
    ...constraints,
    isCa: constraints.isCa && (usage & USAGE_SIGN_CERTIFICATE) !== 0,
    maySign: (usage & USAGE_SIGN) !== 0,
    maySignCrl: (usage & USAGE_SIGN_CRL) !== 0,
    sgxExtension,
  };
}

function readBasicConstraints(value: Uint8Array): { isCa: boolean; pathLength: number | undefined } {
  const parts = [...readChildren(readDer(value, DER_TAG.sequence).content)];
  const isCa = parts[0]?.tag === DER_TAG.boolean && readBoolean(parts.shift() as DerElement);
  const pathLength = parts.length === 0 ? undefined : readUnsigned(parts.shift(), 1)[0];
  if (parts.length > 0) throw new DerError("Cannot read certificate: basic constraints of too many parts");
  return { isCa, pathLength };
}

const PEM_BEGIN = "-----BEGIN CERTIFICATE-----\n";
const PEM_END = "-----END CERTIFICATE-----\n";
const LINE_BREAK = 10;
/** Base64 letters per line of PEM. */
const PEM_LINE_LENGTH = 64;

/** Certificates as PEM, one after another. */
export function encodePemChain(ders: readonly Uint8Array[]): Uint8Array {
  return utf8(pemTextOf(ders));
}

function pemTextOf(ders: readonly Uint8Array[]): string {
  let text = "";
  for (const der of ders) {
    let letters = "";
    for (const byte of der) letters += String.fromCharCode(byte);
    const base64 = btoa(letters);
    text += PEM_BEGIN;
    for (let at = 0; at < base64.length; at += PEM_LINE_LENGTH) text += `${base64.slice(at, at + PEM_LINE_LENGTH)}\n`;
    text += PEM_END;
  }
  return text;
}

/** The text with a line break at its end: publishers of chains differ in that alone. */
export function normalizePem(pem: Uint8Array): Uint8Array {
  return pem.length === 0 || pem.at(-1) === LINE_BREAK ? pem : concatBytes(pem, Uint8Array.of(LINE_BREAK));
}

/**
 * The DER of each certificate in a PEM text; undefined unless the text is exactly what {@linkcode encodePemChain}
 * writes, with or without the zero byte that some platforms add, so that no two texts mean the same chain.
 */
export function splitPemChain(pem: Uint8Array): readonly Uint8Array[] | undefined {
  // What is no UTF-8 becomes another text, and differs from the one that is written again below.
  const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(pem.at(-1) === 0 ? pem.subarray(0, -1) : pem);
  const bodies = text.split(PEM_BEGIN).slice(1);
  if (bodies.length > MAX_CHAIN_LENGTH) return undefined;
  try {
    const ders = bodies.map((body) => bytesOfLetters(atob(body.slice(0, -PEM_END.length))));
    return pemTextOf(ders) === text ? ders : undefined;
  } catch {
    // The platform's decoder refuses what is no base64.
    return undefined;
  }
}

function bytesOfLetters(letters: string): Uint8Array {
  const bytes = new Uint8Array(letters.length);
  for (let at = 0; at < bytes.length; at++) bytes[at] = letters.charCodeAt(at);
  return bytes;
}
