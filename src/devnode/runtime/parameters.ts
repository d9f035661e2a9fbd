/**
 * Numbers and names of a runtime, and what it asks of the outside.
 *
 * @module
 */

import type { AttestationLookup, CollateralVerifier, QuoteVerifier } from "./attestation_port.ts";

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
  /** Secret URIs of those who author and vote after the genesis block, in the order of their slots. */
  readonly genesisAuthorities: readonly string[];
  /** Verifies quotes; left out, quotes are refused. */
  readonly verifyQuote?: QuoteVerifier;
  /** Verifies collateral; left out, collateral is refused. */
  readonly verifyCollateral?: CollateralVerifier;
  /** Tells whether the verifiers can judge a call; left out, every call is taken. */
  readonly attestationStanding?: AttestationLookup;
}
