/**
 * Waiting operations among the validateers of the shard, so that whoever makes the next block can execute them. Each tells the
 * others what came to it directly, once; what it was told it tells nobody.
 *
 * States of an operation here: offered → in a batch that is on its way; at the other end: read → checked → in the pool. The
 * own copy stays in the pool until a block has it, and with that block until it is confirmed.
 *
 * Differs: the original tells other validateers of no operation.
 *
 * @module
 */
import { tryDecode } from "../../codec/codec.ts";
import { randomBytes } from "../../crypto/random.ts";
import { shardAuthorities } from "../../parentchain/view.ts";
import type { ParentchainView } from "../../parentchain/view.ts";
import type { AccountId, TopHash } from "../../primitives/branded.ts";
import { equalBytes } from "../../primitives/bytes.ts";
import { toHex } from "../../primitives/hex.ts";
import { computeTopHash } from "../../types/top_hash.ts";
import { trustedCallSender } from "../../types/trusted_call.ts";
import type { TrustedCallSigned } from "../../types/trusted_call_signed.ts";
import { trustedOperation } from "../../types/trusted_operation.ts";
import { admitDirect } from "./admission.ts";
import type { EnclavePorts } from "./enclave_ports.ts";
import {
  GOSSIP_SALT_LENGTH,
  type GossipMessage,
  gossipMessage,
  MAX_GOSSIP_OPERATIONS,
  MAX_GOSSIP_PLAIN_BYTES,
  openGossip,
  sealGossip,
  sizeInBatch,
} from "./gossip_message.ts";
import type { EnclaveCounters } from "./metrics.ts";
import type { Outbox } from "./outbox.ts";
import type { Shard } from "./shard.ts";

/** Batches leave at multiples of this many milliseconds: a fraction of a slot, in which several clients' calls come. */
export const GOSSIP_TICK_MS = 20;
/** Operations that wait to be told: a full pool. What comes above it is executed in an own slot. */
export const MAX_WAITING_GOSSIP = 8192;
/** Messages being read at a time; what comes above it is dropped: three from each of nine others. */
export const MAX_MESSAGES_IN_WORK = 27;
/** Salts of read messages that are remembered, so that a message that is sent again costs nothing: half a minute of nine others. */
export const MAX_KNOWN_SALTS = 16_384;

/** What gossip works with. */
export interface GossipContext {
  readonly ports: EnclavePorts;
  readonly outbox: Outbox;
  readonly counters: EnclaveCounters;
  readonly shard: () => Shard | undefined;
  /** Newest view of the parentchain: it says who the others are. */
  readonly view: () => ParentchainView | undefined;
}

/** Tells and hears of operations. */
export class Gossip {
  readonly #context: GossipContext;
  #waiting: Uint8Array[] = [];
  #isSending = false;
  #inWork = 0;
  readonly #knownSalts = new Set<string>();

  constructor(context: GossipContext) {
    this.#context = context;
  }

  /** Tells the others of an operation that came here directly and is in the pool. */
  offer(topHash: TopHash): void {
    const shard = this.#context.shard();
    const operation = shard?.pool.find(topHash);
    if (shard === undefined || operation === undefined || this.#others(shard).length === 0) return;
    if (this.#waiting.length >= MAX_WAITING_GOSSIP) return;
    this.#waiting.push(operation.bytes);
    if (this.#isSending) return;
    this.#isSending = true;
    this.#send().catch(() => this.#context.outbox.log("error", "GossipFailed")).finally(() => {
      this.#isSending = false;
      this.#context.outbox.flush();
    });
  }

  /** Takes a message of another validateer; resolves when its operations are in the pool. Never rejects. */
  async take(encoded: Uint8Array): Promise<void> {
    const shard = this.#context.shard();
    const message = tryDecode(gossipMessage, encoded);
    if (shard === undefined || !message.ok) return this.#refuse("Undecodable");
    if (!this.#others(shard).some((other) => equalBytes(other, message.value.sender))) return this.#refuse("NotAPeer");
    if (this.#knownSalts.has(toHex(message.value.salt))) return;
    if (this.#inWork >= MAX_MESSAGES_IN_WORK || shard.setup.crypto.isFullOfChecks) return this.#refuse("TooMany");
    this.#inWork++;
    try {
      await this.#read(shard, message.value);
    } finally {
      this.#inWork--;
      this.#context.outbox.flush();
    }
  }

  async #send(): Promise<void> {
    const { ports, outbox, counters } = this.#context;
    while (this.#waiting.length > 0) {
      await ports.tick(GOSSIP_TICK_MS);
      const shard = this.#context.shard();
      if (shard === undefined) return;
      const batch = this.#nextBatch();
      const { setup } = shard;
      const salt = randomBytes(GOSSIP_SALT_LENGTH);
      outbox.push({
        type: "gossip_tops",
        value: await sealGossip(setup.stateKeys, setup.shard, setup.signer, salt, batch),
      });
      counters.gossipSent += batch.length;
      outbox.flush();
    }
  }

  #nextBatch(): readonly Uint8Array[] {
    let size = 4;
    let count = 0;
    for (const operation of this.#waiting) {
      size += sizeInBatch(operation);
      if (size > MAX_GOSSIP_PLAIN_BYTES || count >= MAX_GOSSIP_OPERATIONS) break;
      count++;
    }
    return this.#waiting.splice(0, count);
  }

  async #read(shard: Shard, message: GossipMessage): Promise<void> {
    const { setup } = shard;
    const opened = await openGossip(setup.stateKeys, setup.shard, message);
    if (!opened.ok) return this.#refuse(opened.error.code);
    this.#remember(toHex(message.salt));
    const calls = opened.value.map((bytes) => this.#newCall(shard, bytes)).filter((call) => call !== undefined);
    const checked = await Promise.all(calls.map((call) => setup.crypto.verifyCall(call)));
    for (const [i, signed] of calls.entries()) {
      if (checked[i] === true && admitDirect(shard, signed, this.#context.ports.nowMs())) {
        this.#context.counters.gossipTaken++;
      }
    }
  }

  /** The call in an operation; none if it is not a direct one, known already, or executed. */
  #newCall(shard: Shard, bytes: Uint8Array): TrustedCallSigned | undefined {
    const operation = tryDecode(trustedOperation, bytes);
    if (!operation.ok || operation.value.type !== "direct_call") return undefined;
    const { value: signed } = operation.value;
    const isKnown = shard.pool.find(computeTopHash(operation.value)) !== undefined ||
      signed.nonce < shard.poolState().nonceOf(trustedCallSender(signed.call));
    return isKnown ? undefined : signed;
  }

  #others(shard: Shard): readonly AccountId[] {
    const view = this.#context.view();
    const authorities = view === undefined ? [] : shardAuthorities(view, shard.setup.shard);
    return authorities.filter((authority) => !equalBytes(authority, shard.setup.signer));
  }

  #remember(salt: string): void {
    this.#knownSalts.add(salt);
    for (const oldest of this.#knownSalts) {
      if (this.#knownSalts.size <= MAX_KNOWN_SALTS) return;
      this.#knownSalts.delete(oldest);
    }
  }

  // Anybody can send messages: none is worth more than a line, which leaves with whatever leaves next.
  #refuse(reason: string): void {
    this.#context.counters.gossipRefused++;
    this.#context.outbox.log("debug", "GossipRefused", { reason });
  }
}
