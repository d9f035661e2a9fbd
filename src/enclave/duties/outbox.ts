/**
 * Extrinsics under way, and the nonces they take. What was not included by the end of its era is gone for good; its duty
 * then finds the same gap again and sends anew. Only harmless extrinsics go through here; payouts keep their own bytes.
 *
 * @module
 */
import type { AccountId } from "../../primitives/branded.ts";
import { equalBytes } from "../../primitives/bytes.ts";
import { eraDeath, mortalEra } from "../../parentchain/era.ts";
import { signExtrinsic } from "../../parentchain/extrinsic.ts";
import type { DutyChain, DutyExtrinsic, DutyIdentity, DutyWish, ExtrinsicSigner } from "./duty.ts";

/** Most extrinsics under way at a time; the pool of a node takes 64 per sender by default. */
export const MAX_IN_FLIGHT = 32;

/** Blocks after which an extrinsic is handed over again: a node's pool may have lost it, and later nonces wait for it. */
export const RESEND_BLOCKS = 4;

/** An extrinsic under way. */
export interface InFlight extends DutyExtrinsic {
  /** Tells those of one purpose apart. */
  readonly key: string;
  /** Block at which it was signed, and by whose hash it is valid. */
  readonly signedAt: number;
  /** Block at which it was handed over last. */
  readonly sentAt: number;
}

/** Extrinsics under way in the order they were signed. Not durable: after a restart the duties find what is missing. */
export type Outbox = readonly InFlight[];

/** Nonce of an account in the newest view; only the enclave's own account and the vault are known. */
export function nonceInView(chain: DutyChain, identity: DutyIdentity, account: AccountId): number {
  if (equalBytes(account, identity.signer.account)) return chain.view.signer.nonce;
  return chain.view.vault?.nonce ?? 0;
}

/** Drops what was included or replaced (its nonce is used) and what can no longer be included. */
export function pruneOutbox(outbox: Outbox, chain: DutyChain, identity: DutyIdentity): Outbox {
  return outbox.filter(({ signer, nonce, eraEnd }) =>
    nonce >= nonceInView(chain, identity, signer) && eraEnd > chain.head.number
  );
}

/** Drops what was signed at blocks that were undone: it names one that is in no chain, and would keep its nonce for nothing. */
export function dropReverted(outbox: Outbox, fromNumber: number): Outbox {
  return outbox.filter(({ signedAt }) => signedAt < fromNumber);
}

/** What was handed over {@linkcode RESEND_BLOCKS} ago or earlier is to be handed over again. */
export function resendOverdue(
  outbox: Outbox,
  { head }: DutyChain,
): { readonly outbox: Outbox; readonly sent: readonly DutyExtrinsic[] } {
  const isOverdue = ({ sentAt }: InFlight): boolean => head.number >= sentAt + RESEND_BLOCKS;
  return {
    outbox: outbox.map((extrinsic) => isOverdue(extrinsic) ? { ...extrinsic, sentAt: head.number } : extrinsic),
    sent: outbox.filter(isOverdue),
  };
}

/** Whether an extrinsic for the same is under way. */
export function isInFlight(outbox: Outbox, wish: Pick<DutyWish, "purpose" | "key">): boolean {
  return outbox.some(({ purpose, key }) => purpose === wish.purpose && key === wish.key);
}

/** A nonce that an extrinsic outside the outbox holds: a payout's. */
export interface ReservedNonce {
  readonly signer: AccountId;
  readonly nonce: number;
}

/** The lowest nonce of an account that nothing under way takes: gaps are filled first, since later ones wait for them. */
export function nextNonce(
  chain: DutyChain,
  identity: DutyIdentity,
  account: AccountId,
  taken: readonly ReservedNonce[],
): number {
  const used = new Set(taken.filter(({ signer }) => equalBytes(signer, account)).map(({ nonce }) => nonce));
  let nonce = nonceInView(chain, identity, account);
  while (used.has(nonce)) nonce++;
  return nonce;
}

/** Signs the wishes that are not under way yet, up to {@linkcode MAX_IN_FLIGHT}. */
export function sendWishes(
  outbox: Outbox,
  chain: DutyChain,
  identity: DutyIdentity,
  wishes: readonly DutyWish[],
  reserved: readonly ReservedNonce[],
): { readonly outbox: Outbox; readonly sent: readonly DutyExtrinsic[] } {
  const sent: InFlight[] = [];
  for (const wish of wishes) {
    const current = [...outbox, ...sent];
    if (current.length >= MAX_IN_FLIGHT || isInFlight(current, wish)) continue;
    const signer = signerOf(wish, identity);
    if (signer === undefined) continue;
    const nonce = nextNonce(chain, identity, signer.account, [...current, ...reserved]);
    sent.push({
      ...signWish(chain, signer, wish, nonce),
      key: wish.key,
      signedAt: chain.head.number,
      sentAt: chain.head.number,
    });
  }
  return { outbox: [...outbox, ...sent], sent };
}

function signerOf({ by }: DutyWish, { signer, vault }: DutyIdentity): ExtrinsicSigner | undefined {
  if (by === "enclave") return signer;
  return vault?.sign === undefined ? undefined : { account: vault.account, sign: vault.sign };
}

function signWish(chain: DutyChain, signer: ExtrinsicSigner, wish: DutyWish, nonce: number): DutyExtrinsic {
  const { head, metadata, genesisHash } = chain;
  const era = mortalEra(wish.eraPeriod, head.number);
  // An era as long as its period begins at the head itself, so that the head's hash is the checkpoint.
  const { bytes, hash } = signExtrinsic(wish.call, signer, {
    metadata,
    genesisHash,
    era,
    checkpoint: head.hash,
    nonce,
  });
  const eraEnd = eraDeath(era, head.number) - 1;
  return { bytes, hash, purpose: wish.purpose, signer: signer.account, nonce, eraEnd };
}
