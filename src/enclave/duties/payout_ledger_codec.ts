/**
 * SCALE form of the payout ledger: private to the enclave, sealed by it, and handed to new validateers with the state.
 *
 * @module
 */
import {
  bool,
  bytes,
  bytesOf,
  type Codec,
  mapped,
  option,
  struct,
  u128,
  u32,
  u64,
  u8,
  variant,
  vec,
} from "../../codec/codec.ts";
import { finalityLevel } from "../../parentchain/follower_state.ts";
import { h256 } from "../../primitives/branded.ts";
import { accountIdCodec, blockHashCodec } from "../../types/ids.ts";
import type { LedgerEntry, SignedPayout } from "./payout_entries.ts";
import { MAX_LEDGER_ENTRIES, type PayoutLedger } from "./payout_ledger.ts";
import { MAX_WINDOW_AUTHORITIES, type PayoutWindow } from "./payout_window.ts";

/** Largest signed payout extrinsic: it has about 200 bytes. */
export const MAX_PAYOUT_EXTRINSIC_BYTES = 1_024;

type StoredPayout = Omit<SignedPayout, "isStored" | "sentAt">;

const signedPayout: Codec<SignedPayout> = mapped(
  struct<StoredPayout>({
    eraEnd: u32,
    bytes: bytes(MAX_PAYOUT_EXTRINSIC_BYTES),
    hash: mapped(bytesOf(32), h256, (hash) => hash),
    nonce: u32,
  }),
  // What is read from disk is stored; when it was sent is not known, so it is sent again.
  (stored): SignedPayout => ({ ...stored, isStored: true, sentAt: 0 }),
  ({ eraEnd, bytes, hash, nonce }) => ({ eraEnd, bytes, hash, nonce }),
);

const fields: Codec<PayoutLedger> = struct<PayoutLedger>({
  level: finalityLevel,
  cursor: u32,
  cursorHash: option(blockHashCodec),
  nextUnseen: u64,
  window: option(struct<PayoutWindow>({
    start: u32,
    period: u32,
    hash: blockHashCodec,
    authorities: vec(accountIdCodec, MAX_WINDOW_AUTHORITIES),
  })),
  entries: vec(
    struct<LedgerEntry>({
      id: u64,
      beneficiary: accountIdCodec,
      amount: u128,
      signed: option(signedPayout),
      failedIn: option(u32),
      failures: u8,
      paidAt: option(u32),
      isSetAside: bool,
    }),
    MAX_LEDGER_ENTRIES,
  ),
});

/** Index of the form. Another one is refused: an enclave that wrote it had other payers in mind, and another measurement. */
const LEDGER_VERSION = 3;

/** SCALE codec of {@linkcode PayoutLedger}: private, sealed. The form's version goes first. */
export const payoutLedger: Codec<PayoutLedger> = mapped(
  variant<{ ledger: PayoutLedger }>({ ledger: [LEDGER_VERSION, fields] }),
  ({ value }) => value,
  (value) => ({ type: "ledger" as const, value }),
);
