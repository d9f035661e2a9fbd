/**
 * What a PCK leaf says of the platform that it stands for: the SGX extension of its certificate.
 *
 * Facts: Intel "SGX PCK Certificate and Certificate Revocation List Profile Specification"
 *
 * @module
 */
import { toHex } from "../primitives/hex.ts";
import { err, ok, type Result } from "../primitives/result.ts";
import { DER_TAG, type DerElement, DerError, expectTag, readChildren, readDer, readUnsigned } from "./der.ts";
import { type PlatformTcb, TCB_COMPONENTS } from "./tcb_info.ts";

/** A platform and its security version. */
export interface PckExtension extends PlatformTcb {
  /** Kind of platform, 6 bytes. */
  readonly fmspc: Uint8Array;
  /** Kind of provisioning certification enclave, 2 bytes. */
  readonly pceId: Uint8Array;
}

/** Object identifiers of the parts begin with this, 1.2.840.113741.1.13.1. */
const OID_PREFIX = "0x2a864886f84d010d01";
const [TCB, PCE_ID, FMSPC] = [2, 3, 4];
/** Place of the provisioning certification enclave's version among the parts of the TCB; 1 to 16 are components. */
const PCE_SVN = 17;

/** Reads the extension's value. */
export function parsePckExtension(value: Uint8Array): Result<PckExtension, { readonly code: "PckExtensionMalformed" }> {
  try {
    const parts = readParts(readDer(value, DER_TAG.sequence), OID_PREFIX);
    const tcb = readParts(expectTag(parts.get(TCB), DER_TAG.sequence), OID_PREFIX + digitsOf(TCB));
    const components = Array.from(
      { length: TCB_COMPONENTS },
      (_, place) => readUnsigned(tcb.get(place + 1), 1)[0] ?? 0,
    );
    const [high = 0, low = 0] = readUnsigned(tcb.get(PCE_SVN), 2);
    return ok({
      components: Uint8Array.from(components),
      pceSvn: high * 256 + low,
      fmspc: readOctets(parts.get(FMSPC), 6),
      pceId: readOctets(parts.get(PCE_ID), 2),
    });
  } catch (error) {
    if (error instanceof DerError) return err({ code: "PckExtensionMalformed" });
    throw error;
  }
}

/** Parts by the last number of their identifier, which must be new and below 128. */
function readParts(sequence: DerElement, prefix: string): ReadonlyMap<number, DerElement> {
  const parts = new Map<number, DerElement>();
  for (const part of readChildren(sequence.content)) {
    const [id, value, ...rest] = readChildren(expectTag(part, DER_TAG.sequence).content);
    const oid = expectTag(id, DER_TAG.oid).content;
    const last = oid.at(-1) ?? 0xff;
    if (
      value === undefined || rest.length > 0 || last > 0x7f || parts.has(last) || toHex(oid.slice(0, -1)) !== prefix
    ) {
      throw new DerError("Cannot read SGX extension: part of unknown form");
    }
    parts.set(last, value);
  }
  return parts;
}

function readOctets(element: DerElement | undefined, length: number): Uint8Array {
  const { content } = expectTag(element, DER_TAG.octetString);
  if (content.length !== length) throw new DerError(`Cannot read SGX extension: want ${length} bytes`);
  return content;
}

function digitsOf(byte: number): string {
  return toHex(Uint8Array.of(byte)).slice(2);
}
