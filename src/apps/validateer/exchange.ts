/**
 * The exchange of blocks of a running validateer, put together.
 *
 * @module
 */
import type { BlockOutcome, ImportBlocksRequest } from "../../enclave/api/ecall_values.ts";
import type { EcallError } from "../../enclave/api/ecalls.ts";
import type { BlockStore } from "../../host/block_store.ts";
import { dialPeerSocket, openBlockSource } from "../../host/deno/peer_dialer.ts";
import type { Log } from "../../host/log.ts";
import { BlockExchange } from "../../host/peers/block_exchange.ts";
import type { PeerMeters } from "../../host/peers/peer_socket_port.ts";
import type { SlotTimer } from "../../host/slot_clock.ts";
import type { Result } from "../../primitives/result.ts";

/** What it works with. */
export interface ExchangeParts {
  readonly timer: SlotTimer;
  readonly log: Log;
  readonly blocks: BlockStore;
  readonly meters: PeerMeters;
  /** The shard, once the enclave is up. */
  readonly shard: () => Uint8Array;
  /** The ecall of this name. */
  readonly importBlocks: (request: ImportBlocksRequest) => Promise<Result<readonly BlockOutcome[], EcallError>>;
}

/** Puts it together; it has no peers yet. */
export function createExchange({ timer, log, blocks, meters, shard, importBlocks }: ExchangeParts): BlockExchange {
  return new BlockExchange({
    ...{ timer, log, meters, random: Math.random, store: blocks, dial: dialPeerSocket },
    open: (peer) => openBlockSource(peer, shard()),
    importBlocks: async (encoded) => {
      const outcomes = await importBlocks({ nowMs: BigInt(timer.now()), blocks: encoded });
      if (outcomes.ok) return outcomes.value;
      log("warn", outcomes.error.code, { ecall: "import_blocks", detail: outcomes.error.detail });
      return undefined;
    },
  });
}
