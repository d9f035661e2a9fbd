/**
 * Events of the parentchain's blocks, block by block without gaps.
 *
 * @module
 */
import { type BlockHash, blockHash } from "../../primitives/branded.ts";
import { CliError } from "./cli_error.ts";
import { type Parentchain, within } from "./parentchain.ts";

/** How long a node may tell of no block: twenty of six seconds; a connection may be dead without being closed. */
export const BLOCK_TIMEOUT_MS = 120_000;

/** One event. */
export interface EventRecord {
  /** The part of the block that caused it. */
  readonly phase: { toString(): string };
  readonly event: {
    /** Pallet in camel case. */
    readonly section: string;
    /** Name of the event. */
    readonly method: string;
    /** Its fields by position. */
    readonly data: { toHuman(): unknown } & readonly { toU8a(): Uint8Array; toString(): string }[];
  };
}

/** A block with its events. */
export interface EventBlock {
  readonly number: number;
  readonly hash: BlockHash;
  readonly events: readonly EventRecord[];
}

/** A stream of blocks. */
export interface BlockStream {
  /** The next block; waits for it. @throws {CliError} `Parentchain` if the connection ended, or the node fell silent. */
  readonly next: () => Promise<EventBlock>;
  /** Ends the stream. */
  readonly stop: () => void;
}

/** Streams the blocks from the newest one on. */
export async function streamBlocks(chain: Parentchain): Promise<BlockStream> {
  const { api } = chain;
  let last: number | undefined;
  let newest = 0;
  let ended = false;
  let wake: () => void = () => {};
  const unsubscribe = await api.rpc.chain.subscribeNewHeads((header) => {
    newest = header.number.toNumber();
    last ??= newest - 1;
    wake();
  });
  api.once("disconnected", () => {
    ended = true;
    wake();
  });
  const next = async (): Promise<EventBlock> => {
    while (last === undefined || last >= newest) {
      if (ended) throw new CliError("Parentchain", "The node closed the connection");
      await new Promise<void>((resolve) => wake = resolve);
    }
    const number = last + 1;
    const block = await readBlock(chain, number);
    last = number;
    return block;
  };
  return {
    next: () => within(BLOCK_TIMEOUT_MS, next(), "The node has told of no block", "Parentchain"),
    stop: () => unsubscribe(),
  };
}

async function readBlock({ api }: Parentchain, number: number): Promise<EventBlock> {
  const hash = await api.rpc.chain.getBlockHash(number);
  const at = await api.at(hash);
  const events = at.query["system"]?.["events"];
  if (events === undefined) throw new CliError("Parentchain", "Cannot read events: the runtime has none");
  return { number, hash: blockHash(hash.toU8a()), events: await events() as unknown as EventRecord[] };
}
