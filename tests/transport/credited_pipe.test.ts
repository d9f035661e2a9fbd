import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { concatBytes, equalBytes } from "../../src/primitives/bytes.ts";
import { CreditedPipe, MAX_PIPE_MESSAGE_BYTES, PIPE_WINDOW_BYTES } from "../../src/transport/credited_pipe.ts";

const open: CreditedPipe[] = [];
afterEach(() => {
  for (const pipe of open.splice(0)) pipe.close();
});

function pair(): [CreditedPipe, CreditedPipe] {
  const { port1, port2 } = new MessageChannel();
  const pipes: [CreditedPipe, CreditedPipe] = [new CreditedPipe(port1), new CreditedPipe(port2)];
  open.push(...pipes);
  return pipes;
}

async function readAll(pipe: CreditedPipe): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for (let part = await pipe.read(); part !== undefined; part = await pipe.read()) parts.push(part);
  return concatBytes(...parts);
}

/** Lets messages that are under way arrive. */
async function settle(): Promise<void> {
  for (let i = 0; i < 5; i++) await new Promise((resolve) => setTimeout(resolve, 2));
}

describe("CreditedPipe", () => {
  it("carries bytes in order and whole, whatever the sizes of the writes", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(200_000), { maxLength: 6 }), async (sizes) => {
        const [a, b] = pair();
        const writes = sizes.map((size, i) => new Uint8Array(size).fill(i + 1));
        const reading = readAll(b);
        for (const bytes of writes) await a.write(bytes);
        a.end();
        expect(equalBytes(await reading, concatBytes(...writes))).toBe(true);
        a.close();
        b.close();
      }),
      { numRuns: 10 },
    );
  });

  it("tells both ends that one has closed it, and neither that one has ended its direction", async () => {
    const [a, b] = pair();
    const told: string[] = [];
    for (const [name, pipe] of [["a", a], ["b", b]] as const) void pipe.closed.then(() => told.push(name));
    await a.write(new Uint8Array([1]));
    a.end();
    await settle();
    expect(told).toEqual([]);
    b.close();
    await Promise.all([a.closed, b.closed]);
    expect(told.sort()).toEqual(["a", "b"]);
    expect(await b.read()).toEqual(new Uint8Array([1]));
  });

  it("keeps a writer waiting while nobody reads, at exactly the window", async () => {
    const [a, b] = pair();
    let written = 0;
    const writing = (async () => {
      for (let i = 0; i < 3 * PIPE_WINDOW_BYTES / MAX_PIPE_MESSAGE_BYTES; i++) {
        await a.write(new Uint8Array(MAX_PIPE_MESSAGE_BYTES));
        written += MAX_PIPE_MESSAGE_BYTES;
      }
      a.end();
    })();
    await settle();
    expect(written).toBe(PIPE_WINDOW_BYTES);
    await b.read();
    await settle();
    expect(written).toBe(PIPE_WINDOW_BYTES + MAX_PIPE_MESSAGE_BYTES);
    const rest = await readAll(b);
    await writing;
    expect(rest.length).toBe(3 * PIPE_WINDOW_BYTES - MAX_PIPE_MESSAGE_BYTES);
  });

  it("goes on in the other direction after an end", async () => {
    const [a, b] = pair();
    a.end();
    expect(await b.read()).toBeUndefined();
    await b.write(new Uint8Array([1]));
    expect(await a.read()).toEqual(new Uint8Array([1]));
  });

  it("ends reads and writes of both when it is closed, after what had arrived", async () => {
    const [a, b] = pair();
    await a.write(new Uint8Array([7]));
    await settle();
    a.close();
    await settle();
    expect(await b.read()).toEqual(new Uint8Array([7]));
    await expect(b.read()).rejects.toMatchObject({ code: "Closed" });
    await expect(b.write(new Uint8Array(1))).rejects.toMatchObject({ code: "Closed" });
    await expect(a.write(new Uint8Array(1))).rejects.toMatchObject({ code: "Closed" });
  });

  it("wakes a writer that waits for credit when the other end closes", async () => {
    const [a, b] = pair();
    const writing = a.write(new Uint8Array(PIPE_WINDOW_BYTES + 1));
    await settle();
    b.close();
    await expect(writing).rejects.toMatchObject({ code: "Closed" });
  });

  it("ends with Overrun when more comes than was granted, or anything after the end", async () => {
    for (const messages of [[new Uint8Array(PIPE_WINDOW_BYTES + 1)], [null, new Uint8Array(1)]]) {
      const { port1, port2 } = new MessageChannel();
      const pipe = new CreditedPipe(port1);
      for (const message of messages) port2.postMessage(message);
      await settle();
      await expect(pipe.write(new Uint8Array(1))).rejects.toMatchObject({ code: "Overrun" });
      port2.close();
    }
  });

  it("ends with Closed on a message that is none of its own", async () => {
    for (const message of ["data", -1, 0, { length: 3 }, true]) {
      const { port1, port2 } = new MessageChannel();
      const pipe = new CreditedPipe(port1);
      port2.postMessage(message);
      await expect(pipe.read()).rejects.toMatchObject({ code: "Closed" });
      port2.close();
    }
  });
});
