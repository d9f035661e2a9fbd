/** The same verdict on a quote on each node of a network, whatever its clock says. */
import "reflect-metadata";
import { describe, expect, it } from "vitest";
import { pairFromSuri } from "../../src/crypto/suri.ts";
import type { CandidateBlock } from "../../src/devnode/block_import.ts";
import { DevChain } from "../../src/devnode/chain.ts";
import { createMemoryStore } from "../../src/devnode/chain_store.ts";
import { createDevKeys } from "../../src/devnode/dev_keys.ts";
import { DevNode } from "../../src/devnode/node.ts";
import { ImportQueue } from "../../src/devnode/peers/import_queue.ts";
import { QuoteChecks } from "../../src/devnode/quote_checks.ts";
import { integriteeRuntime } from "../../src/devnode/runtime/definitions/integritee.ts";
import { decodeExtrinsic } from "../../src/devnode/runtime/executive/extrinsic.ts";
import { createRuntime } from "../../src/devnode/runtime/runtime.ts";
import { toHex } from "../../src/primitives/hex.ts";
import { unwrap } from "../../src/primitives/result.ts";
import { buildChain, buildQuote, buildReport, NOW_MS, rootOf } from "../attestation/quote_builder.ts";
import { TestChain } from "./runtime/test_chain.ts";

const DAY_MS = 86_400_000;
const SLOT_MS = integriteeRuntime.parameters.slotDurationMs;

/** A node with verdicts and a clock of its own. */
function newNode(checks: QuoteChecks, uris: readonly string[]) {
  const clock = { nowMs: 0 };
  const runtime = createRuntime({
    ...integriteeRuntime,
    parameters: {
      ...integriteeRuntime.parameters,
      verifyQuote: checks.verify,
      verifyCollateral: checks.collateral,
      attestationStanding: checks.standing,
    },
  });
  const chain = new DevChain({
    runtime,
    preset: "dev",
    store: createMemoryStore(),
    keys: createDevKeys(uris),
    statesKept: 16,
    justifications: { period: 1 },
  });
  const prepare = (extrinsic: Uint8Array) => checks.check(unwrap(decodeExtrinsic(runtime.model, extrinsic)).call);
  return { chain, node: new DevNode(chain, () => clock.nowMs), clock, prepare };
}

/** What the runtime of a node says of a quote that another node's block holds. */
async function setup(blockMs: number) {
  const built = await buildChain();
  const root = rootOf(built);
  const [authoring, importing] = [new QuoteChecks([root]), new QuoteChecks([root])];
  const author = newNode(authoring, ["//Alice"]);
  const other = newNode(importing, []);
  expect(toHex(other.chain.genesisHash)).toBe(toHex(author.chain.genesisHash));
  const wallet = await TestChain.create();
  const reportData = new Uint8Array(64);
  reportData.set(pairFromSuri("//Alice").publicKey);
  const quote = await buildQuote(built, { report: buildReport({ reportData }) });
  const genesisHash = toHex(author.chain.genesisHash);
  const sign = (call: unknown) => wallet.sign("//Alice", call, { genesisHash, blockHash: genesisHash });
  const register = wallet.tx.teerex.registerSgxEnclave(toHex(quote), null, { Dcap: { proxied: false } });
  /** The block that the author makes of an extrinsic, at the moment of the test. */
  const block = async (extrinsic: Uint8Array): Promise<CandidateBlock> => {
    author.clock.nowMs = blockMs;
    await author.prepare(extrinsic);
    unwrap(author.node.submit(extrinsic));
    expect(author.node.tick()).toBe(true);
    const { number, header } = author.chain.head;
    return { header, extrinsics: author.chain.block(number)?.extrinsics ?? [] };
  };
  /** Whether the enclave is registered on a chain. */
  const registered = ({ chain }: Pick<typeof author, "chain">): boolean => {
    wallet.state = chain.head.state;
    return wallet.read(wallet.query.teerex.sovereignEnclaves, pairFromSuri("//Alice").publicKey) !== undefined;
  };
  return { author, other, sign, register, block, registered, wallet };
}

describe("a quote in a block of another node", () => {
  it.each([
    ["inside of the validity, by a clock long after it", NOW_MS, NOW_MS + 300 * DAY_MS, true],
    ["inside of the validity, by a clock that is right", NOW_MS, NOW_MS + SLOT_MS, true],
    ["after the validity, by a clock that is right", NOW_MS + 2 * DAY_MS, NOW_MS + 2 * DAY_MS, false],
    ["before the validity, by a clock inside of it", NOW_MS - 2 * DAY_MS, NOW_MS, false],
  ])("is judged by the block's moment: %s", async (_, blockMs, otherMs, isTaken) => {
    const { author, other, sign, register, block, registered } = await setup(blockMs);
    const candidate = await block(sign(register));
    expect(candidate.extrinsics).toHaveLength(2);
    expect(registered(author)).toBe(isTaken);
    other.clock.nowMs = otherMs;
    const imported = Promise.withResolvers<void>();
    const queue = new ImportQueue({
      prepare: other.prepare,
      pause: () => Promise.resolve(),
      onError: imported.reject,
    });
    queue.push({
      block: candidate,
      run: () => {
        unwrap(other.node.import(candidate));
        imported.resolve();
      },
      fail: () => imported.reject(new Error("not prepared")),
    });
    await imported.promise;
    expect(toHex(other.chain.head.hash)).toBe(toHex(author.chain.head.hash));
    expect(registered(other)).toBe(isTaken);
  });

  it("is never executed before it is checked: the block is put off, and nobody did wrong", async () => {
    const { other, sign, register, block } = await setup(NOW_MS);
    const candidate = await block(sign(register));
    other.clock.nowMs = NOW_MS;
    expect(other.node.import(candidate)).toEqual({ ok: false, error: { code: "VerdictMissing", index: 1 } });
    for (const extrinsic of candidate.extrinsics) await other.prepare(extrinsic);
    expect(other.node.import(candidate).ok).toBe(true);
  });

  it("does not enter the pool unchecked, nor too many in one extrinsic", async () => {
    const { other, sign, register, wallet } = await setup(NOW_MS);
    other.clock.nowMs = NOW_MS;
    const one = sign(register);
    expect(other.node.submit(one)).toMatchObject({ ok: false, error: { code: "Unknown", text: "Custom(1)" } });
    await other.prepare(one);
    expect(other.node.submit(one).ok).toBe(true);
    const many = sign(wallet.tx.utility.batchAll(Array(9).fill(register)));
    await other.prepare(many);
    expect(other.node.submit(many)).toMatchObject({ ok: false, error: { text: "Transaction call is not expected" } });
  });
});
