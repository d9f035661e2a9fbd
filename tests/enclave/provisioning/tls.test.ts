import { connect as connectTls } from "node:tls";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { connectPiped } from "../../../src/enclave/deno/piped_tls_client.ts";
import { startProvisioningServer } from "../../../src/enclave/deno/provisioning_server.ts";
import { UNREAD_HIGH_BYTES } from "../../../src/enclave/deno/tls_channel.ts";
import { serveProvisioning } from "../../../src/enclave/provisioning/provider.ts";
import { requestProvisioning } from "../../../src/enclave/provisioning/requester.ts";
import type { SecureChannel } from "../../../src/enclave/provisioning/secure_channel.ts";
import type { RunningServer } from "../../../src/enclave/server_port.ts";
import { createTlsCertificate, type TlsCertificate } from "../../../src/enclave/tls_certificate.ts";
import { openTcpPipe } from "../../../src/host/deno/tcp_pipe.ts";
import { unwrap } from "../../../src/primitives/result.ts";
import { createWorld, type Fixtures, makeFixtures, payloadWith, SNAPSHOT } from "./world.ts";

let server: RunningServer | undefined;
let certificates: readonly [TlsCertificate, TlsCertificate];
let fixtures: Fixtures;

beforeAll(async () => {
  const certificate = () => createTlsCertificate(["localhost"], Date.now());
  certificates = [await certificate(), await certificate()];
  fixtures = await makeFixtures();
});
afterEach(async () => {
  await server?.stop();
  server = undefined;
});

/** A server that hands its channels out. */
async function listen(serve: (channel: SecureChannel) => Promise<void>): Promise<string> {
  server = await startProvisioningServer({ hostname: "127.0.0.1", port: 0, certificate: certificates[0], serve });
  return `127.0.0.1:${server.port}`;
}

async function dial(address: string): Promise<SecureChannel> {
  const { port } = await openTcpPipe(address);
  return await connectPiped(port, certificates[1]);
}

/** A server's channel and the client's. */
async function channels(): Promise<readonly [SecureChannel, SecureChannel]> {
  const accepted = Promise.withResolvers<SecureChannel>();
  const address = await listen((channel) => (accepted.resolve(channel), new Promise(() => {})));
  const client = await dial(address);
  return [await accepted.promise, client];
}

async function readAll({ stream }: SecureChannel): Promise<number> {
  let total = 0;
  for (let part = await stream.read(); part !== undefined; part = await stream.read()) total += part.length;
  return total;
}

