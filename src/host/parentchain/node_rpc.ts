/**
 * The JSON-RPC methods of a Substrate node that the link uses, with their answers checked for shape. Nothing of them is
 * believed: the enclave verifies.
 *
 * @module
 */
import { WsProvider } from "@polkadot/api";
import { type BlockHash, blockHash, h256 } from "../../primitives/branded.ts";
import { fromHex, toHex } from "../../primitives/hex.ts";
import { digestItem } from "../../parentchain/digest.ts";
import { type ParentchainHeader, parentchainHeader } from "../../parentchain/header.ts";
import { LinkError } from "./link_error.ts";

/** A block as a node tells it. */
export interface NodeBlock {
  readonly header: ParentchainHeader;
  /** The same in SCALE. */
  readonly headerBytes: Uint8Array;
  readonly extrinsics: readonly Uint8Array[];
  /** GRANDPA justification, if the node stores one for this block. */
  readonly justification: Uint8Array | undefined;
}

/** Engine id of GRANDPA as numbers: `FRNK`. */
const GRANDPA = [0x46, 0x52, 0x4e, 0x4b];
/** Longest wait for one answer: proofs of large blocks take a second on slow nodes. */
const REQUEST_TIMEOUT_MS = 30_000;
/** Pause before the connection is tried again. */
const RECONNECT_DELAY_MS = 2_500;

/** A connection; it dials again by itself when it is closed, until it is given up. */
interface Connection {
  readonly provider: WsProvider;
  /** Rejects when it is given up: what was asked over it is not waited for any longer. */
  readonly givenUp: PromiseWithResolvers<never>;
}

/** What is told without being asked for each time. */
interface Subscription {
  readonly type: string;
  readonly method: string;
  readonly onValue: (value: unknown) => void;
}

/** A connection to a node. */
export class NodeRpc {
  readonly url: string;
  readonly #onUnreadable: (error: unknown) => void;
  readonly #subscriptions: Subscription[] = [];
  #connection: Connection;
  #onConnected = () => {};
  #onDisconnected = () => {};

  private constructor(url: string, onUnreadable: (error: unknown) => void) {
    this.url = url;
    this.#onUnreadable = onUnreadable;
    this.#connection = this.#dial();
  }

  /**
   * Connects. `onUnreadable` is told of pushed values that could not be read.
   *
   * @throws {LinkError} `Unreachable`, if nothing answers within the time.
   */
  static async connect(url: string, timeoutMs: number, onUnreadable: (error: unknown) => void): Promise<NodeRpc> {
    const rpc = new NodeRpc(url, onUnreadable);
    let late: ReturnType<typeof setTimeout> | undefined;
    try {
      await Promise.race([
        rpc.#connection.provider.isReady,
        new Promise((_, reject) => late = setTimeout(() => reject(new Error("no answer")), timeoutMs)),
      ]);
    } catch (cause) {
      await rpc.close();
      throw new LinkError("Unreachable", `Cannot reach the parentchain node at ${url}`, cause);
    } finally {
      clearTimeout(late);
    }
    return rpc;
  }

  /** Asks. @throws {LinkError} `Disconnected`, or `BadAnswer` with the node's message. */
  async ask(method: string, ...params: unknown[]): Promise<unknown> {
    return await this.#over(`get "${method}" from`, ({ provider }) => provider.send(method, params));
  }

  /**
   * Subscribes, and again over each later connection. What `onValue` throws is a value that cannot be read.
   *
   * @throws {LinkError}
   */
  async subscribe(type: string, method: string, onValue: (value: unknown) => void): Promise<void> {
    const subscription = { type, method, onValue };
    this.#subscriptions.push(subscription);
    await this.#subscribe(subscription);
  }

