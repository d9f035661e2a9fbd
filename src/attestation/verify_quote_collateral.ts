/**
 * Verifies all collateral of one quote: that it counts at a moment, and that nothing of the quote's chain or of its own
 * signers is revoked.
 *
 * @module
 */
import { equalBytes } from "../primitives/bytes.ts";
import { err, ok, type Result } from "../primitives/result.ts";
import type { QuoteCollateral, SignedDocument } from "./collateral.ts";
import type { RevocationList } from "./crl.ts";
import type { QeIdentity } from "./qe_identity.ts";
import type { TcbInfoHead } from "./tcb_info.ts";
import type { ChainRules } from "./verify_chain.ts";
import {
  type CollateralError,
  type VerifiedDocument,
  verifyPckCrlIssuer,
  verifyRevocationList,
} from "./verify_collateral.ts";
import type { Certificate } from "./x509.ts";

/** Certificates that can be revoked. */
export type RevocableCertificate = "pckLeaf" | "pckAuthority" | "tcbInfoSigner" | "qeIdentitySigner" | "root";

/** Why collateral does not hold for a quote. */
export type QuoteCollateralError =
  | CollateralError
  /** There are fewer certificates than leaf, authority and root. */
  | { readonly code: "ChainTooShort" }
  /** The issuer took a certificate back. */
  | { readonly code: "CertificateRevoked"; readonly certificate: RevocableCertificate };

type VerifyDocument<T> = (
  signed: SignedDocument,
  rules: ChainRules,
) => Promise<Result<VerifiedDocument<T>, CollateralError>>;

/** How the documents of one kind of quote are verified. */
export interface DocumentVerifiers<Info extends TcbInfoHead> {
  readonly tcbInfo: VerifyDocument<Info>;
  readonly qeIdentity: VerifyDocument<QeIdentity>;
}

/** Collateral that holds. */
export interface VerifiedCollateral<Info extends TcbInfoHead> {
  readonly tcbInfo: Info;
  readonly qeIdentity: QeIdentity;
  /** Issue date of the oldest piece that is renewed monthly, ms since 1970. */
  readonly issuedMs: number;
  /** First moment at which a piece no longer counts, ms since 1970. */
  readonly validUntilMs: number;
}

/** Verifies all collateral of a chain leaf, authority, root, which the caller verifies. */
export async function verifyQuoteCollateral<Info extends TcbInfoHead>(
  collateral: QuoteCollateral,
  [leaf, authority, root]: readonly Certificate[],
  rules: ChainRules,
  verify: DocumentVerifiers<Info>,
): Promise<Result<VerifiedCollateral<Info>, QuoteCollateralError>> {
  if (leaf === undefined || authority === undefined || root === undefined) return err({ code: "ChainTooShort" });
  // One quote, one root: collateral below another accepted root says nothing about this processor.
  const own = { ...rules, roots: rules.roots.filter(({ publicKey }) => equalBytes(publicKey, root.publicKey)) };
  const verdicts = [
    verifyRevocationList("rootCrl", collateral.rootCrl, root, own),
    verifyPckCrlIssuer(collateral.pckCrlIssuerChain, authority, own),
    verifyRevocationList("pckCrl", collateral.pckCrl, authority, own),
    verify.tcbInfo(collateral.tcbInfo, own),
    verify.qeIdentity(collateral.qeIdentity, own),
  ] as const;
  const [rootCrl, pckIssuer, pckCrl, tcbInfo, qeIdentity] = await Promise.all(verdicts);
  if (!rootCrl.ok) return rootCrl;
  if (!pckIssuer.ok) return pckIssuer;
  if (!pckCrl.ok) return pckCrl;
  if (isRevoked(leaf, pckCrl.value)) return err({ code: "CertificateRevoked", certificate: "pckLeaf" });
  if (isRevoked(authority, rootCrl.value)) return err({ code: "CertificateRevoked", certificate: "pckAuthority" });
  if (isRevoked(root, rootCrl.value)) return err({ code: "CertificateRevoked", certificate: "root" });
  if (!tcbInfo.ok) return tcbInfo;
  if (isRevoked(tcbInfo.value.signer, rootCrl.value)) {
    return err({ code: "CertificateRevoked", certificate: "tcbInfoSigner" });
  }
  if (!qeIdentity.ok) return qeIdentity;
  if (isRevoked(qeIdentity.value.signer, rootCrl.value)) {
    return err({ code: "CertificateRevoked", certificate: "qeIdentitySigner" });
  }
  const [info, identity] = [tcbInfo.value.document, qeIdentity.value.document];
  return ok({
    tcbInfo: info,
    qeIdentity: identity,
    issuedMs: Math.min(info.issueDateMs, identity.issueDateMs, pckCrl.value.thisUpdateMs),
    validUntilMs: Math.min(
      ...[info.nextUpdateMs, identity.nextUpdateMs, pckCrl.value.nextUpdateMs, rootCrl.value.nextUpdateMs],
    ),
  });
}

function isRevoked(certificate: Certificate, list: RevocationList): boolean {
  return list.revoked.has(certificate.serial);
}
