import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { connectNode } from "../../src/apps/validateer/node.ts";
import { Releases } from "../../src/apps/validateer/releases.ts";
import { installFastCrypto } from "../../src/crypto/fast.ts";
import { startDevnodeWorker } from "../../src/devnode/deno/start_worker.ts";
import { optionsOf } from "./command_line.ts";

const StandardWorker = globalThis.Worker;
/** Workers that were made, which nobody tells otherwise. */
const workers: Worker[] = [];

beforeAll(async () => {
  await installFastCrypto();
  globalThis.Worker = class extends StandardWorker {
    constructor(url: string | URL, options?: WorkerOptions) {
      super(url, options);
      workers.push(this);
    }
  };
});

afterAll(() => {
  globalThis.Worker = StandardWorker;
});

afterEach(() => {
  for (const worker of workers.splice(0)) worker.terminate();
});

/** Ends the newest worker as an error does that nothing in it catches. */
function breakWorker(): void {
  workers.at(-1)?.postMessage(null);
}

const timer = {
  now: () => Date.now(),
  after: (ms: number, run: () => void) => {
    const id = setTimeout(run, ms);
    return () => clearTimeout(id);
  },
};

describe("startDevnodeWorker()", () => {
  it("tells what a worker died of that was ready, which has nothing left to be stopped", async () => {
    const devnode = await startDevnodeWorker();
    breakWorker();
    const failure = await devnode.died;
    expect(failure.code).toBe("WorkerFailed");
    expect(failure.message).toMatch(/^Cannot run the devnode: .*null/);
    const waits = new Promise((resolve) => setTimeout(() => resolve("waits"), 0));
    expect(await Promise.race([devnode.stop().then(() => "stopped"), waits])).toBe("stopped");
  });

  it("tells of no death when a worker is stopped", async () => {
    const devnode = await startDevnodeWorker();
    await devnode.stop();
    expect(await Promise.race([devnode.died, Promise.resolve("alive")])).toBe("alive");
  });
});

describe("connectNode()", () => {
  it("fails the run, and says why, when the embedded node dies", async () => {
    const options = { ...await optionsOf("--data-dir", "/nonexistent", "run", "--dev"), integriteeRpcPort: 0 };
    const failed = Promise.withResolvers<Error>();
    const lines: string[] = [];
    const log = (_level: string, code: string) => void lines.push(code);
    const releases = new Releases(log);
    await connectNode(options, undefined, {
      ...{ log, timer, releases, fail: failed.resolve, stop: new AbortController().signal },
    });
    breakWorker();
    const failure = await failed.promise;
    expect(failure).toMatchObject({ name: "DevnodeWorkerError", code: "WorkerFailed" });
    await releases.run();
    expect(lines).not.toContain("NotEndedCleanly");
  });
});
