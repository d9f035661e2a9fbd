import { EventEmitter } from "node:events";
import type { Socket } from "node:net";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { connectPiped } from "../../../src/enclave/deno/piped_tls_client.ts";
import { MAX_PROVISIONING_CONNECTIONS, ProvisioningPlaces } from "../../../src/enclave/deno/provisioning_places.ts";
import { startProvisioningServer } from "../../../src/enclave/deno/provisioning_server.ts";
import type { SecureChannel } from "../../../src/enclave/provisioning/secure_channel.ts";
import type { RunningServer } from "../../../src/enclave/server_port.ts";
import { createTlsCertificate, type TlsCertificate } from "../../../src/enclave/tls_certificate.ts";
import { openTcpPipe } from "../../../src/host/deno/tcp_pipe.ts";

let certificate: TlsCertificate;
let server: RunningServer | undefined;
const open: Deno.TcpConn[] = [];

beforeAll(async () => {
  certificate = await createTlsCertificate(["localhost"], Date.now());
});
afterEach(async () => {
  for (const connection of open.splice(0)) connection.close();
  await server?.stop();
  server = undefined;
});

async function listen(serve: (channel: SecureChannel) => Promise<void>, handshakeTimeoutMs?: number): Promise<number> {
  server = await startProvisioningServer({ hostname: "127.0.0.1", port: 0, certificate, serve }, handshakeTimeoutMs);
  return server.port;
}

/** A connection that says nothing, and is done when the server has ended it. */
async function connectBare(port: number): Promise<"ended"> {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port });
  open.push(connection);
  return await connection.read(new Uint8Array(1)).then(() => "ended", () => "ended");
}

class FakeSocket extends EventEmitter {
  isDestroyed = false;
  destroy = () => {
    this.isDestroyed = true;
  };
}

describe("places of the provisioning endpoint", () => {
  const take = (places: ProvisioningPlaces) => {
    const socket = new FakeSocket();
    return { socket, isTaken: places.take(socket as unknown as Socket) };
  };
  const verify = (places: ProvisioningPlaces, socket: FakeSocket) => places.markVerified(socket as unknown as Socket);

  it("are taken from the oldest connection whose peer is unknown, and never from a known one", () => {
    const places = new ProvisioningPlaces();
    const sockets = Array.from({ length: MAX_PROVISIONING_CONNECTIONS }, () => take(places).socket);
    const [first, second] = sockets as [FakeSocket, FakeSocket];
    verify(places, first);
    expect(take(places).isTaken).toBe(true);
    expect([first.isDestroyed, second.isDestroyed, places.taken]).toEqual([false, true, MAX_PROVISIONING_CONNECTIONS]);
  });

  it("are refused when all peers are known, and free again when one has gone", () => {
    const places = new ProvisioningPlaces();
    const sockets = Array.from({ length: MAX_PROVISIONING_CONNECTIONS }, () => take(places).socket);
    for (const socket of sockets) verify(places, socket);
    const refused = take(places);
    expect([refused.isTaken, refused.socket.isDestroyed]).toEqual([false, true]);
    sockets[3]?.emit("close");
    expect(take(places).isTaken).toBe(true);
    places.clear();
    expect([places.taken, sockets[0]?.isDestroyed]).toEqual([0, true]);
  });
});

describe("connections without a handshake", () => {
  it("are ended in time", async () => {
    const port = await listen(() => Promise.resolve(), 20);
    const ended = [connectBare(port), connectBare(port), connectBare(port)];
    expect(await Promise.all(ended)).toEqual(["ended", "ended", "ended"]);
    expect(server?.connections()).toBe(0);
  });

  it("do not keep the server from stopping", async () => {
    const port = await listen(() => Promise.resolve());
    const ended = connectBare(port);
    while (server?.connections() === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    await server?.stop();
    server = undefined;
    expect(await ended).toBe("ended");
  });

  it("count, and the oldest gives way to who comes last", async () => {
    const served = Promise.withResolvers<SecureChannel>();
    const port = await listen((channel) => (served.resolve(channel), new Promise(() => {})));
    const bare: Promise<"ended">[] = [];
    for (let i = 0; i < MAX_PROVISIONING_CONNECTIONS; i++) {
      bare.push(connectBare(port));
      while (server?.connections() !== i + 1) await new Promise((resolve) => setTimeout(resolve, 1));
    }
    const client = await connectPiped((await openTcpPipe(`127.0.0.1:${port}`)).port, certificate);
    expect(await bare[0]).toBe("ended");
    expect((await served.promise).binding).toEqual(client.binding);
    expect(server?.connections()).toBe(MAX_PROVISIONING_CONNECTIONS);
    await client.stream.close();
  });
});
