import { describe, expect, it } from "vitest";
import type { DutyChain, DutyExtrinsic, DutyIdentity, ExtrinsicSigner } from "../../../src/enclave/duties/duty.ts";
import {
  type LedgerInput,
  ledgerStored,
  PAYOUT_WINDOW,
  type PayoutLedger,
  payoutLedger,
  readBlockForPayouts,
  revertLedger,
  startPayoutLedger,
} from "../../../src/enclave/duties/payout_ledger.ts";
import { type PayoutPlan, planPayouts } from "../../../src/enclave/duties/payouts.ts";
import { ripenBlocks } from "../../../src/enclave/duties/ripe_blocks.ts";
import { ed25519FromSeed, type Ed25519Pair, ed25519Sign } from "../../../src/crypto/ed25519.ts";
import { type AccountId, accountId, blockHash, enclaveFingerprint } from "../../../src/primitives/branded.ts";
import { toHex } from "../../../src/primitives/hex.ts";
import { blake2_256 } from "../../../src/crypto/blake2.ts";
import { utf8 } from "../../../src/primitives/bytes.ts";
import type { FinalityLevel, FollowerState } from "../../../src/parentchain/follower_state.ts";
import type { ImportedBlock, ProxyOutcome } from "../../../src/parentchain/imported_block.ts";
import { decodeExtrinsic } from "../../../src/parentchain/extrinsic_decode.ts";
import type { ParentchainView } from "../../../src/parentchain/view.ts";
import type { Payout } from "../../../src/types/payout.ts";
import { seed, SHARD, testAccount, TestChain, VAULT_ACCOUNT } from "../../parentchain/builders.ts";

const { metadata } = new TestChain();
const FINGERPRINT = enclaveFingerprint(seed(0xf1));
const BOB = testAccount(0xb0);

class Enclave {
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

const KEYS = [ed25519FromSeed(seed(0xe1)), ed25519FromSeed(seed(0xe2))] as const;
const ACCOUNTS = KEYS.map(({ publicKey }) => accountId(publicKey));

/** A parentchain as the ledger sees it: blocks with outcomes, and payouts that the confirmed state owes. */
class World {
  number = 63;
  authorities: readonly AccountId[] = ACCOUNTS;
  payouts: Payout[] = [];
  confirmed = 10n;
  free = 10n ** 15n;
  nonce = 4;
  level: FinalityLevel = "proven";
  blocks: ImportedBlock[] = [];

