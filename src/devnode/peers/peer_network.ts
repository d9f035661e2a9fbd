/**
 * A node among others: blocks, transactions, votes and proofs of finality go to all peers, what is missing is asked for.
 * Sockets and timers are passed in.
 *
 * @module
 */
import { tryDecode } from "../../codec/codec.ts";
import type { Ed25519Pair } from "../../crypto/ed25519.ts";
import { auraSlot } from "../../parentchain/aura.ts";
import { computeHeaderHash } from "../../parentchain/header.ts";
import type { BlockHash } from "../../primitives/branded.ts";
import { toHex } from "../../primitives/hex.ts";
import { slotAt } from "../aura.ts";
import { isOffence } from "../block_import.ts";
import type { DevNode } from "../node.ts";
import type { NodeEvent } from "../node_event.ts";
import { FinalityVoting } from "../voting/finality_voting.ts";
import type { PrevoteProof } from "../voting/prevote_proofs.ts";
import type { Vote } from "../voting/vote.ts";
import { answerBlocks, knownHashes, nextProof } from "./block_exchange.ts";
import { BlockSync } from "./block_sync.ts";
import { type ImportPorts, ImportQueue } from "./import_queue.ts";
import {
  type Hello,
  MAX_PEER_MESSAGE_BYTES,
  MAX_VOTES_PER_MESSAGE,
  PEER_PROTOCOL,
  type PeerBlock,
  type PeerMessage,
  peerMessage,
  type PeerStatus,
} from "./messages.ts";
import { isPreferredLink, refuseHello } from "./greeting.ts";
import { Peer, type PeerSocket } from "./peer.ts";
import { TransactionExchange } from "./transaction_exchange.ts";
import { messageOf } from "../../primitives/message_of.ts";

/** Most links: twice the addresses that a node can be given. */
export const MAX_PEERS = 64;
/** How often a node tells its peers where it stands. */
export const STATUS_INTERVAL_MS = 1000;
/** Silence after which a link is closed: many statuses were lost. */
export const SILENCE_TIMEOUT_MS = 10_000;
/** Blocks that a node may be behind its peers and still make blocks itself; Substrate's number. */
export const MAJOR_SYNC_BLOCKS = 5;
/** Slots for which a new block is passed on; an older one is history, which others ask for. */
export const MAX_SLOTS_TO_ANNOUNCE = 16n;
/** How long a node that starts waits for its first peer before it makes blocks on what it has. */
export const START_GRACE_MS = 3000;

/** What a network node is made of. */
export interface NetworkParts<Block> extends Omit<ImportPorts, "onError"> {
  readonly node: DevNode<Block>;
  /** Key with which it votes. */
  readonly voter: Ed25519Pair | undefined;
  /** 32 random bytes. */
  readonly nodeId: Uint8Array;
  readonly nowMs: () => number;
  readonly log: (level: "info" | "warn" | "error", message: string) => void;
}

/** Counts for metrics. */
export interface NetworkCounts {
  /** Offences of peers by code. */
  readonly offences: Map<string, number>;
  /** Blocks of peers that were taken. */
  imported: number;
}

/** The network side of a node. */
export class PeerNetwork<Block> {
  readonly voting: FinalityVoting<Block>;
  readonly counts: NetworkCounts = { offences: new Map(), imported: 0 };
  readonly #parts: NetworkParts<Block>;
  readonly #node: DevNode<Block>;
  readonly #peers = new Set<Peer>();
  readonly #sync: BlockSync;
  readonly #queue: ImportQueue;
  readonly #transactions: TransactionExchange<Block>;
  readonly #startedMs: number;
  readonly #unlisten: readonly (() => void)[];
  #statusMs = 0;

