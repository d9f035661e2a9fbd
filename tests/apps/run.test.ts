import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Releases } from "../../src/apps/validateer/releases.ts";
import { runValidateer } from "../../src/apps/validateer/run.ts";
import { openDataDir } from "../../src/host/deno/data_dir.ts";
import { optionsOf } from "./command_line.ts";

let folder: string;
beforeEach(async () => {
  folder = await Deno.makeTempDir({ prefix: "integritee-run-" });
});
afterEach(() => Deno.remove(folder, { recursive: true }));

describe("runValidateer()", () => {
  it("ends quietly at the signal while the node does not answer, and leaves the data directory", async () => {
    const connected = Promise.withResolvers<void>();
    const node = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
      const { socket, response } = Deno.upgradeWebSocket(request);
      socket.onopen = () => connected.resolve();
      return response;
    });
    await Deno.writeTextFile(`${folder}/bundle.js`, "");
    const options = await optionsOf(
      ...["--data-dir", folder, "--enclave-bundle", `${folder}/bundle.js`],
      ...["-u", "ws://127.0.0.1", "-p", `${node.addr.port}`],
    );
    const stop = new AbortController();
    const lines: string[] = [];
    const hooks = { print: (line: string) => void lines.push(line), onStarted: () => {} };
    const ended = runValidateer(undefined, options, stop.signal, hooks);
    await connected.promise;
    stop.abort();
    await ended;
    expect(lines.map((line) => line.split(/ +/u)[2])).toEqual(["EmulatedEnclave", "Stopping"]);
    (await openDataDir(folder)).close();
    await node.shutdown();
  });
});

describe("Releases", () => {
  it("ends what is added when the others have been ended", async () => {
    const trace: string[] = [];
    const releases = new Releases(() => {});
    releases.add("first", () => void trace.push("first"));
    releases.add("second", () => void trace.push("second"));
    await releases.run();
    releases.add("late", () => void trace.push("late"));
    expect(trace).toEqual(["second", "first", "late"]);
  });
});
