import { describe, expect, it } from "vitest";
import {
  NODE_ANSWER_TIMEOUT_MS,
  NODE_SILENCE_TIMEOUT_MS,
  type SilenceReason,
  SilenceWatch,
} from "../../src/host/parentchain/silence_watch.ts";
import { ManualTimer, settle } from "./peers/support.ts";

/** A watch over a node that answers as it is told. */
function watched(hasMore: () => Promise<boolean>) {
  const timer = new ManualTimer();
  const silent: SilenceReason[] = [];
  let asked = 0;
  const watch = new SilenceWatch({
    timer,
    hasMore: () => {
      asked++;
      return hasMore();
    },
    onSilent: (reason) => void silent.push(reason),
  });
  const ended = watch.start();
  return { timer, watch, silent, ended, asked: () => asked };
}

describe("SilenceWatch", () => {
  it("asks nothing while the node tells of blocks", async () => {
    const { timer, watch, silent, asked } = watched(() => Promise.resolve(true));
    for (let i = 0; i < 20; i++) {
      await timer.pass(NODE_SILENCE_TIMEOUT_MS - 1);
      watch.heard();
    }
    expect([asked(), silent]).toEqual([0, []]);
    await timer.pass(NODE_SILENCE_TIMEOUT_MS);
    expect([asked(), silent]).toEqual([1, ["NotTold"]]);
  });

  it("leaves a node alone that has nothing to tell, and asks it once in a while", async () => {
    const { timer, silent, asked } = watched(() => Promise.resolve(false));
    await timer.pass(10 * NODE_SILENCE_TIMEOUT_MS);
    expect([asked(), silent]).toEqual([10, []]);
  });

  it("takes a node that does not answer for silent, once in a while", async () => {
    const { timer, silent } = watched(() => new Promise(() => {}));
    await timer.pass(NODE_SILENCE_TIMEOUT_MS + NODE_ANSWER_TIMEOUT_MS - 1);
    expect(silent).toEqual([]);
    await timer.pass(1);
    expect(silent).toEqual(["NoAnswer"]);
    await timer.pass(NODE_SILENCE_TIMEOUT_MS + NODE_ANSWER_TIMEOUT_MS);
    expect(silent).toEqual(["NoAnswer", "NoAnswer"]);
  });

  it("leaves a connection that is closed to those who dial again", async () => {
    const { timer, silent, asked } = watched(() => Promise.reject(new Error("no connection")));
    await timer.pass(10 * NODE_SILENCE_TIMEOUT_MS);
    expect([asked(), silent]).toEqual([10, []]);
  });

  it("ends at once, also while it asks, with nothing left to wait for", async () => {
    for (const pass of [0, NODE_SILENCE_TIMEOUT_MS]) {
      const { timer, watch, silent, ended } = watched(() => new Promise(() => {}));
      await timer.pass(pass);
      watch.stop();
      await ended;
      await settle();
      expect([timer.waiting, silent]).toEqual([0, []]);
    }
  });
});
