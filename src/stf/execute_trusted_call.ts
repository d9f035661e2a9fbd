/**
 * Execution of one trusted call.
 *
 * Source: worker `app-libs/stf/src/trusted_call.rs#TrustedCallSigned::execute` (839eda024)
 * Differs: a call that fails after the fee was charged is rolled back except for its fee and its nonce. A fee-free call is
 * refused before its nonce counts if its sender may not make it, so that accounts without funds write nothing.
 *
 * @module
 */
import { equalBytes } from "../primitives/bytes.ts";
import { err, ok, type Result } from "../primitives/result.ts";
import type { TransactionalStore } from "../state/kv_store.ts";
import { type BalanceUnshield, type TrustedCall, trustedCallSender } from "../types/trusted_call.ts";
import type { TrustedCallSigned } from "../types/trusted_call_signed.ts";
import { computeCallFee } from "./fees.ts";
import { burn, forceSetBalance, transfer } from "./pallets/balances.ts";
import { readShardVault } from "./pallets/parentchain.ts";
import { queuePayout } from "./pallets/payouts.ts";
import { incrementNonce, MAX_NONCE, readBlockNumber, readNonce } from "./pallets/system.ts";
import { hasPrivileges } from "./privileges.ts";
import type { StfContext, StfEffect } from "./stf_context.ts";
import type { StfError } from "./stf_error.ts";

/**
 * Executes a call whose signature the caller has verified: privileges, nonce, fee, nonce + 1, then the call itself in a
 * transaction of its own. Before the fee a failure changes nothing, after it only fee and nonce.
 */
export function executeTrustedCall(
  store: TransactionalStore,
  context: StfContext,
  signed: TrustedCallSigned,
): Result<readonly StfEffect[], StfError> {
  const { call, nonce } = signed;
  const sender = trustedCallSender(call);
  if (!hasPrivileges(store, signed)) return err({ code: "MissingPrivileges" });
  const expected = readNonce(store, sender);
  if (nonce !== expected || nonce >= MAX_NONCE) return err({ code: "InvalidNonce", given: nonce, expected });
  const paid = transfer(store, sender, context.enclaveAccount, computeCallFee(call, context.one));
  if (!paid.ok) return err({ code: "MissingFunds" });
  incrementNonce(store, sender);
  return store.transaction(() => dispatch(store, context, call));
}

function dispatch(
  store: TransactionalStore,
  context: StfContext,
  call: TrustedCall,
): Result<readonly StfEffect[], StfError> {
  switch (call.type) {
    case "noop":
      return ok([]);
    case "balance_transfer":
      return withoutEffects(transfer(store, call.value.from, call.value.to, call.value.amount));
    case "balance_unshield":
      return unshield(store, context, call.value);
    case "balance_set_balance":
      return withoutEffects(forceSetBalance(store, call.value.who, call.value.free));
  }
}

function withoutEffects(result: Result<undefined, StfError>): Result<readonly StfEffect[], StfError> {
  return result.ok ? ok([]) : result;
}

function unshield(
  store: TransactionalStore,
  context: StfContext,
  { from, beneficiary, amount, shard }: BalanceUnshield,
): Result<readonly StfEffect[], StfError> {
  if (!equalBytes(shard, context.shard)) return err({ code: "Dispatch", reason: "WrongShard" });
  const vault = readShardVault(store);
  if (vault === undefined) return err({ code: "NoShardVaultAssigned" });
  const burned = burn(store, from, amount);
  if (!burned.ok) return burned;
  // Nothing is owed for nothing: the fee is taken, but no entry is made.
  if (amount === 0n) return ok([]);
  const blockNumber = readBlockNumber(store);
  const queued = queuePayout(store, { chain: vault.parentchain, beneficiary, amount, blockNumber });
  if (!queued.ok) return queued;
  return ok([{ type: "payout", id: queued.value.id, chain: vault.parentchain, beneficiary, amount }]);
}
