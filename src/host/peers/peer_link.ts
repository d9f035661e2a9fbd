/**
 * The kept connection to one peer. What is sent to it waits in bounded queues of its own; the peer acknowledges each message,
 * and gets no more than a few ahead of that, so that one which does not read costs nothing but these.
 *
 * States: dialling → open → waiting → dialling …; stopped from each of them.
 *
 * Source: worker `service/src/sync_block_broadcaster.rs` (839eda024)
 * Differs: connections are kept, messages wait while one is being opened, the oldest are dropped
 *
 * @module
 */
import { MessageQueue } from "./message_queue.ts";
import type { PeerPorts, PeerSocket } from "./peer_socket_port.ts";
import { messageOf } from "../../primitives/message_of.ts";

/** Messages that wait for a peer: 19 s of blocks at 300 ms. A peer that missed more fetches what it lacks. */
export const MAX_QUEUED_MESSAGES = 64;
/** Characters of the messages that wait for a peer: three blocks of the greatest length. */
export const MAX_QUEUED_LENGTH: number = 32 * 1024 * 1024;
/** Messages that a peer may leave unanswered before the next waits: two seconds of blocks at 300 ms. */
export const MAX_UNANSWERED_MESSAGES = 8;
/** Bytes in a socket above which nothing is added: most blocks are a hundredth of that. */
export const MAX_SOCKET_BUFFER_BYTES: number = 1024 * 1024;
/** How long a peer may leave a message unanswered before its connection is given up, in ms. */
export const PEER_STALL_TIMEOUT_MS = 10_000;
/** First pause before a peer is dialled again, in ms: a validateer that restarts is back in about a second. */
export const MIN_REDIAL_MS = 250;
/** Longest pause before a peer is dialled again, in ms: a network that heals is to have one head two seconds later. */
export const MAX_REDIAL_MS = 1_000;
/** Longest answer of a peer to a message. */
const MAX_ANSWER_LENGTH = 4_096;

/** What a link works with. */
export interface PeerLinkOptions {
  readonly url: string;
  readonly ports: PeerPorts;
  /** Called when the connection opens or ends. */
  readonly onChange: (isConnected: boolean) => void;
  /** The newest message, which a peer gets first after it was away. */
  readonly newest: () => string | undefined;
}

/** A connection that is kept up until it is stopped. */
export class PeerLink {
  readonly url: string;
  readonly #options: PeerLinkOptions;
  readonly #blocks = new MessageQueue({ count: MAX_QUEUED_MESSAGES, length: MAX_QUEUED_LENGTH });
  readonly #passing = new MessageQueue({ count: MAX_QUEUED_MESSAGES, length: MAX_QUEUED_LENGTH });
  #socket: PeerSocket | undefined;
  #unanswered = 0;
  #redialMs = MIN_REDIAL_MS;
  #cancel = () => {};
  #isStopped = false;
  /** Whether the failure of now has been logged. */
  #isFailureTold = false;

  /** Dials at once. */
  constructor(options: PeerLinkOptions) {
    this.url = options.url;
    this.#options = options;
    void this.#dial();
  }

  /** Whether the peer is connected. */
  get isConnected(): boolean {
    return this.#socket !== undefined;
  }

  /** Sends a block, or lets it wait; what is too much goes, the oldest first. */
  send(block: string): void {
    this.#queue(this.#blocks, block);
  }

  /** Sends what is of use now or never, after the blocks that wait; nothing if the peer is away. */
  sendNow(message: string): void {
    if (this.isConnected) this.#queue(this.#passing, message);
    else this.#options.ports.meters.dropped.inc();
  }

  /** Ends it. */
  stop(): void {
    this.#isStopped = true;
    this.#blocks.clear();
    this.#passing.clear();
    this.#leave()?.close();
  }

