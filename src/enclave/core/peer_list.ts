/**
 * Where the shard's other validateers listen, read once per parentchain block from what it proves.
 *
 * Source: worker `service/src/worker_peers_updater.rs`, `core/parentchain/pallet-teerex-api` (839eda024)
 * Differs: read per parentchain block instead of per broadcast, and without the validateer itself
 *
 * @module
 */
import type { ParentchainView } from "../../parentchain/view.ts";
import type { AccountId } from "../../primitives/branded.ts";
import { equalBytes } from "../../primitives/bytes.ts";
import { toHex } from "../../primitives/hex.ts";
import type { Effect } from "../api/effects.ts";
import { MAX_PEER_URLS } from "../api/limits.ts";

/** The text; `undefined` if it is none. */
function readText(bytes: Uint8Array | undefined): string | undefined {
  try {
    return bytes === undefined ? undefined : new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** Remembers what the host was told. */
export class PeerList {
  /** Endpoints as they were read last, by account. */
  #known: ReadonlyMap<string, string> = new Map();
  #told: readonly string[] = [];

  /** Trusted endpoint of a validateer as it was read last; none if it is not registered, or for this enclave itself. */
  urlOf(signer: AccountId): string | undefined {
    return this.#known.get(toHex(signer));
  }

  /**
   * What to tell the host after a view: nothing if the peers are those of before. A validateer whose registration was not asked
   * for yet keeps its endpoint; one without registration has none.
   */
  note(view: ParentchainView | undefined): readonly Effect[] {
    if (view === undefined) return [];
    const known = new Map<string, string>();
    for (const { signer } of view.shardStatus) {
      const id = toHex(signer);
      const peer = view.peers.find(({ account }) => equalBytes(account, signer));
      const url = peer === undefined ? this.#known.get(id) : readText(peer.enclave?.url);
      if (url !== undefined) known.set(id, url);
    }
    this.#known = known;
    const urls = [...new Set(known.values())].slice(0, MAX_PEER_URLS);
    if (urls.length === this.#told.length && urls.every((url, i) => url === this.#told[i])) return [];
    this.#told = urls;
    return [{ type: "peers", value: urls }];
  }
}
