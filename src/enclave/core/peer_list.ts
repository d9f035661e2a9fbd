/**
 * Where the shard's other validateers listen, read once per parentchain block from what it proves.
 *
 * Source: worker `service/src/worker_peers_updater.rs`, `core/parentchain/pallet-teerex-api` (839eda024), PROTOCOL §7.4
 * Differs: read per parentchain block instead of per broadcast, and without the validateer itself
 *
 * @module
 */
import type { ParentchainView } from "../../parentchain/view.ts";
import { equalBytes } from "../../primitives/bytes.ts";
import type { Effect } from "../api/effects.ts";
import { MAX_PEER_URLS } from "../api/limits.ts";

/**
 * Registered endpoints of the shard's validateers in the order of its status. A view holds no registration of the enclave
 * itself among its peers; endpoints that are no text are passed over.
 */
export function peerUrls(view: ParentchainView): readonly string[] {
  const urls = view.shardStatus.flatMap(({ signer }) => {
    const peer = view.peers.find(({ account }) => equalBytes(account, signer));
    const url = peer?.enclave?.url;
    return url === undefined ? [] : readText(url);
  });
  return [...new Set(urls)].slice(0, MAX_PEER_URLS);
}

function readText(bytes: Uint8Array): readonly string[] {
  try {
    return [new TextDecoder("utf-8", { fatal: true }).decode(bytes)];
  } catch {
    return [];
  }
}

/** Remembers what the host was told. */
export class PeerList {
  #told: readonly string[] = [];

  /** What to tell the host after a view: nothing if the peers are those of before. */
  note(view: ParentchainView | undefined): readonly Effect[] {
    if (view === undefined) return [];
    const urls = peerUrls(view);
    if (urls.length === this.#told.length && urls.every((url, i) => url === this.#told[i])) return [];
    this.#told = urls;
    return [{ type: "peers", value: urls }];
  }
}
