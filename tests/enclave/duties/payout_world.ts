/**
 * A parentchain as the payout ledger sees it, and enclaves that read it.
 *
 * @module
 */
import { expect } from "vitest";
import type { DutyChain, DutyExtrinsic, DutyIdentity, ExtrinsicSigner } from "../../../src/enclave/duties/duty.ts";
import {
  type LedgerInput,
  ledgerStored,
  type PayoutLedger,
  readBlockForPayouts,
  startPayoutLedger,
} from "../../../src/enclave/duties/payout_ledger.ts";
import type { ReservedNonce } from "../../../src/enclave/duties/outbox.ts";
import { type PayoutPlan, type PayoutTerms, planPayouts } from "../../../src/enclave/duties/payouts.ts";
import { payoutLedger } from "../../../src/enclave/duties/payout_ledger_codec.ts";
import { ed25519FromSeed, type Ed25519Pair, ed25519Sign } from "../../../src/crypto/ed25519.ts";
import { type AccountId, accountId, blockHash, enclaveFingerprint } from "../../../src/primitives/branded.ts";
import { blake2_256 } from "../../../src/crypto/blake2.ts";
import { utf8 } from "../../../src/primitives/bytes.ts";
import type { FinalityLevel, FollowerState } from "../../../src/parentchain/follower_state.ts";
import type { ImportedBlock, ProxyOutcome } from "../../../src/parentchain/imported_block.ts";
import type { ParentchainView } from "../../../src/parentchain/view.ts";
import type { Payout, PayoutStatus } from "../../../src/types/payout.ts";
import { seed, SHARD, testAccount, TestChain, VAULT_ACCOUNT } from "../../parentchain/builders.ts";

/** Metadata of the test runtime. */
export const { metadata } = new TestChain();
const FINGERPRINT = enclaveFingerprint(seed(0xf1));
export const BOB = testAccount(0xb0);

export class Enclave {
  readonly identity: DutyIdentity;
  readonly account: AccountId;
  ledger: PayoutLedger;
  signatures = 0;

  constructor(pair: Ed25519Pair, ledger = startPayoutLedger(63, 0n)) {
    this.account = accountId(pair.publicKey);
    const signer: ExtrinsicSigner = {
      account: this.account,
      sign: (payload) => {
        this.signatures++;
        return ed25519Sign(pair, payload);
      },
    };
    this.identity = { signer, fingerprint: FINGERPRINT, shard: SHARD, vault: undefined };
    this.ledger = ledger;
  }
}

export const KEYS = [ed25519FromSeed(seed(0xe1)), ed25519FromSeed(seed(0xe2))] as const;
export const ACCOUNTS = KEYS.map(({ publicKey }) => accountId(publicKey));

/** A parentchain as the ledger sees it: blocks with outcomes, and payouts that the confirmed state owes. */
export class World {
  number = 63;
  /** In this order payout 0 is the first enclave's in the first window, which is number 1. */
  authorities: readonly AccountId[] = ACCOUNTS.toReversed();
  payouts: Payout[] = [];
  /** Number of the newest confirmed sidechain block, whose state owes `payouts`. */
  confirmed = 10n;
  free = 10n ** 15n;
  nonce = 4;
  level: FinalityLevel = "proven";
  blocks: ImportedBlock[] = [];

  owe(id: bigint, amount = 100n, beneficiary = BOB): void {
    const status = { type: "queued" as const, value: undefined };
    this.payouts.push({ id, chain: "Integritee", beneficiary, amount, blockNumber: 5n, status });
  }

  /** The next sidechain block, which is confirmed, changes the status of payouts: without one they are done. */
  finish(ids: readonly bigint[], status?: "failed"): void {
    const blockNumber = ++this.confirmed;
    const changed: PayoutStatus = status === undefined
      ? { type: "done", value: undefined }
      : { type: status, value: { blockNumber } };
    this.payouts = this.payouts.map((payout) => ids.includes(payout.id) ? { ...payout, status: changed } : payout);
  }

