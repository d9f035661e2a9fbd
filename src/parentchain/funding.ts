/**
 * How much an enclave and its vault need to begin.
 *
 * Source: worker `service/src/account_funding.rs`, `service/src/main_impl.rs` (839eda024)
 * Differs: the fee of a transfer is a rounded-up constant instead of a query to a node that is not trusted
 *
 * @module
 */
import type { ParentchainMetadata } from "./metadata.ts";

/** Fee of a transfer in smallest units, rounded up: about 150 bytes at 1,000,000 each, and the weight. */
export const TRANSFER_FEE = 1_000_000_000n;
/** Fee of a registration with a quote of 5,000 bytes, rounded up. */
export const REGISTRATION_FEE = 10_000_000_000n;
/** Delegates whose deposit the vault can pay. */
export const VAULT_PROXIES = 10n;
/** Transfers whose fee the vault's first funds cover. */
export const VAULT_TRANSFERS = 500n;
/** Transfers whose fee the enclave's first funds cover. */
export const ENCLAVE_TRANSFERS = 1_000n;
/** Registrations whose fee the enclave's first funds cover. */
export const ENCLAVE_REGISTRATIONS = 5n;

function balanceConstant(metadata: ParentchainMetadata, pallet: string, name: string): bigint {
  const value = metadata.constant(pallet, name);
  return typeof value === "bigint" ? value : 0n;
}

/** Least balance of a living account. */
export function existentialDeposit(metadata: ParentchainMetadata): bigint {
  return balanceConstant(metadata, "Balances", "ExistentialDeposit");
}

/** First funds of the vault: its proxies' deposits and fees. */
export function vaultFunds(metadata: ParentchainMetadata): bigint {
  const base = balanceConstant(metadata, "Proxy", "ProxyDepositBase");
  const factor = balanceConstant(metadata, "Proxy", "ProxyDepositFactor");
  return base + VAULT_PROXIES * factor + VAULT_TRANSFERS * TRANSFER_FEE + existentialDeposit(metadata);
}

/** First funds of the enclave's account; with the vault's if it founds the shard. */
export function enclaveFunds(metadata: ParentchainMetadata, foundsVault: boolean): bigint {
  const vault = foundsVault && metadata.hasCall("Proxy", "add_proxy") ? vaultFunds(metadata) : 0n;
  const attests = metadata.constant("Teerex", "MaxAttestationRenewalPeriod") !== undefined;
  const registrations = attests ? ENCLAVE_REGISTRATIONS * REGISTRATION_FEE : 0n;
  return existentialDeposit(metadata) + vault + ENCLAVE_TRANSFERS * TRANSFER_FEE + registrations;
}
