/** A shard in memory, and calls signed for it. */
import { pairFromSuri } from "../../src/crypto/suri.ts";
import { type Sr25519Pair, sr25519Sign } from "../../src/crypto/sr25519.ts";
import {
  type AccountId,
  accountId,
  blockHash,
  enclaveFingerprint,
  shardIdentifier,
} from "../../src/primitives/branded.ts";
import { toHex } from "../../src/primitives/hex.ts";
import { unwrap } from "../../src/primitives/result.ts";
import { Overlay } from "../../src/state/overlay.ts";
import { StateSnapshot } from "../../src/state/snapshot.ts";
import { beginBlock } from "../../src/stf/begin_block.ts";
import { initGenesis } from "../../src/stf/genesis.ts";
import { balancesTotalIssuance, forceSetBalance, readFreeBalance } from "../../src/stf/pallets/balances.ts";
import { systemAccount } from "../../src/stf/pallets/system.ts";
import type { StfContext } from "../../src/stf/stf_context.ts";
import { accountInfo } from "../../src/types/account_info.ts";
import type { TrustedCall } from "../../src/types/trusted_call.ts";
import { trustedCallPayload, type TrustedCallSigned } from "../../src/types/trusted_call_signed.ts";

export const fill = (byte: number, length = 32) => new Uint8Array(length).fill(byte);

/** One unit; small, so that fees are easy to follow: a transfer costs 1000, an unshielding 3000. */
export const ONE = 100_000n;
export const TRANSFER_FEE = 1000n;
export const UNSHIELD_FEE = 3000n;

export const ALICE = accountId(fill(0xa1));
export const BOB = accountId(fill(0xb0));
export const CHARLIE = accountId(fill(0xc4));
export const VAULT = accountId(fill(0x7a));
export const ENCLAVE = accountId(fill(0xec));
export const SHARD = shardIdentifier(fill(0x55));
export const FINGERPRINT = enclaveFingerprint(fill(0x66));
export const CONTEXT: StfContext = { one: ONE, enclaveAccount: ENCLAVE, shard: SHARD, fingerprint: FINGERPRINT };

/** The keys of the root of development shards. */
export const ROOT_PAIR: Sr25519Pair = pairFromSuri("//Alice");
export const ROOT = accountId(ROOT_PAIR.publicKey);

/** A signature that nobody checks: execution starts after verification. */
const UNCHECKED = { type: "Sr25519" as const, value: fill(0, 64) };

export interface ShardOptions {
  readonly development?: boolean;
  readonly withoutVault?: boolean;
}

/** A shard in its first block, with the vault on Integritee and some funds. */
export function newShard({ development = false, withoutVault = false }: ShardOptions = {}): Overlay {
  const store = new Overlay(StateSnapshot.empty());
  initGenesis(store, {
    enclaveAccount: ENCLAVE,
    parentchains: [
      { id: "Integritee", genesisHash: blockHash(fill(1)), creationBlockNumber: 10 },
      { id: "TargetA", genesisHash: blockHash(fill(2)), creationBlockNumber: 0 },
    ],
    ...(withoutVault ? {} : { shardVault: { account: VAULT, parentchain: "Integritee" } }),
    development,
  });
  beginBlock(store, { blockNumber: 1n, timestampMs: 1_000n });
  return store;
}

/** Gives an account a balance. */
export function fund(store: Overlay, who: AccountId, amount: bigint): void {
  unwrap(forceSetBalance(store, who, amount));
}

export function unsigned(call: TrustedCall, nonce: number, delegate?: AccountId): TrustedCallSigned {
  return { call, nonce, delegate, signature: UNCHECKED };
}

export function noop(sender: AccountId, nonce: number): TrustedCallSigned {
  return unsigned({ type: "noop", value: { sender } }, nonce);
}

export function transfer(from: AccountId, to: AccountId, amount: bigint, nonce: number): TrustedCallSigned {
  return unsigned({ type: "balance_transfer", value: { from, to, amount } }, nonce);
}

export function unshield(from: AccountId, amount: bigint, nonce: number, shard = SHARD): TrustedCallSigned {
  return unsigned({ type: "balance_unshield", value: { from, beneficiary: BOB, amount, shard } }, nonce);
}

export function setBalance(root: AccountId, who: AccountId, free: bigint, nonce: number): TrustedCallSigned {
  return unsigned({ type: "balance_set_balance", value: { root, who, free, reserved: 7n } }, nonce);
}

/** Signs a call as a client does. */
export function sign(pair: Sr25519Pair, call: TrustedCall, nonce: number, wrap = false): TrustedCallSigned {
  const payload = trustedCallPayload(call, nonce, FINGERPRINT, SHARD);
  const message = wrap
    ? Uint8Array.from([...new TextEncoder().encode("<Bytes>"), ...payload, ...new TextEncoder().encode("</Bytes>")])
    : payload;
  return { call, nonce, delegate: undefined, signature: { type: "Sr25519", value: sr25519Sign(pair, message) } };
}

/** The whole state as text, for comparisons. */
export function dump(store: Overlay): Record<string, string> {
  const entries: Record<string, string> = {};
  for (const [key, value] of store.iterate(new Uint8Array(0))) entries[toHex(key)] = toHex(value);
  return entries;
}

/** The sum of all balances that accounts hold. */
export function sumOfBalances(store: Overlay): bigint {
  let sum = 0n;
  for (const [, value] of store.iterate(systemAccount.prefix)) {
    const { data } = accountInfo.decode(value);
    sum += data.free + data.reserved;
  }
  return sum;
}

export const issuance = (store: Overlay) => balancesTotalIssuance.get(store) ?? 0n;
export const free = (store: Overlay, who: AccountId) => readFreeBalance(store, who);
