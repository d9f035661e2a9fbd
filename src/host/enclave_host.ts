/**
 * The host's hand on the enclave: runs ecalls and carries out the effects that come back, in order.
 *
 * @module
 */
import type { EcallError, EcallName, EcallRequest, EcallResponse } from "../enclave/api/ecalls.ts";
import {
  type BlocksWanted,
  type DialPeer,
  type Effect,
  LOG_LEVELS,
  type SubmitExtrinsic,
} from "../enclave/api/effects.ts";
import type { EnclavePort } from "../enclave/api/enclave_port.ts";
import { toHex } from "../primitives/hex.ts";
import type { Result } from "../primitives/result.ts";
import { type BlockStore, BlockStoreError } from "./block_store.ts";
import type { Log } from "./log.ts";
import { messageOf } from "../primitives/message_of.ts";

/** Where sealed files are kept. */
export interface SealedFiles {
  readonly writeSealed: (name: string, bytes: Uint8Array) => Promise<void>;
  readonly readSealed: (name: string) => Promise<Uint8Array | undefined>;
  readonly removeSealed: (name: string) => Promise<void>;
}

/** What the effects are carried out with. */
export interface EnclaveHostPorts {
  readonly blocks: BlockStore;
  readonly files: SealedFiles;
  /** Submits to a parentchain; resolves to whether the node took it. Never rejects. */
  readonly submitExtrinsic: (extrinsic: SubmitExtrinsic) => Promise<boolean>;
  /** Sends an encoded block to all peers. */
  readonly broadcast: (block: Uint8Array) => void;
  /** Sends encrypted operations to the peers that are connected. */
  readonly gossip: (message: Uint8Array) => void;
  /** Sends blocks to these peers, by their trusted endpoints, from now on. */
  readonly setPeers: (urls: readonly string[]) => void;
  /** Fetches blocks from a peer and hands them in by `import_blocks`. */
  readonly fetchBlocks: (wanted: BlocksWanted) => void;
  /** Dials the validateer with this trusted endpoint for provisioning; the enclave's end of the pipe. Never rejects. */
  readonly dialPeer: (url: string) => Promise<MessagePort | undefined>;
  /** The enclave, or the disk below it, cannot go on. */
  readonly fatal: (code: string, detail: string) => void;
  readonly log: Log;
}

/** Runs ecalls; effects of one response are carried out before those of the next. */
export class EnclaveHost {
  readonly #port: EnclavePort;
  readonly #ports: EnclaveHostPorts;
  #effects: Promise<void> = Promise.resolve();
  #failed = false;

  constructor(port: EnclavePort, ports: EnclaveHostPorts) {
    this.#port = port;
    this.#ports = ports;
    port.onEffects = (effects) => void this.#enqueue(effects);
  }

  /**
   * Runs an ecall, carries out its effects, and gives its result.
   *
   * @throws {EnclavePortError} If the enclave is gone.
   */
  async call<N extends EcallName>(name: N, request: EcallRequest<N>): Promise<Result<EcallResponse<N>, EcallError>> {
    const { result, effects } = await this.#port.call(name, request);
    await this.#enqueue(effects);
    return result;
  }

  #enqueue(effects: readonly Effect[]): Promise<void> {
    if (effects.length === 0) return this.#effects;
    this.#effects = this.#effects.then(() => this.#runAll(effects));
    return this.#effects;
  }

  async #runAll(effects: readonly Effect[]): Promise<void> {
    for (const effect of effects) {
      if (this.#failed && effect.type !== "log") return;
      try {
        await this.#run(effect);
      } catch (error) {
        this.#fail(error);
      }
    }
  }

  // Answers of effects are ecalls whose own effects come before what is queued: they belong to the same step.
  async #answer<N extends EcallName>(name: N, request: EcallRequest<N>): Promise<void> {
    const { result, effects } = await this.#port.call(name, request);
    if (!result.ok) this.#ports.log("error", result.error.code, { ecall: name, detail: result.error.detail });
    await this.#runAll(effects);
  }

  async #run(effect: Effect): Promise<void> {
    const { blocks, files, log } = this.#ports;
    switch (effect.type) {
      case "log":
        return log(
          LOG_LEVELS[effect.value.level] ?? "error",
          effect.value.code,
          Object.fromEntries(effect.value.fields),
        );
      case "store_block":
        blocks.append(effect.value);
        return await this.#answer("persisted", { hash: effect.value.hash });
      case "write_file":
        return await this.#answer("file_written", { ticket: effect.value.ticket, ok: await this.#write(effect.value) });
      case "read_file":
        return await this.#answer("file_read", {
          ticket: effect.value.ticket,
          bytes: await files.readSealed(effect.value.name),
        });
      case "delete_file":
        return await files.removeSealed(effect.value);
      case "read_blocks": {
        const { ticket, from, max } = effect.value;
        return await this.#answer("blocks_read", {
          ticket,
          blocks: blocks.from(from, max).map((block) => block.bytes),
        });
      }
      case "discard_block":
        return blocks.discard(effect.value);
      case "prune_blocks":
        return blocks.pruneBelow(effect.value);
      case "broadcast_block":
        return this.#ports.broadcast(effect.value);
      case "blocks_wanted":
        return this.#ports.fetchBlocks(effect.value);
      case "peers":
        return this.#ports.setPeers(effect.value);
      case "gossip_tops":
        return this.#ports.gossip(effect.value);
      case "submit_extrinsic":
        return this.#submit(effect.value);
      case "dial_peer":
        return this.#dial(effect.value);
      case "fatal":
        this.#failed = true;
        return this.#ports.fatal(effect.value.code, effect.value.detail);
      default:
        return effect satisfies never;
    }
  }

  async #write(file: { readonly name: string; readonly bytes: Uint8Array }): Promise<boolean> {
    try {
      await this.#ports.files.writeSealed(file.name, file.bytes);
      return true;
    } catch (error) {
      this.#ports.log("error", "FileNotWritten", { name: file.name, reason: messageOf(error) });
      return false;
    }
  }

  // Not waited for: a node that is slow to answer must not hold up blocks.
  #submit(extrinsic: SubmitExtrinsic): void {
    this.#ports.submitExtrinsic(extrinsic)
      .then((accepted) => this.call("extrinsic_submitted", { ticket: extrinsic.ticket, accepted }))
      .catch((error) => this.#fail(error));
  }

  // Not waited for either.
  #dial({ ticket, url }: DialPeer): void {
    this.#ports.dialPeer(url)
      .then((port) => {
        const pipe = port === undefined ? undefined : this.#port.openPipe(port);
        return this.call("peer_dialed", { ticket, pipe });
      })
      .catch((error) => this.#fail(error));
  }

  #fail(error: unknown): void {
    if (this.#failed) return;
    this.#failed = true;
    const code = error instanceof BlockStoreError ? `BlockStore${error.code}` : "EnclaveHostFailed";
    this.#ports.fatal(code, messageOf(error));
  }
}

/** First bytes of a hash, for logs. */
export function shortHash(hash: Uint8Array): string {
  return `${toHex(hash.subarray(0, 4))}…`;
}
