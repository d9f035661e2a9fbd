/**
 * The service around the enclave: brings it up, feeds it parentchain blocks and slots, and takes it down.
 *
 * States: stopped → recovering (enclave up, state loading) → syncing (parentchain followed, endpoint open) → running
 * (slots) → stopped. An error in any state ends it.
 *
 * Source: worker `service/src/main_impl.rs` (839eda024)
 *
 * @module
 */
import { type Health, type Identity, type InitRequest, PHASES, type SlotOutcome } from "../enclave/api/ecall_values.ts";
import type { EcallError, EcallName, EcallRequest, EcallResponse } from "../enclave/api/ecalls.ts";
import { unlessAborted } from "./interruption.ts";
import type { Log } from "./log.ts";
import type { EnclaveHost } from "./enclave_host.ts";
import type { HostMetrics } from "./metrics.ts";
import { type SlotTimer, startSlotClock } from "./slot_clock.ts";
import { messageOf } from "../primitives/message_of.ts";

/** A parentchain node as the service drives it. */
export interface ParentchainLink {
  /** What `init_parentchain` takes. */
  readonly info: () => Promise<Uint8Array>;
  /**
   * Feeds final blocks to `importBlocks` in order, from the one after `position` on, and goes on until stopped; resolves
   * when the head at the time of the call has been imported.
   */
  readonly follow: (importer: ParentchainImporter) => Promise<void>;
  /** Ends the connection. */
  readonly stop: () => Promise<void>;
}

/** Where a follower stands. */
export interface FollowerPosition {
  readonly number: number;
  readonly hash: Uint8Array;
  /** The newest block that nothing takes back: no fork is heeded that begins below it. */
  readonly provenNumber: number;
  readonly provenHash: Uint8Array;
  /** First block whose body and state are wanted. */
  readonly contentFrom: number;
  readonly keys: readonly Uint8Array[];
}

/** The enclave's follower as a link feeds it. */
export interface ParentchainImporter {
  readonly position: () => FollowerPosition;
  /** Hands blocks in. @throws {ServiceError} If one is refused. */
  readonly importBlocks: (blocks: readonly Uint8Array[]) => Promise<FollowerPosition>;
}

/** The service cannot go on. */
export class ServiceError extends Error {
  override readonly name = "ServiceError";
  /** The enclave's or the host's code. */
  readonly code: string;

  constructor(code: string, message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }
}

/** What the service works with. */
export interface ServicePorts {
  readonly host: EnclaveHost;
  readonly link: ParentchainLink;
  readonly timer: SlotTimer;
  readonly metrics: HostMetrics;
  readonly log: Log;
  /** Ends a start. */
  readonly stop: AbortSignal;
  /** Called with the signer once the enclave is up, so that its account can be paid. */
  readonly fund: (identity: Identity) => Promise<void>;
}

/** Pause between two looks at an enclave that is being provisioned. */
const PROVISIONING_LOOK_INTERVAL_MS = 250;

/** Number of the Integritee parentchain on the boundary. */
const INTEGRITEE = 0;

/** A validateer's service. */
export class ValidateerService {
  readonly #ports: ServicePorts;
  #stopSlots: (() => Promise<void>) | undefined;
  #position: FollowerPosition | undefined;

  constructor(ports: ServicePorts) {
    this.#ports = ports;
  }

  /** Starts the enclave's life from its sealed files. @throws {ServiceError} @throws The reason of `stop` when that is given. */
  async recover(request: InitRequest): Promise<Identity> {
    const identity = await this.#unlessStopped(this.call("init", request));
    const health = await this.#unlessStopped(this.health());
    if (PHASES[health.phase] === "recovering") {
      throw new ServiceError("StillRecovering", "Cannot start: the enclave asked for nothing more but has no state");
    }
    return identity;
  }

