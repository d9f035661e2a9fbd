/**
 * Numbers and names of a runtime, and what it asks of the outside.
 *
 * @module
 */

/** State of the platform that made a quote. */
export type QuoteStatus = "Invalid" | "Ok" | "GroupOutOfDate" | "GroupRevoked" | "ConfigurationNeeded";

/** What a verified quote says. */
export interface VerifiedQuote {
  /** 64 bytes. */
  readonly reportData: Uint8Array;
  readonly mrEnclave: Uint8Array;
  readonly mrSigner: Uint8Array;
  /** Milliseconds since 1970. */
  readonly timestamp: bigint;
  readonly buildMode: "Debug" | "Production";
  readonly status: QuoteStatus;
}

/** Verifies quotes for `register_sgx_enclave`; `undefined` for one that does not hold. */
export type QuoteVerifier = (proof: Uint8Array, method: "Ias" | "Dcap", nowMs: bigint) => VerifiedQuote | undefined;

/** Numbers and names of a runtime. */
export interface RuntimeParameters {
  readonly specName: string;
  readonly implName: string;
  readonly specVersion: number;
  readonly transactionVersion: number;
  readonly ss58Prefix: number;
  readonly tokenSymbol: string;
  readonly tokenDecimals: number;
  /** Whole tokens that each development account begins with. */
  readonly endowmentTokens: bigint;
  /** Length of an Aura slot in milliseconds; the shortest time between two blocks is half of it. */
  readonly slotDurationMs: number;
  /** Smallest balance an account may have. */
  readonly existentialDeposit: bigint;
  /** Fee per byte of an extrinsic. */
  readonly lengthFee: bigint;
  /** Verifies quotes; left out, quotes are refused. */
  readonly verifyQuote?: QuoteVerifier;
}
