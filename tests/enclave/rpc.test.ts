import { beforeAll, describe, expect, it } from "vitest";
import { str, vec } from "../../src/codec/codec.ts";
import { shieldingPublicKeyFromJson } from "../../src/crypto/rsa_json.ts";
import { rsaEncrypt } from "../../src/crypto/rsa_oaep.ts";
import { type Sr25519Pair, sr25519Sign } from "../../src/crypto/sr25519.ts";
import { pairFromSuri } from "../../src/crypto/suri.ts";
import { evidence } from "../../src/attestation/evidence.ts";
import { encodeBase58 } from "../../src/primitives/base58.ts";
import {
  type AccountId,
  accountId,
  type EnclaveFingerprint,
  enclaveFingerprint,
} from "../../src/primitives/branded.ts";
import { fromHex, toHex } from "../../src/primitives/hex.ts";
import { bytes } from "../../src/codec/codec.ts";
import { getter, trustedGetterPayload } from "../../src/types/getter.ts";
import { accountInfo } from "../../src/types/account_info.ts";
import { request } from "../../src/types/request.ts";
import { rpcReturnValue } from "../../src/types/rpc_return_value.ts";
import { shardVault } from "../../src/types/shard_vault.ts";
import { lightHeaders } from "../../src/types/light_header.ts";
import type { TrustedCall } from "../../src/types/trusted_call.ts";
import { trustedCallPayload, type TrustedCallSigned } from "../../src/types/trusted_call_signed.ts";
import { type TrustedOperation, trustedOperation } from "../../src/types/trusted_operation.ts";
import { computeTopHash } from "../../src/types/top_hash.ts";
import { TestChain } from "../parentchain/builders.ts";
import { TestHost } from "./harness.ts";

const ALICE = pairFromSuri("//Alice");
const BOB = pairFromSuri("//Bob");
const account = (pair: Sr25519Pair): AccountId => accountId(pair.publicKey);

let host: TestHost;
let key: CryptoKey;

function transferCall(from: Sr25519Pair, to: Sr25519Pair, amount: bigint): TrustedCall {
  return { type: "balance_transfer", value: { from: account(from), to: account(to), amount } };
}

function signCall(pair: Sr25519Pair, call: TrustedCall, nonce: number, fingerprint?: EnclaveFingerprint) {
  const mrenclave = fingerprint ?? enclaveFingerprint(host.identity?.fingerprint as Uint8Array);
  const payload = trustedCallPayload(call, nonce, mrenclave, host.shard);
  const signature = { type: "Sr25519" as const, value: sr25519Sign(pair, payload) };
  return { call, nonce, delegate: undefined, signature } satisfies TrustedCallSigned;
}

function direct(signed: TrustedCallSigned): TrustedOperation {
  return { type: "direct_call", value: signed };
}

async function requestOf(operation: TrustedOperation, shard = host.shard): Promise<string> {
  return toHex(request.encode({ shard, cyphertext: await rsaEncrypt(key, trustedOperation.encode(operation)) }));
}

function errorMessage(result: string): string {
  const value = rpcReturnValue.decode(fromHex(result));
  expect(value.status.type).toBe("Error");
  expect(value.doWatch).toBe(false);
  return str(4096).decode(value.value);
}

async function freshNonce(pair: Sr25519Pair): Promise<number> {
  const query = { type: "account_info" as const, value: { owner: account(pair) } };
  const signature = { type: "Sr25519" as const, value: sr25519Sign(pair, trustedGetterPayload(query)) };
  const cyphertext = getter.encode({ type: "trusted", value: { getter: query, delegate: undefined, signature } });
  const answer = await host.connect().request("state_executeGetter", [
    toHex(request.encode({ shard: host.shard, cyphertext })),
  ]);
  const value = rpcReturnValue.decode(fromHex(answer)).value;
  return accountInfo.decode(bytes(200).decode(value.subarray(1))).nonce;
}

beforeAll(async () => {
  host = await new TestHost(new TestChain()).start();
  key = await shieldingPublicKeyFromJson(host.identity?.shieldingKey as string);
  await host.slot();
});

