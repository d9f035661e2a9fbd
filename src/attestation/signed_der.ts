/**
 * What certificates and revocation lists have in common: a signed part, an ECDSA signature over it, serial numbers and
 * extensions.
 *
 * @module
 */
import { concatBytes } from "../primitives/bytes.ts";
import { type Hex, toHex } from "../primitives/hex.ts";
import {
  DER_TAG,
  type DerElement,
  DerError,
  expectTag,
  readBitString,
  readBoolean,
  readChildren,
  readDer,
  readUnsigned,
} from "./der.ts";

const OID_ECDSA_SHA256 = "0x2a8648ce3d040302";
/** Longest serial number: RFC 5280 allows 20 bytes. */
const MAX_SERIAL_LENGTH = 20;

/** A signed document, its signature not checked. */
export interface SignedDer {
  /** The signed part, as a view. */
  readonly tbs: Uint8Array;
  /** The elements of the signed part. */
  readonly parts: readonly DerElement[];
  /** r ‖ s, 64 bytes. */
  readonly signature: Uint8Array;
}

/** One extension. */
export interface DerExtension {
  /** Object identifier, as its DER content. */
  readonly oid: Hex;
  /** Whether who does not know it must refuse the document. */
  readonly isCritical: boolean;
  readonly value: Uint8Array;
}

/** Takes a signed document apart. @throws {DerError} */
export function readSigned(der: Uint8Array): SignedDer {
  const [tbs, algorithm, signature, ...rest] = readChildren(readDer(der, DER_TAG.sequence).content);
  if (rest.length > 0) throw new DerError("Cannot read signed document: more than three parts");
  const signedPart = expectTag(tbs, DER_TAG.sequence);
  expectEcdsaSha256(algorithm);
  return {
    tbs: signedPart.whole,
    parts: readChildren(signedPart.content),
    signature: readSignature(readBitString(signature)),
  };
}

/** Refuses any signature algorithm but ECDSA with SHA-256. @throws {DerError} */
export function expectEcdsaSha256(algorithm: DerElement | undefined): void {
  const [id, ...parameters] = readChildren(expectTag(algorithm, DER_TAG.sequence).content);
  if (toHex(expectTag(id, DER_TAG.oid).content) !== OID_ECDSA_SHA256 || parameters.length > 0) {
    throw new DerError("Cannot read signed document: unsupported algorithm");
  }
}

/** A serial number. @throws {DerError} If it is negative, padded or too long. */
export function readSerial(element: DerElement | undefined): Hex {
  readUnsigned(element, MAX_SERIAL_LENGTH);
  return toHex(expectTag(element, DER_TAG.integer).content);
}

/** The extensions in their wrapping. @throws {DerError} If one stands there twice. */
export function readExtensions(content: Uint8Array): readonly DerExtension[] {
  const extensions = readChildren(readDer(content, DER_TAG.sequence).content).map(readExtension);
  if (new Set(extensions.map(({ oid }) => oid)).size < extensions.length) {
    throw new DerError("Cannot read extensions: one of them twice");
  }
  return extensions;
}

function readExtension(extension: DerElement): DerExtension {
  const parts = [...readChildren(expectTag(extension, DER_TAG.sequence).content)];
  const oid = toHex(expectTag(parts.shift(), DER_TAG.oid).content);
  const isCritical = parts.length === 2 && readBoolean(parts.shift() as DerElement);
  const value = expectTag(parts.shift(), DER_TAG.octetString).content;
  if (parts.length > 0) throw new DerError("Cannot read extension: too many parts");
  return { oid, isCritical, value };
}

function readSignature(der: Uint8Array): Uint8Array {
  const [r, s, ...rest] = readChildren(readDer(der, DER_TAG.sequence).content);
  if (rest.length > 0) throw new DerError("Cannot read signature: more than two numbers");
  return concatBytes(readUnsigned(r, 32), readUnsigned(s, 32));
}
