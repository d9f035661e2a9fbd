/** Operations and states for the pool. */
import { type AccountId, accountId, type BlockHash, blockHash, type TopHash } from "../../../src/primitives/branded.ts";
import { toHex } from "../../../src/primitives/hex.ts";
import { unwrap } from "../../../src/primitives/result.ts";
import type { PoolEvent, PoolState } from "../../../src/enclave/top_pool/pooled_operation.ts";
import type { Submission, TopPool } from "../../../src/enclave/top_pool/top_pool.ts";
import { computeTopHash } from "../../../src/types/top_hash.ts";
import type { TrustedOperation } from "../../../src/types/trusted_operation.ts";

export const fill = (byte: number, length = 32) => new Uint8Array(length).fill(byte);

/** An account of its own for each number below 2^32. */
export function account(number: number): AccountId {
  const bytes = new Uint8Array(32);
  new DataView(bytes.buffer).setUint32(0, number);
  return accountId(bytes);
}

export const ALICE = account(1);
export const BOB = account(2);

export function block(number: number): BlockHash {
  return blockHash(fill(number));
}

/** A call of a sender; `variation` makes another call with the same sender and nonce. */
export function operation(
  sender: AccountId,
  nonce: number,
  { variation = 0, type = "direct_call" as "direct_call" | "indirect_call" } = {},
): TrustedOperation {
  const amount = BigInt(variation);
  return {
    type,
    value: {
      call: { type: "balance_transfer", value: { from: sender, to: BOB, amount } },
      nonce,
      delegate: undefined,
      signature: { type: "Sr25519", value: fill(0, 64) },
    },
  };
}

export const hashOf = (sender: AccountId, nonce: number, variation = 0): TopHash =>
  computeTopHash(operation(sender, nonce, { variation }));

/** A state that can be changed. */
export class States implements PoolState {
  blockNumber = 0n;
  readonly nonces = new Map<string, number>();
  readonly nonceOf = (who: AccountId): number => this.nonces.get(toHex(who)) ?? 0;

  setNonce(who: AccountId, nonce: number): this {
    this.nonces.set(toHex(who), nonce);
    return this;
  }
}

/** Submits at time 0 an operation that must be taken in. */
export function submitted(pool: TopPool, top: TrustedOperation, state: PoolState): TopHash {
  return unwrap(pool.submit(top, state, 0).result);
}

/** The code of a refusal, or "taken". */
export function refusalOf({ result }: Submission): string {
  return result.ok ? "taken" : result.error.code;
}

/** Events as short texts: sender-independent name of the status and the hash. */
export function newsOf(events: readonly PoolEvent[]): [hash: string, status: string][] {
  return events.map(({ hash, status }) => [toHex(hash), status.type]);
}

/** Nonces of the waiting operations of a sender, in order. */
export function noncesOf(operations: Iterable<{ sender: AccountId; nonce: number }>, who: AccountId): number[] {
  return [...operations].filter(({ sender }) => toHex(sender) === toHex(who)).map(({ nonce }) => nonce);
}
