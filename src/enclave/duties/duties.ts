/**
 * All harmless duties together: looks at the newest view and says what to send. Called after each import.
 *
 * @module
 */
import type { AccountId } from "../../primitives/branded.ts";
import type { ImportedBlock } from "../../parentchain/imported_block.ts";
import type { DutyAlert, DutyChain, DutyExtrinsic, DutyFinding, DutyIdentity } from "./duty.ts";
import {
  dropReverted,
  isInFlight,
  type Outbox,
  pruneOutbox,
  resendOverdue,
  type ReservedNonce,
  sendWishes,
} from "./outbox.ts";
import { nextBatch, type ProcessedBlock, processedConfirmationDuty, queueProcessed } from "./processed_confirmation.ts";
import { type Registration, registrationDuty } from "./registration.ts";
import { shardCreationDuty } from "./shard_creation.ts";
import { type ConfirmationWish, sidechainConfirmationDuty } from "./sidechain_confirmation.ts";
import { vaultDuty } from "./vault.ts";

/** What the duties remember. Not durable: after a restart they find what is missing. */
export interface DutyState {
  /** Extrinsics under way. */
  readonly outbox: Outbox;
  /** Parentchain blocks to be confirmed as processed. */
  readonly processed: readonly ProcessedBlock[];
  /** Last block of the batch under way; 0 if none is. */
  readonly batchUpTo: number;
}

/** The duties at their start. */
export const NO_DUTIES: DutyState = { outbox: [], processed: [], batchUpTo: 0 };

/** What the enclave may do now. */
export interface DutyInput {
  /** Evidence and address to register; absent: do not register. */
  readonly registration: Registration | undefined;
  /** Whether the enclave holds the shard's keys and state, or may found the shard. */
  readonly isReady: boolean;
  /** Accounts of enclaves that were provisioned: they become delegates of the vault. */
  readonly peers: readonly AccountId[];
  /** Sidechain block to confirm, if one is due. */
  readonly confirmation: ConfirmationWish | undefined;
  /** Nonces of payouts under way. */
  readonly reserved: readonly ReservedNonce[];
}

/** What to send now. */
export interface DutyOutcome {
  /** State after it. */
  readonly state: DutyState;
  /** Signed extrinsics to submit. */
  readonly send: readonly DutyExtrinsic[];
  /** Those under way that are handed over again, in case a node has lost them; it may well refuse them. */
  readonly resend: readonly DutyExtrinsic[];
  /** What stands in the way. */
  readonly alerts: readonly DutyAlert[];
}

/** Notes an imported parentchain block. */
export function noteImported(state: DutyState, block: ImportedBlock): DutyState {
  return { ...state, processed: queueProcessed(state.processed, block) };
}

/** Forgets blocks that a proven header undid, and what was signed at them. */
export function noteReverted(state: DutyState, fromNumber: number): DutyState {
  return {
    ...state,
    outbox: dropReverted(state.outbox, fromNumber),
    processed: state.processed.filter(({ number }) => number < fromNumber),
  };
}

/** Decides what to send at the newest imported block. */
export function nextDuties(
  state: DutyState,
  chain: DutyChain,
  identity: DutyIdentity,
  input: DutyInput,
): DutyOutcome {
  const { outbox, sent: again } = resendOverdue(pruneOutbox(state.outbox, chain, identity), chain);
  const current = settleBatch({ ...state, outbox }, state.outbox, chain);
  const findings: DutyFinding[] = [];
  if (input.registration !== undefined) findings.push(registrationDuty(chain, identity, input.registration));
  if (input.isReady) {
    findings.push(shardCreationDuty(chain, identity), vaultDuty(chain, identity, input.peers));
    if (current.batchUpTo === 0) findings.push(processedConfirmationDuty(chain, identity, current.processed));
    findings.push(sidechainConfirmationDuty(chain, identity, input.confirmation));
  }
  const wishes = findings.flatMap((finding) => finding.wishes);
  const { outbox: next, sent } = sendWishes(outbox, chain, identity, wishes, input.reserved);
  const isBatchSent = sent.some(({ purpose }) => purpose === PROCESSED);
  const batchUpTo = isBatchSent ? nextBatch(chain.metadata, current.processed).at(-1)?.number ?? 0 : current.batchUpTo;
  return {
    state: { outbox: next, processed: current.processed, batchUpTo },
    send: sent,
    resend: again,
    alerts: findings.flatMap((finding) => finding.alerts),
  };
}

const PROCESSED = "confirm_processed_parentchain_block";

/** The batch under way is over: included if its nonce is used, else to be sent again. */
function settleBatch(state: DutyState, before: Outbox, { view }: DutyChain): DutyState {
  const sent = before.find(({ purpose }) => purpose === PROCESSED);
  if (state.batchUpTo === 0 || (sent !== undefined && isInFlight(state.outbox, sent))) return state;
  const isIncluded = sent !== undefined && view.signer.nonce > sent.nonce;
  const processed = isIncluded ? state.processed.filter(({ number }) => number > state.batchUpTo) : state.processed;
  return { ...state, processed, batchUpTo: 0 };
}