describe("queries of the trusted RPC", () => {
  it("answer byte for byte as the worker", async () => {
    const client = host.connect();
    const [fingerprint] = await client.raw('{"id":1,"jsonrpc":"2.0","method":"author_getFingerprint","params":[]}');
    expect(fingerprint).toBe(`{"jsonrpc":"2.0","result":"0x80${"4d".repeat(32)}0000","id":1}`);
    const plain = toHex(request.encode({ shard: host.shard, cyphertext: new Uint8Array([0, 0]) }));
    const [some] = await client.raw(`{"id":2,"jsonrpc":"2.0","method":"state_executeGetter","params":["${plain}"]}`);
    expect(some).toBe('{"jsonrpc":"2.0","result":"0x1801102a0000000000","id":2}');
    expect(await client.raw('{"id":"x","jsonrpc":"2.0","method":"nope","params":[]}')).toEqual([
      '{"jsonrpc":"2.0","error":{"code":-32601,"message":"Method not found"},"id":"x"}',
    ]);
    for (const method of ["system_name", "system_health", "state_getRuntimeVersion"]) {
      expect(await client.request(method)).toBe("hello, world");
    }
  });

  it("answer shard, addresses, version and vault in their return values", async () => {
    const client = host.connect();
    const valueOf = async (method: string) => rpcReturnValue.decode(fromHex(await client.request(method))).value;
    expect(await valueOf("author_getShard")).toEqual(host.identity?.shard);
    expect(str(100).decode(await valueOf("author_getMuRaUrl"))).toBe("127.0.0.1:3443");
    expect(str(100).decode(await valueOf("author_getUntrustedUrl"))).toBe("ws://127.0.0.1:2001");
    expect(new TextDecoder().decode(await valueOf("system_version"))).toBe("enclave-runtime: 0.0.0-test");
    expect(str(8192).decode(await valueOf("author_getShieldingKey"))).toBe(host.identity?.shieldingKey);
    expect(shardVault.decode(await valueOf("author_getShardVault")).parentchain).toBe("Integritee");
  });

  it("answer a shielding key that the JS client's parser takes: 64 to 8191 bytes of JSON", async () => {
    const json = host.identity?.shieldingKey as string;
    expect(json.length).toBeGreaterThan(64);
    expect(json.length).toBeLessThan(8192);
    expect(Object.keys(JSON.parse(json))).toEqual(["n", "e"]);
  });

  it("answer the header of the newest persisted block", async () => {
    const value = rpcReturnValue.decode(fromHex(await host.connect().request("chain_getHeader"))).value;
    expect(value).toHaveLength(112);
    const headers = lightHeaders.decode(fromHex(await host.connect().request("sidechain_getLightHeaders", [1])));
    expect(headers.at(-1)?.header.blockNumber).toBe(BigInt(host.disk.blocks.length));
  });

  it("answer a description of all methods", async () => {
    const client = host.connect();
    const { methods } = await client.request("rpc_methods") as unknown as { methods: string[] };
    const described = await client.request("rpc.discover") as unknown as { methods: { name: string }[] };
    expect(methods).toContain("author_submitAndWatchExtrinsic");
    expect(described.methods.map(({ name }) => name)).toEqual(
      methods.filter((name) => name !== "rpc.discover" && name !== "rpc_methods"),
    );
  });

  it("answer evidence that is bound to the keys", async () => {
    const value = rpcReturnValue.decode(fromHex(await host.connect().request("attestation_getEvidence"))).value;
    const { statement } = evidence.decode(value);
    expect(statement.signer).toEqual(host.identity?.signer);
    expect(statement.instanceId).toEqual(host.identity?.instanceId);
    expect(statement.slotDurationMs).toBe(300);
    expect(statement.parentchainFinality).toBe("trusted");
  });

  it("report -32602 for parameters of the wrong shape", async () => {
    const client = host.connect();
    for (const params of ["[]", "[1]", "{}", '"a"']) {
      const [text] = await client.raw(
        `{"id":1,"jsonrpc":"2.0","method":"author_submitAndWatchExtrinsic","params":${params}}`,
      );
      expect(JSON.parse(text as string).error.code).toBe(params === '"a"' ? -32600 : -32602);
    }
  });

  it("refuse getters of another shard, garbage and wrong signatures with the worker's texts", async () => {
    const ask = async (cyphertext: Uint8Array, shard = host.shard) =>
      errorMessage(
        await host.connect().request("state_executeGetter", [toHex(request.encode({ shard, cyphertext }))]),
      );
    const other = host.shard.slice().fill(9) as typeof host.shard;
    expect(await ask(new Uint8Array([0, 0]), other)).toBe("StateObserver(CurrentShardStateEmpty)");
    expect(await ask(new Uint8Array([9]))).toContain("Other(");
    const query = { type: "account_info" as const, value: { owner: account(ALICE) } };
    const signature = { type: "Sr25519" as const, value: sr25519Sign(BOB, trustedGetterPayload(query)) };
    const forged = getter.encode({ type: "trusted", value: { getter: query, delegate: undefined, signature } });
    expect(await ask(forged)).toBe("GetterIsNotAuthorized");
  });
});

