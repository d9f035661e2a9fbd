import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openTcpPipe, type TcpPipe } from "../../src/host/deno/tcp_pipe.ts";
import { CreditedPipe, PIPE_WINDOW_BYTES } from "../../src/transport/credited_pipe.ts";

const FLUSH_MS = 100;

let listener: Deno.TcpListener;
let peer: Deno.TcpConn;
let pipe: TcpPipe;
/** The enclave's end. */
let end: CreditedPipe;

beforeEach(async () => {
  listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const accepted = listener.accept();
  pipe = await openTcpPipe(`127.0.0.1:${listener.addr.port}`, FLUSH_MS);
  peer = await accepted;
  end = new CreditedPipe(pipe.port);
});
afterEach(() => {
  peer.close();
  listener.close();
});

/** Reads until the connection ends; gives how many bytes came. */
async function readAll(): Promise<number> {
  let total = 0;
  const bytes = new Uint8Array(64 * 1024);
  for (;;) {
    const count = await peer.read(bytes);
    if (count === null) return total;
    total += count;
  }
}

/** Sends until nothing has moved for a while. */
async function sendUntilStuck(): Promise<void> {
  let sent = 0;
  const send = async () => {
    for (;; sent++) await end.write(new Uint8Array(64 * 1024));
  };
  send().catch(() => {});
  for (let before = -1; before !== sent;) {
    before = sent;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

describe("openTcpPipe()", () => {
  it("carries bytes in both directions and the end of each", async () => {
    await end.write(new Uint8Array([1, 2]));
    await peer.write(new Uint8Array([3]));
    expect(await end.read()).toEqual(new Uint8Array([3]));
    await peer.closeWrite();
    expect(await end.read()).toBeUndefined();
    end.end();
    expect(await readAll()).toBe(2);
    await pipe.ended;
  });

  it("closes the connection to a peer that does not read when the enclave gives it up", async () => {
    await sendUntilStuck();
    end.close();
    await pipe.ended;
  });

  it("closes the connection to a peer that sends nothing when the enclave gives it up", async () => {
    await end.write(new Uint8Array([1]));
    end.close();
    expect(await readAll()).toBe(1);
    await pipe.ended;
  });

  it("closes the connection to a peer that sends what the enclave does not read when the enclave gives it up", async () => {
    const flooded = (async () => {
      for (;;) await peer.write(new Uint8Array(64 * 1024));
    })().catch(() => {});
    await end.read();
    end.close();
    await pipe.ended;
    await flooded;
  });

  it("hands over what was sent before the enclave closed it", async () => {
    await end.write(new Uint8Array(PIPE_WINDOW_BYTES));
    end.close();
    expect(await readAll()).toBe(PIPE_WINDOW_BYTES);
    await pipe.ended;
  });
});
