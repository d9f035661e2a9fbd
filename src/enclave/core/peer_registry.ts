/**
 * What this enclave remembers of other enclaves: to whom it gave the shard, who asked for it, and since when an upgrade of
 * the code is visible.
 *
 * @module
 */
import { type Codec, struct, vec } from "../../codec/codec.ts";
import { MAX_PEERS } from "../../parentchain/wanted_keys.ts";
import type { ParentchainView } from "../../parentchain/view.ts";
import type { AccountId } from "../../primitives/branded.ts";
import { equalBytes } from "../../primitives/bytes.ts";
import { encodeBase58 } from "../../primitives/base58.ts";
import { type GrantedPeer, grantedPeer, noteDelegates, wantedDelegates } from "../provisioning/granted_peers.ts";
import { type UpgradeWatch, watchUpgrade } from "../provisioning/upgrade_watch.ts";
import type { Tickets } from "../tickets.ts";
import type { Outbox } from "./outbox.ts";
import { PeerList } from "./peer_list.ts";
import { openSealedFile, writeSealedFile } from "./sealed_file.ts";
import type { EnclaveSetup } from "./setup.ts";

/** File of the registry. */
export const PEERS_FILE = "peers.sealed";
/** Most accounts that are remembered as provisioned: three times those a shard can have at a time. */
export const MAX_PROVISIONED = 32;
/** Most attested accounts whose registration is waited for. */
export const MAX_ANNOUNCED = 8;

/** The registry as it is sealed. */
export interface StoredPeers {
  /** Attested enclaves that were given the shard, oldest first. */
  readonly granted: readonly GrantedPeer[];
}

/** SCALE codec of {@linkcode StoredPeers}. */
export const storedPeers: Codec<StoredPeers> = struct<StoredPeers>({
  granted: vec(grantedPeer, MAX_PROVISIONED),
});

const NOTHING: StoredPeers = { granted: [] };

/** Other enclaves. */
export class PeerRegistry {
  /** Where the shard's other validateers listen. */
  readonly endpoints: PeerList = new PeerList();
  readonly #setup: EnclaveSetup;
  readonly #tickets: Tickets;
  readonly #outbox: Outbox;
  #stored: StoredPeers;
  #watch: UpgradeWatch | undefined;
  #newest: ParentchainView | undefined;
  #announced: readonly AccountId[] = [];
  /** Done when all that was to be stored is with the host. */
  #sealing: Promise<void> = Promise.resolve();

  constructor(setup: EnclaveSetup, tickets: Tickets, outbox: Outbox, stored: StoredPeers = NOTHING) {
    this.#setup = setup;
    this.#tickets = tickets;
    this.#outbox = outbox;
    this.#stored = stored;
  }

  /** Opens the file; a damaged one is told and left: what it held can be had again. */
  static async open(setup: EnclaveSetup, tickets: Tickets, outbox: Outbox, sealed: Uint8Array): Promise<PeerRegistry> {
    const stored = await openSealedFile(setup, PEERS_FILE, storedPeers, sealed);
    if (stored === undefined) outbox.log("error", "PeersFileDamaged");
    return new PeerRegistry(setup, tickets, outbox, stored);
  }

  /** Accounts that were given the shard and are to be delegates of its vault. */
  get provisioned(): readonly AccountId[] {
    return this.#newest === undefined ? [] : wantedDelegates(this.#stored.granted, this.#newest);
  }

  /** Since when the shard's configuration names its next or present measurement; kept in the snapshots. */
  get watch(): UpgradeWatch | undefined {
    return this.#watch;
  }

  /** Goes on with what a snapshot knew; the parentchain's blocks since come again. */
  resumeWatch(watch: UpgradeWatch | undefined): void {
    this.#watch = watch;
  }

  /** Asks for the registration of an account from the next parentchain block on; the oldest wish gives way. */
  announce(account: AccountId): void {
    const others = this.#announced.filter((known) => !equalBytes(known, account));
    this.#announced = [...others, account].slice(-MAX_ANNOUNCED);
  }

  /** Whose registrations are wanted: who asks for the shard, and the shard's validateers. */
  wanted(view: ParentchainView | undefined): readonly AccountId[] {
    const listed = view?.shardStatus.map(({ signer }) => signer) ?? [];
    const wanted: AccountId[] = [];
    for (const account of [...this.#announced, ...listed]) {
      const isKnown = [this.#setup.signer, ...wanted].some((known) => equalBytes(known, account));
      if (!isKnown && wanted.length < MAX_PEERS) wanted.push(account);
    }
    return wanted;
  }

  /** Takes note of newer views, in their order. */
  noteViews(views: readonly ParentchainView[]): void {
    this.#newest = views.at(-1) ?? this.#newest;
    const granted = views.reduce(noteDelegates, this.#stored.granted);
    if (granted !== this.#stored.granted) void this.#store({ granted });
    const before = this.#watch;
    const seen = views.reduce(watchUpgrade, before);
    // Only other code than the own one is an upgrade to wait for.
    this.#watch = seen !== undefined && equalBytes(seen.fingerprint, this.#setup.fingerprint) ? undefined : seen;
    const watch = this.#watch;
    if (watch === undefined || watch.firstSeenAt === before?.firstSeenAt) return;
    this.#outbox.log("warn", "UpgradeVisible", {
      from: watch.firstSeenAt,
      fingerprint: encodeBase58(watch.fingerprint),
    });
  }

  /** Takes note of an attested account that is about to get the shard; whether it is on disk. Not to be awaited in an ecall. */
  addProvisioned(account: AccountId): Promise<boolean> {
    const others = this.#stored.granted.filter((known) => !equalBytes(known.account, account));
    const peer: GrantedPeer = { account, grantedAt: this.#newest?.number ?? 0, wasDelegate: false };
    return this.#store({ granted: [...others, peer].slice(-MAX_PROVISIONED) });
  }

  /** Has the host write the file, in the order of the calls; whether it did. */
  #store(stored: StoredPeers): Promise<boolean> {
    this.#stored = stored;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const content = storedPeers.encode(stored);
    const onWritten = (written: boolean) => {
      // Remembered until the next start all the same.
      if (!written) this.#outbox.log("error", "PeersNotStored");
      resolve(written);
      return [];
    };
    this.#sealing = this.#sealing.then(async () => {
      this.#outbox.push(await writeSealedFile(this.#setup, this.#tickets, PEERS_FILE, content, onWritten));
      this.#outbox.flush();
    });
    return promise;
  }
}
