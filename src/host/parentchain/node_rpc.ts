/**
 * The JSON-RPC methods of a Substrate node that the link uses, with their answers checked for shape. Nothing of them is
 * believed: the enclave verifies.
 *
 * @module
 */
import { type BlockHash, blockHash, h256 } from "../../primitives/branded.ts";
import { fromHex, toHex } from "../../primitives/hex.ts";
import { digestItem } from "../../parentchain/digest.ts";
import { type ParentchainHeader, parentchainHeader } from "../../parentchain/header.ts";
import { LinkError } from "./link_error.ts";
import { NodeConnection } from "./node_connection.ts";

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

/** The methods of a node over a kept connection. */
export class NodeRpc {
  readonly connection: NodeConnection;

  private constructor(connection: NodeConnection) {
    this.connection = connection;
  }

  /** Connects. `onUnreadable` is told of pushed values that could not be read. @throws {LinkError} `Unreachable` */
  static async connect(url: string, onUnreadable: (error: unknown) => void): Promise<NodeRpc> {
    return new NodeRpc(await NodeConnection.open(url, onUnreadable));
  }

  /** Address of the node. */
  get url(): string {
    return this.connection.url;
  }

  /** Asks. @throws {LinkError} `Disconnected`, or `BadAnswer` with the node's message. */
  async ask(method: string, ...params: unknown[]): Promise<unknown> {
    return await this.connection.ask(method, params);
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
