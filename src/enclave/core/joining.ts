/**
 * An enclave on its way into a shard that others run: it registers, has the host dial a validateer, takes keys and state
 * over provisioning, and stores both before anything is done with them.
 *
 * States: waiting for the own registration → dialling → receiving → storing the state → storing the keys → joined; any
 * failure → waiting, and the next validateer is asked after the next parentchain block; after many, after ever more of them.
 *
 * Source: worker `service/src/sync_state.rs`, `enclave-runtime/src/tls_ra/seal_handler.rs` (839eda024)
 * Differs: validateers are asked in turn; what is received counts only once it is on disk
 *
 * @module
 */
import type { EvidenceMaker } from "../evidence.ts";
import { ed25519Sign } from "../../crypto/ed25519.ts";
import type { ParentchainView } from "../../parentchain/view.ts";
import { isViewOld } from "../../parentchain/view_age.ts";
import { equalBytes } from "../../primitives/bytes.ts";
import { toHex } from "../../primitives/hex.ts";
import { SidechainChain } from "../../sidechain/chain.ts";
import { KEYS_FILE } from "../api/ecall_values.ts";
import { MAX_TEXT_BYTES } from "../api/limits.ts";
import { type DutyState, nextDuties, NO_DUTIES } from "../duties/duties.ts";
import type { DutyIdentity } from "../duties/duty.ts";
import { adoptShardSecrets, type EnclaveKeys } from "../keys.ts";
import { sendRefusal } from "../provisioning/provider.ts";
import { type ReceivedShard, requestProvisioning } from "../provisioning/requester.ts";
import type { UpgradeWatch } from "../provisioning/upgrade_watch.ts";
import { StreamError } from "../provisioning/secure_channel.ts";
import { MANIFEST_VERSION, type SnapshotManifest } from "../snapshot/snapshot_files.ts";
import { SnapshotWriter } from "../snapshot/snapshot_writer.ts";
import type { Tickets } from "../tickets.ts";
import { createTlsCertificate } from "../tls_certificate.ts";
import type { EnclavePorts } from "./enclave_ports.ts";
import type { Outbox } from "./outbox.ts";
import type { ParentchainFeed } from "./parentchain_feed.ts";
import { createPeerContext, OwnRoots } from "./peer_context.ts";
import type { PeerRegistry } from "./peer_registry.ts";
import { reasonOf } from "./provisioning_service.ts";
import { pointOf, type Recovered } from "./recovery.ts";
import { registrationOf } from "./running.ts";
import type { EnclaveSetup } from "./setup.ts";
import { submitExtrinsic } from "./submit_extrinsic.ts";

/** Blocks of the parentchain that are kept: only the newest view is looked at. */
const KEPT_BLOCKS = 2;
/** Progress is logged each time this share of the state has come. */
const PROGRESS_STEP = 0.1;

/** Failures in a row after which a pause grows: until then every parentchain block is worth a try. */
export const PATIENT_FAILURES = 16;
/** Longest pause between two tries, in parentchain blocks: three minutes, as while an upgrade waits for its enactment. */
export const MAX_DIAL_PAUSE_BLOCKS = 32;

/** Parentchain blocks until the next try, after so many failures in a row. */
export function dialPauseBlocks(failures: number): number {
  return Math.min(MAX_DIAL_PAUSE_BLOCKS, 2 ** Math.max(0, failures - PATIENT_FAILURES));
}

/** A shard that is stored and ready. */
export interface Joined {
  readonly keys: EnclaveKeys;
  readonly recovered: Recovered;
  readonly received: ReceivedShard;
}

/** What joining works with. */
export interface JoiningContext {
  readonly setup: EnclaveSetup;
  readonly ports: EnclavePorts;
  readonly feed: ParentchainFeed;
  readonly evidence: EvidenceMaker;
  readonly registry: PeerRegistry;
  readonly tickets: Tickets;
  readonly outbox: Outbox;
  /** Runs work between ecalls. */
  readonly enqueue: (work: () => Promise<void>) => void;
  /** Called once, between ecalls or within one. */
  readonly onJoined: (joined: Joined) => Promise<void>;
}

/**
 * Whether an enclave that has drawn keys of its own has to give them up: the shard is run by others, and it is not the one
 * that founded it. Undefined: nobody runs the shard yet. A shard with confirmed blocks was founded, whoever is listed now.
 */
