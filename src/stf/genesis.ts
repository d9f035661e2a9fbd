/**
 * The first state of a shard.
 *
 * Source: worker `app-libs/stf/src/stf_sgx.rs#init_state`, `test_genesis.rs#test_genesis_setup` (839eda024)
 *
 * @module
 */
import { ed25519FromSeed } from "../crypto/ed25519.ts";
import { pairFromSuri } from "../crypto/suri.ts";
import { type AccountId, accountId, type BlockHash } from "../primitives/branded.ts";
import { utf8 } from "../primitives/bytes.ts";
import { unwrap } from "../primitives/result.ts";
import type { KvStore, StateReader } from "../state/kv_store.ts";
import type { ParentchainId } from "../types/parentchain_id.ts";
import type { ShardVault } from "../types/shard_vault.ts";
import { balancesTotalIssuance, forceSetBalance } from "./pallets/balances.ts";
import { initShardVault, parentchainPallets } from "./pallets/parentchain.ts";
import {
  DEFAULT_SLOT_DURATION_MS,
  MAX_SLOT_DURATION_MS,
  MIN_SLOT_DURATION_MS,
  shardSlotDuration,
} from "./pallets/shard.ts";
import { enclaveAccountKey, sudoKey } from "./pallets/sudo.ts";

/** Balance with which the enclave's account begins, in the smallest unit, so that it exists and can take fees. */
const ENCLAVE_ACCOUNT_ENDOWMENT = 1000n;

/** A parentchain that the shard follows. */
export interface GenesisParentchain {
  /** Its role. */
  readonly id: ParentchainId;
  /** Its genesis hash. */
  readonly genesisHash: BlockHash;
  /** First block whose items count. */
  readonly creationBlockNumber: number;
}

/** Parameters of a new shard. */
export interface GenesisParams {
  /** The account of the shard's enclave. */
  readonly enclaveAccount: AccountId;
  /** The parentchains that it follows. */
  readonly parentchains: readonly GenesisParentchain[];
  /** The vault, if it is known already. */
  readonly shardVault?: ShardVault;
  /** Slot duration, ms; {@linkcode DEFAULT_SLOT_DURATION_MS} by default. */
  readonly slotDurationMs?: number;
  /** True on development chains only: root and endowed accounts whose keys everybody knows. */
  readonly development: boolean;
}

/**
 * Writes the first state into an empty store.
 *
 * @throws {RangeError} If the slot duration is out of its bounds.
 * @throws {TypeError} If the store has a state already.
 */
export function initGenesis(store: KvStore, params: GenesisParams): void {
  const slotDurationMs = params.slotDurationMs ?? DEFAULT_SLOT_DURATION_MS;
  if (
    !Number.isInteger(slotDurationMs) || slotDurationMs < MIN_SLOT_DURATION_MS || slotDurationMs > MAX_SLOT_DURATION_MS
  ) {
    throw new RangeError(
      `Cannot create shard with slots of ${slotDurationMs} ms: want ${MIN_SLOT_DURATION_MS} to ${MAX_SLOT_DURATION_MS}`,
    );
  }
  if (isInitialized(store)) throw new TypeError("Cannot create shard: it has a state already");
  balancesTotalIssuance.set(store, 0n);
  enclaveAccountKey.set(store, params.enclaveAccount);
  shardSlotDuration.set(store, slotDurationMs);
  for (const { id, genesisHash, creationBlockNumber } of params.parentchains) {
    parentchainPallets[id].genesisHash.set(store, genesisHash);
    parentchainPallets[id].creationBlockNumber.set(store, creationBlockNumber);
  }
  if (params.shardVault !== undefined) unwrap(initShardVault(store, params.shardVault));
  if (params.development) initTestGenesis(store);
  unwrap(forceSetBalance(store, params.enclaveAccount, ENCLAVE_ACCOUNT_ENDOWMENT));
}

/** Whether a store holds a shard's state. */
export function isInitialized(store: StateReader): boolean {
  return enclaveAccountKey.get(store) !== undefined;
}

/** Root and endowments of development shards, in the smallest unit. */
function initTestGenesis(store: KvStore): void {
  const alice = accountId(pairFromSuri("//Alice").publicKey);
  sudoKey.set(store, alice);
  unwrap(forceSetBalance(store, alice, 10_000_000_000_000_000n));
  unwrap(forceSetBalance(store, ed25519Account("12345678901234567890123456789012"), 2_000_000_000_000n));
  unwrap(forceSetBalance(store, ed25519Account("22345678901234567890123456789012"), 1_000_000_000_000n));
}

function ed25519Account(seed: string): AccountId {
  return accountId(ed25519FromSeed(utf8(seed)).publicKey);
}