  #queue(queue: MessageQueue, message: string): void {
    if (this.#isStopped) return;
    queue.push(message);
    this.#pump();
    const dropped = queue.trim();
    if (dropped > 0) this.#options.ports.meters.dropped.inc(dropped);
  }

  async #dial(): Promise<void> {
    const { dial, log } = this.#options.ports;
    try {
      const socket = await dial(this.url);
      if (this.#isStopped) return socket.close();
      this.#open(socket);
    } catch (error) {
      if (this.#isStopped) return;
      if (!this.#isFailureTold) log("warn", "PeerUnreachable", { peer: this.url, reason: messageOf(error) });
      this.#isFailureTold = true;
      this.#redial();
    }
  }

  #open(socket: PeerSocket): void {
    this.#socket = socket;
    this.#unanswered = 0;
    this.#isFailureTold = false;
    socket.onMessage = (text) => this.#answered(text);
    socket.onClose = () => this.#closed();
    this.#options.ports.log("info", "PeerConnected", { peer: this.url, waiting: this.#blocks.size });
    this.#options.onChange(true);
    const newest = this.#options.newest();
    if (this.#blocks.size === 0 && newest !== undefined) this.send(newest);
    this.#pump();
  }

  #closed(): void {
    this.#leave();
    this.#passing.clear();
    this.#options.onChange(false);
    this.#options.ports.log("warn", "PeerLost", { peer: this.url });
    this.#redial();
  }

  /** Listens to the connection no more: what still comes over it, while it ends, is about nothing that this link waits for. */
  #leave(): PeerSocket | undefined {
    const socket = this.#socket;
    this.#cancel();
    this.#socket = undefined;
    if (socket !== undefined) socket.onMessage = socket.onClose = undefined;
    return socket;
  }

  #redial(): void {
    const { timer, random } = this.#options.ports;
    const pauseMs = this.#redialMs * (0.5 + random());
    this.#redialMs = Math.min(2 * this.#redialMs, MAX_REDIAL_MS);
    this.#cancel = timer.after(pauseMs, () => void this.#dial());
  }

  #answered(text: string): void {
    if (text.length > MAX_ANSWER_LENGTH) return this.#giveUp("AnswerTooLong");
    this.#redialMs = MIN_REDIAL_MS;
    this.#unanswered = Math.max(0, this.#unanswered - 1);
    if (!isAccepted(text) && !this.#isFailureTold) {
      this.#isFailureTold = true;
      this.#options.ports.log("warn", "PeerRefuses", { peer: this.url, answer: text.slice(0, 256) });
    }
    this.#watch();
    this.#pump();
  }

  /** Hands over what the peer is ready for. */
  #pump(): void {
    const { meters } = this.#options.ports;
    for (let socket = this.#socket; socket !== undefined; socket = this.#socket) {
      if (this.#unanswered >= MAX_UNANSWERED_MESSAGES || socket.bufferedAmount() > MAX_SOCKET_BUFFER_BYTES) return;
      const message = this.#blocks.shift() ?? this.#passing.shift();
      if (message === undefined) return;
      socket.send(message);
      meters.sent.inc();
      if (this.#unanswered++ === 0) this.#watch();
    }
  }

  /** Waits for the next answer that is due. */
  #watch(): void {
    this.#cancel();
    this.#cancel = () => {};
    if (this.#unanswered === 0) return;
    this.#cancel = this.#options.ports.timer.after(PEER_STALL_TIMEOUT_MS, () => this.#giveUp("NoAnswer"));
  }

  #giveUp(reason: string): void {
    const socket = this.#socket;
    if (socket === undefined) return;
    this.#options.ports.log("warn", "PeerStalled", { peer: this.url, reason });
    this.#closed();
    socket.close();
  }
}

/** Whether an answer has a result; a peer refuses with an error. */
function isAccepted(text: string): boolean {
  try {
    const answer: unknown = JSON.parse(text);
    return typeof answer === "object" && answer !== null && Object.hasOwn(answer, "result");
  } catch {
    return false;
  }
}
