/**
 * What a block holds for the shard: deposits by event, calls by successful top-level extrinsic.
 *
 * Source: worker `app-libs/parentchain-interface/src/integritee/mod.rs`, `core/parentchain/indirect-calls-executor/src/executor.rs` (839eda024)
 * Differs: transfers from an account of a validateer of the shard fund the vault and are no deposits
 *
 * @module
 */
import { blake2_256 } from "../crypto/blake2.ts";
import { type AccountId, accountId, type H256 } from "../primitives/branded.ts";
import { equalBytes } from "../primitives/bytes.ts";
import { type BlockEvent, dispatchErrorName, type DispatchResult, eventField } from "./events.ts";
import { accountOf, type DecodedExtrinsic } from "./extrinsic_decode.ts";
import type { DepositItem, InvokeItem, ProxyOutcome, ShieldItem } from "./imported_block.ts";
import type { IndirectCall } from "./processed_root.ts";
import type { FollowerConfig } from "./wanted_keys.ts";

/** Transfers to the vault, by event index; those that come from `excluded` accounts are left out. */
export function filterDeposits(
  events: readonly BlockEvent[],
  vault: AccountId | undefined,
  excluded: readonly AccountId[],
): readonly DepositItem[] {
  if (vault === undefined) return [];
  const deposits: DepositItem[] = [];
  for (const [itemIndex, event] of events.entries()) {
    const transfer = asTransfer(event);
    if (transfer === undefined || !equalBytes(transfer.to, vault)) continue;
    if (equalBytes(transfer.from, vault) || excluded.some((account) => equalBytes(account, transfer.from))) continue;
    if (transfer.amount > 0n) deposits.push({ itemIndex, from: transfer.from, amount: transfer.amount });
  }
  return deposits;
}

/** Fields of a `Balances.Transfer` event. */
interface Transfer {
  readonly from: AccountId;
  readonly to: AccountId;
  readonly amount: bigint;
}

function asTransfer({ pallet, name, fields }: BlockEvent): Transfer | undefined {
  if (pallet !== "Balances" || name !== "Transfer") return undefined;
  const from = eventField(fields, "from", 0);
  const to = eventField(fields, "to", 1);
  const amount = eventField(fields, "amount", 2);
  if (!isAccount(from) || !isAccount(to) || typeof amount !== "bigint") return undefined;
  return { from: accountId(from), to: accountId(to), amount };
}

function isAccount(value: unknown): value is Uint8Array {
  return value instanceof Uint8Array && value.length === 32;
}

/** What the extrinsics of a block ask the shard for. */
export interface FilteredCalls {
  /** Indirect invocations for this shard. */
  readonly invokes: readonly InvokeItem[];
  /** Shieldings through the bridge pallet for this shard. */
  readonly shields: readonly ShieldItem[];
  /** All of them and the timestamp, of every shard, in body order: what the processed root covers. */
  readonly indirectCalls: readonly IndirectCall[];
  /** `Timestamp.set`, in ms since 1970. */
  readonly nowMs: bigint | undefined;
}

/** Filters the top-level calls; those that failed, and those that do not decode, count for nothing. */
export function filterCalls(
  extrinsics: readonly DecodedExtrinsic[],
  results: readonly DispatchResult[],
  { metadata, shard }: FollowerConfig,
): FilteredCalls {
  const invokes: InvokeItem[] = [];
  const shields: ShieldItem[] = [];
  const indirectCalls: IndirectCall[] = [];
  let nowMs: bigint | undefined;
  for (const [extrinsicIndex, { name, call }] of extrinsics.entries()) {
    if (name === undefined || results[extrinsicIndex]?.type !== "success" || !isIndirect(name)) continue;
    const args = metadata.decodeCallArgs(name, call);
    const indirect = args.ok ? toIndirectCall(name.call, args.value) : undefined;
    if (indirect === undefined) continue;
    indirectCalls.push(indirect);
    if (indirect.type === "TimestampSet") nowMs ??= indirect.value.now;
    else if (!equalBytes(indirect.value.shard, shard)) continue;
    else if (indirect.type === "Invoke") invokes.push({ extrinsicIndex, cyphertext: indirect.value.cyphertext });
    else {
      const { accountEncrypted, amount } = indirect.value;
      shields.push({ extrinsicIndex, accountEncrypted, amount });
    }
  }
  return { invokes, shields, indirectCalls, nowMs };
}