  owe(id: bigint, amount = 100n, beneficiary = BOB): void {
    const status = { type: "queued" as const, value: undefined };
    this.payouts.push({ id, chain: "Integritee", beneficiary, amount, blockNumber: 5n, status });
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
    return { payouts: this.payouts, shard: SHARD, level: "proven" };
  }
}

function paid(extrinsic: DutyExtrinsic, amount = 100n, beneficiary = BOB): ProxyOutcome {
  const { hash, signer } = extrinsic;
  return { extrinsicIndex: 1, extrinsicHash: hash, signer, outcome: { type: "paid", beneficiary, amount } };
}

function failed(extrinsic: DutyExtrinsic, reason: string): ProxyOutcome {
  return { ...paid(extrinsic), outcome: { type: "failed", reason } };
}

function read(enclave: Enclave, world: World, block: ImportedBlock) {
  const step = readBlockForPayouts(enclave.ledger, block, world.input());
  enclave.ledger = step.ledger;
  return step;
}

function plan(enclave: Enclave, world: World): PayoutPlan {
  const result = planPayouts(enclave.ledger, world.chain(), enclave.identity, VAULT_ACCOUNT, []);
  enclave.ledger = result.ledger;
  return result;
}

/** Reads empty blocks up to a number. */
function advance(world: World, to: number, ...enclaves: readonly Enclave[]): void {
  while (world.number < to) {
    const block = world.block();
    for (const enclave of enclaves) read(enclave, world, block);
  }
}

/** Signs, stores, and gives what is sent then. */
function signAndSend(enclave: Enclave, world: World): readonly DutyExtrinsic[] {
  const first = plan(enclave, world);
  expect(first.send).toEqual([]);
  if (!first.mustStore) return [];
  enclave.ledger = ledgerStored(payoutLedger.decode(payoutLedger.encode(enclave.ledger)));
  return plan(enclave, world).send;
}

describe("payouts", () => {
  it("are signed by their payer only, stored before they are sent, and settled by the proven payment", () => {
    const [world, a, b] = [new World(), new Enclave(KEYS[0]), new Enclave(KEYS[1])];
    world.owe(0n);
    advance(world, 64, a, b);
    expect(plan(b, world).mustStore).toBe(false);
    const first = plan(a, world);
    expect(first.mustStore).toBe(true);
    // Not stored: nothing may be sent, however often it is asked.
    expect(first.send).toEqual([]);
    expect(plan(a, world).send).toEqual([]);
    a.ledger = ledgerStored(a.ledger);
    const [sent] = plan(a, world).send as [DutyExtrinsic];
    expect(sent.purpose).toBe("payout");
    expect(sent.eraEnd).toBe(64 + PAYOUT_WINDOW - 1);
    expect(sent.nonce).toBe(4);
    const decoded = decodeExtrinsic(sent.bytes, metadata);
    expect(decoded.ok && decoded.value.name).toEqual({ pallet: "Proxy", call: "proxy" });
    const block = world.block([paid(sent)]);
    for (const enclave of [a, b]) expect(read(enclave, world, block).paid).toEqual([0n]);
    // Spent bytes are never sent again, at whatever block within their era.
    while (world.number < 200) {
      expect(plan(a, world).send).toEqual([]);
      advance(world, world.number + 1, a, b);
    }
    for (const enclave of [a, b]) {
      expect(plan(enclave, world)).toMatchObject({ mustStore: false, send: [] });
      expect(enclave.ledger.firstOpen).toBe(1n);
    }
  });

  it("send the same bytes again, not every block, and nothing after the window", () => {
    const [world, a] = [new World(), new Enclave(KEYS[0])];
    world.owe(0n);
    advance(world, 64, a);
    const [sent] = signAndSend(a, world) as [DutyExtrinsic];
    const seen: string[] = [];
    while (world.number < 127) {
      read(a, world, world.block());
      const { send, mustStore } = plan(a, world);
      expect(mustStore).toBe(false);
      for (const { bytes } of send) seen.push(toHex(bytes));
    }
    expect(seen).toHaveLength(15);
    expect(new Set(seen)).toEqual(new Set([toHex(sent.bytes)]));
    expect(a.signatures).toBe(1);
  });

  it("get other bytes only in the next window, when the first ones are dead and the payment is not there", () => {
    const [world, a] = [new World(), new Enclave(KEYS[0])];
    world.owe(0n);
    advance(world, 64, a);
    const [first] = signAndSend(a, world) as [DutyExtrinsic];
    advance(world, 127, a);
    expect(plan(a, world).mustStore).toBe(false);
    read(a, world, world.block());
    const [second] = signAndSend(a, world) as [DutyExtrinsic];
    expect(first.eraEnd).toBe(127);
    expect(world.number).toBe(128);
    expect(second.eraEnd).toBe(128 + 63);
    expect(toHex(second.bytes)).not.toBe(toHex(first.bytes));
  });

  it("survive a payer that is killed after signing and before sending: the stored bytes are sent", () => {
    const [world, a] = [new World(), new Enclave(KEYS[0])];
    world.owe(0n);
    advance(world, 64, a);
    plan(a, world);
    const sealed = payoutLedger.encode(a.ledger);
    const reborn = new Enclave(KEYS[0], payoutLedger.decode(sealed));
    const { send, mustStore } = plan(reborn, world);
    expect(mustStore).toBe(false);
    expect(send).toHaveLength(1);
    expect(reborn.signatures).toBe(0);
  });

  it("survive a payer that is killed before its ledger was stored: it signs the very same bytes", () => {
    const world = new World();
    world.owe(0n);
    const a = new Enclave(KEYS[0]);
    advance(world, 64, a);
    const before = payoutLedger.encode(a.ledger);
    const [sent] = signAndSend(a, world) as [DutyExtrinsic];
    const reborn = new Enclave(KEYS[0], payoutLedger.decode(before));
    expect((signAndSend(reborn, world)[0] as DutyExtrinsic).bytes).toEqual(sent.bytes);
  });

  it("survive a payer that is killed after sending: it reads the missed blocks before it does anything", () => {
    const [world, a] = [new World(), new Enclave(KEYS[0])];
    world.owe(0n);
    advance(world, 64, a);
    const [sent] = signAndSend(a, world) as [DutyExtrinsic];
    const reborn = new Enclave(KEYS[0], payoutLedger.decode(payoutLedger.encode(a.ledger)));
    world.block([paid(sent)]);
    for (let i = 0; i < 80; i++) world.block();
    expect(plan(reborn, world)).toMatchObject({ mustStore: false, send: [] });
    for (const block of world.blocks.slice(1)) read(reborn, world, block);
    expect(plan(reborn, world)).toMatchObject({ mustStore: false, send: [] });
    expect(reborn.ledger.firstOpen).toBe(1n);
  });

  it("change hands with the validateers only at a window's start", () => {
    const [world, a, b] = [new World(), new Enclave(KEYS[0]), new Enclave(KEYS[1])];
    world.owe(0n);
    advance(world, 64, a, b);
    expect(signAndSend(a, world)).toHaveLength(1);
    // The first validateer is gone now; the second one still may not pay: the first one's bytes are alive.
    world.authorities = ACCOUNTS.slice(1);
    advance(world, 127, a, b);
    expect(plan(b, world).mustStore).toBe(false);
    advance(world, 128, a, b);
    expect(plan(a, world).mustStore).toBe(false);
    expect(signAndSend(b, world)).toHaveLength(1);
  });

  it("are not paid by the second payer if the first one's payment came in the last block of its window", () => {
    const [world, a, b] = [new World(), new Enclave(KEYS[0]), new Enclave(KEYS[1])];
    world.owe(0n);
    advance(world, 64, a, b);
    const [sent] = signAndSend(a, world) as [DutyExtrinsic];
    world.authorities = ACCOUNTS.slice(1);
    advance(world, 126, a, b);
    const last = world.block([paid(sent)]);
    for (const enclave of [a, b]) read(enclave, world, last);
    advance(world, 128, a, b);
    expect(plan(b, world).mustStore).toBe(false);
  });

  it("stay open with an alert if the transfer failed, and are tried again in the next window", () => {
    const [world, a] = [new World(), new Enclave(KEYS[0])];
    world.owe(0n);
    advance(world, 64, a);
    const [sent] = signAndSend(a, world) as [DutyExtrinsic];
    const step = read(a, world, world.block([failed(sent, "Module.Balances.InsufficientBalance")]));
    expect(step.paid).toEqual([]);
    expect(step.alerts).toEqual([
      { code: "PayoutFailed", fields: { id: "0", reason: "Module.Balances.InsufficientBalance" } },
    ]);
    world.nonce = 5;
    expect(plan(a, world).mustStore).toBe(false);
    advance(world, 128, a);
    expect(signAndSend(a, world)[0]?.nonce).toBe(5);
  });

  it("that are equal settle one after the other, each once", () => {
    const [world, a] = [new World(), new Enclave(KEYS[0])];
    world.authorities = ACCOUNTS.slice(0, 1);
    world.owe(0n);
    world.owe(1n);
    world.owe(2n, 7n);
    advance(world, 64, a);
    const sent = signAndSend(a, world);
    expect(sent.map(({ nonce }) => nonce)).toEqual([4, 5, 6]);
    // The second one's extrinsic comes alone: one of the two is settled, and one is left.
    expect(read(a, world, world.block([paid(sent[1] as DutyExtrinsic)])).paid).toEqual([0n]);
    // The one that is left goes on with the bytes that are left: nothing is signed for it anew, nothing spent is resent.
    advance(world, world.number + 10, a);
    expect(plan(a, world)).toMatchObject({
      mustStore: false,
      send: [{ hash: sent[0]?.hash }, { hash: sent[2]?.hash }],
    });
    expect(a.signatures).toBe(3);
    expect(read(a, world, world.block([paid(sent[0] as DutyExtrinsic)])).paid).toEqual([1n]);
    expect(read(a, world, world.block([paid(sent[2] as DutyExtrinsic, 7n)])).paid).toEqual([2n]);
    advance(world, 128, a);
    expect(a.ledger.entries).toEqual([]);
  });

  it("wait for the confirmation, for the level, and for a window with enough blocks left", () => {
    const [world, a] = [new World(), new Enclave(KEYS[0])];
    world.owe(0n);
    world.confirmed = 4n;
    advance(world, 64, a);
    expect(plan(a, world).mustStore).toBe(false);
    advance(world, 120, a);
    world.confirmed = 5n;
    advance(world, 121, a);
    expect(a.ledger.entries).toHaveLength(1);
    expect(plan(a, world).mustStore).toBe(false);
    world.level = "sealed";
    const step = read(a, world, world.block());
    expect(step.alerts[0]?.code).toBe("PayoutLedgerStopped");
    expect(a.ledger.cursor).toBe(121);
    expect(plan(a, world)).toMatchObject({ mustStore: false, send: [] });
  });

  it("are not paid beyond the vault's balance, nor by who is no delegate", () => {
    const [world, a] = [new World(), new Enclave(KEYS[0])];
    world.authorities = ACCOUNTS.slice(0, 1);
    world.free = 650n;
    world.owe(0n);
    world.owe(1n);
    world.owe(2n, 40n);
    advance(world, 64, a);
    const first = plan(a, world);
    expect(first.alerts).toEqual([{ code: "VaultBalanceTooLow", fields: { id: "1" } }]);
    expect(first.ledger.entries.map(({ signed }) => signed !== undefined)).toEqual([true, false, true]);
    const chain = world.chain();
    const stranger = new Enclave(ed25519FromSeed(seed(0xe3)), startPayoutLedger(63, 0n));
    stranger.ledger = {
      ...first.ledger,
      entries: first.ledger.entries.map((entry) => ({ ...entry, signed: undefined })),
    };
    stranger.ledger = {
      ...stranger.ledger,
      window: { start: 64, period: 64, hash: chain.head.hash, authorities: [stranger.account] },
    };
    expect(plan(stranger, world).alerts[0]?.code).toBe("NotVaultDelegate");
  });

  it("can be paid soon after the shard's creation, in windows that all agree on", () => {
    const world = new World();
    world.number = 66;
    world.authorities = [];
    const a = new Enclave(KEYS[0], startPayoutLedger(66, 0n));
    advance(world, 70, a);
    world.authorities = ACCOUNTS.slice(0, 1);
    world.owe(0n);
    advance(world, 71, a);
    expect(a.ledger.window).toMatchObject({ start: 71, period: 32 });
    expect(signAndSend(a, world)[0]?.eraEnd).toBe(102);
    const windows = new Set<string>();
    const late = new Enclave(KEYS[1], startPayoutLedger(80, 0n));
    while (world.number < 130) {
      const block = world.block();
      read(a, world, block);
      if (block.number > 80) read(late, world, block);
      windows.add(`${a.ledger.window?.start}+${a.ledger.window?.period}`);
      // Who came later does not know who pays until the next whole window.
      expect(late.ledger.window?.start).toBe(block.number < 128 ? undefined : 128);
    }
    expect([...windows]).toEqual(["71+32", "103+16", "119+8", "127+1", "128+64"]);
  });

  it("wait until the blocks above the confirmation are proven, at level sealed", () => {
    const world = new World();
    world.level = "sealed";
    const blocks = [world.block(), world.block(), world.block()];
    const input = { revertedFrom: undefined, level: "proven" as const };
    const first = ripenBlocks([], { ...input, imported: blocks, provenNumber: 63 });
    expect([first.ready.length, first.waiting.length]).toEqual([0, 3]);
    const second = ripenBlocks(first.waiting, { ...input, imported: [], provenNumber: 65 });
    expect(second.ready.map(({ number, level }) => [number, level])).toEqual([[64, "proven"], [65, "proven"]]);
    expect(second.waiting.map(({ number }) => number)).toEqual([66]);
    expect(ripenBlocks(second.waiting, { ...input, imported: [], provenNumber: 65, revertedFrom: 66 }).waiting).toEqual(
      [],
    );
    expect(ripenBlocks([], { ...input, imported: blocks, provenNumber: 0, level: "sealed" }).ready).toHaveLength(3);
    world.level = "trusted";
    expect(ripenBlocks([], { ...input, imported: [world.block()], provenNumber: 999 }).waiting).toHaveLength(1);
  });

  it("stop if blocks that were read are undone", () => {
    const [world, a] = [new World(), new Enclave(KEYS[0])];
    advance(world, 70, a);
    expect(revertLedger(a.ledger, 71)).toEqual({ ledger: a.ledger, paid: [], alerts: [] });
    const step = revertLedger(a.ledger, 70);
    expect(step.alerts[0]?.code).toBe("PayoutLedgerReverted");
    a.ledger = step.ledger;
    world.owe(0n);
    advance(world, 130, a);
    expect(plan(a, world)).toMatchObject({ mustStore: false, send: [] });
  });

  it("older than the ledger are left to others, and an unknown transfer of the vault is an alert", () => {
    const [world, a] = [new World(), new Enclave(KEYS[0], startPayoutLedger(63, 1n))];
    world.owe(0n);
    advance(world, 64, a);
    expect(a.ledger.entries).toEqual([]);
    const outcome: ProxyOutcome = {
      extrinsicIndex: 1,
      extrinsicHash: blake2_256(seed(1)),
      signer: BOB,
      outcome: { type: "paid", beneficiary: BOB, amount: 1n },
    };
    expect(read(a, world, world.block([outcome])).alerts[0]?.code).toBe("UnexpectedVaultTransfer");
  });
});
