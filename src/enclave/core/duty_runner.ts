/**
 * Runs the duties on the parentchain: after each import, at the newest view, and only if that view is fresh.
 *
 * @module
 */
import { tryDecode } from "../../codec/codec.ts";
import { ed25519Sign } from "../../crypto/ed25519.ts";
import type { FinalityLevel } from "../../parentchain/follower_state.ts";
import type { ImportedBlock } from "../../parentchain/imported_block.ts";
import { shardAuthorities } from "../../parentchain/view.ts";
import { isViewOld } from "../../parentchain/view_age.ts";
import type { AccountId } from "../../primitives/branded.ts";
import { equalBytes } from "../../primitives/bytes.ts";
import { ok, type Result } from "../../primitives/result.ts";
import type { ChainBlock } from "../../sidechain/chain_block.ts";
import { type ConfirmationState, decideConfirmation, processFinalHead } from "../../sidechain/confirmation.ts";
import type { KvStore } from "../../state/kv_store.ts";
import { completePayout, failPayout, listPayouts, readPayout } from "../../stf/pallets/payouts.ts";
import { readBlockNumber } from "../../stf/pallets/system.ts";
import type { Effect } from "../api/effects.ts";
import { type DutyState, nextDuties, NO_DUTIES, noteImported, noteReverted } from "../duties/duties.ts";
import type { DutyAlert, DutyChain, DutyExtrinsic, DutyIdentity } from "../duties/duty.ts";
import {
  isReverted,
  ledgerAtLevel,
  ledgerStored,
  type PayoutLedger,
  readBlockForPayouts,
  revertLedger,
  startPayoutLedger,
} from "../duties/payout_ledger.ts";
import { payoutLedger } from "../duties/payout_ledger_codec.ts";
import { failedPayouts, planPayouts, reservedNonces } from "../duties/payouts.ts";
import type { Registration } from "../duties/registration.ts";
import { MAX_BATCHED_CONFIRMATIONS } from "../duties/processed_confirmation.ts";
import { ripenBlocks } from "../duties/ripe_blocks.ts";
import { seal, unseal } from "../sealing.ts";
import type { Tickets } from "../tickets.ts";
import type { Outbox } from "./outbox.ts";
import type { ParentchainFeed } from "./parentchain_feed.ts";
import type { EarlierLife } from "./earlier_life.ts";
import type { EnclaveSetup } from "./setup.ts";
import { coversConfirmation, type Shard } from "./shard.ts";
import { submitExtrinsic } from "./submit_extrinsic.ts";

/** File of the sealed payout ledger. */
export const LEDGER_FILE = "payouts.sealed";

/** What the duties work with. */
export interface DutyContext {
  readonly setup: EnclaveSetup;
  readonly shard: Shard;
  readonly feed: ParentchainFeed;
  readonly tickets: Tickets;
  readonly outbox: Outbox;
  /** The level at which payouts are paid; not below that of the ledger. */
  readonly payoutFinality: FinalityLevel;
  /** Evidence and address to register. @throws {PlatformError} */
  readonly registration: () => Promise<Registration>;
  /** Attested accounts of enclaves that were given this shard: they become delegates of its vault. */
  readonly peers: () => readonly AccountId[];
  /** Whether the shard is as new here as where it came from: only then does this enclave take part. */
  readonly isCaughtUp: () => boolean;
  /** What is known of the time before the start. */
  readonly earlierLife: EarlierLife;
}

/** Decodes a ledger that was sealed; `undefined` if there is none. */
export async function openLedger(setup: EnclaveSetup, sealed: Uint8Array): Promise<PayoutLedger | undefined> {
  const opened = await unseal(setup.seal, LEDGER_FILE, sealed);
  if (!opened.ok) return undefined;
  const decoded = tryDecode(payoutLedger, opened.value);
  return decoded.ok ? decoded.value : undefined;
}

/** Duties of one shard. */
export class DutyRunner {
  readonly #context: DutyContext;
  readonly #identity: DutyIdentity;
  #state: DutyState = NO_DUTIES;
  #ledger: PayoutLedger;
  #confirmation: ConfirmationState = { type: "idle" };
  #isStoring = false;
  /** When the duties ran last. */
  #ranAtMs = 0;
  #alerts: ReadonlySet<string> = new Set();
  /** Blocks in which payouts cannot be read yet. */
  #unripe: readonly ImportedBlock[] = [];
  /** Newest block whose processing was surely confirmed before this start. */
  readonly #processedBefore: number;

