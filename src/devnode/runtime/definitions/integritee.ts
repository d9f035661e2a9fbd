/**
 * The runtime of the integritee-node, as far as a sidechain and its users need it.
 *
 * Source: integritee-node `runtime/src/lib.rs` (359c5fe)
 *
 * @module
 */
import type { RuntimeDefinition } from "../definition.ts";
import type { RuntimeParameters } from "../parameters.ts";
import {
  checkGenesis,
  checkMortality,
  checkNonce,
  checkNonZeroSender,
  checkSpecVersion,
  checkTxVersion,
  checkWeight,
} from "../extensions/checks.ts";
import { chargeTransactionPayment, checkMetadataHash } from "../extensions/payment.ts";
import { balancesPallet } from "../pallets/balances/balances.ts";
import { enclaveBridgePallet } from "../pallets/bridge/enclave_bridge.ts";
import { auraPallet } from "../pallets/consensus/aura.ts";
import { grandpaPallet } from "../pallets/consensus/grandpa.ts";
import { developmentPallet } from "../pallets/development.ts";
import { proxyPallet } from "../pallets/proxy/proxy.ts";
import { sidechainPallet } from "../pallets/sidechain.ts";
import { sudoPallet } from "../pallets/sudo.ts";
import { systemPallet } from "../pallets/system/system.ts";
import { teerexPallet } from "../pallets/teerex/teerex.ts";
import { timestampPallet } from "../pallets/timestamp.ts";
import { transactionPaymentPallet } from "../pallets/transaction_payment.ts";
import { utilityPallet } from "../pallets/utility.ts";

/** Index of the pallet that no real runtime has. */
const DEVELOPMENT_INDEX = 200;

/** Numbers and names of the integritee-node. */
export const INTEGRITEE_PARAMETERS: RuntimeParameters = {
  specName: "integritee-solo",
  implName: "integritee-solo",
  specVersion: 410,
  transactionVersion: 8,
  ss58Prefix: 13,
  tokenSymbol: "TEER",
  tokenDecimals: 12,
  endowmentTokens: 1_000n,
  slotDurationMs: 6000,
  existentialDeposit: 500n,
  lengthFee: 1_000_000n,
  genesisAuthorities: ["//Alice"],
};

/** The integritee-node's runtime with the pallet indexes of the original. */
export const integriteeRuntime: RuntimeDefinition = {
  parameters: INTEGRITEE_PARAMETERS,
  pallets: [
    [0, systemPallet],
    [3, timestampPallet],
    [5, sudoPallet],
    [7, proxyPallet],
    [9, utilityPallet],
    [10, balancesPallet],
    [11, transactionPaymentPallet],
    [23, auraPallet],
    [24, grandpaPallet],
    [50, teerexPallet],
    [53, sidechainPallet],
    [54, enclaveBridgePallet],
    [DEVELOPMENT_INDEX, developmentPallet],
  ],
  extensions: [
    checkNonZeroSender,
    checkSpecVersion,
    checkTxVersion,
    checkGenesis,
    checkMortality,
    checkNonce,
    checkWeight,
    chargeTransactionPayment,
    checkMetadataHash,
  ],
};
