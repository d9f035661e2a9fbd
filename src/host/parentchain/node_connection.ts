/**
 * The kept connection to a node: dialled again when it is lost, with all its subscriptions or not at all.
 *
 * States: open → lost → (pause → dialling → subscribing)… → open; closed from each of them.
 *
 * Every step has a limit, and nothing that an earlier line still brings is listened to. So the provider, which would dial again
 * by itself, is made for one line and left with it.
 *
 * @module
 */
import { WsProvider } from "@polkadot/api";
import { LinkError } from "./link_error.ts";
import { messageOf } from "../../primitives/message_of.ts";

/** Time in which a node has to take a connection and its subscriptions. */
const CONNECT_TIMEOUT_MS = 10_000;
/** Longest wait for one answer: proofs of large blocks take a second on slow nodes. */
const REQUEST_TIMEOUT_MS = 30_000;
/** Pause before the connection is tried again. */
const RECONNECT_DELAY_MS = 2_500;

/** How long steps may take. */
export interface ConnectionTimes {
  readonly connectMs: number;
  readonly pauseMs: number;
}

const TIMES: ConnectionTimes = { connectMs: CONNECT_TIMEOUT_MS, pauseMs: RECONNECT_DELAY_MS };

/** What is told without being asked for each time. */
interface Subscription {
  readonly type: string;
  readonly method: string;
  readonly onValue: (value: unknown) => void;
}

/** One socket. What it brings after its end is nobody's. */
interface Line {
  readonly provider: WsProvider;
  /** Rejects when it has ended: what was asked over it is not waited for any longer. */
  readonly ended: PromiseWithResolvers<never>;
  isEnded: boolean;
  /** Whether it has all subscriptions. */
  isReady: boolean;
}

/** Asks and subscribes over whichever line is there. */
export class NodeConnection {
  readonly url: string;
  /** Called at each later connection. */
  onConnected: () => void = () => {};
  /** Called when a connection is lost. */
  onLost: () => void = () => {};
  readonly #onUnreadable: (error: unknown) => void;
  readonly #times: ConnectionTimes;
  readonly #subscriptions: Subscription[] = [];
  #line: Line | undefined;
  #isClosed = false;
  #cancelPause = () => {};

  private constructor(url: string, onUnreadable: (error: unknown) => void, times: ConnectionTimes) {
    this.url = url;
    this.#onUnreadable = onUnreadable;
    this.#times = times;
  }

  /**
   * Connects. `onUnreadable` is told of pushed values that could not be read.
   *
   * @throws {LinkError} `Unreachable`, if nothing answers within the time.
   */
  static async open(
    url: string,
    onUnreadable: (error: unknown) => void,
    times: ConnectionTimes = TIMES,
  ): Promise<NodeConnection> {
    const connection = new NodeConnection(url, onUnreadable, times);
    try {
      await connection.#dial();
    } catch (cause) {
      throw new LinkError("Unreachable", `Cannot reach the parentchain node at ${url}`, cause);
    }
    return connection;
  }

  /** Asks. @throws {LinkError} `Disconnected`, or `BadAnswer` with the node's message. */
  async ask(method: string, params: unknown[]): Promise<unknown> {
    return await this.#over(`get "${method}" from`, ({ provider }) => provider.send(method, params));
  }

  /**
   * Subscribes, and again over each later line. What `onValue` throws is a value that cannot be read.
   *
   * @throws {LinkError}
   */
  async subscribe(type: string, method: string, onValue: (value: unknown) => void): Promise<void> {
    const subscription = { type, method, onValue };
    this.#subscriptions.push(subscription);
    await this.#over(`subscribe to "${method}" at`, (line) => this.#subscribe(line, subscription));
  }

  /** Gives the line up, which is silent without having ended, and dials anew. */
  renew(): void {
    if (this.#line !== undefined) this.#lose(this.#line);
  }

  /** Ends it for good. */
  close(): void {
    this.#isClosed = true;
    this.#cancelPause();
    if (this.#line !== undefined) this.#lose(this.#line);
  }

  /** Opens a line with all subscriptions. @throws If it has not come so far within the time, or ended. */
  async #dial(): Promise<void> {
    const provider = new WsProvider(this.url, false, {}, REQUEST_TIMEOUT_MS);
    const line: Line = { provider, ended: Promise.withResolvers(), isEnded: false, isReady: false };
    line.ended.promise.catch(() => {});
    provider.on("disconnected", () => this.#lose(line));
    const late = setTimeout(() => this.#lose(line), this.#times.connectMs);
    this.#line = line;
    try {
      await Promise.race([provider.connect().then(() => provider.isReady), line.ended.promise]);
      for (const subscription of this.#subscriptions) {
        await Promise.race([this.#subscribe(line, subscription), line.ended.promise]);
      }
      line.isReady = true;
    } catch (error) {
      this.#lose(line);
      throw error;
    } finally {
      clearTimeout(late);
    }
  }

  async #subscribe(line: Line, { type, method, onValue }: Subscription): Promise<void> {
    await line.provider.subscribe(type, method, [], (error, value) => {
      if (line.isEnded) return;
      // The node has ended the subscription, as it does with a listener that is too slow.
      if (error !== null) return this.#lose(line);
      try {
        onValue(value);
      } catch (cause) {
        this.#onUnreadable(cause);
      }
    });
  }

  /** Ends a line; it may have ended of itself. */
  #lose(line: Line): void {
    if (line.isEnded) return;
    line.isEnded = true;
    line.ended.reject(new Error("the connection has ended"));
    line.provider.disconnect().catch(() => {});
    if (this.#line === line) this.#line = undefined;
    // While it is being dialled, those who dial see to it.
    if (!line.isReady || this.#isClosed) return;
    this.onLost();
    void this.#redial();
  }

  async #redial(): Promise<void> {
    for (let isOpen = false; !isOpen && !this.#isClosed;) {
      await new Promise<void>((resolve) => {
        const pause = setTimeout(resolve, this.#times.pauseMs);
        this.#cancelPause = () => {
          clearTimeout(pause);
          resolve();
        };
      });
      if (this.#isClosed) return;
      isOpen = await this.#dial().then(() => true, () => false);
    }
    if (this.#line !== undefined) this.onConnected();
  }

  /** Requests fail with the line, and at once while there is none: it is tried again later. @throws {LinkError} */
  async #over<T>(what: string, request: (line: Line) => Promise<T>): Promise<T> {
    const line = this.#line;
    try {
      if (line === undefined) throw new Error("there is no connection");
      return await Promise.race([request(line), line.ended.promise]);
    } catch (cause) {
      const code = line === undefined || line.isEnded ? "Disconnected" : "BadAnswer";
      throw new LinkError(code, `Cannot ${what} the parentchain node: ${messageOf(cause)}`, cause);
    }
  }
}
