import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { tryDecode } from "../../src/codec/codec.ts";
import { CodecError } from "../../src/codec/error.ts";
import { type EcallName, ecallRow, ECALLS } from "../../src/enclave/api/ecalls.ts";
import { type Effect, effect, effects } from "../../src/enclave/api/effects.ts";
import {
  createInProcessPort,
  createMessageEnclavePort,
  EnclavePortError,
  type MessageEnd,
  outcome,
  serveEcalls,
} from "../../src/enclave/api/enclave_port.ts";
import { Enclave } from "../../src/enclave/enclave.ts";
import { testPlatform } from "./harness.ts";

const NAMES = Object.keys(ECALLS) as EcallName[];
const hash = new Uint8Array(32).fill(3);

const EFFECTS: readonly Effect[] = [
  { type: "log", value: { level: 2, code: "A", fields: [["name", "text"]] } },
  { type: "store_block", value: { number: 1n, hash, parentHash: hash, bytes: new Uint8Array([1]) } },
  { type: "write_file", value: { ticket: 1n, name: "a/b", bytes: new Uint8Array(2) } },
  { type: "read_file", value: { ticket: 1n, name: "a/b" } },
  { type: "delete_file", value: "a" },
  { type: "read_blocks", value: { ticket: 1n, from: 2n, max: 3 } },
  { type: "prune_blocks", value: 7n },
  { type: "discard_block", value: new Uint8Array([1, 2]) },
  { type: "broadcast_block", value: new Uint8Array(3) },
  { type: "blocks_wanted", value: { from: hash, until: hash, only: undefined } },
  {
    type: "blocks_wanted",
    value: { from: hash, until: undefined, only: { url: "wss://peer.example:443", afterMs: 150 } },
  },
  { type: "submit_extrinsic", value: { ticket: 1n, parentchain: 0, purpose: "p", bytes: new Uint8Array(3) } },
  { type: "fatal", value: { code: "C", detail: "d" } },
  { type: "dial_peer", value: { ticket: 2n, url: "wss://127.0.0.1:2000" } },
  { type: "gossip_tops", value: new Uint8Array(3) },
  { type: "peers", value: ["wss://127.0.0.1:2000", "wss://peer.example:443"] },
];

function newEnclave(): Enclave {
  return new Enclave({
    platform: testPlatform(),
    nowMs: () => 0,
    monotonicMs: () => 0,
    tick: () => Promise.resolve(),
    startServer: () => ({ port: 1, connections: () => 0, stop: () => Promise.resolve() }),
    provisioning: {
      listen: () => Promise.resolve({ port: 2, connections: () => 0, stop: () => Promise.resolve() }),
      connect: () => Promise.reject(new TypeError("no peers")),
    },
    sendEffects: () => {},
    version: "test",
  });
}

/** Two ends of a channel, each message structured-cloned and delivered later. */
function channel(): [MessageEnd, MessageEnd] {
  const make = (): MessageEnd & { other?: MessageEnd } => ({
    onmessage: null,
    postMessage(message) {
      const data = structuredClone(message);
      queueMicrotask(() => this.other?.onmessage?.({ data }));
    },
  });
  const a = make();
  const b = make();
  a.other = b;
  b.other = a;
  return [a, b];
}

describe("codecs of the boundary", () => {
  it("round-trip every effect, and refuse each truncation", () => {
    for (const value of EFFECTS) {
      const bytes = effect.encode(value);
      expect(effect.decode(bytes)).toEqual(value);
      for (let i = 0; i < bytes.length; i++) {
        expect(tryDecode(effect, bytes.subarray(0, i)).ok).toBe(false);
      }
    }
    expect(effects.decode(effects.encode(EFFECTS))).toEqual(EFFECTS);
  });

  it("have each ecall under its own name", () => {
    for (const name of NAMES) expect(ecallRow(name).name).toBe(name);
  });

  it("answer garbage with CodecError only, for every request, response and effect", () => {
    const codecs = [...NAMES.flatMap((name) => [ecallRow(name).request, outcome(ecallRow(name).response)]), effects];
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(codecs.length - 1), (bytes, i) => {
      try {
        codecs[i]?.decode(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(CodecError);
      }
    }));
  });
});

describe("Enclave.handle()", () => {
  it("answers any bytes of any ecall with an outcome", async () => {
    const enclave = newEnclave();
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...NAMES), fc.uint8Array({ maxLength: 200 }), async (name, bytes) => {
        if (name === "init") return;
        const answer = outcome(ecallRow(name).response as never).decode(await enclave.handle(name, bytes));
        expect(answer.result.ok || answer.result.error.code.length > 0).toBe(true);
      }),
    );
  });

  it("reports NotInitialised before init, UnknownEcall and RequestUndecodable", async () => {
    const port = createInProcessPort((name, bytes) => enclave.handle(name, bytes));
    const enclave = newEnclave();
    const early = await port.call("on_slot", { nowMs: 1n });
    expect(!early.result.ok && early.result.error.code).toBe("NotInitialised");
    const codeOf = async (name: string, bytes: Uint8Array) => {
      const { result } = outcome(ECALLS.health.response).decode(await enclave.handle(name, bytes));
      return result.ok ? "" : result.error.code;
    };
    expect(await codeOf("constructor", new Uint8Array())).toBe("UnknownEcall");
    expect(await codeOf("health", new Uint8Array([1]))).toBe("RequestUndecodable");
  });
});

describe.each(["in one process", "over message ports"])("EnclavePort %s", (kind) => {
  function makePort(enclave: Enclave) {
    if (kind === "in one process") return createInProcessPort((name, bytes) => enclave.handle(name, bytes));
    const [host, inside] = channel();
    serveEcalls(inside, (name, bytes) => enclave.handle(name, bytes));
    return createMessageEnclavePort(host);
  }

  it("runs ecalls and keeps answers apart", async () => {
    const port = makePort(newEnclave());
    const [health, metrics, slot] = await Promise.all([
      port.call("health", undefined),
      port.call("metrics", undefined),
      port.call("on_slot", { nowMs: 5n }),
    ]);
    expect(health.result.ok && health.result.value.phase).toBe(0);
    expect(metrics.result.ok && metrics.result.value.length).toBeGreaterThan(0);
    expect(slot.result.ok).toBe(false);
  });
});

describe("createMessageEnclavePort()", () => {
  it("delivers effects of the enclave's own accord", async () => {
    const [host, inside] = channel();
    const send = serveEcalls(inside, () => Promise.resolve(new Uint8Array()));
    const port = createMessageEnclavePort(host);
    const seen = new Promise((resolve) => port.onEffects = resolve);
    send(EFFECTS);
    expect(await seen).toEqual(EFFECTS);
  });

  it("rejects with EnclaveGone once the worker has ended, and with InvalidAnswer for garbage", async () => {
    const [host, inside] = channel();
    serveEcalls(inside, () => Promise.resolve(new Uint8Array([9])));
    const port = createMessageEnclavePort(host);
    await expect(port.call("health", undefined)).rejects.toMatchObject({ code: "InvalidAnswer" });
    inside.onmessage = null;
    const waiting = port.call("health", undefined);
    port.gone(new Error("terminated"));
    await expect(waiting).rejects.toBeInstanceOf(EnclavePortError);
    await expect(port.call("health", undefined)).rejects.toMatchObject({ code: "EnclaveGone" });
  });
});
