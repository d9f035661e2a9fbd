/**
 * Checks of attestation for the Teerex pallet. A runtime executes synchronously and the check of a quote is
 * asynchronous, so quotes and collateral of an extrinsic are checked when it arrives, and execution looks the verdict
 * up.
 *
 * Differs: an extrinsic with more than {@linkcode MAX_QUOTES_PER_EXTRINSIC} quotes is invalid.
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
import { MAX_BLOCK_TRANSACTIONS } from "./block_author.ts";
import { judgeQuotingEnclave, judgeTcbInfo } from "./collateral_verdict.ts";
import { judgeQuote, type Verdict, type VerdictRules } from "./quote_verdict.ts";
import type {
  AttestationLookup,
  AttestationRefusal,
  CollateralArgs,
  CollateralVerifier,
  QuoteVerifier,
  VerifiedQuote,
  VerifiedTcbInfo,
} from "./runtime/attestation_port.ts";
import type { RuntimeCall } from "./runtime/dispatch/call.ts";
import type { SgxQuotingEnclave } from "./runtime/pallets/teerex/types.ts";

/** Quotes and documents of one extrinsic; an extrinsic with more is invalid. A check takes some milliseconds. */
export const MAX_QUOTES_PER_EXTRINSIC = 8;
/**
 * Verdicts of a kind that are remembered; the one that was asked for longest ago is forgotten first. As many as a block can
 * hold: what was checked for a block is there when it is executed. A verdict takes some hundred bytes.
 */
export const MAX_REMEMBERED_QUOTES = MAX_QUOTES_PER_EXTRINSIC * MAX_BLOCK_TRANSACTIONS;

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
    quotingEnclave: (args, nowMs) => this.#quotingEnclaves.find(documentParts(args), nowMs, "CollateralIsInvalid"),
    tcbInfo: (args, nowMs) => this.#tcbInfos.find(documentParts(args), nowMs, "CollateralIsInvalid"),
  };

  /** What the runtime asks before it executes a call. */
  readonly standing: AttestationLookup = (call) => {
    const calls = findAttestation(call);
    if (calls.length > MAX_QUOTES_PER_EXTRINSIC) return "tooMany";
    return calls.every((one) => this.#bookOf(one).has(partsOf(one))) ? "ready" : "missing";
  };

  /**
   * Checks the quotes and collateral in a call, those in nested calls too; `undefined` if all verdicts are at hand, or if
   * the call is invalid because of their number.
   */
  check(call: RuntimeCall): Promise<void> | undefined {
    const calls = findAttestation(call);
    if (calls.length > MAX_QUOTES_PER_EXTRINSIC) return undefined;
    // All are asked for, so that those at hand count as used.
    const missing = calls.filter((one) => !this.#bookOf(one).touch(partsOf(one)));
    if (missing.length === 0) return undefined;
    return Promise.all(missing.map((one) => this.#check(one))).then(() => undefined);
  }

  #bookOf({ type }: Attestation): Pick<VerdictBook<object>, "has" | "touch"> {
    switch (type) {
      case "quote":
        return this.#quotes;
      case "quotingEnclave":
        return this.#quotingEnclaves;
      case "tcbInfo":
        return this.#tcbInfos;
    }
  }

  async #check(attestation: Attestation): Promise<void> {
    const parts = partsOf(attestation);
    switch (attestation.type) {
      case "quote":
        return this.#quotes.set(parts, await judgeQuote(attestation.proof, this.#rules));
      case "quotingEnclave":
        return this.#quotingEnclaves.set(parts, await judgeQuotingEnclave(attestation.args, this.#rules));
      case "tcbInfo":
        return this.#tcbInfos.set(parts, await judgeTcbInfo(attestation.args, this.#rules));
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

  /** Whether there is a verdict. */
  has(parts: readonly Uint8Array[]): boolean {
    return this.#verdicts.has(nameOf(parts));
  }

  /** Whether there is a verdict, which then is the newest. */
  touch(parts: readonly Uint8Array[]): boolean {
    const name = nameOf(parts);
    const verdict = this.#verdicts.get(name);
    if (verdict === undefined) return false;
    this.#verdicts.delete(name);
    this.#verdicts.set(name, verdict);
    return true;
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

function documentParts({ document, signature, certificateChain }: CollateralArgs): readonly Uint8Array[] {
  return [document, signature, certificateChain];
}

function partsOf(attestation: Attestation): readonly Uint8Array[] {
  return attestation.type === "quote" ? [attestation.proof] : documentParts(attestation.args);
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
