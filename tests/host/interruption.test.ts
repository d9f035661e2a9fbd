import { describe, expect, it } from "vitest";
import { unlessAborted } from "../../src/host/interruption.ts";

const never = new Promise<never>(() => {});

describe("unlessAborted()", () => {
  it("gives what the work gives, also its failure", async () => {
    const { signal } = new AbortController();
    expect(await unlessAborted(signal, Promise.resolve(7))).toBe(7);
    const failure = new Error("no");
    await expect(unlessAborted(signal, Promise.reject(failure))).rejects.toBe(failure);
  });

  it("rejects with the reason at the signal, and when it was given before", async () => {
    const stop = new AbortController();
    const waiting = unlessAborted(stop.signal, never);
    const reason = new Error("stop");
    stop.abort(reason);
    await expect(waiting).rejects.toBe(reason);
    await expect(unlessAborted(stop.signal, Promise.resolve(7))).rejects.toBe(reason);
  });

  it("drops a failure that comes later", async () => {
    const stop = new AbortController();
    const work = Promise.withResolvers<never>();
    const waiting = unlessAborted(stop.signal, work.promise);
    stop.abort();
    // An unhandled rejection fails the run of the tests.
    work.reject(new Error("too late"));
    await expect(waiting).rejects.toBe(stop.signal.reason);
  });
});
