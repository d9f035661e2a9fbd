import { describe, expect, it } from "vitest";
import type { Codec } from "../../src/codec/codec.ts";
import { type EcallName, ecallRow, ECALLS } from "../../src/enclave/api/ecalls.ts";
import { type Outcome, outcome } from "../../src/enclave/api/enclave_port.ts";
import { toHex } from "../../src/primitives/hex.ts";
import { unwrap } from "../../src/primitives/result.ts";
import { type StoredBlock, TestHost, testPlatform } from "../enclave/harness.ts";
import { expectUnharmed, factsOf, inputOf, startVictim } from "../enclave/hostile/fixtures.ts";
import { blockInput } from "../../src/parentchain/parentchain_init.ts";
import { fuzz, mutate, type Random } from "./fuzz.ts";

/** Codes that mean a mistake of the enclave, not of its host. */
const MISTAKES = ["InternalError", "OutcomeUnencodable"];
const NAMES = Object.keys(ECALLS) as EcallName[];
/** Ecalls after which nothing of the first start may be left; they have tests of their own. */
const ENDING: readonly EcallName[] = ["init", "shutdown"];

/** Real requests of each ecall. */
async function samplesOf(host: TestHost): Promise<ReadonlyMap<EcallName, readonly Uint8Array[]>> {
  const nowMs = BigInt(host.nowMs);
  const block = host.chain.build(host.tip);
  const input = blockInput.encode(await inputOf(host, block, host.chain.justify(block)));
  const { hash, bytes } = host.disk.blocks.at(-1) as StoredBlock;
  return new Map<EcallName, readonly Uint8Array[]>([
    ["init", [ECALLS.init.request.encode(host.initRequest({ finality: 0 }))]],
    ["init_parentchain", [ECALLS.init_parentchain.request.encode(host.infoRequest())]],
    ["import_parentchain", [ECALLS.import_parentchain.request.encode({ nowMs, parentchain: 0, blocks: [input] })]],
    ["start_rpc", [new Uint8Array(0)]],
    ["on_slot", [ECALLS.on_slot.request.encode({ nowMs })]],
    ["persisted", [ECALLS.persisted.request.encode({ hash })]],
    ["import_blocks", [ECALLS.import_blocks.request.encode({ nowMs, blocks: [bytes] })]],
    ["file_written", [ECALLS.file_written.request.encode({ ticket: 1n, ok: true })]],
    ["file_read", [ECALLS.file_read.request.encode({ ticket: 1n, bytes })]],
    ["blocks_read", [ECALLS.blocks_read.request.encode({ ticket: 1n, blocks: [bytes] })]],
    ["extrinsic_submitted", [ECALLS.extrinsic_submitted.request.encode({ ticket: 2n, accepted: false })]],
    ["metrics", [new Uint8Array(0)]],
    ["health", [new Uint8Array(0)]],
    ["shutdown", [new Uint8Array(0)]],
  ]);
}

/** Runs an ecall of raw bytes: its answer decodes by its own codec and blames the host, if anybody. */
async function answerOf(host: TestHost, name: EcallName, bytes: Uint8Array): Promise<Outcome<unknown>> {
  const codec = outcome(ecallRow(name).response as unknown as Codec<unknown>);
  const answer = codec.decode(await host.enclave.handle(name, bytes));
  if (!answer.result.ok && MISTAKES.includes(answer.result.error.code)) {
    throw new Error(`${name} ${toHex(bytes.subarray(0, 2_000))}: ${JSON.stringify(answer.result.error)}`);
  }
  return answer;
}

function requestOf(
  random: Random,
  samples: ReadonlyMap<EcallName, readonly Uint8Array[]>,
  names: readonly EcallName[],
) {
  const name = random.pick(names);
  const own = samples.get(name) ?? [];
  return { name, bytes: mutate(random, own.length > 0 ? own : [new Uint8Array(1)]) };
}

describe("a running enclave", () => {
  it("answers any bytes of any ecall with an outcome that is no mistake of its own", async () => {
    const host = await startVictim("proven");
    const samples = await samplesOf(host);
    const names = NAMES.filter((name) => !ENDING.includes(name));
    await fuzz("ecalls", 3_000, async (random) => {
      const { name, bytes } = requestOf(random, samples, names);
      await host.carryOut((await answerOf(host, name, bytes)).effects);
    });
    expect(host.fatal).toBeUndefined();
    expect(unwrap(await host.call("health", undefined)).phase).toBeGreaterThan(2);
  });

  it("is unchanged by what it refuses", async () => {
    const host = await startVictim("proven");
    const samples = await samplesOf(host);
    const names: readonly EcallName[] = ["import_blocks", "persisted", "file_read", "file_written", "blocks_read"];
    const before = await factsOf(host);
    await fuzz("refused ecalls", 3_000, async (random) => {
      const { name, bytes } = requestOf(random, samples, names);
      await host.carryOut((await answerOf(host, name, bytes)).effects);
    });
    expect(await factsOf(host)).toEqual(before);
    await expectUnharmed(host);
  });
});

describe("an enclave at its start", () => {
  it("answers any configuration with an identity or a code", async () => {
    const founded = await startVictim("proven");
    const samples = await samplesOf(founded);
    const init = samples.get("init") ?? [];
    await fuzz("init", 600, async (random) => {
      const host = new TestHost(founded.chain, founded.disk.copy(), testPlatform(), founded.tip);
      const bytes = mutate(random, init);
      // New keys take a second: only what brings its own is tried.
      const request = tryRequest(bytes);
      if (request === undefined || request.sealedKeys === undefined) {
        if (request === undefined) await answerOf(host, "init", bytes);
        return;
      }
      await host.carryOut((await answerOf(host, "init", bytes)).effects);
      await answerOf(host, "init_parentchain", mutate(random, samples.get("init_parentchain") ?? []));
      await answerOf(host, "health", new Uint8Array(0));
    });
  });

  it("answers anything in place of its stored blocks with an end that has a code, or with a state", async () => {
    const founded = await startVictim("proven");
    await fuzz("stored blocks", 600, async (random) => {
      const disk = founded.disk.copy();
      const rows = disk.blocks.map(({ bytes }) => bytes);
      const at = random.below(rows.length);
      disk.blocks[at] = { ...disk.blocks[at] as StoredBlock, bytes: mutate(random, rows) };
      const host = new TestHost(founded.chain, disk, testPlatform(), founded.tip);
      unwrap(await host.init({ finality: 0 }));
      const { phase } = unwrap(await host.call("health", undefined));
      const codes = ["StoredBlockUndecodable", "StoredBlockChanged", "StoredBlocksMissing", "StoredDiffInvalid"];
      if (host.fatal === undefined) expect(phase).toBe(2);
      else expect(codes).toContain(host.fatal.code);
    });
  });
});

function tryRequest(bytes: Uint8Array) {
  try {
    return ECALLS.init.request.decode(bytes);
  } catch {
    return undefined;
  }
}
