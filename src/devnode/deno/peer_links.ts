/**
 * The WebSockets between nodes: one port where peers are listened for, and a link that is kept to each address.
 *
 * @module
 */
import type { CloseReason, Peer, PeerSocket } from "../peers/peer.ts";
import type { PeerNetwork } from "../peers/peer_network.ts";
import { listenOn, stopServer } from "./rpc_server.ts";

/** Shortest and longest wait before a link is made again; it doubles with each failure. Peers are near. */
export const RECONNECT_MS = { min: 250, max: 2000 } as const;
/** Time that a link may take to open. */
export const CONNECT_TIMEOUT_MS = 5000;
/** WebSocket close code of these links; the reason says more. */
const CLOSE_PEER = 4000;

/** Links that are kept. */
export interface PeerLinks {
  /** Where peers are listened for. */
  readonly port: number | undefined;
  readonly stop: () => Promise<void>;
}

/** Opens links. @throws {DevnodeError} `AddressInUse` or `ListenFailed`. */
export function startPeerLinks<Block>(
  network: PeerNetwork<Block>,
  addresses: readonly string[],
  port: number | undefined,
): PeerLinks {
  const server = port === undefined ? undefined : listenOn({ hostname: "127.0.0.1", port }, (request, info) => {
    if (request.headers.get("upgrade")?.toLowerCase() !== "websocket") {
      return new Response("Want a WebSocket of another node", { status: 426 });
    }
    // Read first: an upgraded request tells nothing any more.
    const from = info.remoteAddr;
    const { socket, response } = Deno.upgradeWebSocket(request);
    attach(network, socket, `from ${from.hostname}:${from.port}`, false, () => {});
    return response;
  });
  const stops = [...new Set(addresses)].map((address) => keepLink(network, address));
  return {
    port: server?.addr.port,
    stop: async () => {
      for (const stop of stops) stop();
      network.stop();
      if (server !== undefined) await stopServer(server);
    },
  };
}

/** Keeps a link to an address; the answer ends that. */
function keepLink<Block>(network: PeerNetwork<Block>, address: string): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let socket: WebSocket | undefined;
  let waitMs: number = RECONNECT_MS.min;
  let isStopped = false;
  const connect = () => {
    const opened = new WebSocket(address);
    socket = opened;
    const timeout = setTimeout(() => opened.close(), CONNECT_TIMEOUT_MS);
    opened.addEventListener("open", () => clearTimeout(timeout));
    attach(network, opened, address, true, (peer) => {
      clearTimeout(timeout);
      // A link that worked is made again at once; one to this node itself never.
      const isGood = peer?.hello !== undefined && peer.closed !== "Duplicate" && peer.closed !== "Offences";
      waitMs = isGood ? RECONNECT_MS.min : Math.min(RECONNECT_MS.max, 2 * waitMs);
      if (!isStopped && peer?.closed !== "Self") timer = setTimeout(connect, waitMs);
    });
  };
  connect();
  return () => {
    isStopped = true;
    clearTimeout(timer);
    socket?.close();
  };
}

/** Joins a socket and the network; `onEnd` is called once, without a peer if the socket never opened. */
function attach<Block>(
  network: PeerNetwork<Block>,
  socket: WebSocket,
  name: string,
  isOutbound: boolean,
  onEnd: (peer: Peer | undefined) => void,
): void {
  let peer: Peer | undefined;
  let isEnded = false;
  const end = () => {
    if (isEnded) return;
    isEnded = true;
    if (peer !== undefined) network.closed(peer);
    onEnd(peer);
  };
  socket.binaryType = "arraybuffer";
  socket.onopen = () => {
    peer = network.open(createPort(socket, name, isOutbound, end));
  };
  socket.onmessage = ({ data }) => {
    if (peer === undefined) return;
    // Text is no message of these links: no bytes are no value of the table either.
    network.receive(peer, data instanceof ArrayBuffer ? new Uint8Array(data) : new Uint8Array(0));
  };
  socket.onclose = end;
  socket.onerror = end;
}

function createPort(socket: WebSocket, name: string, isOutbound: boolean, end: () => void): PeerSocket {
  return {
    name,
    isOutbound,
    send: (bytes) => {
      if (socket.readyState === WebSocket.OPEN) socket.send(bytes as Uint8Array<ArrayBuffer>);
    },
    close: (reason: CloseReason) => {
      if (socket.readyState === WebSocket.OPEN) socket.close(CLOSE_PEER, reason);
      // The other end may be gone without a word: what this node does next does not wait for it.
      queueMicrotask(end);
    },
    waitingBytes: () => socket.bufferedAmount,
  };
}
