/**
 * Verifies a quote of a real processor together with its collateral: nothing of it is revoked or expired, the quoting
 * enclave is Intel's, and how well the platform is patched.
 *
 * Facts: Intel "SGX DCAP Quote Verification Library", "PCS API" version 4
 *
 * @module
 */
import { equalBytes } from "../primitives/bytes.ts";
import { err, ok, type Result } from "../primitives/result.ts";
import type { QuoteCollateral } from "./collateral.ts";
import { judgeEnclavePlatform, type PlatformError, type PlatformVerdict } from "./judge_platform.ts";
import { judgeTdPlatform } from "./judge_td_platform.ts";
import { parsePckExtension, type PckExtension } from "./pck_extension.ts";
import type { PlatformRoot } from "./platform_root.ts";
import type { QeIdentity } from "./qe_identity.ts";
import type { Quote, SgxQuote, TdxQuote } from "./quote.ts";
import { type CheckSignature, createSignatureChecker } from "./signature_checker.ts";
import type { TcbInfo, TcbInfoHead } from "./tcb_info.ts";
import type { TdxTcbInfo } from "./tdx_tcb_info.ts";
import type { ChainRules } from "./verify_chain.ts";
import { verifyQeIdentity, verifyTcbInfo, verifyTdQeIdentity, verifyTdxTcbInfo } from "./verify_collateral.ts";
import {
  type EnclaveQuoteError,
  type ParsedQuote,
  parseEnclaveQuoteWithChain,
  parseQuoteWithChain,
  type QuoteError,
  type VerifiedQuote,
  verifyParsedQuote,
} from "./verify_quote.ts";
import { type DocumentVerifiers, type QuoteCollateralError, verifyQuoteCollateral } from "./verify_quote_collateral.ts";

/** Why a quote with collateral is not accepted. */
export type DcapQuoteError =
  | QuoteError
  | QuoteCollateralError
  | PlatformError
  /** The quote is of another vendor's quoting enclave. */
  | { readonly code: "QeVendorUnsupported" };

/**
 * A quote with collateral that holds; whether it is good enough is for a policy to say. What its report says depends on
 * whether it is of an enclave or of a trust domain: `quote.tee`.
 */
export interface VerifiedDcapQuote<Q extends Quote = Quote> extends VerifiedQuote<Q>, PlatformVerdict {
  readonly platform: PckExtension;
  /** Issue date of the oldest piece of collateral that is renewed monthly, ms since 1970. */
  readonly issuedMs: number;
  /** First moment at which a piece of collateral no longer counts, ms since 1970. */
  readonly validUntilMs: number;
}

/** What a verifier knows and remembers. */
export interface DcapRules {
  readonly roots: readonly PlatformRoot[];
  /** Now, in ms since 1970. */
  readonly nowMs: number;
  /** Kept from quote to quote, it saves the signatures of the collateral. */
  readonly check?: CheckSignature;
}

/** What depends on the kind of quote: its documents, and what they say of it. */
interface TeeRules<Q extends Quote, Info extends TcbInfoHead> {
  readonly documents: DocumentVerifiers<Info>;
  readonly judge: (
    quote: Q,
    platform: PckExtension,
    tcbInfo: Info,
    qeIdentity: QeIdentity,
  ) => Result<PlatformVerdict, PlatformError>;
}

const SGX: TeeRules<SgxQuote, TcbInfo> = {
  documents: { tcbInfo: verifyTcbInfo, qeIdentity: verifyQeIdentity },
  judge: judgeEnclavePlatform,
};
const TDX: TeeRules<TdxQuote, TdxTcbInfo> = {
  documents: { tcbInfo: verifyTdxTcbInfo, qeIdentity: verifyTdQeIdentity },
  judge: judgeTdPlatform,
};

/** Identity of Intel as the vendor of a quoting enclave. */
const INTEL_QE_VENDOR_ID = Uint8Array.of(
  ...[0x93, 0x9a, 0x72, 0x33, 0xf7, 0x9c, 0x4c, 0xa9, 0x94, 0x0a, 0x0d, 0xb3, 0x95, 0x7f, 0x06, 0x07],
);
/** PCK leaf, authority, root: there are revocation lists for exactly these. */
const PCK_CHAIN_LENGTH = 3;

/**
 * Verifies a quote with its collateral at a moment, for the given roots only. All signatures are checked at once, and
 * each certificate once; a `check` that is kept from quote to quote saves those of the collateral.
 */
export async function verifyDcapQuote(
  bytes: Uint8Array,
  collateral: QuoteCollateral,
  rules: DcapRules,
): Promise<Result<VerifiedDcapQuote, DcapQuoteError>> {
  const parsed = parseQuoteWithChain(bytes);
  if (!parsed.ok) return parsed;
  const { quote, certificates } = parsed.value;
  return quote.tee === "sgx"
    ? await verifyDcap({ quote, certificates }, collateral, rules, SGX)
    : await verifyDcap({ quote, certificates }, collateral, rules, TDX);
}

/** {@linkcode verifyDcapQuote} for those who want an enclave: the quote of a trust domain is refused. */
export async function verifyDcapEnclaveQuote(
  bytes: Uint8Array,
  collateral: QuoteCollateral,
  rules: DcapRules,
): Promise<Result<VerifiedDcapQuote<SgxQuote>, DcapQuoteError | EnclaveQuoteError>> {
  const parsed = parseEnclaveQuoteWithChain(bytes);
  return parsed.ok ? await verifyDcap(parsed.value, collateral, rules, SGX) : parsed;
}

async function verifyDcap<Q extends Quote, Info extends TcbInfoHead>(
  parsed: ParsedQuote<Q>,
  collateral: QuoteCollateral,
  { roots, nowMs, check = createSignatureChecker() }: DcapRules,
  { documents, judge }: TeeRules<Q, Info>,
): Promise<Result<VerifiedDcapQuote<Q>, DcapQuoteError>> {
  const rules: ChainRules = { roots, nowMs, check };
  const quoteVerdict = verifyParsedQuote(parsed, { ...rules, length: PCK_CHAIN_LENGTH });
  const collateralVerdict = verifyQuoteCollateral(collateral, parsed.certificates, rules, documents);
  const verified = await quoteVerdict;
  if (!verified.ok) return verified;
  if (!equalBytes(verified.value.quote.header.qeVendorId, INTEL_QE_VENDOR_ID)) {
    return err({ code: "QeVendorUnsupported" });
  }
  const held = await collateralVerdict;
  if (!held.ok) return held;
  const { tcbInfo, qeIdentity, issuedMs, validUntilMs } = held.value;
  const platform = readPlatform(parsed);
  if (!platform.ok) return platform;
  const verdict = judge(verified.value.quote, platform.value, tcbInfo, qeIdentity);
  if (!verdict.ok) return verdict;
  return ok({ ...verified.value, ...verdict.value, platform: platform.value, issuedMs, validUntilMs });
}

/** What the PCK leaf of a quote says of its platform. */
function readPlatform({ certificates: [leaf] }: ParsedQuote): Result<PckExtension, PlatformError> {
  return leaf?.sgxExtension === undefined ? err({ code: "PckExtensionMissing" }) : parsePckExtension(leaf.sgxExtension);
}
