import { EventEmitter } from "node:events";
import type { TLSSocket } from "node:tls";
import { describe, expect, it } from "vitest";
import { MAX_UNREAD_BYTES, secureChannel, UNREAD_HIGH_BYTES } from "../../../src/enclave/deno/tls_channel.ts";

/** A socket that does what a test tells it. */
class FakeSocket extends EventEmitter {
  destroyed = false;
  onTimeout = () => {};
  finished: Uint8Array | undefined = new Uint8Array(32).fill(1);
  peerFinished: Uint8Array | undefined = new Uint8Array(32).fill(2);
  protocol = "TLSv1.3";
  raw: Uint8Array | undefined = new Uint8Array([9]);

  getFinished = () => this.finished;
  getPeerFinished = () => this.peerFinished;
  getProtocol = () => this.protocol;
  getPeerCertificate = () => ({ raw: this.raw });
  setTimeout = (_ms: number, onTimeout: () => void) => void (this.onTimeout = onTimeout);
  write = (_bytes: Uint8Array, done: () => void) => done();
  destroy = () => {
    this.destroyed = true;
  };

  channel(role: "client" | "server" = "server", valve = { shut: () => {}, open: () => {} }) {
    return secureChannel(this as unknown as TLSSocket, role, new Uint8Array(1), valve);
  }
}

describe("secureChannel()", () => {
  it("binds to what both ends know of the session, the client's part first", () => {
    const socket = new FakeSocket();
    const bytes = (first: number, second: number) => new Uint8Array(64).map((_, i) => (i < 32 ? first : second));
    expect(socket.channel("client").binding).toEqual(bytes(1, 2));
    expect(socket.channel("server").binding).toEqual(bytes(2, 1));
    expect(socket.channel().peerCertificate).toEqual(new Uint8Array([9]));
  });

  it("refuses sessions without such a binding, and older TLS", () => {
    const changes: ((socket: FakeSocket) => void)[] = [
      (socket) => (socket.finished = undefined),
      (socket) => (socket.peerFinished = undefined),
      (socket) => (socket.peerFinished = new Uint8Array(12)),
      (socket) => (socket.protocol = "TLSv1.2"),
    ];
    for (const change of changes) {
      const socket = new FakeSocket();
      change(socket);
      expect(() => socket.channel()).toThrow("ConnectionBroken");
    }
  });

  it("shuts the valve when much is unread, opens it when half of that is read, and cuts off who sends on", async () => {
    const turns: string[] = [];
    const socket = new FakeSocket();
    const { stream } = socket.channel("server", { shut: () => turns.push("shut"), open: () => turns.push("open") });
    const chunk = new Uint8Array(UNREAD_HIGH_BYTES / 4);
    for (let i = 0; i < 5; i++) socket.emit("data", chunk);
    expect(turns).toEqual(["shut"]);
    for (let i = 0; i < 3; i++) await stream.read();
    expect(turns).toEqual(["shut", "open"]);
    for (let sent = 0; sent <= MAX_UNREAD_BYTES; sent += chunk.length) socket.emit("data", chunk);
    expect(socket.destroyed).toBe(true);
    await expect(stream.write(chunk)).rejects.toMatchObject({ code: "ConnectionBroken" });
  });

  it("ends with ConnectionTimedOut when the peer is silent", async () => {
    const socket = new FakeSocket();
    const { stream } = socket.channel();
    const reading = stream.read();
    socket.onTimeout();
    await expect(reading).rejects.toMatchObject({ code: "ConnectionTimedOut" });
    expect(socket.destroyed).toBe(true);
    await expect(stream.write(new Uint8Array(1))).rejects.toMatchObject({ code: "ConnectionTimedOut" });
  });

  it("gives what had arrived before the end or the failure", async () => {
    for (const event of ["end", "close"]) {
      const socket = new FakeSocket();
      const { stream } = socket.channel();
      socket.emit("data", new Uint8Array([5]));
      socket.emit(event);
      expect(await stream.read()).toEqual(new Uint8Array([5]));
      if (event === "end") expect(await stream.read()).toBeUndefined();
      else await expect(stream.read()).rejects.toMatchObject({ code: "ConnectionBroken" });
    }
  });
});