  /** Joins nothing yet: links come by {@linkcode PeerNetwork.open}. */
  constructor(parts: NetworkParts<Block>) {
    const { node, nowMs } = parts;
    const { chain } = node;
    this.#parts = parts;
    this.#node = node;
    this.#startedMs = nowMs();
    this.voting = new FinalityVoting(node, parts.voter, nowMs);
    this.#queue = new ImportQueue({ ...parts, onError: (error) => this.#report(error) });
    this.#transactions = new TransactionExchange(node, parts.prepare, {
      onOffence: (peer, code) => this.#offend(peer, code),
      onError: (error) => this.#report(error),
    });
    this.#sync = new BlockSync({
      isKnown: (hash) => chain.find(hash) !== undefined,
      knownHashes: () => knownHashes(chain),
      nowMs,
    });
    this.#unlisten = [
      node.listen((event) => this.#follow(event)),
      node.listenSubmissions((hash, extrinsic) => this.#transactions.passOn(this.peers, hash, extrinsic)),
    ];
  }

  /** Peers whose hello came. */
  get peers(): readonly Peer[] {
    return [...this.#peers].filter(({ isReady }) => isReady);
  }

  /** Whether this node lacks many blocks that its peers have and is fetching them. */
  get isSyncing(): boolean {
    const best = Math.max(0, ...this.peers.map(({ status }) => status?.bestNumber ?? 0));
    const isFetching = this.#sync.isBusy || this.#queue.size > 0;
    return isFetching && best > this.#node.chain.head.number + MAJOR_SYNC_BLOCKS;
  }

  /** Whether it makes sense to make a block: not on a head that peers have left behind. */
  get isReadyToAuthor(): boolean {
    if (this.peers.length > 0) return !this.isSyncing;
    return this.#parts.nowMs() - this.#startedMs >= START_GRACE_MS;
  }

  /** Takes a new link; the answer takes what comes over it. */
  open(socket: PeerSocket): Peer {
    const peer = new Peer(socket, this.#parts.nowMs());
    if (this.#peers.size >= MAX_PEERS) {
      peer.close("TooManyPeers");
      return peer;
    }
    this.#peers.add(peer);
    peer.send({ type: "hello", value: this.#hello() });
    return peer;
  }

  /** A link is gone. */
  closed(peer: Peer): void {
    peer.closed ??= "Gone";
    if (!this.#peers.delete(peer)) return;
    this.#sync.forget(peer);
    if (peer.hello !== undefined) this.#parts.log("info", `Peer ${peer.socket.name} is gone (${peer.closed})`);
  }

  /** Takes a message of a link. */
  receive(peer: Peer, bytes: Uint8Array): void {
    if (peer.closed !== undefined) return;
    peer.heardMs = this.#parts.nowMs();
    const message = bytes.length > MAX_PEER_MESSAGE_BYTES ? undefined : tryDecode(peerMessage, bytes);
    if (message === undefined || !message.ok) return this.#offend(peer, "BadMessage");
    if ((message.value.type === "hello") !== (peer.hello === undefined)) return this.#offend(peer, "OutOfTurn");
    try {
      this.#handle(peer, message.value);
    } catch (error) {
      this.#report(error);
    }
    this.step();
  }

  /** Does what is due; to be called some times per slot. */
  step(): void {
    try {
      this.#vote();
      this.#sync.tick();
      this.#tellStatus();
    } catch (error) {
      this.#report(error);
    }
  }

  /** Closes all links. */
  stop(): void {
    for (const unlisten of this.#unlisten) unlisten();
    this.#queue.clear();
    for (const peer of [...this.#peers]) {
      peer.close("Stopping");
      this.closed(peer);
    }
  }

  #handle(peer: Peer, message: PeerMessage): void {
    const { chain } = this.#node;
    switch (message.type) {
      case "hello":
        return this.#greet(peer, message.value);
      case "status":
        return this.#noteStatus(peer, message.value);
      case "block":
        return this.#takeAnnounced(peer, message.value);
      case "transactions":
        return void this.#transactions.receive(peer, message.value);
      case "votes": {
        const { fresh, refusal } = this.voting.receive(message.value);
        if (refusal !== undefined) this.#offend(peer, refusal);
        if (fresh.length > 0) this.#broadcast({ type: "votes", value: fresh }, peer);
        return;
      }
      case "proofs": {
        const refusal = this.voting.receiveProofs(message.value);
        if (refusal !== undefined) this.#offend(peer, refusal);
        return;
      }
      case "justification":
        return this.#takeJustification(peer, message.value);
      case "wanted": {
        const { id, target, known } = message.value;
        return peer.send({ type: "blocks", value: { id, blocks: answerBlocks(chain, target, known) } });
      }
      case "blocks":
        return this.#takeAnswer(peer, message.value);
    }
  }

  #greet(peer: Peer, hello: Hello): void {
    const own = this.#hello();
    const refusal = refuseHello(hello, own);
    if (refusal !== undefined) return peer.close(refusal);
    const other = this.peers.find(({ id }) => id === toHex(hello.nodeId));
    peer.hello = hello;
    if (other !== undefined && !isPreferredLink(peer, own)) return peer.close("Duplicate");
    other?.close("Duplicate");
    this.#parts.log("info", `Peer ${peer.socket.name} has block #${hello.status.bestNumber}`);
    this.#noteStatus(peer, hello.status);
    const { votes, proofs } = this.voting.voter.snapshot();
    this.#sendVotes((message) => peer.send(message), votes, proofs);
    this.#transactions.greet(peer);
  }

  #hello(): Hello {
    const { nodeId, voter } = this.#parts;
    const { genesisHash: genesis, runtime: { slotDurationMs } } = this.#node.chain;
    const isAuthority = voter !== undefined;
    return { protocol: PEER_PROTOCOL, genesis, slotDurationMs, nodeId, isAuthority, status: this.#status() };
  }

  #noteStatus(peer: Peer, status: PeerStatus): void {
    const { chain } = this.#node;
    peer.status = status;
    peer.knownBlocks.add(toHex(status.bestHash));
    if (status.bestNumber > chain.finalizedNumber) this.#sync.want(peer, status.bestHash, status.bestNumber);
    const proof = nextProof(chain, status.finalNumber);
    if (proof !== undefined) peer.send({ type: "justification", value: proof });
  }

  #takeAnnounced(peer: Peer, block: PeerBlock): void {
    const hash = computeHeaderHash(block.header);
    if (!peer.knownBlocks.add(toHex(hash)) || this.#node.chain.find(hash) !== undefined) return;
    const want = () => this.#sync.want(peer, hash, block.header.number);
    this.#queue.push({
      block,
      run: () => {
        if (this.#import(peer, block) === "UnknownParent") want();
      },
      fail: want,
    });
  }

  /** Executes a block; the answer is why it was not taken. */
  #import(peer: Peer, block: PeerBlock): string | undefined {
    const imported = this.#node.import(block);
    if (imported.ok) {
      this.counts.imported++;
      this.step();
      return undefined;
    }
    if (isOffence(imported.error)) this.#offend(peer, imported.error.code);
    return imported.error.code;
  }

  #takeAnswer(peer: Peer, { id, blocks }: Extract<PeerMessage, { type: "blocks" }>["value"]): void {
    if (!this.#sync.isAnswer(peer, id)) return this.#offend(peer, "Unasked");
    let last: BlockHash | undefined;
    let left = blocks.length;
    let isBroken = false;
    const end = () => {
      if (--left <= 0) this.#sync.goOn(last);
    };
    if (blocks.length === 0) end();
    for (const block of blocks) {
      const run = () => {
        try {
          const code = isBroken ? undefined : this.#import(peer, block);
          isBroken ||= code !== undefined && code !== "AlreadyKnown";
          if (!isBroken) last = computeHeaderHash(block.header);
          if (block.justification !== undefined && !isBroken) this.#takeJustification(peer, block.justification);
        } finally {
          end();
        }
      };
      const fail = () => {
        isBroken = true;
        end();
      };
      if (!this.#queue.push({ block, run, fail })) end();
    }
  }

  #takeJustification(peer: Peer, bytes: Uint8Array): void {
    const imported = this.#node.importJustification(bytes);
    if (imported.ok) return this.#broadcast({ type: "justification", value: bytes }, peer);
    const { error } = imported;
    if (error.code === "UnknownTarget") this.#sync.want(peer, error.hash, error.number);
    if (error.code === "Undecodable" || error.code === "Unproven") this.#offend(peer, error.code);
    if (error.code === "ConflictingFinality") {
      this.#parts.log("error", `Peer ${peer.socket.name} has another final block #${error.number}`);
      this.#offend(peer, error.code);
    }
  }

  #follow(event: NodeEvent): void {
    if (event.type !== "head") return;
    const slot = auraSlot(event.header);
    const now = slotAt(this.#parts.nowMs(), this.#node.chain.runtime.slotDurationMs);
    if (!slot.ok || slot.value + MAX_SLOTS_TO_ANNOUNCE < now) return;
    const reached = this.peers.filter((peer) => peer.knownBlocks.add(toHex(event.hash)));
    const block = reached.length === 0 ? undefined : this.#node.chain.find(event.hash);
    if (block === undefined) return;
    const value = { header: event.header, extrinsics: block.extrinsics };
    const bytes = peerMessage.encode({ type: "block", value });
    for (const peer of reached) peer.sendBytes(bytes);
  }

  #vote(): void {
    const { votes, proofs, justifications } = this.voting.step();
    for (const value of justifications) this.#broadcast({ type: "justification", value });
    this.#sendVotes((message) => this.#broadcast(message), votes, proofs);
    const [peer] = this.peers;
    if (peer === undefined) return;
    for (const { hash, number } of this.voting.wanted()) this.#wantFromAny(hash, number);
  }

  #wantFromAny(hash: BlockHash, number: number): void {
    const peers = this.peers;
    const peer = peers.find(({ knownBlocks }) => knownBlocks.has(toHex(hash))) ?? peers[number % peers.length];
    if (peer !== undefined) this.#sync.want(peer, hash, number);
  }

  #sendVotes(send: (message: PeerMessage) => void, votes: readonly Vote[], proofs: readonly PrevoteProof[]): void {
    if (votes.length > 0) send({ type: "votes", value: votes.slice(-MAX_VOTES_PER_MESSAGE) });
    if (proofs.length > 0) send({ type: "proofs", value: proofs });
  }

  #tellStatus(): void {
    const nowMs = this.#parts.nowMs();
    if (nowMs - this.#statusMs < STATUS_INTERVAL_MS) return;
    this.#statusMs = nowMs;
    for (const peer of this.#peers) if (nowMs - peer.heardMs > SILENCE_TIMEOUT_MS) peer.close("Unresponsive");
    this.#broadcast({ type: "status", value: this.#status() });
  }

  #status(): PeerStatus {
    const { head, finalizedNumber } = this.#node.chain;
    return { bestNumber: head.number, bestHash: head.hash, finalNumber: finalizedNumber };
  }

  #broadcast(message: PeerMessage, except?: Peer): void {
    const peers = this.peers.filter((peer) => peer !== except);
    if (peers.length === 0) return;
    const bytes = peerMessage.encode(message);
    for (const peer of peers) peer.sendBytes(bytes);
  }

  #offend(peer: Peer, code: string): void {
    this.counts.offences.set(code, (this.counts.offences.get(code) ?? 0) + 1);
    this.#parts.log("warn", `Peer ${peer.socket.name} broke a rule: ${code}`);
    peer.offend();
  }

  #report(error: unknown): void {
    this.#parts.log("error", `Cannot follow the peers: ${messageOf(error)}`);
  }
}
