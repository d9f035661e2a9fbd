/**
 * Judges a certificate chain from a PCK leaf to a platform root.
 *
 * @module
 */
import { p256Verify } from "../crypto/p256.ts";
import { equalBytes } from "../primitives/bytes.ts";
import { err, ok, type Result } from "../primitives/result.ts";
import type { PlatformRoot } from "./platform_root.ts";
import { type Certificate, parseCertificate, splitPemChain } from "./x509.ts";

/** Why a chain is not accepted; `index` counts from the leaf. */
export type ChainError =
  /** The text is no list of PEM certificates, or too long a one. */
  | { readonly code: "ChainMalformed" }
  /** One certificate cannot be read. */
  | { readonly code: "CertificateMalformed"; readonly index: number }
  /** There are not at least a leaf and a root. */
  | { readonly code: "ChainTooShort" }
  /** An authority stands where the leaf should be, or the leaf may not sign. */
  | { readonly code: "LeafUnsuitable" }
  /** A certificate that signs another is no authority, or has too many below it. */
  | { readonly code: "IssuerUnsuitable"; readonly index: number }
  /** A certificate names another issuer than the next one. */
  | { readonly code: "IssuerMismatch"; readonly index: number }
  /** A certificate was not signed by the next one. */
  | { readonly code: "CertificateSignatureInvalid"; readonly index: number }
  /** The clock is before a certificate's validity. */
  | { readonly code: "CertificateNotYetValid"; readonly index: number }
  /** The clock is after a certificate's validity. */
  | { readonly code: "CertificateExpired"; readonly index: number }
  /** The chain ends at a key that is no accepted root. */
  | { readonly code: "RootUnknown" };

/** The leaf's key and the root that vouches for it. */
export interface VerifiedChain {
  /** x ‖ y, 64 bytes. */
  readonly leafKey: Uint8Array;
  readonly root: PlatformRoot;
}

/** Verifies a PEM chain in the order leaf, authorities, root. Revocation lists are not consulted. */
export async function verifyChain(
  pem: Uint8Array,
  roots: readonly PlatformRoot[],
  nowMs: number,
): Promise<Result<VerifiedChain, ChainError>> {
  const parsed = parseChain(pem);
  if (!parsed.ok) return parsed;
  const chain = parsed.value;
  const leaf = chain[0];
  const last = chain.at(-1);
  if (leaf === undefined || last === undefined || chain.length < 2) return err({ code: "ChainTooShort" });
  if (leaf.isCa || !leaf.maySign) return err({ code: "LeafUnsuitable" });
  for (const [index, certificate] of chain.entries()) {
    const linked = await verifyLink(certificate, chain[index + 1] ?? last, index, nowMs);
    if (!linked.ok) return linked;
  }
  const root = roots.find(({ publicKey }) => equalBytes(publicKey, last.publicKey));
  return root === undefined ? err({ code: "RootUnknown" }) : ok({ leafKey: leaf.publicKey, root });
}

function parseChain(pem: Uint8Array): Result<readonly Certificate[], ChainError> {
  const ders = splitPemChain(pem);
  if (ders === undefined) return err({ code: "ChainMalformed" });
  const chain: Certificate[] = [];
  for (const [index, der] of ders.entries()) {
    const certificate = parseCertificate(der);
    if (!certificate.ok) return err({ code: "CertificateMalformed", index });
    chain.push(certificate.value);
  }
  return ok(chain);
}

/** The root is its own issuer. */
async function verifyLink(
  certificate: Certificate,
  issuer: Certificate,
  index: number,
  nowMs: number,
): Promise<Result<undefined, ChainError>> {
  if (nowMs < certificate.notBeforeMs) return err({ code: "CertificateNotYetValid", index });
  if (nowMs > certificate.notAfterMs) return err({ code: "CertificateExpired", index });
  if (!equalBytes(certificate.issuer, issuer.subject)) return err({ code: "IssuerMismatch", index });
  if (!issuer.isCa) return err({ code: "IssuerUnsuitable", index: index + 1 });
  // An issuer at place i + 1 has i authorities below it that are not the leaf.
  if (issuer !== certificate && issuer.pathLength !== undefined && issuer.pathLength < index) {
    return err({ code: "IssuerUnsuitable", index: index + 1 });
  }
  const isSigned = await p256Verify(certificate.signature, certificate.tbs, issuer.publicKey);
  return isSigned ? ok(undefined) : err({ code: "CertificateSignatureInvalid", index });
}
