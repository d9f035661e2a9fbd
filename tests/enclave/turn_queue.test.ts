import { describe, expect, it } from "vitest";
import { MAX_PUSHED_WORK, MAX_PUSHED_WORK_BYTES, TurnQueue } from "../../src/enclave/turn_queue.ts";

/** A queue, and what ran in it; each piece takes some turns of the event loop. */
function build() {
  const queue = new TurnQueue();
  const ran: string[] = [];
  const work = (name: string) => async () => {
    await new Promise((resolve) => setTimeout(resolve));
    ran.push(name);
  };
  const push = (name: string, lane = "a", { lanes = 1, bytes = 1 } = {}) =>
    queue.push({ lane, lanes, bytes, run: work(name) });
  return { queue, ran, push, ecall: (name: string) => queue.run(work(name)) };
}

describe("TurnQueue", () => {
  it("runs ecalls in their order, and between two of them one pushed piece at most", async () => {
    const { ran, push, ecall } = build();
    for (let i = 1; i <= 5; i++) push(`p${i}`);
    const first = ecall("e1");
    const last = ecall("e2");
    await first;
    const third = ecall("e3");
    await Promise.all([last, third]);
    expect(ran).toEqual(["p1", "e1", "p2", "e2", "p3", "e3"]);
  });

  it("lets an ecall wait for one piece only, however many lanes wait", async () => {
    const { ran, push, ecall } = build();
    for (let i = 0; i < MAX_PUSHED_WORK; i++) push(`p${i}`, `lane ${i % 8}`, { lanes: 8 });
    await ecall("slot");
    expect(ran).toEqual(["p0", "slot"]);
  });

  it("gives lanes their turns, each in its order", async () => {
    const { queue, ran, push, ecall } = build();
    for (const name of ["a1", "a2", "a3"]) push(name, "a");
    for (const name of ["b1", "b2"]) push(name, "b");
    while (queue.waiting > 0) await ecall("e");
    expect(ran.filter((name) => name !== "e")).toEqual(["a1", "b1", "a2", "b2", "a3"]);
  });

  it("bounds pieces and bytes of a lane by its share, but takes one of any size", () => {
    const { queue, push } = build();
    const share = MAX_PUSHED_WORK / 4;
    expect(Array.from({ length: share + 1 }, () => push("p", "a", { lanes: 4 })).indexOf(false)).toBe(share);
    const large = { lanes: 4, bytes: MAX_PUSHED_WORK_BYTES / 4 + 1 };
    expect([push("p", "b", large), push("p", "b", large), push("p", "c", large)]).toEqual([true, false, true]);
    expect([push("p", "d", { lanes: 1000 }), push("p", "d", { lanes: 1000 })]).toEqual([true, false]);
    expect(queue.waiting).toBe(share + 3);
  });

  it("gives what an ecall comes to, and goes on after one that fails", async () => {
    const { queue, ran, push, ecall } = build();
    await expect(queue.run(() => Promise.reject(new RangeError("no")))).rejects.toThrow(RangeError);
    expect(await queue.run(() => Promise.resolve(7))).toBe(7);
    push("p");
    await ecall("e");
    expect(ran).toEqual(["p", "e"]);
  });
});
