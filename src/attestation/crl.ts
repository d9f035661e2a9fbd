/**
 * X.509 certificate revocation lists as Intel publishes them: version 2, complete, for one issuer.
 *
 * @module
 */
import type { Hex } from "../primitives/hex.ts";
import { err, ok, type Result } from "../primitives/result.ts";
import { DER_TAG, type DerElement, DerError, expectTag, readChildren, readTimeMs } from "./der.ts";
import { toHex } from "../primitives/hex.ts";
import { expectEcdsaSha256, readExtensions, readSerial, readSigned } from "./signed_der.ts";

/** Longest list that is read: room for about 25,000 certificates, Intel's have below 100. */
export const MAX_CRL_LENGTH = 1_048_576;

/** The fields of a list; says nothing about its truth. */
export interface RevocationList {
  /** The signed part. */
  readonly tbs: Uint8Array;
  /** r ‖ s over the signed part, 64 bytes. */
  readonly signature: Uint8Array;
  /** Name of the issuer, DER. */
  readonly issuer: Uint8Array;
  /** First moment at which it counts, ms since 1970. */
  readonly thisUpdateMs: number;
  /** Last moment at which it counts, ms since 1970. */
  readonly nextUpdateMs: number;
  /** Serial numbers of the revoked certificates. */
  readonly revoked: ReadonlySet<Hex>;
}

/** Reads one list from DER. Unknown critical extensions, such as those of partial lists, are refused. */
export function parseRevocationList(der: Uint8Array): Result<RevocationList, { readonly code: "CrlMalformed" }> {
  if (der.length > MAX_CRL_LENGTH) return err({ code: "CrlMalformed" });
  try {
    return ok(readRevocationList(der));
  } catch (error) {
    if (error instanceof DerError) return err({ code: "CrlMalformed" });
    throw error;
  }
}

function readRevocationList(der: Uint8Array): RevocationList {
  const { parts, tbs, signature } = readSigned(der);
  const [version, algorithm, issuer, thisUpdate, nextUpdate, ...rest] = parts;
  if (toHex(expectTag(version, DER_TAG.integer).content) !== "0x01") throw new DerError("Cannot read list: version");
  expectEcdsaSha256(algorithm);
  const entries = rest[0]?.tag === DER_TAG.sequence ? rest.shift() : undefined;
  const extensions = rest.shift();
  if (rest.length > 0) throw new DerError("Cannot read list: too many parts");
  if (extensions !== undefined) refuseCritical(expectTag(extensions, DER_TAG.explicit0).content);
  return {
    tbs,
    signature,
    issuer: expectTag(issuer, DER_TAG.sequence).whole,
    thisUpdateMs: readTimeMs(thisUpdate),
    nextUpdateMs: readTimeMs(nextUpdate),
    revoked: new Set(entries === undefined ? [] : readChildren(entries.content).map(readEntry)),
  };
}

function readEntry(entry: DerElement): Hex {
  const [serial, date, extensions, ...rest] = readChildren(expectTag(entry, DER_TAG.sequence).content);
  if (rest.length > 0) throw new DerError("Cannot read list: entry of too many parts");
  readTimeMs(date);
  if (extensions !== undefined) refuseCritical(expectTag(extensions, DER_TAG.sequence).whole);
  return readSerial(serial);
}

function refuseCritical(content: Uint8Array): void {
  if (readExtensions(content).some(({ isCritical }) => isCritical)) {
    throw new DerError("Cannot read list: unknown critical extension");
  }
}
