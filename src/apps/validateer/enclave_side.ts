/**
 * The host's hand on the enclave of a run, and the exchange of blocks that it works with.
 *
 * @module
 */
import type { EnclavePort } from "../../enclave/api/enclave_port.ts";
import type { BlockStore } from "../../host/block_store.ts";
import type { DataDir } from "../../host/deno/data_dir.ts";
import { writePeerFile } from "../../host/deno/peer_file.ts";
import { dialProvider } from "../../host/deno/provider_dialer.ts";
import { EnclaveHost } from "../../host/enclave_host.ts";
import type { Log } from "../../host/log.ts";
import type { HostMetrics } from "../../host/metrics.ts";
import type { NodeLink } from "../../host/parentchain/link.ts";
import type { BlockExchange } from "../../host/peers/block_exchange.ts";
import { ServiceError } from "../../host/service.ts";
import type { SlotTimer } from "../../host/slot_clock.ts";
import { PEERS_FILE } from "./entries.ts";
import { createExchange } from "./exchange.ts";

/** What both work with. */
export interface EnclaveSideParts {
  readonly port: EnclavePort;
  readonly dataDir: DataDir;
  readonly blocks: BlockStore;
  readonly link: NodeLink;
  readonly timer: SlotTimer;
  readonly metrics: HostMetrics;
  readonly log: Log;
  /** The shard, once the enclave is up. */
  readonly shard: () => Uint8Array;
  /** Ends the run. */
  readonly fail: (error: Error) => void;
}

/** Both, which need each other. */
export interface EnclaveSide {
  readonly host: EnclaveHost;
  readonly exchange: BlockExchange;
}

/** Puts them together. */
export function createEnclaveSide(parts: EnclaveSideParts): EnclaveSide {
  const { port, dataDir, blocks, link, timer, metrics, log, shard, fail } = parts;
  const host: EnclaveHost = new EnclaveHost(port, {
    blocks,
    files: dataDir,
    submitExtrinsic: ({ purpose, bytes }) => link.submit(purpose, bytes),
    broadcast: (block) => exchange.network.broadcast(block),
    gossip: (message) => exchange.network.gossip(message),
    fetchBlocks: (wanted) => exchange.fetcher.take(wanted),
    setPeers: (urls) => {
      exchange.setPeers(urls);
      writePeerFile(dataDir.entry(PEERS_FILE), urls)
        .catch(({ message }) => log("warn", "PeersNotStored", { reason: message }));
    },
    dialPeer: (url) => dialProvider(url, log),
    fatal: (code, detail) => fail(new ServiceError(code, detail)),
    log,
  });
  const exchange = createExchange({
    ...{ timer, log, blocks, shard, meters: metrics.peers },
    importBlocks: (request) => host.call("import_blocks", request),
  });
  return { host, exchange };
}
