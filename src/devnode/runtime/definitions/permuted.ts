/**
 * The same pallets in another runtime: other indexes and order, another address prefix, other decimals, another way to
 * carry the tip and one more extension. Whoever works with both reads the metadata.
 *
 * @module
 */
import type { RuntimeDefinition } from "../definition.ts";
import { chargeAssetTxPayment, chargeTransactionPayment, storageWeightReclaim } from "../extensions/payment.ts";
import { INTEGRITEE_PARAMETERS, integriteeRuntime } from "./integritee.ts";

/** First index of the permuted pallets; System keeps 0, where clients of all kinds expect it. */
const FIRST_INDEX = 61;
/** Distance of two indexes; with no common divisor with 100, so that no index comes twice. */
const STEP = 37;

/** The integritee-node's pallets where a client that has learned their indexes by heart does not find them. */
export const permutedRuntime: RuntimeDefinition = {
  parameters: {
    ...INTEGRITEE_PARAMETERS,
    specName: "integritee-permuted",
    implName: "integritee-permuted",
    specVersion: 7,
    transactionVersion: 3,
    ss58Prefix: 42,
    tokenSymbol: "PERM",
    tokenDecimals: 10,
    // Deposits are in smallest units: with fewer decimals they take more tokens.
    endowmentTokens: 1_000_000n,
  },
  pallets: integriteeRuntime.pallets.map(([index, pallet], i) =>
    [index === 0 ? 0 : 1 + (FIRST_INDEX + STEP * i) % 100, pallet] as const
  ),
  extensions: [
    ...integriteeRuntime.extensions.map((extension) =>
      extension === chargeTransactionPayment ? chargeAssetTxPayment : extension
    ),
    storageWeightReclaim,
  ],
};
