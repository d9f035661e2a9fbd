/**
 * One link to another node.
 *
 * @module
 */
import { type Hex, toHex } from "../../primitives/hex.ts";
import { type Hello, type PeerMessage, peerMessage, type PeerStatus } from "./messages.ts";
import { RecentSet } from "./recent_set.ts";

/** Bytes that may wait for a slow peer; then the link is closed and made anew, which starts with an empty line. */
export const MAX_WAITING_BYTES = 16 * 1024 * 1024;
/** Offences after which a link is closed: one can be a race at a restart, three are not. */
export const MAX_OFFENCES = 3;
/** Hashes of each kind that are remembered as known to a peer: some minutes of blocks and transactions. */
export const MAX_KNOWN_TO_PEER = 4096;

/** Why a link is closed. */
export type CloseReason =
  /** This node stops. */
  | "Stopping"
  /** The other end closed it. */
  | "Gone"
  /** There is another link to the same node. */
  | "Duplicate"
  /** The link leads to this node itself. */
  | "Self"
  /** Another genesis block, block time or version of the messages. */
  | "OtherChain"
  /** Nothing was heard for too long, or a question was not answered. */
  | "Unresponsive"
  /** It takes messages too slowly. */
  | "TooSlow"
  /** It broke the rules, see {@linkcode Offence}, as often as is borne. */
  | "Offences"
  /** There are too many links. */
  | "TooManyPeers";

/** What a peer did wrong, besides the codes of refused blocks, proofs and votes. */
export type Offence =
  /** A message that is no value of the table, or too long. */
  | "BadMessage"
  /** Something before its hello, or a second one. */
  | "OutOfTurn"
  /** An answer to no question, or blocks that were not asked for. */
  | "Unasked";

/** The socket of a link. */
export interface PeerSocket {
  /** Where it leads or comes from, for people. */
  readonly name: string;
  /** Whether this node opened it. */
  readonly isOutbound: boolean;
  readonly send: (bytes: Uint8Array) => void;
  readonly close: (reason: CloseReason) => void;
  /** Bytes that are not sent yet. */
  readonly waitingBytes: () => number;
}

/** A link: opened → greeted, once its hello came → closed. */
export class Peer {
  readonly socket: PeerSocket;
  hello: Hello | undefined;
  status: PeerStatus | undefined;
  heardMs: number;
  closed: CloseReason | undefined;
  readonly knownBlocks = new RecentSet<Hex>(MAX_KNOWN_TO_PEER);
  readonly knownTransactions = new RecentSet<Hex>(MAX_KNOWN_TO_PEER);
  #offences = 0;

  /** Makes a link that was heard of now. */
  constructor(socket: PeerSocket, nowMs: number) {
    this.socket = socket;
    this.heardMs = nowMs;
  }

  /** Id of the node at the other end in hexadecimal; empty before its hello. */
  get id(): string {
    return this.hello === undefined ? "" : toHex(this.hello.nodeId);
  }

  /** Whether its hello came and it is open. */
  get isReady(): boolean {
    return this.hello !== undefined && this.closed === undefined;
  }

  /** Sends a message. */
  send(message: PeerMessage): void {
    this.sendBytes(peerMessage.encode(message));
  }

  /** Sends an encoded message. */
  sendBytes(bytes: Uint8Array): void {
    if (this.closed !== undefined) return;
    if (this.socket.waitingBytes() > MAX_WAITING_BYTES) return this.close("TooSlow");
    this.socket.send(bytes);
  }

  /** Notes that it broke the rules; closes the link at the last time that is borne. */
  offend(): void {
    this.#offences++;
    if (this.#offences >= MAX_OFFENCES) this.close("Offences");
  }

  /** Closes the link. */
  close(reason: CloseReason): void {
    if (this.closed !== undefined) return;
    this.closed = reason;
    this.socket.close(reason);
  }
}
