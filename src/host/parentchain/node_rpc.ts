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

/** A connection to a node. */
export class NodeRpc {
  readonly #provider: WsProvider;
  readonly #onUnreadable: (error: unknown) => void;
  readonly url: string;

  private constructor(provider: WsProvider, url: string, onUnreadable: (error: unknown) => void) {
    this.#provider = provider;
    this.url = url;
    this.#onUnreadable = onUnreadable;
  }

  /**
   * Connects. `onUnreadable` is told of pushed values that could not be read.
   *
   * @throws {LinkError} `Unreachable`, if nothing answers within the time.
   */
  static async connect(url: string, timeoutMs: number, onUnreadable: (error: unknown) => void): Promise<NodeRpc> {
    const provider = new WsProvider(url, RECONNECT_DELAY_MS, {}, REQUEST_TIMEOUT_MS);
    let late: ReturnType<typeof setTimeout> | undefined;
    try {
      await Promise.race([
        provider.isReady,
        new Promise((_, reject) => late = setTimeout(() => reject(new Error("no answer")), timeoutMs)),
      ]);
    } catch (cause) {
      await provider.disconnect();
      throw new LinkError("Unreachable", `Cannot reach the parentchain node at ${url}`, cause);
    } finally {
      clearTimeout(late);
    }
    return new NodeRpc(provider, url, onUnreadable);
  }

  /** Asks. @throws {LinkError} `Disconnected`, or `BadAnswer` with the node's message. */
  async ask(method: string, ...params: unknown[]): Promise<unknown> {
    try {
      return await this.#provider.send(method, params);
    } catch (cause) {
      throw this.#failed(`get "${method}" from`, cause);
    }
  }

  /**
   * Subscribes; the provider does so again after each reconnection. What `onValue` throws is a value that cannot be read.
   *
   * @throws {LinkError}
   */
  async subscribe(type: string, method: string, onValue: (value: unknown) => void): Promise<void> {
    try {
      await this.#provider.subscribe(type, method, [], (error, value) => {
        if (error !== null) return;
        try {
          onValue(value);
        } catch (cause) {
          this.#onUnreadable(cause);
        }
      });
    } catch (cause) {
      throw this.#failed(`subscribe to "${method}" at`, cause);
    }
  }

  /** Requests fail with the connection, and only then while there is none: it is tried again later. */
  #failed(what: string, cause: unknown): LinkError {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const code = this.#provider.isConnected ? "BadAnswer" : "Disconnected";
    return new LinkError(code, `Cannot ${what} the parentchain node: ${reason}`, cause);
  }

  /** Calls back at each later connection of this provider. */
  onConnected(run: () => void): void {
    this.#provider.on("connected", run);
  }

  /** Calls back when the connection is lost. */
  onDisconnected(run: () => void): void {
    this.#provider.on("disconnected", run);
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
    await this.#provider.disconnect();
  }
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
