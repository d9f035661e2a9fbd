/**
 * What nodes say to one another: each WebSocket message is one SCALE value of this table.
 *
 * Differs: Substrate nodes speak libp2p; these links are our own and connect development nodes only.
 *
 * @module
 */
import {
  bool,
  bytes,
  bytesOf,
  type Codec,
  mapped,
  option,
  struct,
  u16,
  u32,
  type Variant,
  variant,
  vec,
} from "../../codec/codec.ts";
import { type ParentchainHeader, parentchainHeader } from "../../parentchain/header.ts";
import { type BlockHash, blockHash } from "../../primitives/branded.ts";
import { MAX_EXTRINSIC_BYTES } from "../node.ts";
import { type PrevoteProof, prevoteProofs } from "../voting/prevote_proofs.ts";
import { type Vote, vote } from "../voting/vote.ts";

/** Version of this table; nodes of different versions do not talk. */
export const PEER_PROTOCOL = 1;
/** Longest message: a block of 5 MiB with its header, or several that are shorter. */
export const MAX_PEER_MESSAGE_BYTES = 8 * 1024 * 1024;
/** Most extrinsics of a block, inherents included; far above what one core executes in a slot. */
export const MAX_BLOCK_EXTRINSICS = 10_000;
/** Most blocks in one answer: some seconds of execution at most. */
export const MAX_BLOCKS_PER_ANSWER = 128;
/** Most hashes by which a node says what it has: its leaves, and steps of growing length down the chain. */
export const MAX_KNOWN_HASHES = 64;
/** Most transactions in one message. */
export const MAX_TRANSACTIONS_PER_MESSAGE = 256;
/** Most votes in one message: both votes of each authority of the largest network, in four rounds. */
export const MAX_VOTES_PER_MESSAGE = 256;
/** Longest justification: 32 precommits and the headers of a long fork. */
export const MAX_PEER_JUSTIFICATION_BYTES = 1024 * 1024;

/** Where a node's chain stands. */
export interface PeerStatus {
  readonly bestNumber: number;
  readonly bestHash: BlockHash;
  readonly finalNumber: number;
}

/** The first message of each side. */
export interface Hello {
  readonly protocol: number;
  readonly genesis: BlockHash;
  /** Length of an Aura slot in milliseconds. */
  readonly slotDurationMs: number;
  /** Number that the node drew when it started, by which two links to one node are noticed. */
  readonly nodeId: Uint8Array;
  readonly isAuthority: boolean;
  readonly status: PeerStatus;
}

/** A block on its way. */
export interface PeerBlock {
  readonly header: ParentchainHeader;
  readonly extrinsics: readonly Uint8Array[];
}

/** A block of an answer with the proof of its finality, where the receiver may need it. */
export interface AnsweredBlock extends PeerBlock {
  readonly justification: Uint8Array | undefined;
}

/** What a peer says. */
export type PeerMessage = Variant<{
  /** Who speaks; must be first, and only then. */
  hello: Hello;
  /** Where its chain stands now. */
  status: PeerStatus;
  /** A block that it has just made or taken. */
  block: PeerBlock;
  /** Transactions that it has taken. */
  transactions: readonly Uint8Array[];
  /** Votes of a round. */
  votes: readonly Vote[];
  /** Prevotes that bind later rounds. */
  proofs: readonly PrevoteProof[];
  /** A proof of finality. */
  justification: Uint8Array;
  /** Asks for the blocks from one of those known up to `target`. */
  wanted: { readonly id: number; readonly target: BlockHash; readonly known: readonly BlockHash[] };
  /** Answers with the first of them in order; with none if it has not got them. */
  blocks: { readonly id: number; readonly blocks: readonly AnsweredBlock[] };
}>;

const hash: Codec<BlockHash> = mapped(bytesOf(32), blockHash, (value) => value);
const status: Codec<PeerStatus> = struct<PeerStatus>({ bestNumber: u32, bestHash: hash, finalNumber: u32 });
const extrinsics = vec(bytes(MAX_EXTRINSIC_BYTES), MAX_BLOCK_EXTRINSICS);
const justification = bytes(MAX_PEER_JUSTIFICATION_BYTES);

/** SCALE codec of {@linkcode PeerMessage}. */
export const peerMessage: Codec<PeerMessage> = variant({
  hello: [
    0,
    struct<Hello>({
      protocol: u16,
      genesis: hash,
      slotDurationMs: u32,
      nodeId: bytesOf(32),
      isAuthority: bool,
      status,
    }),
  ],
  status: [1, status],
  block: [2, struct<PeerBlock>({ header: parentchainHeader, extrinsics })],
  transactions: [3, vec(bytes(MAX_EXTRINSIC_BYTES), MAX_TRANSACTIONS_PER_MESSAGE)],
  votes: [4, vec(vote, MAX_VOTES_PER_MESSAGE)],
  proofs: [5, prevoteProofs],
  justification: [6, justification],
  wanted: [7, struct({ id: u32, target: hash, known: vec(hash, MAX_KNOWN_HASHES) })],
  blocks: [
    8,
    struct({
      id: u32,
      blocks: vec(
        struct<AnsweredBlock>({ header: parentchainHeader, extrinsics, justification: option(justification) }),
        MAX_BLOCKS_PER_ANSWER,
      ),
    }),
  ],
});
