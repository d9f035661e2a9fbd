/**
 * Judges a certificate chain from a leaf to a platform root.
 *
 * @module
 */
import { p256Verify } from "../crypto/p256.ts";
import { equalBytes } from "../primitives/bytes.ts";
import { err, ok, type Result } from "../primitives/result.ts";
import type { PlatformRoot } from "./platform_root.ts";
import type { CheckSignature } from "./signature_checker.ts";
import { type Certificate, parseCertificate, splitPemChain } from "./x509.ts";

/** Why a chain is not accepted; `index` counts from the leaf. */
export type ChainError =
  /** The text is no list of PEM certificates, or too long a one. */
  | { readonly code: "ChainMalformed" }
  /** One certificate cannot be read. */
  | { readonly code: "CertificateMalformed"; readonly index: number }
  /** There are fewer certificates than leaf, authorities and root. */
  | { readonly code: "ChainTooShort" }
  /** There are more certificates than leaf, authorities and root. */
  | { readonly code: "ChainTooLong" }
  /** An authority stands where a signer's leaf should be or the other way round, or the leaf may not sign. */
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

/** What is asked of a chain. */
export interface ChainRules {
  readonly roots: readonly PlatformRoot[];
  /** Now, in ms since 1970. */
  readonly nowMs: number;
  /** Checks signatures; left out, each is checked anew. */
  readonly check?: CheckSignature;
  /** Whether the first certificate signs documents or revocation lists. Default `"signer"`. */
  readonly leaf?: "signer" | "authority";
  /** Certificates there must be; left out, at least two. */
  readonly length?: number;
}

/** Verifies a PEM chain in the order leaf, authorities, root. Revocation lists are not consulted. */
export async function verifyChain(pem: Uint8Array, rules: ChainRules): Promise<Result<VerifiedChain, ChainError>> {
  const parsed = parseChain(pem);
  return parsed.ok ? await verifyCertificates(parsed.value, rules) : parsed;
}

/** Verifies certificates in the order leaf, authorities, root; all signatures at once, errors in the chain's order. */
export async function verifyCertificates(
  chain: readonly Certificate[],
  rules: ChainRules,
): Promise<Result<VerifiedChain, ChainError>> {
  const { roots, nowMs, check = p256Verify, leaf: kind = "signer", length = 2 } = rules;
  const [leaf, last] = [chain[0], chain.at(-1)];
  if (leaf === undefined || last === undefined || chain.length < length) return err({ code: "ChainTooShort" });
  if (rules.length !== undefined && chain.length > length) return err({ code: "ChainTooLong" });
  const isSuitable = kind === "signer" ? !leaf.isCa && leaf.maySign : leaf.isCa && leaf.maySignCrl;
  if (!isSuitable) return err({ code: "LeafUnsuitable" });
  const issuers = chain.map((_, index) => chain[index + 1] ?? last);
  const verdicts = chain.map(({ signature, tbs }, index) => check(signature, tbs, (issuers[index] ?? last).publicKey));
  for (const [index, certificate] of chain.entries()) {
    // Above a leaf that is an authority itself stands one more.
    const authoritiesBelow = leaf.isCa ? index + 1 : index;
    const linked = judgeLink({ certificate, issuer: issuers[index] ?? last, index, authoritiesBelow, nowMs });
    if (!linked.ok) return linked;
    if (!await verdicts[index]) return err({ code: "CertificateSignatureInvalid", index });
  }
  const root = roots.find(({ publicKey }) => equalBytes(publicKey, last.publicKey));
  return root === undefined ? err({ code: "RootUnknown" }) : ok({ leafKey: leaf.publicKey, root });
}

/** Reads a PEM chain; says nothing about its truth. */
export function parseChain(pem: Uint8Array): Result<readonly Certificate[], ChainError> {
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

interface Link {
  readonly certificate: Certificate;
  /** The root is its own issuer. */
  readonly issuer: Certificate;
  readonly index: number;
  readonly authoritiesBelow: number;
  readonly nowMs: number;
}

/** Everything of a link but the signature. */
function judgeLink({ certificate, issuer, index, authoritiesBelow, nowMs }: Link): Result<undefined, ChainError> {
  if (nowMs < certificate.notBeforeMs) return err({ code: "CertificateNotYetValid", index });
  if (nowMs > certificate.notAfterMs) return err({ code: "CertificateExpired", index });
  if (!equalBytes(certificate.issuer, issuer.subject)) return err({ code: "IssuerMismatch", index });
  if (!issuer.isCa) return err({ code: "IssuerUnsuitable", index: index + 1 });
  if (issuer !== certificate && issuer.pathLength !== undefined && issuer.pathLength < authoritiesBelow) {
    return err({ code: "IssuerUnsuitable", index: index + 1 });
  }
  return ok(undefined);
}
