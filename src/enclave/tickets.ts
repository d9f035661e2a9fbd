/**
 * Tickets: which answer of the host belongs to which effect. Each is used once; an answer nobody waits for is refused.
 *
 * @module
 */
import { err, ok, type Result } from "../primitives/result.ts";
import type { Effect } from "./api/effects.ts";

/** What the answers hold, by the ecall that brings them. */
export interface TicketAnswers {
  /** Whether the file is on disk. */
  readonly file_written: boolean;
  /** Content of the file, if it is there. */
  readonly file_read: Uint8Array | undefined;
  /** Encoded blocks; none if there are no more. */
  readonly blocks_read: readonly Uint8Array[];
  /** Whether the node took the extrinsic. */
  readonly extrinsic_submitted: boolean;
  /** The pipe to the peer, if it was reached. */
  readonly peer_dialed: number | undefined;
}

/** Goes on with an answer and gives further effects. */
export type TicketHandler<K extends keyof TicketAnswers> = (
  answer: TicketAnswers[K],
) => readonly Effect[] | Promise<readonly Effect[]>;

/** The host answered something nobody asked. */
export interface TicketError {
  readonly code: "UnknownTicket";
}

/** Most open tickets; the host answers each, so more means that it does not. */
export const MAX_OPEN_TICKETS = 65_536;

/** Open tickets. */
export class Tickets {
  readonly #open = new Map<bigint, { kind: keyof TicketAnswers; handler: TicketHandler<keyof TicketAnswers> }>();
  #next = 1n;

  /** Opens a ticket for one answer. The oldest is forgotten above {@linkcode MAX_OPEN_TICKETS}. */
  open<K extends keyof TicketAnswers>(kind: K, handler: TicketHandler<K>): bigint {
    const ticket = this.#next++;
    this.#open.set(ticket, { kind, handler: handler as unknown as TicketHandler<keyof TicketAnswers> });
    if (this.#open.size > MAX_OPEN_TICKETS) {
      const oldest = this.#open.keys().next();
      if (oldest.done !== true) this.#open.delete(oldest.value);
    }
    return ticket;
  }

  /** Takes an answer. */
  async answer<K extends keyof TicketAnswers>(
    kind: K,
    ticket: bigint,
    answer: TicketAnswers[K],
  ): Promise<Result<readonly Effect[], TicketError>> {
    const found = this.#open.get(ticket);
    if (found === undefined || found.kind !== kind) return err({ code: "UnknownTicket" });
    this.#open.delete(ticket);
    return ok(await found.handler(answer));
  }
}
