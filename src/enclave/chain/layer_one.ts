/**
 * The final Integritee blocks that the sidechain needs: for the authorities, for the prologue, for `layer_one_head`.
 *
 * @module
 */
import type { ImportedBlock } from "../../parentchain/imported_block.ts";
import type { FollowerState } from "../../parentchain/follower_state.ts";
import { type ParentchainView, shardAuthorities } from "../../parentchain/view.ts";
import type { AccountId, BlockHash, ShardIdentifier } from "../../primitives/branded.ts";
import { toHex } from "../../primitives/hex.ts";
import type { LayerOneHead } from "../../sidechain/chain_block.ts";
import type { LayerOneView } from "../../sidechain/layer_one_view.ts";
import { MAX_LAYER_ONE_LAG } from "../../sidechain/verify.ts";
import type { StateReader } from "../../state/kv_store.ts";
import { isAfterCursor, readPrologueCursor } from "../../stf/prologue.ts";
import type { ParentchainId } from "../../types/parentchain_id.ts";
import { MAX_PROLOGUE_ITEMS, type PrologueItem } from "../../types/prologue_item.ts";

/** How long an author knows a head before it uses it, so that the others know it too. */
export const HEAD_SETTLING_MS = 2000;
/** Blocks kept below the oldest cursor in use, for blocks of peers that are behind. */
const KEPT_BELOW_CURSOR: number = 2 * MAX_LAYER_ONE_LAG;

interface Entry {
  readonly number: number;
  readonly hash: BlockHash;
  readonly seenAtMs: number;
  readonly view: ParentchainView | undefined;
  readonly items: readonly PrologueItem[];
  readonly followerState: FollowerState;
}

/** Imported blocks of the Integritee parentchain, ascending and without gaps. */
export class LayerOne implements LayerOneView {
  readonly #id: ParentchainId = "Integritee";
  #entries: Entry[] = [];
  #byHash = new Map<string, Entry>();
  /** Blocks up to this number have no items for this shard. */
  readonly #start: number;
  readonly #shard: ShardIdentifier;

  /** `start` is the newest block before the first whose items count. */
  constructor(shard: ShardIdentifier, start: number) {
    this.#shard = shard;
    this.#start = start;
  }

  get newestNumber(): number {
    return this.#entries.at(-1)?.number ?? this.#start;
  }

  /** The parentchain's state after the newest block that has one. */
  get newestView(): ParentchainView | undefined {
    return this.#entries.findLast(({ view }) => view !== undefined)?.view;
  }

  /** Adds a final block. */
  add(block: ImportedBlock, nowMs: number): void {
    const entry: Entry = {
      number: block.number,
      hash: block.hash,
      seenAtMs: nowMs,
      view: block.content?.view,
      items: block.content === undefined ? [] : this.#itemsOf(block),
      followerState: block.followerState,
    };
    this.#entries.push(entry);
    this.#byHash.set(toHex(entry.hash), entry);
  }

  /** Takes blocks back that a proven header undid. */
  revert(toNumber: number): void {
    while ((this.#entries.at(-1)?.number ?? 0) > toNumber) {
      const entry = this.#entries.pop();
      if (entry !== undefined) this.#byHash.delete(toHex(entry.hash));
    }
  }

  numberOf(hash: BlockHash): number | undefined {
    return this.#byHash.get(toHex(hash))?.number;
  }

  /** Whether a block is known not to be final: another one stands in its place. */
  isContradicted({ hash, number }: LayerOneHead): boolean {
    const first = this.#entries[0]?.number ?? Infinity;
    return number >= first && number <= this.newestNumber && !this.#byHash.has(toHex(hash));
  }

  authoritiesAt(hash: BlockHash): readonly AccountId[] | undefined {
    const view = this.#byHash.get(toHex(hash))?.view;
    return view === undefined ? undefined : shardAuthorities(view, this.#shard);
  }

  prologueItems(state: StateReader, head: BlockHash): readonly PrologueItem[] | undefined {
    const number = this.numberOf(head);
    if (number === undefined) return undefined;
    const cursor = readPrologueCursor(state, this.#id);
    const from = cursor?.blockNumber ?? this.#start + 1;
    const first = this.#entries[0]?.number ?? 0;
    if (from < first && from <= number) return undefined;
    const items: PrologueItem[] = [];
    for (const entry of this.#entries) {
      if (entry.number < from) continue;
      if (entry.number > number) break;
      for (const item of entry.items) {
        if (!isAfterCursor(item, cursor)) continue;
        if (items.length >= MAX_PROLOGUE_ITEMS) return items;
        items.push(item);
      }
    }
    return items;
  }

  /** The newest block that has been known for {@linkcode HEAD_SETTLING_MS} and is not behind the parent's. */
  headForAuthor(parent: LayerOneHead, nowMs: number): LayerOneHead | undefined {
    const settled = this.#entries.findLast(({ seenAtMs, view }) =>
      view !== undefined && seenAtMs + HEAD_SETTLING_MS <= nowMs
    );
    if (settled !== undefined && settled.number >= parent.number) return { hash: settled.hash, number: settled.number };
    return this.numberOf(parent.hash) === parent.number ? parent : undefined;
  }

  /**
   * The follower's state from which all items after the cursor of `state` come again, and all blocks from `unread` on: the
   * newest one before the cursor's block, because that one may be applied in part only.
   */
  followerStateFor(state: StateReader, unread: number = Infinity): FollowerState | undefined {
    const cursor = readPrologueCursor(state, this.#id)?.blockNumber;
    if (cursor === undefined) return undefined;
    const first = Math.min(cursor, unread);
    return this.#entries.findLast(({ number }) => number < first)?.followerState;
  }

  /** Forgets blocks that no state from `oldest` on needs, but keeps the one before `unread`. */
  prune(oldest: StateReader, unread: number = Infinity): void {
    const cursor = readPrologueCursor(oldest, this.#id)?.blockNumber;
    if (cursor === undefined) return;
    const keepFrom = Math.min(cursor - KEPT_BELOW_CURSOR, unread - 1);
    const count = this.#entries.findIndex(({ number }) => number >= keepFrom);
    for (const { hash } of this.#entries.splice(0, Math.max(0, count))) this.#byHash.delete(toHex(hash));
  }

  /** Forgets all but the newest blocks, where nobody needs their items. */
  keepNewest(count: number): void {
    for (const { hash } of this.#entries.splice(0, Math.max(0, this.#entries.length - count))) {
      this.#byHash.delete(toHex(hash));
    }
  }

  #itemsOf({ number, content }: ImportedBlock): readonly PrologueItem[] {
    if (content === undefined || number <= this.#start) return [];
    const { nowMs, deposits } = content;
    const items: PrologueItem[] = [];
    const place = { parentchain: this.#id, blockNumber: number };
    if (nowMs !== undefined) items.push({ type: "timestamp", ...place, nowMs });
    for (const { itemIndex, from, amount } of deposits) {
      items.push({ type: "deposit", ...place, itemIndex, from, amount });
    }
    return items;
  }
}