describe("author_submitAndWatchExtrinsic", () => {
  it("answers the bare hash, and pushes InSidechainBlock when the block is on disk", async () => {
    const client = host.connect();
    const operation = direct(signCall(ALICE, transferCall(ALICE, BOB, 10n ** 13n), await freshNonce(ALICE)));
    const params = JSON.stringify([await requestOf(operation)]);
    const [answer] = await client.raw(
      `{"id":3,"jsonrpc":"2.0","method":"author_submitAndWatchExtrinsic","params":${params}}`,
    );
    const hash = toHex(computeTopHash(operation));
    expect(answer).toBe(`{"jsonrpc":"2.0","result":"${hash}","id":3}`);
    expect(client.sent).toHaveLength(1);
    await host.slot();
    const block = toHex(host.disk.blocks.at(-1)?.hash as Uint8Array);
    expect(client.sent[1]).toBe(
      '{"jsonrpc":"2.0","id":1,"method":"author_submitAndWatchExtrinsic","params":{"error":null,' +
        `"result":"0x0104${block.slice(2)}","subscription":"${hash}"}}`,
    );
    await host.slots(3);
    expect(client.sent).toHaveLength(2);
  });

  it("takes a ciphertext whose leading zero bytes were stripped", async () => {
    const operation = direct(signCall(ALICE, transferCall(ALICE, BOB, 1000n), await freshNonce(ALICE)));
    let cyphertext: Uint8Array;
    do cyphertext = await rsaEncrypt(key, trustedOperation.encode(operation)); while (cyphertext[0] !== 0);
    const stripped = request.encode({ shard: host.shard, cyphertext: cyphertext.subarray(1) });
    const result = await host.connect().request("author_submitExtrinsic", [toHex(stripped)]);
    expect(result).toBe(`0x80${toHex(computeTopHash(operation)).slice(2)}000100`);
    await host.slot();
  });

  it("pushes Invalid for what can never be executed, and gives it no place in the pool", async () => {
    const nonce = await freshNonce(ALICE);
    const call = transferCall(ALICE, BOB, 1000n);
    const foreign = enclaveFingerprint(new Uint8Array(32).fill(1));
    const poor = pairFromSuri("//Nobody");
    const cases: readonly (readonly [string, TrustedCallSigned])[] = [
      ["signed by somebody else", signCall(BOB, call, nonce)],
      ["for another enclave", signCall(ALICE, call, nonce, foreign)],
      ["of a nonce that is used", signCall(ALICE, call, nonce - 1)],
      ["whose fee cannot be paid", signCall(poor, transferCall(poor, BOB, 1n), 0)],
      ["with a changed amount", { ...signCall(ALICE, call, nonce), call: transferCall(ALICE, BOB, 1001n) }],
    ];
    for (const [name, signed] of cases) {
      const client = host.connect();
      const operation = direct(signed);
      const hash = await client.request("author_submitAndWatchExtrinsic", [await requestOf(operation)]);
      expect([name, hash]).toEqual([name, toHex(computeTopHash(operation))]);
      expect([name, client.pushes().map(({ result }) => result)]).toEqual([name, ["0x010a"]]);
    }
    const pending = await host.connect().request("author_pendingExtrinsics", [encodeBase58(host.shard)]);
    expect(pending).toBe("0x0804000000");
  });

  it("tells Future for a nonce that is too high, then Ready, then both are executed in order", async () => {
    const nonce = await freshNonce(ALICE);
    const client = host.connect();
    const later = direct(signCall(ALICE, transferCall(ALICE, BOB, 1000n), nonce + 1));
    await client.request("author_submitAndWatchExtrinsic", [await requestOf(later)]);
    expect(client.pushes().map(({ result }) => result)).toEqual(["0x0101"]);
    await host.slot();
    const first = direct(signCall(ALICE, transferCall(ALICE, BOB, 1000n), nonce));
    await client.request("author_submitAndWatchExtrinsic", [await requestOf(first)]);
    expect(client.pushes().map(({ result }) => result)).toEqual(["0x0101", "0x0102"]);
    await host.slot();
    const block = toHex(host.disk.blocks.at(-1)?.hash as Uint8Array).slice(2);
    expect(client.pushes().slice(2).map(({ result }) => result)).toEqual([`0x0104${block}`, `0x0104${block}`]);
    expect(client.pushes().slice(2).map(({ subscription }) => subscription)).toEqual([
      toHex(computeTopHash(first)),
      toHex(computeTopHash(later)),
    ]);
  });

  it("pushes Invalid when the execution fails, and bans the operation", async () => {
    const client = host.connect();
    const operation = direct(signCall(ALICE, transferCall(ALICE, BOB, 10n ** 30n), await freshNonce(ALICE)));
    await client.request("author_submitAndWatchExtrinsic", [await requestOf(operation)]);
    expect(client.pushes()).toEqual([]);
    await host.slot();
    expect(client.pushes().map(({ result }) => result)).toEqual(["0x010a"]);
    const again = await client.request("author_submitExtrinsic", [await requestOf(operation)]);
    expect(errorMessage(again)).toBe(
      'Error { code: ServerError(4004), message: "Trusted Operation temporarily Banned", data: None }',
    );
  });

  it("refuses with the worker's texts", async () => {
    const client = host.connect();
    const nonce = await freshNonce(ALICE);
    const operation = direct(signCall(ALICE, transferCall(ALICE, BOB, 1000n), nonce));
    const submit = async (param: string) =>
      errorMessage(await client.request("author_submitAndWatchExtrinsic", [param]));
    const other = host.shard.slice().fill(9) as typeof host.shard;
    expect(await submit(await requestOf(operation, other))).toBe(
      'Error { code: ServerError(1002), message: "Shard does not exist", data: Some(String("InvalidShard")) }',
    );
    const garbage = toHex(request.encode({ shard: host.shard, cyphertext: new Uint8Array(384).fill(7) }));
    expect(await submit(garbage)).toBe(
      'Error { code: ServerError(1001), message: "Trusted operation could not be deciphered", data: None }',
    );
    const noCall = await rsaEncrypt(key, new Uint8Array([77]));
    expect(await submit(toHex(request.encode({ shard: host.shard, cyphertext: noCall })))).toBe(
      'Error { code: ServerError(1001), message: "Trusted operation has invalid format", data: None }',
    );
    const get: TrustedOperation = {
      type: "get",
      value: { type: "public", value: { type: "some_value", value: undefined } },
    };
    expect(await submit(await requestOf(get))).toBe(
      'Error { code: InternalError, message: "Unknown error occurred", data: Some(String("UnsupportedOperation")) }',
    );
    await client.request("author_submitExtrinsic", [await requestOf(operation)]);
    expect(await submit(await requestOf(operation))).toBe(
      'Error { code: ServerError(4004), message: "Already imported", data: None }',
    );
    const rival = direct(signCall(ALICE, transferCall(ALICE, BOB, 1001n), nonce));
    expect(await submit(await requestOf(rival))).toBe(
      'Error { code: ServerError(4004), message: "Too low priority", data: None }',
    );
    expect(await submit("0xzz")).toContain("Hex(");
    expect(await submit("0x00")).toContain("Codec(");
    const pending = rpcReturnValue.decode(
      fromHex(await client.request("author_pendingExtrinsics", [encodeBase58(host.shard)])),
    );
    expect(vec(vec(bytes(32), 9), 9).decode(pending.value)).toEqual([[computeTopHash(operation)]]);
    await host.slot();
  });
});