const INDIRECT_CALLS: ReadonlySet<string> = new Set([
  "EnclaveBridge.invoke",
  "EnclaveBridge.shield_funds",
  "Timestamp.set",
]);

function isIndirect({ pallet, call }: { readonly pallet: string; readonly call: string }): boolean {
  return INDIRECT_CALLS.has(`${pallet}.${call}`);
}

function toIndirectCall(call: string, args: Readonly<Record<string, unknown>>): IndirectCall | undefined {
  if (call === "set") {
    const now = eventField(args, "now", 0);
    return typeof now === "bigint" ? { type: "TimestampSet", value: { now } } : undefined;
  }
  if (call === "invoke") {
    const request = eventField(args, "request", 0);
    const shard = eventField(request, "shard", 0);
    const cyphertext = eventField(request, "cyphertext", 1);
    return isAccount(shard) && cyphertext instanceof Uint8Array
      ? { type: "Invoke", value: { shard, cyphertext } }
      : undefined;
  }
  const shard = eventField(args, "shard", 0);
  const accountEncrypted = eventField(args, "incognito_account_encrypted", 1);
  const amount = eventField(args, "amount", 2);
  return isAccount(shard) && accountEncrypted instanceof Uint8Array && typeof amount === "bigint"
    ? { type: "ShieldFunds", value: { shard, accountEncrypted, amount } }
    : undefined;
}

/**
 * Outcomes of top-level `Proxy.proxy` calls for the vault. Paid means: the extrinsic succeeded, the proxied call did too,
 * and the transfer from the vault stands beside it.
 */
export function filterProxied(
  extrinsics: readonly DecodedExtrinsic[],
  hashes: readonly H256[],
  results: readonly DispatchResult[],
  events: readonly BlockEvent[],
  { metadata, vault }: FollowerConfig,
): readonly ProxyOutcome[] {
  if (vault === undefined) return [];
  const outcomes: ProxyOutcome[] = [];
  for (const [extrinsicIndex, { name, call, signer }] of extrinsics.entries()) {
    if (name?.pallet !== "Proxy" || name.call !== "proxy" || signer === undefined) continue;
    const args = metadata.decodeCallArgs(name, call);
    const real = args.ok ? accountOf(args.value["real"]) : undefined;
    if (real === undefined || !equalBytes(real, vault)) continue;
    const own = events.filter((event) => event.extrinsicIndex === extrinsicIndex);
    outcomes.push({
      extrinsicIndex,
      extrinsicHash: hashes[extrinsicIndex] as H256,
      signer,
      outcome: proxyOutcome(own, results[extrinsicIndex] as DispatchResult, vault),
    });
  }
  return outcomes;
}

function proxyOutcome(
  events: readonly BlockEvent[],
  result: DispatchResult,
  vault: AccountId,
): ProxyOutcome["outcome"] {
  if (result.type === "failed") return result;
  const executed = events.find(({ pallet, name }) => pallet === "Proxy" && name === "ProxyExecuted");
  if (executed === undefined) return { type: "failed", reason: "NoProxyExecuted" };
  const inner = eventField(executed.fields, "result", 0) as { readonly type?: string; readonly value?: unknown };
  if (inner?.type !== "Ok") return { type: "failed", reason: dispatchErrorName(inner?.value) };
  const transfer = events.map(asTransfer).find((found) => found !== undefined && equalBytes(found.from, vault));
  if (transfer === undefined) return { type: "failed", reason: "NoTransfer" };
  return { type: "paid", beneficiary: transfer.to, amount: transfer.amount };
}

/** Names of the extrinsics on the chain: Blake2-256 of their bytes. */
export function extrinsicHashes(extrinsics: readonly Uint8Array[]): readonly H256[] {
  return extrinsics.map((bytes) => blake2_256(bytes));
}