  /** `ledger` is the one that was sealed, if there is one. */
  constructor(context: DutyContext, ledger: PayoutLedger | undefined) {
    this.#context = context;
    const { setup, feed, payoutFinality } = context;
    const { signer, enclaveAccount: _, ownVault } = setup;
    this.#ledger = ledger === undefined
      ? startPayoutLedger(feed.state.contentFrom - 1, 0n, payoutFinality)
      : ledgerAtLevel(ledger, payoutFinality);
    // The blocks of a replay were confirmed once, but for the batch that was under way: no more is sent again.
    this.#processedBefore = context.shard.chain.head.layerOneHead.number - MAX_BATCHED_CONFIRMATIONS;
    this.#identity = {
      signer: { account: signer, sign: (payload) => ed25519Sign(setup.keys.signer, payload) },
      fingerprint: setup.fingerprint,
      shard: setup.shard,
      vault: {
        account: feed.vault,
        sign: equalBytes(feed.vault, ownVault.vault.account)
          ? (payload) => ed25519Sign(ownVault.pair, payload)
          : undefined,
      },
    };
  }

  /** The ledger as it is sealed with a snapshot. */
  encodedLedger(): Uint8Array {
    return payoutLedger.encode(this.#ledger);
  }

  /** The ledger as it is handed to another enclave: without what this one has signed. */
  ledgerForPeer(): Uint8Array {
    const entries = this.#ledger.entries.map((entry) => ({ ...entry, signed: undefined }));
    return payoutLedger.encode({ ...this.#ledger, entries });
  }

  /** Oldest parentchain block that has to come again after a restart, because it was imported but not read yet. */
  get unreadFrom(): number | undefined {
    return this.#unripe[0]?.number;
  }

  /** Takes note of imported blocks; `revertedFrom` is the lowest that was undone. */
  noteImported(blocks: readonly ImportedBlock[], revertedFrom: number | undefined): void {
    const { shard, setup, feed } = this.#context;
    const { level } = this.#ledger;
    if (revertedFrom !== undefined) {
      this.#state = noteReverted(this.#state, revertedFrom);
      const isConfirming = this.#state.outbox.some(({ purpose }) => purpose === "confirm_imported_sidechain_block");
      if (this.#confirmation.type === "in_flight" && !isConfirming) this.#confirmation = { type: "idle" };
      const step = revertLedger(this.#ledger, revertedFrom);
      this.#ledger = step.ledger;
      this.#logNew(step.alerts, "payoutRevert");
    }
    const { snapshot, number: stateNumber } = shard.chain.base;
    const input = { payouts: listPayouts(snapshot), stateNumber, shard: setup.shard };
    for (const block of blocks) {
      if (block.number > this.#processedBefore) this.#state = noteImported(this.#state, block);
      const { content } = block;
      if (content === undefined) continue;
      this.#context.earlierLife.noteParentchain(block.number, content.nowMs);
      this.#confirmation = processFinalHead(this.#confirmation, block.number, content.view.confirmation);
    }
    const { ready, waiting } = ripenBlocks(this.#unripe, {
      imported: blocks,
      provenNumber: feed.state.proven.number,
      confirmedNumber: stateNumber,
      revertedFrom,
      level,
    });
    this.#unripe = waiting;
    for (const block of ready) {
      const step = readBlockForPayouts(this.#ledger, block, input);
      this.#ledger = step.ledger;
      for (const id of step.paid) this.#context.outbox.log("info", "PayoutPaid", { id });
      this.#logNew(step.alerts, "payouts");
    }
  }

  /**
   * The author's bookkeeping: payouts that the parentchain shows become done in the state, and those given up failed; not by a
   * ledger of blocks that were undone.
   */
  completePayouts(store: KvStore): Result<undefined, { readonly code: string }> {
    if (isReverted(this.#ledger)) return ok(undefined);
    for (const { id, paidAt } of this.#ledger.entries) {
      if (paidAt === undefined) continue;
      const status = readPayout(store, id)?.status.type;
      if (status === undefined || status === "done") continue;
      const completed = completePayout(store, id);
      if (!completed.ok) return completed;
    }
    for (const id of failedPayouts(this.#ledger)) {
      if (readPayout(store, id)?.status.type !== "queued") continue;
      const failed = failPayout(store, id, readBlockNumber(store));
      if (!failed.ok) return failed;
    }
    return ok(undefined);
  }

  /** Sends what is missing on the parentchain. */
  async run(nowMs: number): Promise<void> {
    const { outbox, shard, setup } = this.#context;
    this.#ranAtMs = nowMs;
    const chain = this.#freshChain();
    if (chain === undefined) return;
    const { view } = chain;
    const { account } = this.#identity.signer;
    const authorities = shardAuthorities(view, setup.shard).length;
    // A chain without the confirmed block must not be confirmed on top of it.
    const isOnConfirmed = view.confirmation === undefined ||
      coversConfirmation(shard.chain, view.confirmation) === "covered";
    const confirmation = isOnConfirmed
      ? decideConfirmation(this.#confirmation, persistedBranch(shard), authorities, view.confirmation)
      : undefined;
    const outcome = nextDuties(this.#state, chain, this.#identity, {
      registration: await this.#registration(),
      isReady: this.#context.isCaughtUp(),
      // Delegates of the vault come from provisioning, by verified quote; never from a list that anybody can enter.
      peers: this.#context.peers(),
      confirmation,
      reserved: reservedNonces(this.#ledger, account),
    });
    this.#state = outcome.state;
    for (const extrinsic of outcome.resend) outbox.push(submitExtrinsic(this.#context, extrinsic));
    for (const extrinsic of outcome.send) {
      if (extrinsic.purpose === "confirm_imported_sidechain_block" && confirmation !== undefined) {
        this.#confirmation = { type: "in_flight", candidate: confirmation.candidate, eraEnd: extrinsic.eraEnd };
      }
      outbox.push(this.#submit(extrinsic));
    }
    this.#logNew(outcome.alerts, "duties");
    outbox.push(...await this.#planPayouts(chain));
  }

  /** The parentchain at its newest view; `undefined` if that is old, or if newer blocks came without one. */
  #freshChain(): DutyChain | undefined {
    const { metadata, state: { genesisHash }, layerOne: { newestView: view, newestNumber } } = this.#context.feed;
    if (view === undefined || newestNumber !== view.number) return undefined;
    const isOld = isViewOld(view, this.#ranAtMs);
    this.#logNew(isOld ? [{ code: "ParentchainViewOld", fields: { block: String(view.number) } }] : [], "view");
    return isOld ? undefined : { metadata, genesisHash, head: { number: view.number, hash: view.hash }, view };
  }

  /** Without a quote there is no registration for now, and the other duties go on. */
  async #registration(): Promise<Registration | undefined> {
    try {
      return await this.#context.registration();
    } catch {
      this.#context.outbox.log("error", "QuoteUnavailable");
      return undefined;
    }
  }

  async #planPayouts(chain: DutyChain): Promise<readonly Effect[]> {
    const { firstAfter } = this.#context.earlierLife;
    // Until there all was read in which earlier extrinsics can have been included.
    if (this.#isStoring || firstAfter === undefined || this.#ledger.cursor < firstAfter - 1) return [];
    const maySign = this.#maySign(chain, firstAfter);
    const { shard: { chain: { base } }, feed: { vault } } = this.#context;
    const reserved = this.#state.outbox.map(({ signer, nonce }) => ({ signer, nonce }));
    const isOpen = (id: bigint) => readPayout(base.snapshot, id)?.status.type === "queued";
    const plan = planPayouts(this.#ledger, chain, this.#identity, { vault, reserved, isOpen, maySign });
    this.#ledger = plan.ledger;
    this.#logNew(plan.alerts, "payoutPlan");
    const effects = plan.send.map((extrinsic) => this.#submit(extrinsic));
    return plan.mustStore ? [...effects, await this.#storeLedger()] : effects;
  }

  /**
   * Whether the ledger has all that was signed for its window. An older disk lacks what was signed after its copy was made, and that may
   * be paid any time until its window is over: so nothing is signed in a window that began in an earlier life. Others sign
   * meanwhile; where there are none, nobody else could, and the disk is believed.
   */
  #maySign({ view }: DutyChain, firstAfter: number): boolean {
    const { window } = this.#ledger;
    const isOfThisLife = window !== undefined && window.start >= firstAfter;
    return isOfThisLife || shardAuthorities(view, this.#context.setup.shard).length < 2;
  }

  async #storeLedger(): Promise<Effect> {
    const { setup, tickets, outbox } = this.#context;
    this.#isStoring = true;
    const sealed = await seal(setup.seal, LEDGER_FILE, this.encodedLedger());
    const ticket = tickets.open("file_written", async (written) => {
      this.#isStoring = false;
      if (!written) {
        outbox.log("error", "PayoutLedgerNotStored");
        return [];
      }
      this.#ledger = ledgerStored(this.#ledger);
      // Blocks may have come meanwhile, and with them nonces may have been used up that were still under way.
      const chain = this.#freshChain();
      return chain === undefined ? [] : await this.#planPayouts(chain);
    });
    return { type: "write_file", value: { ticket, name: LEDGER_FILE, bytes: sealed } };
  }

  #submit(extrinsic: DutyExtrinsic): Effect {
    const { purpose, hash } = extrinsic;
    return submitExtrinsic(this.#context, extrinsic, () => {
      // Forgotten, so that its duty sends it anew; the node has it in no pool.
      this.#state = {
        ...this.#state,
        outbox: this.#state.outbox.filter((sent) => !equalBytes(sent.hash, hash)),
      };
      if (purpose === "confirm_imported_sidechain_block") this.#confirmation = { type: "idle" };
    });
  }

  /** Logs alerts that were not there the last time. */
  #logNew(alerts: readonly DutyAlert[], source: string): void {
    const names = new Set(alerts.map(({ code }) => `${source} ${code}`));
    for (const { code, fields } of alerts) {
      if (!this.#alerts.has(`${source} ${code}`)) this.#context.outbox.log("warn", code, fields);
    }
    const others = [...this.#alerts].filter((name) => !name.startsWith(`${source} `));
    this.#alerts = new Set([...others, ...names]);
  }
}

function* persistedBranch({ chain, persisted }: Shard): Generator<ChainBlock, void, undefined> {
  for (const block of chain.ancestors()) if (block.number <= persisted.number) yield block;
}

/** Decodes the ledger of a snapshot; `undefined` if it is none. */
export function decodeLedger(encoded: Uint8Array): PayoutLedger | undefined {
  const decoded = tryDecode(payoutLedger, encoded);
  return decoded.ok ? decoded.value : undefined;
}