  /**
   * Follows the parentchain to its head, waits until the enclave has the shard, and opens its endpoints. Gives the port of the
   * trusted one.
   *
   * @throws {ServiceError}
   * @throws The reason of `stop` when that is given: nothing more is begun then.
   */
  async sync(identity: Identity): Promise<number> {
    const { link } = this.#ports;
    // Paid first: the registration is sent as soon as the enclave has seen the parentchain's head.
    await this.#unlessStopped(this.#ports.fund(identity));
    const info = await this.#unlessStopped(link.info());
    this.#position = await this.#unlessStopped(this.call("init_parentchain", this.#describe(info)));
    await this.#unlessStopped(link.follow({
      position: () => this.#position as FollowerPosition,
      importBlocks: (blocks) => this.#importParentchain(blocks, info),
    }));
    await this.#untilProvisioned();
    const port = await this.#unlessStopped(this.call("start_rpc", undefined));
    await this.#unlessStopped(this.#startProvisioning());
    return port;
  }

  #unlessStopped<T>(work: Promise<T>): Promise<T> {
    return unlessAborted(this.#ports.stop, work);
  }

  /** Waits until the enclave has founded the shard or has it from another validateer: its keys are of no use to clients before. */
  async #untilProvisioned(): Promise<void> {
    const isWaiting = ({ phase }: Health): boolean => ["founding", "provisioning"].includes(PHASES[phase] ?? "");
    while (isWaiting(await this.#unlessStopped(this.health()))) {
      const pause = Promise.withResolvers<void>();
      const cancel = this.#ports.timer.after(PROVISIONING_LOOK_INTERVAL_MS, pause.resolve);
      await this.#unlessStopped(pause.promise).finally(cancel);
    }
  }

  /** A validateer that cannot provision others still serves its clients. */
  async #startProvisioning(): Promise<void> {
    const started = await this.#ports.host.call("start_provisioning", undefined);
    if (started.ok) this.#ports.log("info", "ProvisioningOffered", { port: started.value });
    else this.#ports.log("error", "ProvisioningNotOffered", { reason: started.error.code });
  }

  /** Starts the slots, of the duration that the shard has. @throws {ServiceError} */
  async run(): Promise<void> {
    const { timer, metrics } = this.#ports;
    const { slotDurationMs } = await this.health();
    this.#stopSlots = startSlotClock(slotDurationMs, timer, {
      onSlot: (nowMs) => this.#onSlot(nowMs, slotDurationMs),
      onMissed: () => metrics.missedSlots.inc(),
    });
  }

  /** Ends slots, link and enclave, in this order. */
  async stop(): Promise<void> {
    await this.#stopSlots?.();
    await this.#ports.link.stop();
    await this.#ports.host.call("shutdown", undefined);
  }

  /** How the enclave is. @throws {ServiceError} */
  async health(): Promise<Health> {
    return await this.call("health", undefined);
  }

  /** Runs an ecall. @throws {ServiceError} With the enclave's code if it refuses. */
  async call<N extends EcallName>(name: N, request: EcallRequest<N>): Promise<EcallResponse<N>> {
    const result = await this.#ports.host.call(name, request);
    if (result.ok) return result.value;
    throw refusal(name, result.error);
  }

  async #importParentchain(blocks: readonly Uint8Array[], info: Uint8Array): Promise<FollowerPosition> {
    const nowMs = BigInt(this.#ports.timer.now());
    const imported = await this.#ports.host.call("import_parentchain", { nowMs, parentchain: INTEGRITEE, blocks });
    if (!imported.ok) {
      // The follower may have moved before the import failed; told the same again, the enclave only says where it stands.
      const asked = await this.#ports.host.call("init_parentchain", this.#describe(info));
      if (asked.ok) this.#position = asked.value;
      throw refusal("import_parentchain", imported.error);
    }
    return this.#position = imported.value;
  }

  #describe(info: Uint8Array): EcallRequest<"init_parentchain"> {
    return { nowMs: BigInt(this.#ports.timer.now()), parentchain: INTEGRITEE, info };
  }

  async #onSlot(nowMs: number, slotDurationMs: number): Promise<void> {
    const { host, metrics, log, timer } = this.#ports;
    const endsAt = (Math.floor(nowMs / slotDurationMs) + 1) * slotDurationMs;
    try {
      const result = await host.call("on_slot", { nowMs: BigInt(nowMs) });
      if (!result.ok) return log("error", result.error.code, { ecall: "on_slot", detail: result.error.detail });
      const remainingSeconds = Math.max(0, endsAt - timer.now()) / 1000;
      metrics.slotRemaining.observe({ stage: "after_bcast_and_xt" }, remainingSeconds);
      this.#logSlot(result.value);
    } catch (error) {
      log("error", "SlotFailed", { reason: messageOf(error) });
    }
  }

  #logSlot(outcome: SlotOutcome): void {
    const { log } = this.#ports;
    if (outcome.code === "Authored") {
      const { blockNumber, executed, failed } = outcome;
      if (executed + failed > 0) log("info", "CallsExecuted", { block: blockNumber, executed, failed });
    } else log("debug", "NoBlock", { slot: outcome.slot, reason: outcome.code });
  }
}

function refusal(name: EcallName, { code, detail }: EcallError): ServiceError {
  return new ServiceError(code, detail === "" ? `The enclave refuses "${name}"` : detail);
}
