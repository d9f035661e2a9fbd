import { createServer } from "node:https";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fetchCertificate, openWebSocket, pinnedSocket } from "../../src/apps/cli/worker_socket.ts";
import type { OpenSocket, WorkerSocket } from "../../src/client/ports.ts";
import { createTlsCertificate } from "../../src/enclave/tls_certificate.ts";

/** The same promises, kept by every socket that a client is given: what it sends comes back, and the end is told once. */
function socketContract(name: string, open: () => OpenSocket): void {
  describe(`${name} as a worker socket`, () => {
    it("delivers text in order and tells the end once", async () => {
      const { socket, heard, closed } = await connect(open());
      for (const text of ["a", "b", "ü".repeat(70_000)]) socket.send(text);
      await until(() => heard.length === 3);
      expect(heard).toEqual(["a", "b", "ü".repeat(70_000)]);
      socket.close();
      socket.close();
      await until(() => closed.length > 0);
      expect(closed).toHaveLength(1);
      expect(() => socket.send("late")).toThrow();
    });

    it("tells the end when the server closes", async () => {
      const { socket, closed } = await connect(open());
      socket.send("please close");
      await until(() => closed.length > 0);
      expect(closed).toHaveLength(1);
    });
  });
}

async function connect(open: OpenSocket): Promise<{ socket: WorkerSocket; heard: string[]; closed: string[] }> {
  const heard: string[] = [];
  const closed: string[] = [];
  const socket = await open({
    onText: (text) => void heard.push(text),
    onClosed: (reason) => void closed.push(reason),
  });
  return { socket, heard, closed };
}

async function until(condition: () => boolean): Promise<void> {
  await expect.poll(condition, { timeout: 45_000, interval: 10 }).toBe(true);
}

function echo(request: Request): Response {
  const { socket, response } = Deno.upgradeWebSocket(request);
  socket.onmessage = ({ data }) => data === "please close" ? socket.close() : socket.send(data);
  return response;
}

let plain: Deno.HttpServer<Deno.NetAddr>;
let secure: Deno.HttpServer<Deno.NetAddr>;
let certificate: Uint8Array;
let foreign: Uint8Array;

beforeAll(async () => {
  const [mine, other] = await Promise.all([1, 2].map(() => createTlsCertificate(["127.0.0.1"], Date.now())));
  certificate = mine!.der;
  foreign = other!.der;
  const options = { port: 0, hostname: "127.0.0.1", onListen: () => {} };
  plain = Deno.serve(options, echo);
  secure = Deno.serve({ ...options, cert: mine!.certPem, key: mine!.keyPem }, echo);
});

afterAll(async () => {
  await Promise.all([plain.shutdown(), secure.shutdown()]);
});

socketContract("openWebSocket()", () => (listener) => {
  return openWebSocket(new WebSocket(`ws://127.0.0.1:${plain.addr.port}`), listener);
});
socketContract("pinnedSocket()", () => pinnedSocket({ host: "127.0.0.1", port: secure.addr.port }, certificate));

describe("fetchCertificate()", () => {
  it("returns the certificate that the server shows", async () => {
    expect(await fetchCertificate({ host: "127.0.0.1", port: secure.addr.port })).toEqual(certificate);
  });

  it("reports Worker when nobody listens", async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as { port: number };
    await new Promise((resolve) => server.close(resolve));
    await expect(fetchCertificate({ host: "127.0.0.1", port })).rejects.toMatchObject({ code: "Worker" });
  });
});

describe("pinnedSocket()", () => {
  it("refuses a server with another certificate", async () => {
    const open = pinnedSocket({ host: "127.0.0.1", port: secure.addr.port }, foreign);
    await expect(connect(open)).rejects.toThrow();
  });
});
