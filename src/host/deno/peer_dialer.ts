/**
 * Connections to other validateers: the kept one to the trusted endpoint, and one to the stored blocks while they are fetched.
 *
 * Source: worker `service/src/sync_block_broadcaster.rs`, `sidechain/peer-fetch/src/untrusted_peer_fetch.rs` (839eda024)
 *
 * @module
 */
import { toHex } from "../../primitives/hex.ts";
import type { SignedBlock } from "../../types/signed_block.ts";
import type { BlockSource } from "../peers/peer_drain.ts";
import { fetchRequest, readFetchAnswer } from "../peers/fetched_blocks.ts";
import type { PeerSocket } from "../peers/peer_socket_port.ts";
import { readTextAnswer } from "../peers/text_answer.ts";
import { askPeer, openPeerSocket, PEER_TIMEOUT_MS, PeerError } from "./peer_socket.ts";
import { messageOf } from "../../primitives/message_of.ts";

/** Method that tells where stored blocks are given. */
const GET_UNTRUSTED_URL = "author_getUntrustedUrl";
/** Longest `ws://host:port`: a host name has at most 253 letters. */
const MAX_URL_LENGTH = 270;
/** How long a peer may take for an answer with blocks, in ms: it reads and writes megabytes while it authors. */
export const FETCH_TIMEOUT_MS = 20_000;

/** Opens the kept connection to a trusted endpoint. @throws {PeerError} */
export async function dialPeerSocket(url: string): Promise<PeerSocket> {
  const socket = await openPeerSocket(url);
  const port: PeerSocket = {
    send: (text) => {
      if (socket.readyState === WebSocket.OPEN) socket.send(text);
    },
    close: () => socket.close(),
    bufferedAmount: () => socket.bufferedAmount,
    onMessage: undefined,
    onClose: undefined,
  };
  socket.onmessage = ({ data }) => typeof data === "string" ? port.onMessage?.(data) : socket.close();
  socket.onclose = () => port.onClose?.();
  // A broken connection is followed by its close.
  socket.onerror = (event) => event.preventDefault();
  return port;
}

/** Connects to the stored blocks of the validateer with this trusted endpoint. @throws {PeerError} */
export async function openBlockSource(peer: string, shard: Uint8Array): Promise<BlockSource> {
  const url = readTextAnswer(await askPeer(peer, GET_UNTRUSTED_URL), MAX_URL_LENGTH);
  if (url === undefined) throw new PeerError("BadAnswer", `Cannot read the address of the blocks of "${peer}"`);
  return await connectToBlocks(url, shard);
}

/** Connects to an untrusted endpoint. @throws {PeerError} */
export async function connectToBlocks(url: string, shard: Uint8Array): Promise<BlockSource> {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if ((parsed?.protocol !== "ws:" && parsed?.protocol !== "wss:") || parsed.username !== "") {
    throw new PeerError("InvalidUrl", `Cannot fetch blocks from "${url}": want ws://HOST:PORT`);
  }
  const socket = new WebSocket(url);
  const ended = Promise.withResolvers<never>();
  ended.promise.catch(() => {});
  socket.onclose = () => ended.reject(new Error("the connection was closed"));
  socket.onerror = (event) => {
    event.preventDefault();
    ended.reject(new Error("the connection failed"));
  };
  try {
    await withLimit(
      [new Promise<void>((resolve) => socket.onopen = () => resolve()), ended.promise],
      PEER_TIMEOUT_MS,
    );
  } catch (cause) {
    socket.close();
    throw new PeerError("Unreachable", `Cannot reach the stored blocks at "${url}"`, cause);
  }
  let nextId = 1;
  return {
    blocksAfter: async (hash) => {
      const answered = new Promise<unknown>((resolve) => socket.onmessage = ({ data }) => resolve(data));
      socket.send(fetchRequest(nextId++, hash, shard));
      try {
        return readBlocks(await withLimit([answered, ended.promise], FETCH_TIMEOUT_MS));
      } catch (cause) {
        const reason = messageOf(cause);
        throw new PeerError("BadAnswer", `Cannot get the blocks after ${toHex(hash)} from "${url}": ${reason}`, cause);
      }
    },
    close: () => socket.close(),
  };
}

function readBlocks(data: unknown): readonly SignedBlock[] {
  if (typeof data !== "string") throw new TypeError("the answer is no text");
  const blocks = readFetchAnswer(data);
  if (!blocks.ok) throw new TypeError(blocks.error.code);
  return blocks.value;
}

async function withLimit<T>(promises: readonly Promise<T>[], limitMs: number): Promise<T> {
  let late: ReturnType<typeof setTimeout> | undefined;
  const timeout = new Promise<never>((_, reject) => {
    late = setTimeout(() => reject(new Error("it takes too long")), limitMs);
  });
  try {
    return await Promise.race([...promises, timeout]);
  } finally {
    clearTimeout(late);
  }
}