export function mustJoin(view: ParentchainView, signer: Uint8Array): boolean | undefined {
  if (view.confirmation !== undefined) return true;
  const first = view.shardStatus[0];
  return first === undefined ? undefined : !equalBytes(first.signer, signer);
}

/** Joins a shard. */
export class Joining {
  readonly feed: ParentchainFeed;
  readonly #context: JoiningContext;
  readonly #identity: DutyIdentity;
  #duties: DutyState = NO_DUTIES;
  #isBusy = false;
  #attempts = 0;
  #failures = 0;
  /** Parentchain block at which the last try began. */
  #dialledAt = 0;
  /** Validateers that were listed when it was told that none of them can be asked. */
  #toldAloneOf: number | undefined;
  readonly #roots: OwnRoots;

  constructor(context: JoiningContext) {
    this.#context = context;
    this.#roots = new OwnRoots(context.ports.platform);
    this.feed = context.feed;
    const { signer, keys, fingerprint, shard } = context.setup;
    this.#identity = {
      signer: { account: signer, sign: (payload) => ed25519Sign(keys.signer, payload) },
      ...{ fingerprint, shard, vault: undefined },
    };
  }

  /** The parentchain went on: registers if need be, and asks for the shard. `isLive`: the host has caught up. */
  async onImported(nowMs: number, isLive: boolean): Promise<void> {
    const { layerOne } = this.feed;
    layerOne.keepNewest(KEPT_BLOCKS);
    const view = layerOne.newestView;
    if (!isLive || view === undefined || layerOne.newestNumber !== view.number) return;
    if (isViewOld(view, nowMs)) return;
    await this.#register(view);
    const { fingerprint } = this.#context.setup;
    const isRegistered = view.enclave !== undefined && equalBytes(view.enclave.mrEnclave, fingerprint);
    const isDue = this.#failures === 0 || view.number >= this.#dialledAt + dialPauseBlocks(this.#failures);
    if (isRegistered && isDue && !this.#isBusy) this.#dial(view);
  }

  async #register(view: ParentchainView): Promise<void> {
    const { setup, outbox, evidence, ports } = this.#context;
    const { metadata, state } = this.feed;
    const chain = { metadata, genesisHash: state.genesisHash, head: { number: view.number, hash: view.hash }, view };
    const registration = await registrationOf(setup, evidence, ports.nowMs()).catch(() => undefined);
    if (registration === undefined) outbox.log("error", "QuoteUnavailable");
    const outcome = nextDuties(this.#duties, chain, this.#identity, {
      registration,
      // Nothing that touches the shard before its keys and its state are here.
      isReady: false,
      peers: [],
      confirmation: undefined,
      reserved: [],
    });
    this.#duties = outcome.state;
    for (const extrinsic of outcome.send) {
      outbox.push(submitExtrinsic(this.#context, extrinsic, () => {
        const sent = this.#duties.outbox.filter(({ hash }) => !equalBytes(hash, extrinsic.hash));
        this.#duties = { ...this.#duties, outbox: sent };
      }));
    }
  }

  /** Asks the host for a pipe to the validateer that was active last; after each failure to the one before. */
  #dial(view: ParentchainView): void {
    const { tickets, outbox } = this.#context;
    const urls = providerUrls(view, this.#context.setup.signer);
    const url = urls[this.#attempts++ % Math.max(1, urls.length)];
    if (url === undefined) return this.#tellAlone(view.shardStatus.length);
    this.#toldAloneOf = undefined;
    this.#isBusy = true;
    this.#dialledAt = view.number;
    outbox.log("info", "ProvisioningStarted", { peer: url });
    const ticket = tickets.open("peer_dialed", (pipe) => {
      if (pipe === undefined) this.#failed({ code: "PeerUnreachable" });
      // Not waited for: the host's other answers have to come through meanwhile.
      else void this.#request(pipe);
      return [];
    });
    outbox.push({ type: "dial_peer", value: { ticket, url } });
  }

  /** Says that nobody can be asked; again only when the list has become another. */
  #tellAlone(listed: number): void {
    if (listed === this.#toldAloneOf) return;
    this.#toldAloneOf = listed;
    this.#context.outbox.log("warn", "NoProviderKnown", { listed });
  }

  async #request(pipe: number): Promise<void> {
    const { setup, ports, registry, outbox, enqueue } = this.#context;
    try {
      const roots = await this.#roots.get();
      const certificate = await createTlsCertificate(setup.config.tlsNames, ports.nowMs());
      const channel = await ports.provisioning.connect(pipe, certificate);
      if (roots === undefined) {
        const error = { code: "QuoteUnavailable" } as const;
        await sendRefusal(channel, error);
        await channel.stream.close();
        return this.#failed(error);
      }
      const { genesisHash: genesis, level } = this.feed.state;
      const view = () => this.feed.layerOne.newestView;
      const common = createPeerContext({ setup, ports, registry, genesis, view, roots, isDevelopment: true });
      const onProgress = progressLog(outbox);
      const received = await requestProvisioning(channel, { ...common, level, onProgress });
      if (received.ok) enqueue(() => this.#store(received.value));
      else this.#failed(received.error);
    } catch (error) {
      this.#failed({ code: error instanceof StreamError ? error.code : "InternalError" });
    }
    outbox.flush();
  }

  #failed(error: object & { readonly code: string }): void {
    this.#isBusy = false;
    this.#failures++;
    this.#context.outbox.log("warn", "ProvisioningFailed", reasonOf(error));
  }

  /** The state first, then the keys that make it count: a crash in between leaves an enclave that joins anew. */
  async #store(received: ReceivedShard): Promise<void> {
    const { setup, tickets, outbox, registry } = this.#context;
    const adopted = await adoptShardSecrets(setup.seal, setup.keys, received.secrets);
    if (!adopted.ok) return this.#failed(adopted.error);
    const manifest = manifestOf(setup, received, registry.watch);
    const base = pointOf(manifest, received.snapshot);
    if (base === undefined) return this.#failed({ code: "ManifestInvalid" });
    const { keys, sealed } = adopted.value;
    const joined: Joined = { keys, recovered: { manifest, chain: new SidechainChain(base) }, received };
    const writer = new SnapshotWriter(setup.seal, tickets, setup.config.files, {
      onWritten: () => this.#storeKeys(sealed, joined),
      onFailed: (file) => this.#failed({ code: "SnapshotFailed", ...{ file } }),
    });
    writer.begin(manifest, received.snapshot, true);
    outbox.push(...await writer.step());
  }

  #storeKeys(sealed: Uint8Array, joined: Joined): void {
    const { tickets, outbox, onJoined } = this.#context;
    const ticket = tickets.open("file_written", async (written) => {
      if (written) await onJoined(joined);
      else this.#failed({ code: "KeysNotStored" });
      return [];
    });
    outbox.push({ type: "write_file", value: { ticket, name: KEYS_FILE, bytes: sealed } });
  }
}