  view(): ParentchainView {
    return {
      number: this.number,
      hash: this.hash(this.number),
      nowMs: 0n,
      specVersion: undefined,
      enclave: undefined,
      shardStatus: this.authorities.map((signer) => ({ signer, fingerprint: FINGERPRINT, lastActivity: 1 })),
      shardConfig: {
        activeConfig: {
          enclaveFingerprint: FINGERPRINT,
          maxInstances: undefined,
          authorities: undefined,
          maintenanceMode: false,
        },
        pendingUpgrade: undefined,
        upgradeAt: undefined,
      },
      confirmation: { blockNumber: this.confirmed, blockHeaderHash: blockHash(seed(1)) },
      signer: { nonce: this.nonce, free: 10n ** 15n, reserved: 0n, frozen: 0n },
      vault: { nonce: 1, free: this.free, reserved: 0n, frozen: 0n },
      vaultProxies: ACCOUNTS.map((delegate) => ({ delegate, proxyType: "Any", delay: 0 })),
      peers: [],
      auraAuthorities: [],
      grandpa: undefined,
    };
  }

  hash(number: number) {
    return blockHash(blake2_256(utf8(String(number))));
  }

  block(proxied: readonly ProxyOutcome[] = []): ImportedBlock {
    this.number++;
    const block: ImportedBlock = {
      number: this.number,
      hash: this.hash(this.number),
      parentHash: this.hash(this.number - 1),
      level: this.level,
      followerState: undefined as unknown as FollowerState,
      content: {
        nowMs: 0n,
        deposits: [],
        invokes: [],
        shields: [],
        proxied,
        extrinsicHashes: [],
        processedRoot: blake2_256(new Uint8Array(0)),
        view: this.view(),
      },
    };
    this.blocks.push(block);
    return block;
  }

  chain(): DutyChain {
    return {
      metadata,
      genesisHash: this.hash(0),
      head: { number: this.number, hash: this.hash(this.number) },
      view: this.view(),
    };
  }

  input(): LedgerInput {
    return { payouts: this.payouts, stateNumber: this.confirmed, shard: SHARD };
  }

  /** What signing depends on. */
  terms(taken: readonly ReservedNonce[] = [], maySign = true): PayoutTerms {
    const isOpen = (id: bigint) => this.payouts.find((payout) => payout.id === id)?.status.type === "queued";
    return { vault: VAULT_ACCOUNT, reserved: taken, isOpen, maySign };
  }
}

export function paid(extrinsic: DutyExtrinsic, amount = 100n, beneficiary = BOB): ProxyOutcome {
  const { hash, signer } = extrinsic;
  return { extrinsicIndex: 1, extrinsicHash: hash, signer, outcome: { type: "paid", beneficiary, amount } };
}

export function failed(extrinsic: DutyExtrinsic, reason: string): ProxyOutcome {
  return { ...paid(extrinsic), outcome: { type: "failed", reason } };
}

export function read(enclave: Enclave, world: World, block: ImportedBlock) {
  const step = readBlockForPayouts(enclave.ledger, block, world.input());
  enclave.ledger = step.ledger;
  return step;
}

export function plan(enclave: Enclave, world: World): PayoutPlan {
  const result = planPayouts(enclave.ledger, world.chain(), enclave.identity, world.terms());
  enclave.ledger = result.ledger;
  return result;
}

/** Reads empty blocks up to a number. */
export function advance(world: World, to: number, ...enclaves: readonly Enclave[]): void {
  while (world.number < to) {
    const block = world.block();
    for (const enclave of enclaves) read(enclave, world, block);
  }
}

/** Signs, stores, and gives what is sent then. */
export function signAndSend(enclave: Enclave, world: World): readonly DutyExtrinsic[] {
  const first = plan(enclave, world);
  expect(first.send).toEqual([]);
  if (!first.mustStore) return [];
  enclave.ledger = ledgerStored(payoutLedger.decode(payoutLedger.encode(enclave.ledger)));
  return plan(enclave, world).send;
}
