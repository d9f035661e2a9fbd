import type { BlockStore } from "../../../src/host/block_store.ts";
import type { PeerMeters, PeerPorts, PeerSocket } from "../../../src/host/peers/peer_socket_port.ts";
import type { SlotTimer } from "../../../src/host/slot_clock.ts";
import { accountId, type BlockHash, blockHash, h256, shardIdentifier } from "../../../src/primitives/branded.ts";
import { toHex } from "../../../src/primitives/hex.ts";
import { computeHeaderHash } from "../../../src/types/sidechain_header.ts";
import { type SignedBlock, signedBlock } from "../../../src/types/signed_block.ts";

/** A clock that is moved by hand. */
export class ManualTimer implements SlotTimer {
  #now = 0;
  #tasks: { readonly at: number; readonly run: () => void }[] = [];
  readonly now = () => this.#now;
  readonly after = (ms: number, run: () => void) => {
    const task = { at: this.#now + ms, run };
    this.#tasks.push(task);
    return () => void (this.#tasks = this.#tasks.filter((other) => other !== task));
  };

  /** Tasks that wait. */
  get waiting(): number {
    return this.#tasks.length;
  }

  /** Lets time pass; what falls due runs in its order, and what it sets going settles in between. */
  async pass(ms: number): Promise<void> {
    const until = this.#now + ms;
    for (;;) {
      await settle();
      const [next] = this.#tasks.filter(({ at }) => at <= until).sort((a, b) => a.at - b.at);
      if (next === undefined) break;
      this.#tasks = this.#tasks.filter((other) => other !== next);
      this.#now = next.at;
      next.run();
    }
    this.#now = until;
  }
}

/** Lets promises run that wait for nothing but each other. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve();
}

/** A socket whose other end is the test. */
export class FakeSocket implements PeerSocket {
  readonly sent: string[] = [];
  onMessage: ((text: string) => void) | undefined;
  onClose: (() => void) | undefined;
  buffered = 0;
  closed = false;
  /** Whether it goes on for a while after it was told to close, as real ones do: {@linkcode FakeSocket.end} ends it then. */
  lingers = false;
  readonly send = (text: string) => void this.sent.push(text);
  readonly close = () => {
    if (this.closed) return;
    this.closed = true;
    if (!this.lingers) this.end();
  };
  readonly bufferedAmount = () => this.buffered;

  answer(text = '{"jsonrpc":"2.0","result":"ok","id":1}'): void {
    this.onMessage?.(text);
  }

  /** Ends, whoever wanted that. */
  end(): void {
    this.closed = true;
    this.onClose?.();
  }
}

/** Meters that can be read. */
export function meters() {
  const values = { connected: 0, sent: 0, dropped: 0, fetched: 0 };
  const meter = (name: "sent" | "dropped" | "fetched") => ({ inc: (by = 1) => void (values[name] += by) });
  const ports: PeerMeters = {
    connected: { set: (value) => void (values.connected = value) },
    sent: meter("sent"),
    dropped: meter("dropped"),
    fetched: meter("fetched"),
  };
  return { values, ports };
}

/** Ports whose peers are sockets of the test; a url without a socket to come cannot be reached. */
export function fakePorts() {
  const timer = new ManualTimer();
  const logs: string[] = [];
  const dialled: string[] = [];
  const sockets = new Map<string, FakeSocket[]>();
  const { values, ports } = meters();
  const all: PeerPorts = {
    dial: (url) => {
      dialled.push(url);
      const socket = sockets.get(url)?.shift();
      return socket === undefined ? Promise.reject(new Error("nobody there")) : Promise.resolve(socket);
    },
    timer,
    random: () => 0.5,
    meters: ports,
    log: (_, code) => void logs.push(code),
  };
  const expectDial = (url: string): FakeSocket => {
    const socket = new FakeSocket();
    sockets.set(url, [...sockets.get(url) ?? [], socket]);
    return socket;
  };
  return { timer, logs, dialled, values, ports: all, expectDial };
}

export const SHARD = shardIdentifier(new Uint8Array(32).fill(7));

/** A block with nothing in it; `mark` tells siblings apart. */
export function blockOn(parent: BlockHash, number: number, mark = 0): SignedBlock {
  const zero = h256(new Uint8Array(32));
  return {
    block: {
      header: {
        parentHash: parent,
        blockNumber: BigInt(number),
        shardId: SHARD,
        blockDataHash: h256(new Uint8Array(32).fill(mark)),
        nextFinalizationBlockNumber: 1n,
      },
      blockData: {
        timestamp: BigInt(number) * 300n,
        layerOneHead: blockHash(zero),
        blockAuthor: accountId(new Uint8Array(32).fill(1)),
        signedTopHashes: [],
        encryptedStateDiff: new Uint8Array([1, 2, 3]),
        layerOneNumber: 1,
        receiptsHash: zero,
        prologueHash: zero,
        stateRoot: zero,
      },
    },
    signature: { type: "Ed25519", value: new Uint8Array(64).fill(2) },
  };
}

export function hashOf({ block }: SignedBlock): BlockHash {
  return computeHeaderHash(block.header);
}

/** Blocks one after the other. */
export function branch(parent: SignedBlock | undefined, count: number, mark = 0): SignedBlock[] {
  const blocks: SignedBlock[] = [];
  for (let last = parent; blocks.length < count;) {
    const hash = last === undefined ? blockHash(new Uint8Array(32)) : hashOf(last);
    last = blockOn(hash, Number(last?.block.header.blockNumber ?? 0n) + 1, mark);
    blocks.push(last);
  }
  return blocks;
}

/** A store in memory. */
export class MemoryStore implements BlockStore {
  readonly #blocks = new Map<
    string,
    { readonly number: bigint; readonly hash: Uint8Array; readonly bytes: Uint8Array }
  >();

  constructor(blocks: readonly SignedBlock[] = []) {
    for (const block of blocks) this.put(block);
  }

  put(block: SignedBlock): void {
    this.append({ number: block.block.header.blockNumber, hash: hashOf(block), bytes: signedBlock.encode(block) });
  }

  readonly append: BlockStore["append"] = (block) => void this.#blocks.set(toHex(block.hash), block);
  readonly byHash: BlockStore["byHash"] = (hash) => this.#blocks.get(toHex(hash));
  readonly from: BlockStore["from"] = (number, limit) =>
    [...this.#blocks.values()].filter((block) => block.number >= number)
      .sort((a, b) => Number(a.number - b.number)).slice(0, limit);
  readonly newest: BlockStore["newest"] = () => this.from(0n, Infinity).at(-1);
  readonly count: BlockStore["count"] = () => this.#blocks.size;
  readonly discard: BlockStore["discard"] = () => {};
  readonly pruneBelow: BlockStore["pruneBelow"] = () => {};
  readonly close: BlockStore["close"] = () => {};
}
