import { beforeAll, describe, expect, it } from "vitest";
import { evidence } from "../../src/attestation/evidence.ts";
import { keyStatement } from "../../src/attestation/key_statement.ts";
import { type Codec, tryDecode } from "../../src/codec/codec.ts";
import { followerState } from "../../src/parentchain/follower_state.ts";
import { grandpaJustification } from "../../src/parentchain/grandpa/justification.ts";
import { parentchainHeader } from "../../src/parentchain/header.ts";
import { blockInput } from "../../src/parentchain/parentchain_init.ts";
import { fromHex, toHex } from "../../src/primitives/hex.ts";
import { blockPayload } from "../../src/sidechain/block_payload.ts";
import { equivocationProofs } from "../../src/types/equivocation.ts";
import { getter } from "../../src/types/getter.ts";
import { lightHeaderOf, lightHeaders } from "../../src/types/light_header.ts";
import { request } from "../../src/types/request.ts";
import { rpcReturnValue } from "../../src/types/rpc_return_value.ts";
import { shieldingKeyFromJson, shieldingKeyToJson } from "../../src/types/shielding_key.ts";
import { type SignedBlock, signedBlock, signedBlocks } from "../../src/types/signed_block.ts";
import { signedBlockFromJson, signedBlockToJson } from "../../src/types/signed_block_json.ts";
import { trustedOperation } from "../../src/types/trusted_operation.ts";
import { parseMessage } from "../../src/client/rpc_message.ts";
import { accountOf, signFor } from "../enclave/clients.ts";
import { ALICE, BOB, inputOf, startVictim } from "../enclave/hostile/fixtures.ts";
import type { StoredBlock, TestHost } from "../enclave/harness.ts";
import { seed } from "../parentchain/builders.ts";
import { fuzz, mutate } from "./fuzz.ts";

let host: TestHost;
/** Real encodings of each type. */
let samples: ReadonlyMap<string, { readonly codec: Codec<unknown>; readonly bytes: readonly Uint8Array[] }>;

function row<T>(codec: Codec<T>, ...values: readonly T[]) {
  return { codec: codec as Codec<unknown>, bytes: values.map(codec.encode) };
}

beforeAll(async () => {
  host = await startVictim("proven");
  const blocks = host.disk.blocks.map(({ bytes }) => signedBlock.decode(bytes));
  const transfer = { from: accountOf(ALICE), to: accountOf(BOB), amount: 5n };
  const signed = signFor(host, ALICE, { type: "balance_transfer", value: transfer }, 3);
  const [first] = signFor(host, BOB, { type: "noop", value: { sender: accountOf(BOB) } }, 0).signature.value;
  const query = { type: "account_info" as const, value: { owner: accountOf(ALICE) } };
  const asked = { getter: query, delegate: accountOf(BOB), signature: signed.signature };
  const answer = fromHex(await host.connect().request("attestation_getEvidence"));
  const given = evidence.decode(rpcReturnValue.decode(answer).value);
  const next = host.chain.build(host.tip);
  const justification = grandpaJustification.decode(host.chain.justify(next));
  const headers = fromHex(await host.connect().request("sidechain_getLightHeaders", [1]));
  const block = blocks[0] as SignedBlock;
  samples = new Map(Object.entries({
    request: row(request, { shard: host.shard, cyphertext: seed(first as number) }),
    trustedOperation: row(
      trustedOperation,
      { type: "direct_call", value: signed },
      { type: "indirect_call", value: { ...signed, delegate: accountOf(BOB) } },
      { type: "get", value: { type: "trusted", value: asked } },
    ),
    getter: row(getter, { type: "trusted", value: asked }, {
      type: "public",
      value: { type: "some_value", value: undefined },
    }),
    signedBlock: row(signedBlock, ...blocks),
    signedBlocks: row(signedBlocks, blocks, []),
    lightHeaders: { codec: lightHeaders as Codec<unknown>, bytes: [headers] },
    equivocationProofs: row(equivocationProofs, [], [{ first: lightHeaderOf(block), second: lightHeaderOf(block) }]),
    evidence: row(evidence, given),
    keyStatement: row(keyStatement, given.statement),
    rpcReturnValue: { codec: rpcReturnValue as Codec<unknown>, bytes: [answer] },
    parentchainHeader: row(parentchainHeader, next.header, host.tip.header),
    grandpaJustification: row(grandpaJustification, justification, {
      ...justification,
      votesAncestries: [next.header],
    }),
    blockInput: row(blockInput, await inputOf(host, next, host.chain.justify(next))),
    followerState: row(followerState, host.chain.start("sealed")),
    blockPayload: row(blockPayload, {
      diff: {
        aprioriRoot: seed(1),
        changes: [{ key: seed(2), entry: { salt: seed(3), value: seed(4) } }, { key: seed(5), entry: undefined }],
      },
      receipts: [],
    }),
  }));
});