  /** Gives the connection up, which is silent without being closed, and opens another in its place. */
  renew(): void {
    const silent = this.#connection;
    this.#connection = this.#dial();
    const { provider } = this.#connection;
    void provider.isReady.then(async () => {
      for (const subscription of this.#subscriptions) await this.#subscribe(subscription);
    }).catch(this.#onUnreadable);
    this.#onDisconnected();
    void giveUp(silent);
  }

  /** Calls back at each later connection. */
  onConnected(run: () => void): void {
    this.#onConnected = run;
  }

  /** Calls back when the connection is lost. */
  onDisconnected(run: () => void): void {
    this.#onDisconnected = run;
  }

  #dial(): Connection {
    const provider = new WsProvider(this.url, RECONNECT_DELAY_MS, {}, REQUEST_TIMEOUT_MS);
    const givenUp = Promise.withResolvers<never>();
    givenUp.promise.catch(() => {});
    // One that was given up ends some time later, which concerns nobody.
    const isCurrent = () => this.#connection.provider === provider;
    provider.on("connected", () => isCurrent() && this.#onConnected());
    provider.on("disconnected", () => isCurrent() && this.#onDisconnected());
    return { provider, givenUp };
  }

  /** The provider does so again whenever it has dialled again. @throws {LinkError} */
  async #subscribe({ type, method, onValue }: Subscription): Promise<void> {
    await this.#over(
      `subscribe to "${method}" at`,
      (connection) =>
        connection.provider.subscribe(type, method, [], (error, value) => {
          if (error !== null || connection !== this.#connection) return;
          try {
            onValue(value);
          } catch (cause) {
            this.#onUnreadable(cause);
          }
        }),
    );
  }

  /** Requests fail with the connection, and only then while there is none: it is tried again later. @throws {LinkError} */
  async #over<T>(what: string, request: (connection: Connection) => Promise<T>): Promise<T> {
    const connection = this.#connection;
    try {
      return await Promise.race([request(connection), connection.givenUp.promise]);
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      const isThere = connection === this.#connection && connection.provider.isConnected;
      const code = isThere ? "BadAnswer" : "Disconnected";
      throw new LinkError(code, `Cannot ${what} the parentchain node: ${reason}`, cause);
    }
  }

  /** Names of the node's methods. @throws {LinkError} */
  async methods(): Promise<ReadonlySet<string>> {
    const answer = await this.ask("rpc_methods") as { methods?: unknown };
    return new Set(Array.isArray(answer?.methods) ? answer.methods.map(String) : []);
  }

  /** Hash of the block of a height. @throws {LinkError} If the node has none. */
  async blockHash(number: number): Promise<BlockHash> {
    const answer = await this.ask("chain_getBlockHash", number);
    return within("chain_getBlockHash", () => blockHash(hexBytes(answer)));
  }

  /** Hash and number of the newest final block. @throws {LinkError} */
  async finalizedHead(): Promise<{ readonly hash: BlockHash; readonly number: number }> {
    const answer = await this.ask("chain_getFinalizedHead");
    const hash = within("chain_getFinalizedHead", () => blockHash(hexBytes(answer)));
    return { hash, number: (await this.header(hash)).number };
  }

  /** A header. @throws {LinkError} */
  async header(hash: Uint8Array): Promise<ParentchainHeader> {
    const answer = await this.ask("chain_getHeader", toHex(hash));
    return within("chain_getHeader", () => headerOf(answer));
  }

  /** A block. @throws {LinkError} */
  async block(hash: Uint8Array): Promise<NodeBlock> {
    const answer = await this.ask("chain_getBlock", toHex(hash));
    return within("chain_getBlock", () => {
      const { block, justifications } = answer as {
        block: { header: unknown; extrinsics: unknown[] };
        justifications?: unknown;
      };
      const header = headerOf(block.header);
      return {
        header,
        headerBytes: parentchainHeader.encode(header),
        extrinsics: block.extrinsics.map(hexBytes),
        justification: justificationOf(justifications),
      };
    });
  }

  /** Trie nodes that prove keys in the state of a block. @throws {LinkError} */
  async readProof(keys: readonly Uint8Array[], hash: Uint8Array): Promise<readonly Uint8Array[]> {
    const answer = await this.ask("state_getReadProof", keys.map(toHex), toHex(hash));
    return within("state_getReadProof", () => (answer as { proof: unknown[] }).proof.map(hexBytes));
  }

  /** Values of keys in the state of a block, on the node's word. @throws {LinkError} */
  async values(keys: readonly Uint8Array[], hash: Uint8Array): Promise<readonly (Uint8Array | undefined)[]> {
    return await Promise.all(keys.map((key) => this.value(key, hash)));
  }

  /** One value, at a block or at the newest. @throws {LinkError} */
  async value(key: Uint8Array, hash?: Uint8Array): Promise<Uint8Array | undefined> {
    const at = hash === undefined ? [] : [toHex(hash)];
    const answer = await this.ask("state_getStorage", toHex(key), ...at);
    return answer === null ? undefined : within("state_getStorage", () => hexBytes(answer));
  }

  /** Ends the connection for good. */
  async close(): Promise<void> {
    await giveUp(this.#connection);
  }
}

async function giveUp({ provider, givenUp }: Connection): Promise<void> {
  givenUp.reject(new Error("the connection was given up"));
  await provider.disconnect();
}

/** Bytes of a hexadecimal answer. @throws {TypeError} */
export function hexBytes(value: unknown): Uint8Array {
  if (typeof value !== "string") throw new TypeError("want hexadecimal text");
  return fromHex(value);
}

/** A header as nodes write it in JSON. @throws {TypeError} If it is none. */
export function headerOf(answer: unknown): ParentchainHeader {
  const json = answer as Record<"parentHash" | "number" | "stateRoot" | "extrinsicsRoot", unknown> & {
    digest: { logs: unknown[] };
  };
  return {
    parentHash: blockHash(hexBytes(json.parentHash)),
    number: Number(json.number),
    stateRoot: h256(hexBytes(json.stateRoot)),
    extrinsicsRoot: h256(hexBytes(json.extrinsicsRoot)),
    digest: json.digest.logs.map((log) => digestItem.decode(hexBytes(log))),
  };
}

// Nodes tell engine and bytes as lists of numbers; some write the bytes in hexadecimal.
function justificationOf(value: unknown): Uint8Array | undefined {
  if (!Array.isArray(value)) return undefined;
  for (const [engine, bytes] of value as [number[], number[] | string][]) {
    const isGrandpa = Array.isArray(engine) && GRANDPA.every((byte, i) => engine[i] === byte);
    if (isGrandpa) return typeof bytes === "string" ? hexBytes(bytes) : Uint8Array.from(bytes);
  }
  return undefined;
}

function within<T>(method: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw new LinkError("BadAnswer", `Cannot read the node's answer to "${method}"`, cause);
  }
}