/** Trusted endpoints of the other validateers, the one that was active last first. */
function providerUrls(view: ParentchainView, signer: Uint8Array): readonly string[] {
  const others = view.shardStatus.filter((entry) => !equalBytes(entry.signer, signer));
  const sorted = others.toSorted((a, b) => b.lastActivity - a.lastActivity);
  return sorted.flatMap(({ signer: account }) => {
    const url = view.peers.find((peer) => equalBytes(peer.account, account))?.enclave?.url;
    return url === undefined || url.length > MAX_TEXT_BYTES ? [] : [new TextDecoder().decode(url)];
  });
}

function manifestOf(
  { shard }: EnclaveSetup,
  { manifest, follower, payouts }: ReceivedShard,
  upgrade: UpgradeWatch | undefined,
): SnapshotManifest {
  const { blockNumber, blockHash, stateRoot, head, newestNumber } = manifest;
  return {
    version: MANIFEST_VERSION,
    ...{ shard, blockNumber, blockHash, stateRoot, head },
    followers: [{ parentchain: 0, state: follower }],
    duties: payouts,
    catchUpTo: newestNumber > blockNumber ? newestNumber : 0n,
    upgrade,
    chunks: [],
  };
}

/** Logs how much has come, a few times. */
function progressLog(outbox: Outbox): (received: number, total: number) => void {
  let next = 0;
  return (received, total) => {
    const share = total === 0 ? 1 : Math.min(1, received / total);
    if (share < next) return;
    next = share + PROGRESS_STEP;
    outbox.log("info", "ProvisioningProgress", { percent: Math.round(100 * share), bytes: received });
    outbox.flush();
  };
}

/** What is told when a shard was received. */
export function joinedFields({ provider, manifest }: ReceivedShard): Record<string, string | bigint> {
  return { from: toHex(provider), block: manifest.blockNumber, root: toHex(manifest.stateRoot) };
}
