import { createConnection, createServer, type Server, type Socket } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { startRpcServer } from "../../src/devnode/deno/rpc_server.ts";
import { startTlsServer } from "../../src/enclave/deno/tls_server.ts";
import type { RpcService } from "../../src/enclave/rpc/rpc_service.ts";
import { createTlsCertificate, type TlsCertificate } from "../../src/enclave/tls_certificate.ts";
import { MAX_UNTRUSTED_CONNECTIONS, serveRpc } from "../../src/host/deno/servers.ts";
import { ignoreParams } from "../../src/transport/params.ts";
import { defineMethod, RpcRouter } from "../../src/transport/router.ts";

const PING = '{"jsonrpc":"2.0","method":"ping","id":1}';
const PONG = '{"jsonrpc":"2.0","result":"pong","id":1}';
const HOST = "127.0.0.1";
const UPGRADE = [
  "GET / HTTP/1.1",
  "Host: localhost",
  "Upgrade: websocket",
  "Connection: Upgrade",
  "Sec-WebSocket-Version: 13",
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
  "\r\n",
].join("\r\n");

const methods = [defineMethod({ name: "ping", decode: ignoreParams, handle: () => "pong" })];
const upgrade = Deno.upgradeWebSocket;
/** Runs when a server has upgraded, and before the client can have its answer. */
let onUpgraded = () => {};
let certificate: TlsCertificate;
let stop: () => Promise<void>;

beforeAll(async () => {
  certificate = await createTlsCertificate([HOST], Date.now());
  Deno.upgradeWebSocket = (request, options) => {
    const upgraded = upgrade(request, options);
    onUpgraded();
    return upgraded;
  };
});

afterAll(() => {
  Deno.upgradeWebSocket = upgrade;
});

afterEach(async () => {
  await stop();
});

/** Sends requests to upgrade, one after another, each of whose connections is reset between the request and its answer. */
async function resetUpgrades(port: number, count: number, send: (resetPort: number) => Promise<() => void>) {
  const sockets: Socket[] = [];
  // A relay, since a reset of what lies below TLS is not to be had of its client.
  const relay: Server = createServer((client) => {
    const server = createConnection(port, HOST);
    sockets.push(server);
    for (const socket of [client, server]) socket.on("error", () => {});
    client.pipe(server).pipe(client);
  });
  await new Promise<void>((resolve) => relay.listen(0, HOST, resolve));
  try {
    for (let i = 0; i < count; i++) {
      const upgraded = new Promise<void>((resolve) => {
        onUpgraded = () => {
          sockets.at(-1)?.resetAndDestroy();
          resolve();
        };
      });
      const end = await send((relay.address() as { port: number }).port);
      await upgraded;
      end();
    }
  } finally {
    onUpgraded = () => {};
    relay.close();
  }
}

async function sendPlain(port: number): Promise<() => void> {
  const connection = await Deno.connect({ port, hostname: HOST });
  await connection.write(new TextEncoder().encode(UPGRADE));
  return () => connection.close();
}

async function sendTls(port: number): Promise<() => void> {
  const connection = await Deno.connectTls({ port, hostname: HOST, caCerts: [certificate.certPem] });
  await connection.write(new TextEncoder().encode(UPGRADE));
  return () => connection.close();
}

/** What a good client is answered; it stays until the test ends. */
function ask(url: string, options: object = {}): Promise<string> {
  const socket = new WebSocket(url, options as never);
  return new Promise((resolve) => {
    socket.onopen = () => socket.send(PING);
    socket.onmessage = ({ data }) => resolve(data);
    socket.onerror = (event) => {
      event.preventDefault();
      resolve("refused");
    };
  });
}

describe("a connection that is reset between its request to upgrade and the answer takes no place of", () => {
  it("serveRpc()", async () => {
    const server = serveRpc(HOST, 0, new RpcRouter(methods), undefined);
    stop = server.stop;
    await resetUpgrades(server.port, MAX_UNTRUSTED_CONNECTIONS, sendPlain);
    expect(await ask(`ws://${HOST}:${server.port}`)).toBe(PONG);
  });

  it("startTlsServer()", async () => {
    const router = new RpcRouter<RpcService>(methods);
    // The methods of this test need nothing of the service.
    const service = {} as RpcService;
    const server = startTlsServer({ hostname: HOST, port: 0, certificate, router, service }, Date.now);
    stop = server.stop;
    await resetUpgrades(server.port, 20, sendTls);
    const client = Deno.createHttpClient({ caCerts: [certificate.certPem] });
    expect(await ask(`wss://${HOST}:${server.port}`, { client })).toBe(PONG);
    expect(server.connections()).toBe(1);
    client.close();
  });

  it("startRpcServer()", async () => {
    const health = () => ({ peers: 0, isSyncing: false, shouldHavePeers: false });
    const server = startRpcServer(new RpcRouter<undefined>(methods), { hostname: HOST, port: 0 }, Date.now, health);
    stop = server.stop;
    await resetUpgrades(server.port, 20, sendPlain);
    expect(await ask(`ws://${HOST}:${server.port}`)).toBe(PONG);
    expect(server.counts).toEqual({ opened: 1, closed: 0, requests: 1 });
  });
});
