import { beforeAll, describe, expect, it } from "vitest";
import { encodeBase58 } from "../../src/primitives/base58.ts";
import { toHex } from "../../src/primitives/hex.ts";
import { parseFrame } from "../../src/transport/message.ts";
import { MAX_BATCH_LENGTH } from "../../src/transport/limits.ts";
import { rsaEncrypt } from "../../src/crypto/rsa_oaep.ts";
import { shieldingPublicKeyFromJson } from "../../src/crypto/rsa_json.ts";
import { signedBlock, signedBlocks } from "../../src/types/signed_block.ts";
import { directCall, submitFrame, transferSigned, undecodableRequests } from "../enclave/hostile/requests.ts";
import { expectUnharmed, factsOf, startVictim } from "../enclave/hostile/fixtures.ts";
import type { TestClient, TestHost } from "../enclave/harness.ts";
import { request } from "../../src/types/request.ts";
import { fuzz, mutate, type Random } from "./fuzz.ts";

/** Frames that one connection takes here: below its rate limit, since the clock stands still. */
const FRAMES_PER_CONNECTION = 20;
/** Codes that an answer may carry: -32603 would be a mistake of the enclave. */
const CODES = [-32700, -32600, -32601, -32602, -32005];

let host: TestHost;
let frames: readonly Uint8Array[];

beforeAll(async () => {
  host = await startVictim("trusted");
  const shieldingKey = await shieldingPublicKeyFromJson(host.identity?.shieldingKey as string);
  const fingerprint = host.identity?.fingerprint as Uint8Array;
  const target = { shard: host.shard, fingerprint, shieldingKey, nonce: 7 };
  const param = toHex(request.encode({
    shard: host.shard,
    cyphertext: await rsaEncrypt(
      shieldingKey,
      directCall(transferSigned(target, { shard: fingerprint.map((b) => ~b) })),
    ),
  }));
  const blocks = toHex(signedBlocks.encode(host.disk.blocks.map(({ bytes }) => signedBlock.decode(bytes))));
  const call = (method: string, ...params: readonly unknown[]) =>
    JSON.stringify({ id: 1, jsonrpc: "2.0", method, params });
  const plain = [
    "rpc_methods",
    "author_getShard",
    "system_health",
    "author_getShieldingKey",
    "attestation_getEvidence",
  ];
  const texts = [
    ...plain.map((method) => call(method)),
    call("author_pendingExtrinsics", encodeBase58(host.shard)),
    call("sidechain_getLightHeaders", 1, 5),
    call("sidechain_getEquivocations"),
    call("sidechain_importBlock", blocks),
    call("state_executeGetter", toHex(request.encode({ shard: host.shard, cyphertext: new Uint8Array([0, 0]) }))),
    call("author_submitExtrinsic", param),
    submitFrame(4, param),
    `[${call("author_getShard")},${call("system_name")}]`,
    '{"jsonrpc":"2.0","method":"author_getShard"}',
    ...(await undecodableRequests(target)).map(({ frame }) => frame),
  ];
  frames = texts.map((text) => new TextEncoder().encode(text));
});

/** Text of a mutated frame; bytes that are no UTF-8 never get past a WebSocket. */
function frameOf(random: Random): string {
  return new TextDecoder().decode(mutate(random, frames));
}

describe("parseFrame()", () => {
  it("gives a bounded list of requests or one error, for any text", async () => {
    await fuzz("frames", 30_000, (random) => {
      const frame = parseFrame(frameOf(random));
      if (!frame.ok) return expect(CODES).toContain(frame.error.code);
      const { batch, requests } = frame.value;
      expect(requests.length).toBeGreaterThan(0);
      expect(requests.length).toBeLessThanOrEqual(batch ? MAX_BATCH_LENGTH : 1);
      for (const parsed of requests) {
        if (parsed.ok) expect(typeof parsed.value.method).toBe("string");
        else expect(parsed.error.error.code).toBe(-32600);
      }
    });
  });

  it("ends at the bound for deep and long texts", async () => {
    await fuzz("deep frames", 500, (random) => {
      const open = random.pick(["[", '{"a":', '["', '"\\']);
      const text = open.repeat(1 + random.below(200_000));
      expect(parseFrame(text).ok).toBe(false);
    });
  });
});

describe("a connection of the trusted RPC", () => {
  it("answers any text with at most one text of the protocol, and nothing of it changes the enclave", async () => {
    const before = await factsOf(host);
    let client: TestClient = host.connect();
    await fuzz("connection", 6_000, async (random, index) => {
      if (index % FRAMES_PER_CONNECTION === 0) client = host.connect();
      const answers = await client.raw(frameOf(random));
      expect(answers.length).toBeLessThanOrEqual(2);
      for (const answer of answers) for (const part of [JSON.parse(answer)].flat()) expectAnswer(part);
      expect(client.closed).toBeUndefined();
    });
    expect(host.logs.map(({ code }) => code)).not.toContain("RpcHandlerFailed");
    const after = await factsOf(host);
    // Blocks of peers that are known already are looked at and dropped.
    expect(after).toEqual(before);
    await expectUnharmed(host);
  });
});

/** One object of an answer: a result, an error of the protocol, or the push that a call is invalid. */
function expectAnswer(part: Readonly<Record<string, unknown>>): void {
  expect(part["jsonrpc"]).toBe("2.0");
  if (part["method"] !== undefined) return expect(JSON.stringify(part)).toContain('"result":"0x010a"');
  if (part["error"] === undefined) return expect(part["result"]).not.toBeUndefined();
  expect(CODES).toContain((part["error"] as { readonly code: number }).code);
}
