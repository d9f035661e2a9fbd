import { describe, expect, it } from "vitest";
import type { Effect } from "../../src/enclave/api/effects.ts";
import type { EnclavePort } from "../../src/enclave/api/enclave_port.ts";
import { BlockStoreError } from "../../src/host/block_store.ts";
import { EnclaveHost, type EnclaveHostPorts } from "../../src/host/enclave_host.ts";
import { ok } from "../../src/primitives/result.ts";

const HASH = new Uint8Array(32).fill(5);
const store: Effect = {
  type: "store_block",
  value: { number: 1n, hash: HASH, parentHash: new Uint8Array(32), bytes: new Uint8Array([1]) },
};
const broadcast: Effect = { type: "broadcast_block", value: new Uint8Array([1]) };

/** An enclave that answers every ecall with the effects scripted for it, and a host that writes down what it did. */
function build(script: Record<string, readonly Effect[]>, changes: Partial<EnclaveHostPorts> = {}) {
  const trace: string[] = [];
  const port: EnclavePort = {
    onEffects: undefined,
    openPipe: () => 7,
    // The table's types are of no interest here: only the order of things is.
    call: ((name: string) => {
      trace.push(`ecall ${name}`);
      return Promise.resolve({ result: ok(undefined), effects: script[name] ?? [] });
    }) as EnclavePort["call"],
  };
  const ports: EnclaveHostPorts = {
    blocks: {
      append: () => void trace.push("append"),
      byHash: () => undefined,
      from: () => [],
      newest: () => undefined,
      count: () => 0,
      discard: (bytes) => void trace.push(`discard ${bytes.length}`),
      pruneBelow: (number) => void trace.push(`prune ${number}`),
      close: () => {},
    },
    files: {
      writeSealed: (name) => Promise.resolve(void trace.push(`write ${name}`)),
      readSealed: () => Promise.resolve(undefined),
      removeSealed: (name) => Promise.resolve(void trace.push(`remove ${name}`)),
    },
    submitExtrinsic: () => Promise.resolve(true),
    broadcast: () => void trace.push("broadcast"),
    fetchBlocks: () => void trace.push("fetch"),
    gossip: (message) => void trace.push(`gossip ${message}`),
    setPeers: (urls) => void trace.push(`peers ${urls}`),
    dialPeer: () => Promise.resolve(undefined),
    fatal: (code) => void trace.push(`fatal ${code}`),
    log: (_, code) => void trace.push(`log ${code}`),
    ...changes,
  };
  return { trace, port, host: new EnclaveHost(port, ports) };
}

describe("EnclaveHost", () => {
  it("releases what follows a block only after it is stored and the enclave told so", async () => {
    const { trace, host } = build({ on_slot: [store], persisted: [broadcast] });
    await host.call("on_slot", { nowMs: 1n });
    expect(trace).toEqual(["ecall on_slot", "append", "ecall persisted", "broadcast"]);
  });

  it("discards and prunes blocks as it is told", async () => {
    const discard: Effect = { type: "discard_block", value: new Uint8Array(3) };
    const { trace, host } = build({ on_slot: [discard, { type: "prune_blocks", value: 9n }] });
    await host.call("on_slot", { nowMs: 1n });
    expect(trace).toEqual(["ecall on_slot", "discard 3", "prune 9"]);
  });

  it("carries out the effects of one response before those of the next", async () => {
    const slow = Promise.withResolvers<void>();
    const write: Effect = { type: "write_file", value: { ticket: 1n, name: "a", bytes: new Uint8Array() } };
    const { trace, host } = build({ on_slot: [write], health: [broadcast] }, {
      files: {
        writeSealed: () => slow.promise,
        readSealed: () => Promise.resolve(undefined),
        removeSealed: () => Promise.resolve(),
      },
    });
    const first = host.call("on_slot", { nowMs: 1n });
    const second = host.call("health", undefined);
    slow.resolve();
    await Promise.all([first, second]);
    expect(trace.indexOf("ecall file_written")).toBeLessThan(trace.indexOf("broadcast"));
  });

  it("stops with the block store's code when a block cannot be stored, and releases nothing after it", async () => {
    const { trace, host } = build({ on_slot: [store, broadcast], persisted: [broadcast] }, {
      blocks: {
        append: () => {
          throw new BlockStoreError("Full", "Cannot store a block: disk is full");
        },
        byHash: () => undefined,
        from: () => [],
        newest: () => undefined,
        count: () => 0,
        discard: () => {},
        pruneBelow: () => {},
        close: () => {},
      },
    });
    await host.call("on_slot", { nowMs: 1n });
    expect(trace).toEqual(["ecall on_slot", "fatal BlockStoreFull"]);
  });

  it("tells the enclave that a file was not written", async () => {
    const answers: unknown[] = [];
    const write: Effect = { type: "write_file", value: { ticket: 7n, name: "a", bytes: new Uint8Array() } };
    const { port, host } = build({ on_slot: [write] }, {
      files: {
        writeSealed: () => Promise.reject(new Error("disk is full")),
        readSealed: () => Promise.resolve(undefined),
        removeSealed: () => Promise.resolve(),
      },
    });
    const inner = port.call;
    Object.assign(port, {
      call: (name: string, request: unknown) => {
        if (name === "file_written") answers.push(request);
        return inner(name as "shutdown", undefined);
      },
    });
    await host.call("on_slot", { nowMs: 1n });
    expect(answers).toEqual([{ ticket: 7n, ok: false }]);
  });

  it("carries out effects that the enclave sends of its own accord, and none but logs after a fatal one", async () => {
    const { trace, port, host } = build({});
    port.onEffects?.([broadcast, { type: "fatal", value: { code: "NoValidSnapshot", detail: "" } }, broadcast]);
    port.onEffects?.([{ type: "log", value: { level: 0, code: "Last", fields: [] } }, broadcast]);
    await host.call("health", undefined);
    await Promise.resolve();
    expect(trace).toEqual(["ecall health", "broadcast", "fatal NoValidSnapshot", "log Last"]);
  });
});
