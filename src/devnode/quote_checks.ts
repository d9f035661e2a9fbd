/**
 * Checks of attestation for the Teerex pallet. A runtime executes synchronously and the check of a quote is
 * asynchronous, so quotes and collateral of an extrinsic are checked when it arrives, and execution looks the verdict
 * up.
 *
 * @module
 */
import { MAX_DOCUMENT_LENGTH, MAX_ISSUER_CHAIN_LENGTH } from "../attestation/collateral.ts";
import type { PlatformRoot } from "../attestation/platform_root.ts";
import { MAX_QUOTE_LENGTH } from "../attestation/quote.ts";
import { createSignatureChecker } from "../attestation/signature_checker.ts";
import { blake2_256 } from "../crypto/blake2.ts";
import { concatBytes } from "../primitives/bytes.ts";
import { type Hex, toHex } from "../primitives/hex.ts";
import type { Result } from "../primitives/result.ts";
import { judgeQuotingEnclave, judgeTcbInfo } from "./collateral_verdict.ts";
import { judgeQuote, type Verdict, type VerdictRules } from "./quote_verdict.ts";
import type {
  AttestationRefusal,
  CollateralArgs,
  CollateralVerifier,
  QuoteVerifier,
  VerifiedQuote,
  VerifiedTcbInfo,
} from "./runtime/attestation_port.ts";
import type { RuntimeCall } from "./runtime/dispatch/call.ts";
import type { SgxQuotingEnclave } from "./runtime/pallets/teerex/types.ts";

/** Verdicts of a kind that are remembered; the oldest is forgotten first. A chain has few enclaves, one quote a day. */
export const MAX_REMEMBERED_QUOTES = 256;
/** Quotes and documents of one extrinsic that are checked; more in a batch are refused by the pallet. */
export const MAX_QUOTES_PER_EXTRINSIC = 8;

/** Verdicts on quotes and collateral. */
export class QuoteChecks {
  readonly #rules: VerdictRules;
  readonly #quotes = new VerdictBook<Omit<VerifiedQuote, "timestamp">>();
  readonly #quotingEnclaves = new VerdictBook<SgxQuotingEnclave>();
  readonly #tcbInfos = new VerdictBook<VerifiedTcbInfo>();

  /** Accepts quotes and collateral under these roots. */
  constructor(roots: readonly PlatformRoot[]) {
    this.#rules = { roots, check: createSignatureChecker() };
  }

  /** What the runtime asks about a quote. IAS reports are not accepted. */
  readonly verify: QuoteVerifier = (proof, method, nowMs) => {
    if (method !== "Dcap") return undefined;
    const found = this.#quotes.find([proof], nowMs, "CertificateChainIsInvalid");
    return found === undefined || "refused" in found ? found : { ...found, timestamp: nowMs };
  };

  /** What the runtime asks about collateral. */
  readonly collateral: CollateralVerifier = {
    quotingEnclave: (args, nowMs) => this.#quotingEnclaves.find(partsOf(args), nowMs, "CollateralIsInvalid"),
    tcbInfo: (args, nowMs) => this.#tcbInfos.find(partsOf(args), nowMs, "CollateralIsInvalid"),
  };

  /** Checks the quotes and collateral in a call, those in nested calls too; `undefined` if there are none. */
  check(call: RuntimeCall): Promise<void> | undefined {
    const calls = findAttestation(call).slice(0, MAX_QUOTES_PER_EXTRINSIC);
    if (calls.length === 0) return undefined;
    return Promise.all(calls.map((one) => this.#check(one))).then(() => undefined);
  }

  async #check(attestation: Attestation): Promise<void> {
    switch (attestation.type) {
      case "quote":
        return this.#quotes.set([attestation.proof], await judgeQuote(attestation.proof, this.#rules));
      case "quotingEnclave":
        return this.#quotingEnclaves.set(
          partsOf(attestation.args),
          await judgeQuotingEnclave(attestation.args, this.#rules),
        );
      case "tcbInfo":
        return this.#tcbInfos.set(partsOf(attestation.args), await judgeTcbInfo(attestation.args, this.#rules));
    }
  }
}

/** Verdicts by what they are about. */
class VerdictBook<T extends object> {
  readonly #verdicts = new Map<Hex, Result<Verdict<T>, AttestationRefusal>>();

  /** The verdict at a moment; outside the validity it is the refusal that is given. */
  find(
    parts: readonly Uint8Array[],
    nowMs: bigint,
    outside: AttestationRefusal["refused"],
  ): T | AttestationRefusal | undefined {
    const verdict = this.#verdicts.get(nameOf(parts));
    if (verdict === undefined) return undefined;
    if (!verdict.ok) return verdict.error;
    const { value, fromMs, untilMs } = verdict.value;
    return BigInt(fromMs) <= nowMs && nowMs <= BigInt(untilMs) ? value : { refused: outside };
  }

  set(parts: readonly Uint8Array[], verdict: Result<Verdict<T>, AttestationRefusal>): void {
    this.#verdicts.set(nameOf(parts), verdict);
    for (const oldest of this.#verdicts.keys()) {
      if (this.#verdicts.size <= MAX_REMEMBERED_QUOTES) break;
      this.#verdicts.delete(oldest);
    }
  }
}

function nameOf(parts: readonly Uint8Array[]): Hex {
  return toHex(blake2_256(concatBytes(...parts.map((part) => blake2_256(part)))));
}

function partsOf({ document, signature, certificateChain }: CollateralArgs): readonly Uint8Array[] {
  return [document, signature, certificateChain];
}

/** What a call wants to have checked. */
type Attestation =
  | { readonly type: "quote"; readonly proof: Uint8Array }
  | { readonly type: "quotingEnclave" | "tcbInfo"; readonly args: CollateralArgs };

function isCall(value: unknown): value is RuntimeCall {
  return typeof value === "object" && value !== null && "pallet" in value && "call" in value && "args" in value;
}

function findAttestation(call: RuntimeCall): Attestation[] {
  if (call.pallet === "Teerex") return attestationOf(call);
  return Object.values(call.args).flatMap((arg) => {
    if (isCall(arg)) return findAttestation(arg);
    return Array.isArray(arg) ? arg.filter(isCall).flatMap(findAttestation) : [];
  });
}

function attestationOf({ call, args }: RuntimeCall): Attestation[] {
  switch (call) {
    case "register_sgx_enclave":
      return isBytes(args["proof"], MAX_QUOTE_LENGTH) ? [{ type: "quote", proof: args["proof"] }] : [];
    case "register_quoting_enclave":
      return collateralOf("quotingEnclave", args["enclave_identity"], args);
    case "register_tcb_info":
      return collateralOf("tcbInfo", args["tcb_info"], args);
    default:
      return [];
  }
}

function collateralOf(
  type: "quotingEnclave" | "tcbInfo",
  document: unknown,
  { signature, certificate_chain: certificateChain }: RuntimeCall["args"],
): Attestation[] {
  const isSmall = isBytes(document, MAX_DOCUMENT_LENGTH) && isBytes(signature, MAX_ISSUER_CHAIN_LENGTH) &&
    isBytes(certificateChain, MAX_ISSUER_CHAIN_LENGTH);
  return isSmall ? [{ type, args: { document, signature, certificateChain } }] : [];
}

function isBytes(value: unknown, maxLength: number): value is Uint8Array {
  return value instanceof Uint8Array && value.length <= maxLength;
}