describe("TLS of the provisioning endpoint", () => {
  it("shows each end the other's certificate as it is, and both the same binding", async () => {
    const [serving, asking] = await channels();
    expect(serving.peerCertificate).toEqual(certificates[1].der);
    expect(asking.peerCertificate).toEqual(certificates[0].der);
    expect([serving.ownCertificate, asking.ownCertificate]).toEqual([certificates[0].der, certificates[1].der]);
    expect(serving.binding).toEqual(asking.binding);
    expect(serving.binding).toHaveLength(64);
    await asking.stream.close();
  });

  it("has another binding in each session between the same ends", async () => {
    const seen: SecureChannel[] = [];
    const address = await listen((channel) => (seen.push(channel), new Promise(() => {})));
    const [first, second] = [await dial(address), await dial(address)];
    expect(first.binding).not.toEqual(second.binding);
    await Promise.all([first.stream.close(), second.stream.close()]);
  });

  it("carries provisioning from a provider to a requester behind a pipe", async () => {
    const served = Promise.withResolvers<unknown>();
    const { provider, requester, progress } = createWorld(fixtures);
    const address = await listen(async (channel) => served.resolve(await serveProvisioning(channel, provider)));
    const received = unwrap(await requestProvisioning(await dial(address), requester));
    expect(received.snapshot.root).toEqual(SNAPSHOT.root);
    expect(received.secrets).toEqual(payloadWith().secrets);
    expect(await served.promise).toMatchObject({ ok: true });
    expect(progress.at(-1)).toBeGreaterThan(2_900_000);
  });

  it("lets a client without certificate in, for the protocol to refuse: CertificateMissing", async () => {
    const accepted = Promise.withResolvers<SecureChannel>();
    const address = await listen((channel) => (accepted.resolve(channel), new Promise(() => {})));
    const socket = connectTls({ host: "127.0.0.1", port: Number(address.split(":")[1]), rejectUnauthorized: false });
    socket.on("error", () => {});
    expect((await accepted.promise).peerCertificate).toBeUndefined();
    socket.destroy();
  });

  it("speaks no older TLS", async () => {
    const address = await listen(() => new Promise(() => {}));
    const port = Number(address.split(":")[1]);
    const socket = connectTls({ host: "127.0.0.1", port, rejectUnauthorized: false, maxVersion: "TLSv1.2" });
    const outcome = await new Promise((resolve) => {
      socket.once("secureConnect", () => resolve("connected"));
      socket.once("error", () => resolve("refused"));
      socket.once("close", () => resolve("refused"));
    });
    expect(outcome).toBe("refused");
    socket.destroy();
  });

  it("slows a fast sender down to its reader, and loses nothing", async () => {
    const [serving, asking] = await channels();
    const chunk = new Uint8Array(1024 * 1024).fill(7);
    const count = 32;
    let sent = 0;
    const sending = (async () => {
      for (; sent < count; sent++) await serving.stream.write(chunk);
      await serving.stream.close();
    })();
    for (let stable = 0, last = -1; stable < 20; last = sent) {
      await new Promise((resolve) => setTimeout(resolve, 10));
      stable = last === sent ? stable + 1 : 0;
    }
    expect(sent).toBeLessThan(count);
    expect(await readAll(asking)).toBe(count * chunk.length);
    await sending;
  }, 60_000);

  it("ends with ConnectionBroken when the other end breaks off, and when the server stops", async () => {
    const [serving, asking] = await channels();
    const reading = asking.stream.read().then((bytes) => bytes === undefined ? "ended" : "more", ({ code }) => code);
    await server?.stop();
    server = undefined;
    expect(["ended", "ConnectionBroken"]).toContain(await reading);
    await expect(serving.stream.write(new Uint8Array(1))).rejects.toMatchObject({ code: "ConnectionBroken" });
  });

  it("cuts a requester off that sends more than it may", async () => {
    const [serving, asking] = await channels();
    const chunk = new Uint8Array(1024 * 1024);
    const sending = (async () => {
      for (;;) await asking.stream.write(chunk);
    })();
    await expect(sending).rejects.toMatchObject({ code: "ConnectionBroken" });
    expect(server?.connections()).toBe(0);
    let kept = 0;
    const reading = (async () => {
      for (;;) kept += (await serving.stream.read())?.length ?? 0;
    })();
    await expect(reading).rejects.toMatchObject({ code: "ConnectionBroken" });
    expect(kept).toBeLessThan(2 * UNREAD_HIGH_BYTES);
  }, 60_000);

  it("reports a provider that speaks no TLS, and one that is not there", async () => {
    const plain = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const address = `127.0.0.1:${(plain.addr as Deno.NetAddr).port}`;
    void plain.accept().then(async (connection) => {
      await connection.write(new TextEncoder().encode("HTTP/1.1 400 Bad Request\r\n\r\n"));
      connection.close();
    });
    await expect(dial(address)).rejects.toMatchObject({ code: "ConnectionBroken" });
    plain.close();
    await expect(openTcpPipe(address)).rejects.toMatchObject({ code: "PeerUnreachable" });
    for (const wrong of ["", "host", "host:0", "host:70000", ":3443", "host:x"]) {
      await expect(openTcpPipe(wrong)).rejects.toMatchObject({ code: "PeerUnreachable" });
    }
  });
});
