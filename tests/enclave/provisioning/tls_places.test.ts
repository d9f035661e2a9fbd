import { EventEmitter } from "node:events";
import type { Socket } from "node:net";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { connectPiped } from "../../../src/enclave/deno/piped_tls_client.ts";
import { PEER_TIMEOUTS, type PeerTimeouts } from "../../../src/enclave/deno/peer_timeouts.ts";
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

async function listen(
  serve: (channel: SecureChannel) => Promise<void>,
  change: Partial<PeerTimeouts> = {},
): Promise<number> {
  server = await startProvisioningServer({ hostname: "127.0.0.1", port: 0, certificate, serve }, {
    ...PEER_TIMEOUTS,
    ...change,
  });
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
    const port = await listen(() => Promise.resolve(), { handshakeMs: 20 });
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

describe("peers that send a byte now and then", () => {
  /** Sends a byte at a time until the connection is of no more use. */
  async function drip({ stream }: SecureChannel): Promise<void> {
    for (;;) {
      await stream.write(new Uint8Array(1));
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  /** What ends the reading of all that comes. */
  async function readToEnd({ stream }: SecureChannel): Promise<string> {
    try {
      while (await stream.read() !== undefined);
      return "ended";
    } catch (error) {
      return (error as { code: string }).code;
    }
  }

  const connect = async (port: number, change: Partial<PeerTimeouts> = {}) => {
    const { port: pipe } = await openTcpPipe(`127.0.0.1:${port}`);
    return await connectPiped(pipe, certificate, { ...PEER_TIMEOUTS, ...change });
  };

  it("hold a provider no longer than their evidence may take", async () => {
    const outcome = Promise.withResolvers<string>();
    const port = await listen(async (channel) => outcome.resolve(await readToEnd(channel)), { evidenceMs: 2_000 });
    const client = await connect(port);
    await expect(drip(client)).rejects.toMatchObject({ code: "ConnectionBroken" });
    expect(await outcome.promise).toBe("ConnectionTimedOut");
  });

  it("hold a requester no longer than their evidence may take", async () => {
    const port = await listen((channel) => drip(channel).catch(() => undefined));
    expect(await readToEnd(await connect(port, { evidenceMs: 2_000 }))).toBe("ConnectionTimedOut");
  });

  it("keep their place once their evidence is verified, and go on", async () => {
    const served = Promise.withResolvers<SecureChannel>();
    const port = await listen((channel) => (served.resolve(channel), new Promise(() => {})), { evidenceMs: 2_000 });
    const client = await connect(port);
    const channel = await served.promise;
    channel.verified();
    const bare: Promise<"ended">[] = [];
    for (let i = 0; i < MAX_PROVISIONING_CONNECTIONS; i++) bare.push(connectBare(port));
    // One more than there are places, and one place is kept: the first silent one has to go.
    expect(await Promise.race(bare)).toBe("ended");
    await client.stream.write(new Uint8Array([7]));
    expect(await channel.stream.read()).toEqual(new Uint8Array([7]));
    await client.stream.close();
  });
});
