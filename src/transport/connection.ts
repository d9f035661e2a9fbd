/**
 * One JSON-RPC connection over a socket that is passed in: bounded requests in flight, bounded subscriptions, sends in
 * order, and an end for readers that are too slow.
 *
 * @module
 */
import {
  MAX_BUFFERED_BYTES,
  MAX_HELD_NOTIFICATIONS,
  MAX_REQUESTS_IN_FLIGHT,
  MAX_SUBSCRIPTIONS,
  RATE_BURST,
  RATE_PER_SECOND,
} from "./limits.ts";
import { errorText, type ParsedFrame, type ParsedRequest, parseFrame } from "./message.ts";
import { type Rate, TokenBucket } from "./rate_limit.ts";
import { joinAnswers, limitText, type RpcCall, type RpcRouter } from "./router.ts";
import { limitExceeded, RpcError } from "./rpc_error.ts";
import { failureText, notificationText, type Subscription, type SubscriptionStyle } from "./subscription.ts";

/** The socket below a connection; a WebSocket fits with small wrappers. */
export interface RpcSocket {
  /** Queues a text frame. */
  readonly send: (text: string) => void;
  /** Closes with a WebSocket close code. */
  readonly close: (code: number, reason: string) => void;
  /** Bytes queued and not yet sent. */
  readonly bufferedAmount: () => number;
}

/** Bounds of one connection; each has the default of `limits.ts`. */
export interface ConnectionLimits {
  readonly requestsInFlight: number;
  readonly subscriptions: number;
  readonly bufferedBytes: number;
  readonly rate: Rate;
}

/** Bounds that are used where none are given. */
export const DEFAULT_CONNECTION_LIMITS: ConnectionLimits = {
  requestsInFlight: MAX_REQUESTS_IN_FLIGHT,
  subscriptions: MAX_SUBSCRIPTIONS,
  bufferedBytes: MAX_BUFFERED_BYTES,
  rate: { burst: RATE_BURST, perSecond: RATE_PER_SECOND },
};

/** WebSocket close code for a reader that is too slow: "try again later". */
export const CLOSE_TOO_SLOW = 1013;

/** WebSocket close code for a client that does what no honest one does: "policy violation". */
export const CLOSE_MISBEHAVED = 1008;

/** States: open (requests answered) → closed (nothing more is sent; by the client, or because it reads too slowly or misbehaves). */
export class RpcConnection<Context> {
  readonly #router: RpcRouter<Context>;
  readonly #socket: RpcSocket;
  readonly #context: Context;
  readonly #limits: ConnectionLimits;
  readonly #bucket: TokenBucket;
  readonly #subscriptions = new Map<string, Subscription>();
  #inFlight = 0;
  #closed = false;

  constructor(
    router: RpcRouter<Context>,
    socket: RpcSocket,
    context: Context,
    nowMs: number,
    limits: Partial<ConnectionLimits> = {},
  ) {
    this.#router = router;
    this.#socket = socket;
    this.#context = context;
    this.#limits = { ...DEFAULT_CONNECTION_LIMITS, ...limits };
    this.#bucket = new TokenBucket(this.#limits.rate, nowMs);
  }

  /** Whether the connection has ended. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Open subscriptions. */
  get subscriptionCount(): number {
    return this.#subscriptions.size;
  }

  /** Answers a text frame; resolves when the answer is queued. Never throws. */
  async receive(text: string, nowMs: number): Promise<void> {
    if (this.#closed) return;
    const frame = parseFrame(text, this.#router.maxFrameLength);
    if (!frame.ok) return this.#send(errorText(null, frame.error));
    await this.#answer(frame.value, nowMs);
  }

  /** The socket has ended: every subscription is told. */
  end(): void {
    if (this.#closed) return;
    this.#closed = true;
    const open = [...this.#subscriptions.values()];
    this.#subscriptions.clear();
    for (const subscription of open) subscription.onClose?.();
  }

  async #answer(frame: ParsedFrame, nowMs: number): Promise<void> {
    const releases: (() => void)[] = [];
    const answers = await Promise.all(frame.requests.map((request) => this.#answerOne(request, nowMs, releases)));
    const text = joinAnswers(frame.batch, answers.filter((answer) => answer !== undefined));
    if (text !== undefined) this.#send(text);
    for (const release of releases) release();
  }

  async #answerOne(
    request: ParsedRequest,
    nowMs: number,
    releases: (() => void)[],
  ): Promise<string | undefined> {
    if (!this.#bucket.take(this.#router.costOf(request), nowMs)) return limitText(request, "requests per second");
    if (this.#inFlight >= this.#limits.requestsInFlight) return limitText(request, "requests in flight");
    this.#inFlight++;
    try {
      return await this.#router.answer(request, this.#context, this.#callFor(releases));
    } finally {
      this.#inFlight--;
    }
  }

  #callFor(releases: (() => void)[]): RpcCall {
    return {
      connection: this,
      subscribe: (style, id) => this.#open(style, id, releases),
      unsubscribe: (id) => {
        const subscription = this.#subscriptions.get(id);
        if (subscription === undefined) return false;
        this.#subscriptions.delete(id);
        subscription.onClose?.();
        return true;
      },
      close: (reason) => this.#close(CLOSE_MISBEHAVED, reason),
    };
  }

  #open(style: SubscriptionStyle, id: string, releases: (() => void)[]): Subscription {
    if (this.#closed) throw new RpcError(-32000, "Connection is closed");
    const replaced = this.#subscriptions.get(id);
    if (replaced === undefined && this.#subscriptions.size >= this.#limits.subscriptions) {
      throw limitExceeded("subscriptions");
    }
    let held: string[] | undefined = [];
    const push = (text: string) => {
      if (held === undefined) return this.#send(text);
      if (held.length < MAX_HELD_NOTIFICATIONS) held.push(text);
    };
    releases.push(() => {
      const waiting = held ?? [];
      held = undefined;
      for (const text of waiting) this.#send(text);
    });
    const isOpen = () => this.#subscriptions.get(id) === subscription;
    const subscription: Subscription = {
      id,
      notify: (result) => isOpen() ? push(notificationText(style, id, result)) : undefined,
      fail: (error) => isOpen() ? push(failureText(style, id, error)) : undefined,
      close: () => isOpen() ? void this.#subscriptions.delete(id) : undefined,
      closed: () => !isOpen(),
      onClose: undefined,
    };
    this.#subscriptions.set(id, subscription);
    replaced?.onClose?.();
    return subscription;
  }

  #send(text: string): void {
    if (this.#closed) return;
    if (this.#socket.bufferedAmount() > this.#limits.bufferedBytes) {
      return this.#close(CLOSE_TOO_SLOW, "reader is too slow");
    }
    this.#socket.send(text);
  }

  #close(code: number, reason: string): void {
    if (this.#closed) return;
    this.end();
    this.#socket.close(code, reason);
  }
}
