/**
 * Duty: give the vault funds and delegates. The vault's own key signs once, to make the primary enclave its delegate;
 * from then on everything goes through `Proxy.proxy`.
 *
 * Source: worker `enclave-runtime/src/shard_vault.rs` (839eda024)
 * Differs: each step follows from the proven state, so a restart in the middle goes on
 *
 * @module
 */
import { type AccountId } from "../../primitives/branded.ts";
import { equalBytes } from "../../primitives/bytes.ts";
import { toHex } from "../../primitives/hex.ts";
import { existentialDeposit, TRANSFER_FEE, vaultFunds } from "../../parentchain/funding.ts";
import type { ParentchainMetadata } from "../../parentchain/metadata.ts";
import type { VaultProxy } from "../../parentchain/view.ts";
import {
  type DutyChain,
  type DutyFinding,
  type DutyIdentity,
  type DutyWish,
  NOTHING_TO_DO,
  SETUP_ERA,
} from "./duty.ts";

/** The only proxy type that is used: the delegate may do everything, since it also adds delegates. */
const PROXY_TYPE = "Any";

/** Whether an account is a delegate of the vault without delay. */
export function isDelegate(proxies: readonly VaultProxy[], account: AccountId): boolean {
  return proxies.some((entry) =>
    entry.proxyType === PROXY_TYPE && entry.delay === 0 && equalBytes(entry.delegate, account)
  );
}

/**
 * What the vault lacks.
 *
 * @param peers Accounts of enclaves that were provisioned for this shard and are of it: they become delegates too.
 */
export function vaultDuty(
  { metadata, view }: DutyChain,
  { signer, vault }: DutyIdentity,
  peers: readonly AccountId[],
): DutyFinding {
  if (vault === undefined || view.vault === undefined || !metadata.hasCall("Proxy", "add_proxy")) return NOTHING_TO_DO;
  if (!isDelegate(view.vaultProxies, signer.account)) {
    // Only the first validateer founds the vault. Transfers of listed validateers are no deposits, so its funds may not
    // move before it is listed.
    const first = view.shardStatus[0];
    const isFounder = vault.sign !== undefined;
    if (!isFounder || first === undefined || !equalBytes(first.signer, signer.account)) return NOTHING_TO_DO;
    return initialSteps({ metadata, view }, signer.account, vault.account);
  }
  const missing = peers.filter((peer) => !isDelegate(view.vaultProxies, peer));
  const wishes = missing.map((peer): DutyWish => ({
    purpose: "add_proxy_for_peer",
    key: toHex(peer),
    call: encodeProxied(metadata, vault.account, addProxy(metadata, peer)),
    eraPeriod: SETUP_ERA,
    by: "enclave",
  }));
  return { wishes, alerts: [] };
}

function initialSteps(
  { metadata, view }: Pick<DutyChain, "metadata" | "view">,
  account: AccountId,
  vault: AccountId,
): DutyFinding {
  const target = vaultFunds(metadata);
  const free = view.vault?.free ?? 0n;
  if (free >= target) {
    const call = addProxy(metadata, account);
    return { wishes: [{ purpose: "add_proxy", key: "", call, eraPeriod: SETUP_ERA, by: "vault" }], alerts: [] };
  }
  const amount = target - free;
  const spendable = view.signer.free - view.signer.frozen - existentialDeposit(metadata) - TRANSFER_FEE;
  if (spendable < amount) {
    const fields = { wanted: String(amount), spendable: String(spendable < 0n ? 0n : spendable) };
    return { wishes: [], alerts: [{ code: "VaultFundsMissing", fields }] };
  }
  const call = metadata.encodeCall("Balances", "transfer_keep_alive", {
    dest: metadata.address("Balances", "transfer_keep_alive", "dest", vault),
    value: amount,
  });
  return { wishes: [{ purpose: "fund_vault", key: "", call, eraPeriod: SETUP_ERA, by: "enclave" }], alerts: [] };
}

function addProxy(metadata: ParentchainMetadata, delegate: AccountId): Uint8Array {
  return metadata.encodeCall("Proxy", "add_proxy", {
    delegate: metadata.address("Proxy", "add_proxy", "delegate", delegate),
    proxy_type: { type: PROXY_TYPE, value: undefined },
    delay: 0,
  });
}

/** `Proxy.proxy(vault, None, call)` around an encoded call. @throws {RangeError} If the metadata do not know the call. */
export function encodeProxied(metadata: ParentchainMetadata, vault: AccountId, call: Uint8Array): Uint8Array {
  return metadata.encodeCall("Proxy", "proxy", {
    real: metadata.address("Proxy", "proxy", "real", vault),
    force_proxy_type: undefined,
    call: metadata.decodeCall(call),
  });
}
