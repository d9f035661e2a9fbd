/**
 * A duty's extrinsic as an effect.
 *
 * @module
 */
import { toHex } from "../../primitives/hex.ts";
import type { Effect } from "../api/effects.ts";
import type { DutyExtrinsic } from "../duties/duty.ts";
import type { Tickets } from "../tickets.ts";
import type { Outbox } from "./outbox.ts";

/** The effect that submits an extrinsic; `onRefused` is called if the node does not take it. */
export function submitExtrinsic(
  { tickets, outbox }: { readonly tickets: Tickets; readonly outbox: Outbox },
  { purpose, bytes, hash, nonce }: DutyExtrinsic,
  onRefused?: () => void,
): Effect {
  const isRoutine = purpose === "confirm_processed_parentchain_block" || onRefused === undefined;
  outbox.log(isRoutine ? "debug" : "info", "ExtrinsicSent", { purpose, nonce, hash: toHex(hash) });
  const ticket = tickets.open("extrinsic_submitted", (accepted) => {
    if (accepted) return [];
    // A node that has an extrinsic already refuses it, which is as good as taking it.
    outbox.log(onRefused === undefined ? "debug" : "warn", "ExtrinsicRefused", { purpose, nonce });
    onRefused?.();
    return [];
  });
  return { type: "submit_extrinsic", value: { ticket, parentchain: 0, purpose, bytes } };
}
