/**
 * Gives the shard to enclaves that join: the provider's side of provisioning in the running enclave.
 *
 * @module
 */
import { followerState } from "../../parentchain/follower_state.ts";
import { activeFingerprint } from "../../parentchain/view.ts";
import { encodeSs58 } from "../../crypto/ss58.ts";
import { blockHash, h256 } from "../../primitives/branded.ts";
import { equalBytes } from "../../primitives/bytes.ts";
import { encodeBase58 } from "../../primitives/base58.ts";
import { toHex } from "../../primitives/hex.ts";
import { err, ok, type Result } from "../../primitives/result.ts";
import { stateRootOf } from "../../sidechain/chain_block.ts";
import { hasRoot } from "../../stf/pallets/sudo.ts";
import type { EcallError } from "../api/ecalls.ts";
import { exportShardSecrets } from "../keys.ts";
import type { ProvisioningPayload } from "../provisioning/payload.ts";
import { type Provisioned, refuseProvisioning, serveProvisioning } from "../provisioning/provider.ts";
import type { ProvisioningError } from "../provisioning/provisioning_error.ts";
import type { SecureChannel } from "../provisioning/secure_channel.ts";
import type { RunningServer } from "../server_port.ts";
import { createTlsCertificate } from "../tls_certificate.ts";
import type { EnclavePorts } from "./enclave_ports.ts";
import type { Outbox } from "./outbox.ts";
import { createPeerContext, OwnRoots } from "./peer_context.ts";
import type { PeerRegistry } from "./peer_registry.ts";
import type { Running } from "./running.ts";
import type { EnclaveSetup } from "./setup.ts";

/** Prefix of addresses in log lines: that of any Substrate chain. */
const GENERIC_SS58_PREFIX = 42;

/** What the service works with. */
export interface ProvisioningServiceContext {
  readonly setup: () => EnclaveSetup;
  readonly ports: EnclavePorts;
  readonly registry: PeerRegistry;
  readonly outbox: Outbox;
  /** The running shard; none before there is one. */
  readonly running: () => Running | undefined;
}

/** The provisioning endpoint. */
export class ProvisioningService {
  readonly #context: ProvisioningServiceContext;
  #server: RunningServer | undefined;
  readonly #roots: OwnRoots;

  constructor(context: ProvisioningServiceContext) {
    this.#context = context;
    this.#roots = new OwnRoots(context.ports.platform);
  }

  /** Opens the endpoint and gives its port. */
  async start(): Promise<Result<number, EcallError>> {
    if (this.#server !== undefined) return ok(this.#server.port);
    const { ports, setup } = this.#context;
    const { listenHostname: hostname, muRaListenPort: port, tlsNames } = setup().config;
    try {
      const certificate = await createTlsCertificate(tlsNames, ports.nowMs());
      this.#server = await ports.provisioning.listen({
        ...{ hostname, port, certificate },
        serve: (channel) => this.serve(channel),
      });
      return ok(this.#server.port);
    } catch (error) {
      return err({
        code: "ListenFailed",
        detail: `Cannot listen on ${hostname}:${port}: ${error instanceof Error ? error.name : "unknown"}`,
      });
    }
  }

  /** Closes it. */
  async stop(): Promise<void> {
    await this.#server?.stop();
    this.#server = undefined;
  }

  /** Serves one connection to its end. Never rejects. */
  async serve(channel: SecureChannel): Promise<void> {
    const { outbox, registry } = this.#context;
    const running = this.#context.running();
    if (running === undefined) return await this.#refuse(channel, { code: "NotReady" });
    const roots = await this.#roots.get();
    if (roots === undefined) return await this.#refuse(channel, { code: "QuoteUnavailable" });
    const common = createPeerContext({
      setup: this.#context.setup(),
      ports: this.#context.ports,
      registry,
      genesis: running.feed.state.genesisHash,
      view: () => running.feed.layerOne.newestView,
      roots,
      isDevelopment: hasRoot(running.shard.chain.base.snapshot),
    });
    const served = await serveProvisioning(channel, {
      ...common,
      payload: () => this.#payload(),
      announce: (account) => registry.announce(account),
      grant: (account) => registry.addProvisioned(account),
    });
    if (served.ok) this.#tellProvisioned(served.value);
    else outbox.log("warn", "ProvisioningRefused", reasonOf(served.error));
    outbox.flush();
  }

  /** Refuses whoever it is. */
  async #refuse(channel: SecureChannel, error: ProvisioningError): Promise<void> {
    await refuseProvisioning(channel, error);
    this.#context.outbox.log("warn", "ProvisioningRefused", reasonOf(error));
    this.#context.outbox.flush();
  }

  #tellProvisioned({ account, fingerprint, manifest }: Provisioned): void {
    this.#context.outbox.log("info", "ShardProvisioned", {
      to: encodeSs58(account, GENERIC_SS58_PREFIX),
      fingerprint: encodeBase58(fingerprint),
      block: manifest.blockNumber,
      root: toHex(manifest.stateRoot),
    });
  }

  /**
   * Whether nothing is left to be authored by this enclave's code. After an upgrade one block is: the first that knows of the
   * enactment. Who took the shard without it could neither author it nor go on.
   */
  #isDone({ feed, shard }: Running): boolean {
    const { layerOne } = feed;
    const { fingerprint } = this.#context.setup();
    const active = layerOne.newestView === undefined ? undefined : activeFingerprint(layerOne.newestView);
    if (active === undefined || equalBytes(active, fingerprint)) return true;
    return layerOne.authoritiesAt(shard.persisted.layerOneHead.hash)?.length === 0;
  }

  /** The shard as it is confirmed now; none while this enclave does not take part in it itself. */
  async #payload(): Promise<ProvisioningPayload | undefined> {
    const running = this.#context.running();
    const setup = this.#context.setup();
    if (running === undefined || !running.isCaughtUp()) return undefined;
    const { feed, shard, duties } = running;
    const isListed = feed.layerOne.newestView?.shardStatus.some(({ signer }) => equalBytes(signer, setup.signer));
    if (isListed !== true || !this.#isDone(running)) return undefined;
    // Never rolled back, so that nobody begins on a fork; the blocks above it come from the peers.
    const { base } = shard.chain;
    const follower = feed.layerOne.followerStateFor(base.snapshot, duties.unreadFrom) ?? feed.initialState;
    const payload = {
      manifest: {
        blockNumber: base.number,
        blockHash: blockHash(base.hash),
        stateRoot: h256(stateRootOf(base)),
        head: base.type === "block" ? base.lightHeader : undefined,
        stateBytes: BigInt(base.snapshot.encodedSize),
        newestNumber: shard.persisted.number,
        newestHash: blockHash(shard.persisted.hash),
      },
      snapshot: base.snapshot,
      follower: followerState.encode(follower),
      payouts: duties.ledgerForPeer(),
    };
    return { ...payload, secrets: await exportShardSecrets(setup.keys) };
  }
}

/** Code and public facts of a refusal, as log fields. */
export function reasonOf(error: object & { readonly code: string }): Record<string, string | number> {
  const fields: Record<string, string | number> = {};
  for (const [name, value] of Object.entries(error)) {
    if (typeof value === "string" || typeof value === "number") fields[name === "code" ? "reason" : name] = value;
  }
  return fields;
}
