/**
 * What stands before the import of pushed blocks. Anybody can push: a block takes a place in the queue only if it is new, may be
 * of use, and its author, a validateer of the shard, has signed it. What costs least is looked at first.
 *
 * States of a pushed block here: passed over → or: checked → waiting for its turn → imported.
 *
 * Differs: pushed blocks are checked before they are queued.
 *
 * @module
 */
import { ed25519VerifyAsync } from "../../crypto/ed25519.ts";
import type { BlockHash } from "../../primitives/branded.ts";
import { toHex } from "../../primitives/hex.ts";
import { MAX_PARKED_MS } from "../../sidechain/parking_lot.ts";
import { verifyBody } from "../../sidechain/verify.ts";
import { blockSigningMessage, type SignedBlock } from "../../types/signed_block.ts";
import { computeHeaderHash } from "../../types/sidechain_header.ts";
import type { PushVerdict } from "../rpc/rpc_service.ts";
import type { PushedWork } from "../turn_queue.ts";
import type { EnclavePorts } from "./enclave_ports.ts";
import type { Outbox } from "./outbox.ts";
import type { PeerImport } from "./peer_import.ts";
import type { Running } from "./running.ts";

/** Pushed blocks that are remembered, so that one costs no second check: more than all validateers make in their time. */
export const MAX_SEEN_BLOCKS = 1024;
/** How long they are, in ms: as long as a block can wait; whoever sends it later may help. */
export const SEEN_BLOCK_MS = Number(MAX_PARKED_MS);

/** What the gate leads to. */
export interface PushTarget {
  readonly peers: Pick<PeerImport, "authorities" | "mayBeOfUse" | "importPushed">;
  /** The time that blocks of peers are held to, Unix ms. */
  readonly nowMs: () => number;
}

/** What the gate works with. */
export interface PushGatePorts {
  /** None before the parentchain is known. */
  readonly target: () => PushTarget | undefined;
  /** Lets work wait; `false` if there is no room. */
  readonly push: (work: PushedWork) => boolean;
  readonly outbox: Outbox;
}

/** Takes what is pushed. */
export class PushGate {
  readonly #ports: PushGatePorts;
  /** Hashes of checked blocks, by when they are forgotten. */
  readonly #seen = new Map<string, number>();
  readonly #turns = new WeakMap<object, Promise<PushVerdict>>();
  #isDropTold = false;

  constructor(ports: PushGatePorts) {
    this.#ports = ports;
  }

  /**
   * Takes blocks; resolves when those of use wait for their turn. After the first block that is not its author's nothing more
   * is taken, and nothing of that connection any more. A failure is told to whose blocks they are, and holds up nobody after them.
   */
  async take(blocks: readonly SignedBlock[], connection: object = {}): Promise<PushVerdict> {
    const before = this.#turns.get(connection);
    const turn = this.#takeAll(blocks, before);
    // Whoever fails has found nothing forged, and nothing before it was: it would not have been at work otherwise.
    this.#turns.set(connection, turn.catch((): PushVerdict => "taken"));
    return await turn;
  }

  async #takeAll(blocks: readonly SignedBlock[], before: Promise<PushVerdict> | undefined): Promise<PushVerdict> {
    if (before !== undefined && await before === "forged") return "forged";
    for (const signed of blocks) if (!await this.#takeOne(signed)) return "forged";
    return "taken";
  }

  /** Whether nothing is wrong with the block. */
  async #takeOne(signed: SignedBlock): Promise<boolean> {
    const target = this.#ports.target();
    const hash = computeHeaderHash(signed.block.header);
    const id = toHex(hash);
    if (target === undefined || this.#isSeen(id, target.nowMs())) return true;
    if (!target.peers.mayBeOfUse(signed, target.nowMs())) return true;
    if (!await isOfItsAuthor(signed, hash)) return false;
    // Another copy may have been checked meanwhile.
    if (this.#isSeen(id, target.nowMs())) return true;
    if (this.#queue(signed, target)) this.#remember(id, target.nowMs());
    return true;
  }

  #queue(signed: SignedBlock, { peers, nowMs }: PushTarget): boolean {
    const { blockAuthor, encryptedStateDiff, signedTopHashes } = signed.block.blockData;
    const hasRoom = this.#ports.push({
      lane: toHex(blockAuthor),
      lanes: peers.authorities.length,
      bytes: encryptedStateDiff.length + 32 * signedTopHashes.length,
      run: async () => {
        this.#isDropTold = false;
        await peers.importPushed(signed, nowMs());
      },
    });
    if (!hasRoom && !this.#isDropTold) {
      this.#isDropTold = true;
      this.#ports.outbox.log("warn", "WorkDropped", { author: toHex(blockAuthor) });
    }
    return hasRoom;
  }

  #isSeen(id: string, nowMs: number): boolean {
    const until = this.#seen.get(id);
    return until !== undefined && nowMs < until;
  }

  #remember(id: string, nowMs: number): void {
    this.#seen.delete(id);
    this.#seen.set(id, nowMs + SEEN_BLOCK_MS);
    for (const oldest of this.#seen.keys()) {
      if (this.#seen.size <= MAX_SEEN_BLOCKS) return;
      this.#seen.delete(oldest);
    }
  }
}

/** Where blocks go that are pushed to a running enclave. */
export function pushTarget(running: Running | undefined, { nowMs }: EnclavePorts): PushTarget | undefined {
  if (running === undefined) return undefined;
  return { peers: running.peers, nowMs: () => running.slots.clock.bounded(nowMs()) };
}

/** Whether the author has signed the header, and the header names this body. The import checks it again, by its own means. */
async function isOfItsAuthor(signed: SignedBlock, hash: BlockHash): Promise<boolean> {
  const { signature, block: { blockData: { blockAuthor } } } = signed;
  return await ed25519VerifyAsync(signature.value, blockSigningMessage(hash), blockAuthor) &&
    verifyBody(signed) === undefined;
}
