import { afterEach, describe, expect, it } from "vitest";
import { startTlsServer } from "../../src/enclave/deno/tls_server.ts";
import type { RpcService } from "../../src/enclave/rpc/rpc_service.ts";
import type { RunningServer } from "../../src/enclave/server_port.ts";
import { createTlsCertificate, type TlsCertificate } from "../../src/enclave/tls_certificate.ts";
import { ignoreParams } from "../../src/transport/params.ts";
import { defineMethod, RpcRouter } from "../../src/transport/router.ts";

const router = new RpcRouter<RpcService>([
  defineMethod({ name: "ping", decode: ignoreParams, handle: () => "pong" }),
]);

let server: RunningServer | undefined;
const sockets: WebSocket[] = [];

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.close();
  await server?.stop();
  server = undefined;
});

async function start(): Promise<TlsCertificate> {
  const certificate = await createTlsCertificate(["localhost", "127.0.0.1"], Date.now());
  // The methods of this test need nothing of the service.
  const service = {} as RpcService;
  server = startTlsServer({ hostname: "127.0.0.1", port: 0, certificate, router, service }, Date.now);
  return certificate;
}

function open(pem: string): Promise<WebSocket> {
  const client = Deno.createHttpClient({ caCerts: [pem] });
  const socket = new WebSocket(`wss://127.0.0.1:${server?.port}`, { client } as never);
  sockets.push(socket);
  return new Promise((resolve, reject) => {
    socket.onopen = () => resolve(socket);
    socket.onerror = (event) => {
      event.preventDefault();
      reject(new Error("refused"));
    };
  });
}

const next = (socket: WebSocket) => new Promise<string>((resolve) => socket.onmessage = ({ data }) => resolve(data));

describe("startTlsServer()", () => {
  it("answers text frames over TLS with its own certificate, and ignores binary ones", async () => {
    const { certPem } = await start();
    const socket = await open(certPem);
    socket.send(new Uint8Array([1, 2, 3]));
    socket.send('{"jsonrpc":"2.0","method":"ping","id":7}');
    expect(await next(socket)).toBe('{"jsonrpc":"2.0","result":"pong","id":7}');
    expect(server?.connections()).toBe(1);
  });

  it("is refused by a client that pins another certificate", async () => {
    await start();
    const other = await createTlsCertificate(["127.0.0.1"], Date.now());
    await expect(open(other.certPem)).rejects.toThrow("refused");
  });

  it("answers 426 to anything but a WebSocket", async () => {
    const { certPem } = await start();
    const client = Deno.createHttpClient({ caCerts: [certPem] });
    const response = await fetch(`https://127.0.0.1:${server?.port}/`, { client } as never);
    expect(response.status).toBe(426);
    await response.body?.cancel();
    client.close();
  });

  it("forgets connections that end, and closes the others when it stops", async () => {
    const { certPem } = await start();
    const [first, second] = [await open(certPem), await open(certPem)];
    const closed = new Promise<void>((resolve) => first.onclose = () => resolve());
    first.close();
    await closed;
    await expect.poll(() => server?.connections(), { timeout: 45_000 }).toBe(1);
    const ended = new Promise<number>((resolve) => second.onclose = ({ code }) => resolve(code));
    await server?.stop();
    server = undefined;
    expect(await ended).toBe(1001);
  });
});
