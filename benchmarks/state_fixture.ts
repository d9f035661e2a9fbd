/**
 * States of many accounts, and blocks on them, without a service.
 *
 * @module
 */
import {
  type AccountId,
  accountId,
  blockHash,
  enclaveFingerprint,
  shardIdentifier,
  topHash,
} from "../src/primitives/branded.ts";
import { unwrap } from "../src/primitives/result.ts";
import { createGenesis } from "../src/sidechain/chain_block.ts";
import { type Proposal, proposeBlock, type ReadyCall, type SidechainStf } from "../src/sidechain/propose.ts";
import { commitOverlay } from "../src/state/diff.ts";
import { Overlay } from "../src/state/overlay.ts";
import { StateSnapshot } from "../src/state/snapshot.ts";
import type { StateKeys } from "../src/state/state_keys.ts";
import { beginBlock } from "../src/stf/begin_block.ts";
import { executeTrustedCall } from "../src/stf/execute_trusted_call.ts";
import { initGenesis } from "../src/stf/genesis.ts";
import { forceSetBalance } from "../src/stf/pallets/balances.ts";
import { applyPrologue } from "../src/stf/prologue.ts";
import type { StfContext, StfEffect } from "../src/stf/stf_context.ts";
import { callOutcomeOf } from "../src/stf/stf_error.ts";
import type { TrustedCallSigned } from "../src/types/trusted_call_signed.ts";
import { blake2_256 } from "../src/crypto/blake2.ts";

/** Accounts written per commit: half of the changes that one diff may have. */
const ACCOUNTS_PER_COMMIT = 16_384;
/** Balance of each account: enough for any number of transfers here. */
const BALANCE = 1_000_000_000_000_000n;

const SHARD = shardIdentifier(new Uint8Array(32).fill(1));
const HEAD = { hash: blockHash(new Uint8Array(32)), number: 1 };
const ENCLAVE = account(0);
const CONTEXT: StfContext = {
  one: 1_000_000_000_000n,
  enclaveAccount: ENCLAVE,
  shard: SHARD,
  fingerprint: enclaveFingerprint(new Uint8Array(32).fill(2)),
};
const KEYS: StateKeys = {
  epoch: 0,
  stateKey: new Uint8Array(32).fill(3),
  pathKey: new Uint8Array(32).fill(4),
  saltKey: new Uint8Array(32).fill(5),
  olderStateKeys: new Map(),
};
const STF: SidechainStf<TrustedCallSigned, StfEffect> = {
  beginBlock: (store, context) => beginBlock(store, context),
  applyPrologue: (store, _context, items) => applyPrologue(store, CONTEXT, items),
  executeCall: (store, _context, call) => {
    const result = executeTrustedCall(store, CONTEXT, call);
    return result.ok ? result : { ok: false, error: { code: callOutcomeOf(result.error) } };
  },
};

/** A made-up account; the same number gives the same one. */
export function account(number: number): AccountId {
  const seed = new Uint8Array(8);
  new DataView(seed.buffer).setUint32(0, number, true);
  return accountId(blake2_256(seed));
}

/** A state with the accounts 1 to `accounts`, each with balance. */
export function stateOf(accounts: number): StateSnapshot {
  let snapshot = StateSnapshot.empty();
  let overlay = new Overlay(snapshot);
  const commit = (): void => {
    snapshot = commitOverlay(snapshot, overlay, 0n, KEYS).snapshot;
    overlay = new Overlay(snapshot);
  };
  initGenesis(overlay, {
    enclaveAccount: ENCLAVE,
    parentchains: [{ id: "Integritee", genesisHash: blockHash(new Uint8Array(32)), creationBlockNumber: 0 }],
    development: true,
  });
  for (let i = 1; i <= accounts; i++) {
    unwrap(forceSetBalance(overlay, account(i), BALANCE));
    if (i % ACCOUNTS_PER_COMMIT === 0) commit();
  }
  commit();
  void snapshot.root;
  return snapshot;
}

/** First calls of `count` accounts spread over the state, each to the next account. */
export function transfers(accounts: number, count: number): ReadyCall<TrustedCallSigned>[] {
  const step = Math.floor(accounts / count);
  return Array.from({ length: count }, (_, i) => {
    const from = 1 + i * step;
    const value = { from: account(from), to: account(from + 1), amount: 1_000n };
    const call: TrustedCallSigned = {
      call: { type: "balance_transfer", value },
      nonce: 0,
      delegate: undefined,
      signature: { type: "Sr25519", value: new Uint8Array(64) },
    };
    return { topHash: topHash(blake2_256(account(i))), call };
  });
}

/** Executes one block on a state and computes the new root. */
export function propose(snapshot: StateSnapshot, calls: readonly ReadyCall<TrustedCallSigned>[]): Proposal<StfEffect> {
  const proposal = unwrap(proposeBlock({
    shard: SHARD,
    author: ENCLAVE,
    parent: createGenesis(snapshot, HEAD),
    layerOneHead: HEAD,
    timestampMs: 1_000n,
    prologue: [],
    calls,
    hasTime: () => true,
    keys: KEYS,
    stf: STF,
  }));
  void proposal.snapshot.root;
  return proposal;
}
