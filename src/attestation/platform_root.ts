/**
 * The keys at which a quote's certificate chain may end.
 *
 * @module
 */
import { utf8 } from "../primitives/bytes.ts";
import { fromHex } from "../primitives/hex.ts";
import { err, ok, type Result } from "../primitives/result.ts";
import { type CertificateError, parseCertificate, splitPemChain } from "./x509.ts";

/** A platform root that a verifier accepts. */
export interface PlatformRoot {
  /** What a report and a log call it. */
  readonly name: string;
  /** The root's key x ‖ y on P-256, 64 bytes. */
  readonly publicKey: Uint8Array;
  /** Whether quotes under it come from a program instead of a processor, so prove isolation to nobody. */
  readonly isEmulated: boolean;
}

/** Intel's SGX root; its certificate is published at certificates.trustedservices.intel.com. */
export const INTEL_SGX_ROOT: PlatformRoot = {
  name: "Intel SGX Root CA",
  publicKey: fromHex(
    "0x0ba9c4c0c0c86193a3fe23d6b02cda10a8bbd4e88e48b4458561a36e705525f567918e2edc88e40d860bd0cc4ee26aacc988e505a953558c453f6b0904ae7394",
  ),
  isEmulated: false,
};

/** Takes the PEM certificate of an operator's root; whatever it says, it counts as emulated. */
export function platformRootFromCertificate(pem: string, name: string): Result<PlatformRoot, CertificateError> {
  const [der, ...more] = splitPemChain(utf8(pem)) ?? [];
  if (der === undefined || more.length > 0) return err({ code: "CertificateMalformed" });
  const certificate = parseCertificate(der);
  if (!certificate.ok) return certificate;
  if (!certificate.value.isCa) return err({ code: "CertificateMalformed" });
  return ok({ name, publicKey: certificate.value.publicKey, isEmulated: true });
}
