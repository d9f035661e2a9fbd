/**
 * Checks of attestation quotes for `Teerex.register_sgx_enclave`. A runtime executes synchronously and the check of a
 * quote is asynchronous, so the quotes of an extrinsic are checked when it arrives, and execution looks the verdict up.
 *
 * @module
 */
import { blake2_256 } from "../crypto/blake2.ts";
import type { PlatformRoot } from "../attestation/platform_root.ts";
import { isDebugReport, MAX_QUOTE_LENGTH } from "../attestation/quote.ts";
import { verifyQuoteSignature } from "../attestation/verify_quote.ts";
import { type Hex, toHex } from "../primitives/hex.ts";
import type { QuoteVerifier, VerifiedQuote } from "./runtime/parameters.ts";
import type { RuntimeCall } from "./runtime/dispatch/call.ts";

/** Quotes whose verdict is remembered; the oldest is forgotten first. A chain has few enclaves, one quote a day each. */
export const MAX_REMEMBERED_QUOTES = 256;
/** Quotes of one extrinsic that are checked; more in a batch are refused by the pallet. */
export const MAX_QUOTES_PER_EXTRINSIC = 8;

/** A quote without the moment, which the block gives. */
type Verdict = Omit<VerifiedQuote, "timestamp">;

/** Verdicts on quotes. */
export class QuoteChecks {
  readonly #roots: readonly PlatformRoot[];
  readonly #verdicts = new Map<Hex, Verdict>();

  /** Accepts quotes under these roots. */
  constructor(roots: readonly PlatformRoot[]) {
    this.#roots = roots;
  }

  /** What the runtime asks: the verdict on a quote that was checked before. IAS reports are not accepted. */
  readonly verify: QuoteVerifier = (proof, method, nowMs) => {
    const verdict = method === "Dcap" ? this.#verdicts.get(toHex(blake2_256(proof))) : undefined;
    return verdict === undefined ? undefined : { ...verdict, timestamp: nowMs };
  };

  /** Checks the quotes in a call, those in nested calls too; `undefined` if there are none. */
  check(call: RuntimeCall, nowMs: number): Promise<void> | undefined {
    const proofs = findProofs(call).slice(0, MAX_QUOTES_PER_EXTRINSIC);
    if (proofs.length === 0) return undefined;
    return Promise.all(proofs.map((proof) => this.#check(proof, nowMs))).then(() => undefined);
  }

  async #check(proof: Uint8Array, nowMs: number): Promise<void> {
    const verified = await verifyQuoteSignature(proof, this.#roots, nowMs);
    if (!verified.ok) return;
    const { report } = verified.value.quote;
    this.#verdicts.set(toHex(blake2_256(proof)), {
      reportData: report.reportData,
      mrEnclave: report.mrenclave,
      mrSigner: report.mrsigner,
      buildMode: isDebugReport(report) ? "Debug" : "Production",
      status: "Ok",
    });
    for (const oldest of this.#verdicts.keys()) {
      if (this.#verdicts.size <= MAX_REMEMBERED_QUOTES) break;
      this.#verdicts.delete(oldest);
    }
  }
}

function isCall(value: unknown): value is RuntimeCall {
  return typeof value === "object" && value !== null && "pallet" in value && "call" in value && "args" in value;
}

function findProofs(call: RuntimeCall): Uint8Array[] {
  const { proof } = call.args;
  if (call.pallet === "Teerex" && proof instanceof Uint8Array && proof.length <= MAX_QUOTE_LENGTH) return [proof];
  return Object.values(call.args).flatMap((arg) => {
    if (isCall(arg)) return findProofs(arg);
    return Array.isArray(arg) ? arg.filter(isCall).flatMap(findProofs) : [];
  });
}
