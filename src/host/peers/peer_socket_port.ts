/**
 * What the exchange with peers needs of the outside: sockets, time, chance, meters.
 *
 * @module
 */
import type { Log } from "../log.ts";
import type { SlotTimer } from "../slot_clock.ts";

/** An open WebSocket to a peer. */
export interface PeerSocket {
  /** Queues a text frame. */
  readonly send: (text: string) => void;
  /** Ends it; `onClose` follows. */
  readonly close: () => void;
  /** Bytes queued and not yet sent. */
  readonly bufferedAmount: () => number;
  /** Called with each text frame. */
  onMessage: ((text: string) => void) | undefined;
  /** Called once, when it has ended. */
  onClose: (() => void) | undefined;
}

/** Something that is counted. */
export interface Meter {
  readonly inc: (by?: number) => void;
}

/** What is measured of the exchange. */
export interface PeerMeters {
  /** Peers that are connected now. */
  readonly connected: { readonly set: (value: number) => void };
  /** Messages handed to a peer's connection. */
  readonly sent: Meter;
  /** Messages that a peer did not get because it was too slow or away. */
  readonly dropped: Meter;
  /** Blocks that were fetched and imported. */
  readonly fetched: Meter;
}

/** Capabilities of the links to peers. */
export interface PeerPorts {
  /** Opens a WebSocket to a trusted endpoint. @throws {Error} If it cannot be reached. */
  readonly dial: (url: string) => Promise<PeerSocket>;
  readonly timer: SlotTimer;
  /** From 0, inclusive, to 1. */
  readonly random: () => number;
  readonly meters: PeerMeters;
  readonly log: Log;
}