describe("the strict decoders", () => {
  it("give a value that encodes to exactly the bytes, or a CodecError; never anything else", async () => {
    const names = [...samples.keys()];
    let whole = 0;
    await fuzz("decoders", 30_000, (random) => {
      const name = random.pick(names);
      const { codec, bytes } = samples.get(name) as { codec: Codec<unknown>; bytes: readonly Uint8Array[] };
      const changed = mutate(random, bytes);
      const decoded = tryDecode(codec, changed);
      if (!decoded.ok) return;
      whole++;
      expect([name, toHex(codec.encode(decoded.value))]).toEqual([name, toHex(changed)]);
    });
    // Mutations that keep the form must be among them, or the property says nothing.
    expect(whole).toBeGreaterThan(0);
  });

  it("stay within what is there: counts and lengths above it are refused at once", async () => {
    await fuzz("lengths", 2_000, (random) => {
      const { codec } = samples.get(random.pick([...samples.keys()])) as { codec: Codec<unknown> };
      const bytes = new Uint8Array(random.below(64)).fill(random.pick([0x00, 0x02, 0x03, 0xfe, 0xff]));
      tryDecode(codec, bytes);
    });
  });
});

describe("the readers of JSON", () => {
  const decoder = new TextDecoder();
  const utf8 = new TextEncoder();

  it("of a signed block give the block of that text, or an error", async () => {
    const texts = host.disk.blocks.map(({ bytes }: StoredBlock) =>
      utf8.encode(JSON.stringify(signedBlockToJson(signedBlock.decode(bytes))))
    );
    await fuzz("signed block as JSON", 10_000, (random) => {
      const json = parsed(decoder.decode(mutate(random, texts)));
      if (json === undefined) return;
      const block = signedBlockFromJson(json);
      if (block.ok) expect(signedBlockFromJson(signedBlockToJson(block.value))).toEqual(block);
    });
  });

  it("of a shielding key give the key of that text, or an error", async () => {
    const texts = [utf8.encode(host.identity?.shieldingKey as string)];
    await fuzz("shielding key as JSON", 10_000, (random) => {
      const key = shieldingKeyFromJson(decoder.decode(mutate(random, texts)));
      if (key.ok) expect(shieldingKeyFromJson(shieldingKeyToJson(key.value))).toEqual(key);
    });
  });

  it("of a worker's messages give a message or none", async () => {
    const texts = [
      '{"jsonrpc":"2.0","result":"0x80","id":1}',
      '{"jsonrpc":"2.0","error":{"code":-32601,"message":"Method not found"},"id":"x"}',
      '{"jsonrpc":"2.0","id":1,"method":"m","params":{"error":null,"result":"0x010a","subscription":"0x00"}}',
    ].map((text) => utf8.encode(text));
    await fuzz("messages of a worker", 10_000, (random) => void parseMessage(decoder.decode(mutate(random, texts))));
  });
});

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
