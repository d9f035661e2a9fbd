/**
 * What a block takes over from its parentchains before its calls.
 *
 * Source: worker `app-libs/stf/src/trusted_call.rs` (`timestamp_set`, `balance_shield`) (839eda024)
 * Differs: items are part of the block and of its hash, need no signature and no nonce, and a cursor in the state lets each
 * of them count once. A deposit too small for its receiver to exist goes to the enclave's account instead of being lost.
 *
 * @module
 */
import { err, ok, type Result } from "../primitives/result.ts";
import type { KvStore, StateReader, TransactionalStore } from "../state/kv_store.ts";
import type { ParentchainId } from "../types/parentchain_id.ts";
import { type DepositFields, MAX_PROLOGUE_ITEMS, type PrologueItem } from "../types/prologue_item.ts";
import { computeShieldingFee } from "./fees.ts";
import { canReceive, mint } from "./pallets/balances.ts";
import { parentchainPallets, readShardVault } from "./pallets/parentchain.ts";
import type { StfContext } from "./stf_context.ts";
import type { PrologueError } from "./stf_error.ts";

/** How far the items of a parentchain are applied. */
export interface PrologueCursor {
  /** Number of the newest block of which something is applied. */
  readonly blockNumber: number;
  /** Smallest `itemIndex` of a deposit of that block that may still come. */
  readonly itemIndex: number;
}

/** How far the items of a parentchain are applied; undefined before the first. */
export function readPrologueCursor(store: StateReader, parentchain: ParentchainId): PrologueCursor | undefined {
  const { number, itemIndex } = parentchainPallets[parentchain];
  const blockNumber = number.get(store);
  return blockNumber === undefined ? undefined : { blockNumber, itemIndex: itemIndex.get(store) ?? 0 };
}

/** Whether an item is still to come for a cursor. A block's timestamp comes before its deposits. */
export function isAfterCursor(item: PrologueItem, cursor: PrologueCursor | undefined): boolean {
  if (cursor === undefined || item.blockNumber > cursor.blockNumber) return true;
  return item.type === "deposit" && item.blockNumber === cursor.blockNumber && item.itemIndex >= cursor.itemIndex;
}

/**
 * Applies items in their order and moves the cursor, all in one transaction: all or none. Deposits count on the vault's
 * chain only; elsewhere just the cursor moves.
 */
export function applyPrologue(
  store: TransactionalStore,
  context: StfContext,
  items: readonly PrologueItem[],
): Result<undefined, PrologueError> {
  if (items.length > MAX_PROLOGUE_ITEMS) return err({ code: "TooManyPrologueItems", count: items.length });
  return store.transaction((): Result<undefined, PrologueError> => {
    for (const item of items) {
      const applied = applyItem(store, context, item);
      if (!applied.ok) return applied;
    }
    return ok(undefined);
  });
}

function applyItem(store: KvStore, context: StfContext, item: PrologueItem): Result<undefined, PrologueError> {
  const { parentchain, blockNumber } = item;
  const pallet = parentchainPallets[parentchain];
  if (pallet.genesisHash.get(store) === undefined) return err({ code: "ParentchainNotFollowed", parentchain });
  if (blockNumber < (pallet.creationBlockNumber.get(store) ?? 0)) {
    return err({ code: "PrologueItemBeforeCreation", parentchain, blockNumber });
  }
  if (!isAfterCursor(item, readPrologueCursor(store, parentchain))) {
    return err({ code: "PrologueItemBehindCursor", parentchain, blockNumber });
  }
  pallet.number.set(store, blockNumber);
  if (item.type === "deposit") {
    pallet.itemIndex.set(store, item.itemIndex + 1);
    if (readShardVault(store)?.parentchain === parentchain) credit(store, context, item);
    return ok(undefined);
  }
  pallet.itemIndex.set(store, 0);
  pallet.now.set(store, item.nowMs);
  if (parentchain === "Integritee" && pallet.creationTimestamp.get(store) === undefined) {
    pallet.creationTimestamp.set(store, item.nowMs);
  }
  return ok(undefined);
}

/**
 * Credits a deposit. It cannot fail, because a prologue that fails would stop the shard: what its receiver cannot take goes
 * to the other of the two, and what neither can take stays in the vault without an owner.
 */
function credit(store: KvStore, { enclaveAccount }: StfContext, { from, amount }: DepositFields): void {
  const fee = computeShieldingFee(amount);
  if (!canReceive(store, from, amount - fee)) {
    mint(store, enclaveAccount, amount);
    return;
  }
  mint(store, from, amount - fee);
  if (!mint(store, enclaveAccount, fee).ok) mint(store, from, fee);
}
