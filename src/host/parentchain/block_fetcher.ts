/**
 * Fetches ranges of parentchain blocks with what the follower wants of them.
 *
 * @module
 */
import type { FinalityLevel } from "../../parentchain/follower_state.ts";
import type { StorageEvidence } from "../../parentchain/imported_block.ts";
import { computeHeaderHash, type ParentchainHeader } from "../../parentchain/header.ts";
import { blockInput } from "../../parentchain/parentchain_init.ts";
import type { BlockHash } from "../../primitives/branded.ts";
import type { JustificationFeed } from "./justification_feed.ts";
import type { NodeRpc } from "./node_rpc.ts";

/** Blocks asked for at once; more does not make a node faster. */
const MAX_PARALLEL_FETCHES = 8;
/** Blocks of one import while there are justifications to end it with; the enclave takes a shorter one for the newest. */
const USUAL_IMPORT_BLOCKS = 32;
/** Blocks of one import at most: as many as the follower takes; only needed where justifications are rare. */
const MAX_IMPORT_BLOCKS = 1_000;

/** Hashes of announced blocks that are remembered until they are fetched; more come at once only after a pause. */
const MAX_ANNOUNCED_HASHES = 64;

/** Encoded blocks in order. */
export interface FetchedRange {
  readonly blocks: readonly Uint8Array[];
  /** Number of the last one. */
  readonly last: number;
}

/** What a fetch is for. */
export interface FetchRequest {
  readonly from: number;
  readonly to: number;
  readonly keys: readonly Uint8Array[];
  /** First block whose body and state are wanted. */
  readonly contentFrom: number;
}

/** What is asked of a node. */
export type BlockSource = Pick<NodeRpc, "blockHash" | "block" | "readProof" | "values">;

/** Fetches from one node. */
export class BlockFetcher {
  readonly #rpc: BlockSource;
  readonly #level: FinalityLevel;
  readonly #feed: JustificationFeed;
  readonly #announced = new Map<number, BlockHash>();

  constructor(rpc: BlockSource, level: FinalityLevel, feed: JustificationFeed) {
    this.#rpc = rpc;
    this.#level = level;
    this.#feed = feed;
  }

  /** Takes a header that the node has announced: it saves asking for its hash, and for its parent's. */
  noteAnnounced(header: ParentchainHeader): void {
    this.#announced.set(header.number - 1, header.parentHash).set(header.number, computeHeaderHash(header));
    for (const oldest of this.#announced.keys()) {
      if (this.#announced.size <= MAX_ANNOUNCED_HASHES) break;
      this.#announced.delete(oldest);
    }
  }

  /**
   * The next blocks of a range: at level `proven` they end with a justified one, and there are none if no block of the
   * range is justified yet.
   *
   * @throws {LinkError}
   */
  async next(request: FetchRequest): Promise<FetchedRange> {
    const blocks: Uint8Array[] = [];
    let complete = 0;
    for (let at = request.from; at <= request.to && blocks.length < MAX_IMPORT_BLOCKS; at += MAX_PARALLEL_FETCHES) {
      const count = Math.min(MAX_PARALLEL_FETCHES, request.to - at + 1, MAX_IMPORT_BLOCKS - blocks.length);
      const group = await Promise.all(Array.from({ length: count }, (_, i) => this.#fetch(at + i, request)));
      for (const { bytes, justified } of group) {
        blocks.push(bytes);
        if (justified || this.#level !== "proven") complete = blocks.length;
      }
      if (complete >= USUAL_IMPORT_BLOCKS) break;
    }
    return { blocks: blocks.slice(0, complete), last: request.from + complete - 1 };
  }

  async #fetch(number: number, { keys, contentFrom }: FetchRequest) {
    const announced = this.#announced.get(number);
    // Used once: if the enclave refuses the block, the node is asked what it takes for the block now.
    this.#announced.delete(number);
    const hash = announced ?? await this.#rpc.blockHash(number);
    const [block, storage] = await Promise.all([
      this.#rpc.block(hash),
      number < contentFrom ? undefined : this.storage(keys, hash),
    ]);
    const justification = block.justification ?? this.#feed.of(number);
    const content = storage === undefined ? undefined : { extrinsics: block.extrinsics, storage };
    return {
      bytes: blockInput.encode({ header: block.headerBytes, justification, content }),
      justified: justification !== undefined,
    };
  }

  /** Values of keys in the state of a block: proven, or at level `trusted` on the node's word. @throws {LinkError} */
  async storage(keys: readonly Uint8Array[], hash: Uint8Array): Promise<StorageEvidence> {
    if (this.#level === "trusted") return { type: "trusted", values: await this.#rpc.values(keys, hash) };
    return { type: "proof", nodes: await this.#rpc.readProof(keys, hash) };
  }
}
