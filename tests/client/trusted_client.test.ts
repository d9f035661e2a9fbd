import { describe, expect, it } from "vitest";
import { computeShieldingKeyHash } from "../../src/attestation/key_statement.ts";
import { STATUS_TIMEOUT_MS } from "../../src/client/operation_watch.ts";
import { TrustedClient } from "../../src/client/trusted_client.ts";
import { sr25519Signer } from "../../src/client/trusted_signer.ts";
import { connectWorkerRpc } from "../../src/client/worker_rpc.ts";
import { generateShieldingKey, rsaDecrypt, type ShieldingKeyPair } from "../../src/crypto/rsa_oaep.ts";
import { shieldingPublicKeyToJson } from "../../src/crypto/rsa_json.ts";
import { verifyMultiSignature } from "../../src/crypto/multi_signature.ts";
import { pairFromSuri } from "../../src/crypto/suri.ts";
import { accountId, blockHash, enclaveFingerprint, h256, shardIdentifier } from "../../src/primitives/branded.ts";
import { fromHex, toHex } from "../../src/primitives/hex.ts";
import { unwrap } from "../../src/primitives/result.ts";
import { bytes, option, str } from "../../src/codec/codec.ts";
import { accountInfo, DEFAULT_ACCOUNT_INFO } from "../../src/types/account_info.ts";
import { directRequestStatus } from "../../src/types/direct_request_status.ts";
import { getter } from "../../src/types/getter.ts";
import { request } from "../../src/types/request.ts";
import { rpcError, rpcOk, rpcReturnValue } from "../../src/types/rpc_return_value.ts";
import { shieldingKeyFromJson } from "../../src/types/shielding_key.ts";
import { sidechainHeader } from "../../src/types/sidechain_header.ts";
import { computeTopHash } from "../../src/types/top_hash.ts";
import type { TrustedCall } from "../../src/types/trusted_call.ts";
import { trustedCallPayload } from "../../src/types/trusted_call_signed.ts";
import { trustedOperation } from "../../src/types/trusted_operation.ts";
import type { TrustedOperationStatus } from "../../src/types/trusted_operation_status.ts";
import { FakeSocket, FakeTimer } from "./doubles.ts";

const alice = sr25519Signer(pairFromSuri("//Alice"));
const bob = sr25519Signer(pairFromSuri("//Bob"));
const domain = {
  fingerprint: enclaveFingerprint(new Uint8Array(32).fill(7)),
  shard: shardIdentifier(new Uint8Array(32).fill(9)),
};
const transfer: TrustedCall = {
  type: "balance_transfer",
  value: { from: alice.account, to: bob.account, amount: 5n },
};
const keys: Promise<ShieldingKeyPair> = generateShieldingKey();
const IN_BLOCK: TrustedOperationStatus = { type: "InSidechainBlock", value: blockHash(new Uint8Array(32).fill(3)) };

const returned = (value: Uint8Array): string => toHex(rpcReturnValue.encode(rpcOk(value)));
const refused = (message: string): string => toHex(rpcReturnValue.encode(rpcError(message)));
const pushed = (status: TrustedOperationStatus): string =>
  toHex(directRequestStatus.encode({ type: "TrustedOperationStatus", value: status }));

/** A worker in memory; `answers` wins over what a good worker answers. */
async function setUp(answers: Record<string, (params: unknown[]) => unknown> = {}, statedKeyHash?: Uint8Array) {
  const socket = new FakeSocket();
  const timer = new FakeTimer();
  const { publicKey } = await keys;
  const json = await shieldingPublicKeyToJson(publicKey);
  const good: Record<string, (params: unknown[]) => unknown> = {
    author_getShieldingKey: () => returned(str(10_000).encode(json)),
    state_executeGetter: () => returned(option(bytes(1_000)).encode(undefined)),
  };
  socket.onSend = ({ id, method, params }) => {
    const answer = (answers[method] ?? good[method])?.(params);
    if (answer !== undefined) socket.answer(id, answer);
  };
  const rpc = await connectWorkerRpc(socket.open, timer);
  const client = new TrustedClient(rpc, timer, statedKeyHash && h256(statedKeyHash));
  return { socket, timer, client, json };
}

/** Answers a submission as a worker does that can decrypt it. */
async function decryptedOperation(params: unknown[]) {
  const { cyphertext } = request.decode(fromHex(String(params[0])));
  const plaintext = unwrap(await rsaDecrypt((await keys).privateKey, cyphertext));
  return trustedOperation.decode(plaintext);
}

describe("TrustedClient queries", () => {
  it("decode what the worker answers", async () => {
    const header = {
      parentHash: blockHash(new Uint8Array(32).fill(1)),
      blockNumber: 12n,
      shardId: domain.shard,
      blockDataHash: h256(new Uint8Array(32).fill(2)),
      nextFinalizationBlockNumber: 50n,
    };
    const { client } = await setUp({
      author_getFingerprint: () => returned(domain.fingerprint),
      author_getShard: () => returned(domain.shard),
      author_getShardVault: () => returned(new Uint8Array([...bob.account, 0])),
      chain_getHeader: () => returned(sidechainHeader.encode(header)),
    });
    expect(unwrap(await client.fingerprint())).toEqual(domain.fingerprint);
    expect(unwrap(await client.shard())).toEqual(domain.shard);
    expect(unwrap(await client.shardVault()).account).toEqual(bob.account);
    expect(unwrap(await client.sidechainHeader())).toEqual(header);
  });

  it("report WorkerRefused with the worker's text, without its control characters", async () => {
    const { client } = await setUp({ author_getShardVault: () => refused("no\u001b[31m vault") });
    expect(await client.shardVault()).toEqual({
      ok: false,
      error: { code: "WorkerRefused", method: "author_getShardVault", message: "no\ufffd[31m vault" },
    });
  });

  it.each([
    ["a number", 5],
    ["no hexadecimal text", "0xzz"],
    ["a value of another length", returned(new Uint8Array(31))],
    ["bytes after the return value", `${returned(domain.shard)}00`],
  ])("report MalformedAnswer for %s", async (_what, answer) => {
    const { client } = await setUp({ author_getShard: () => answer });
    expect(await client.shard()).toEqual({ ok: false, error: { code: "MalformedAnswer", method: "author_getShard" } });
  });
});

describe("accountInfo()", () => {
  it("signs the getter with the account's own key and sends it in the clear", async () => {
    const info = { ...DEFAULT_ACCOUNT_INFO, nonce: 4 };
    let asked: Uint8Array | undefined;
    const { client } = await setUp({
      state_executeGetter: ([hex]) => {
        asked = request.decode(fromHex(String(hex))).cyphertext;
        return returned(option(bytes(1_000)).encode(accountInfo.encode(info)));
      },
    });
    expect(unwrap(await client.accountInfo(domain.shard, alice))).toEqual(info);
    const sent = getter.decode(asked as Uint8Array);
    if (sent.type !== "trusted") throw new Error("want a trusted getter");
    const payload = new Uint8Array([0, ...alice.account]);
    expect(sent.value.delegate).toBeUndefined();
    expect(verifyMultiSignature(sent.value.signature, payload, alice.account)).toBe(true);
  });

  it("is that of a fresh account when the worker has none", async () => {
    const { client } = await setUp();
    expect(unwrap(await client.accountInfo(domain.shard, alice))).toEqual(DEFAULT_ACCOUNT_INFO);
  });

  it("reports MalformedAnswer when the value is no account", async () => {
    const { client } = await setUp({
      state_executeGetter: () => returned(option(bytes(1_000)).encode(new Uint8Array(79))),
    });
    expect(await client.accountInfo(domain.shard, alice)).toMatchObject({ error: { code: "MalformedAnswer" } });
  });
});

describe("shieldingKey()", () => {
  it("is asked for once and accepted when the enclave stated it", async () => {
    const { json } = await setUp();
    const hash = computeShieldingKeyHash(unwrap(shieldingKeyFromJson(json)));
    const { client, socket } = await setUp({}, hash);
    const key = unwrap(await client.shieldingKey());
    expect(unwrap(await client.shieldingKey())).toBe(key);
    expect(socket.sent).toHaveLength(1);
  });

  it("reports ShieldingKeyMismatch when the enclave stated another one, and nothing is encrypted", async () => {
    const { client, socket } = await setUp({}, new Uint8Array(32));
    const call = await client.submitCall(transfer, domain, alice, { nonce: 0 });
    expect(call).toEqual({ ok: false, error: { code: "ShieldingKeyMismatch" } });
    expect(socket.sent.map(({ method }) => method)).toEqual(["author_getShieldingKey"]);
  });

  it("reports MalformedAnswer for text that is no key", async () => {
    const { client } = await setUp({ author_getShieldingKey: () => returned(str(100).encode("{}")) });
    expect(await client.shieldingKey()).toMatchObject({ error: { code: "MalformedAnswer" } });
  });
});

describe("submitCall()", () => {
  /** Submits and lets the test answer with the true hash or another text. */
  async function submit(answer?: string, nonce?: number) {
    const statuses: string[] = [];
    const setup = await setUp();
    const { promise, resolve } = Promise.withResolvers<Awaited<ReturnType<typeof decryptedOperation>>>();
    const { onSend } = setup.socket;
    setup.socket.onSend = (message) => {
      if (message.method !== "author_submitAndWatchExtrinsic") return onSend(message);
      void decryptedOperation(message.params).then((operation) => {
        setup.socket.answer(message.id, answer ?? toHex(computeTopHash(operation)));
        resolve(operation);
      });
    };
    const result = await setup.client.submitCall(transfer, domain, alice, {
      ...(nonce === undefined ? {} : { nonce }),
      onStatus: (status) => void statuses.push(status.type),
    });
    return { ...setup, result, statuses, operation: await promise };
  }

  it("encrypts a direct call signed for fingerprint and shard, with the account's next nonce", async () => {
    const { operation, result } = await submit();
    if (operation.type !== "direct_call") throw new Error("want a direct call");
    const { call, nonce, delegate, signature } = operation.value;
    expect([call, nonce, delegate]).toEqual([transfer, 0, undefined]);
    const payload = trustedCallPayload(transfer, 0, domain.fingerprint, domain.shard);
    expect(verifyMultiSignature(signature, payload, alice.account)).toBe(true);
    expect(unwrap(result).hash).toEqual(computeTopHash(operation));
  });

  it("takes a nonce without asking for it", async () => {
    const { operation, socket } = await submit(undefined, 41);
    expect(operation.type === "direct_call" && operation.value.nonce).toBe(41);
    expect(socket.sent.some(({ method }) => method === "state_executeGetter")).toBe(false);
  });

  it("waits through Submitted, Future, Ready and Broadcast for the final status", async () => {
    const { result, socket, statuses, timer } = await submit();
    const { hash, final } = unwrap(result);
    for (const type of ["Submitted", "Future", "Ready", "Broadcast"] as const) {
      socket.push(toHex(hash), pushed({ type, value: undefined }));
    }
    socket.push(toHex(hash), pushed(IN_BLOCK));
    expect(unwrap(await final)).toEqual(IN_BLOCK);
    socket.push(toHex(hash), pushed({ type: "Retracted", value: undefined }));
    expect(statuses).toEqual(["Submitted", "Future", "Ready", "Broadcast", "InSidechainBlock"]);
    expect(timer.waiting).toBe(0);
  });

  it.each(["Invalid", "Usurped", "Dropped", "Retracted"] as const)("ends with %s as a status", async (type) => {
    const { result, socket } = await submit();
    const { hash, final } = unwrap(result);
    socket.push(toHex(hash), pushed({ type, value: undefined }));
    expect(unwrap(await final).type).toBe(type);
  });

  it("reports WorkerRefused when a return value stands in the place of the hash", async () => {
    const { result } = await submit(refused("Already imported"));
    expect(result).toMatchObject({ error: { code: "WorkerRefused", message: "Already imported" } });
  });

  it("reports ForeignOperation when the worker names another hash", async () => {
    const { result } = await submit(toHex(new Uint8Array(32)));
    expect(result).toEqual({ ok: false, error: { code: "ForeignOperation" } });
  });

  it("reports MalformedAnswer when the answer is neither hash nor refusal", async () => {
    const { result } = await submit("0x00");
    expect(result).toMatchObject({ error: { code: "MalformedAnswer" } });
  });

  it("reports MalformedAnswer for a push that is no status, and WorkerRefused for an error", async () => {
    for (
      const [push, error, code] of [["0xff", null, "MalformedAnswer"], ["0x02", null, "WorkerRefused"], [
        "0x0104",
        "broken",
        "WorkerRefused",
      ]] as const
    ) {
      const { result, socket } = await submit();
      const { hash, final } = unwrap(result);
      socket.push(toHex(hash), push, error);
      expect(await final).toMatchObject({ error: { code } });
    }
  });

  it("reports StatusTimeout when nothing final comes in time", async () => {
    const { result, timer } = await submit();
    timer.advance(STATUS_TIMEOUT_MS);
    expect(await unwrap(result).final).toEqual({
      ok: false,
      error: { code: "StatusTimeout", waitedMs: STATUS_TIMEOUT_MS },
    });
  });

  it("reports WatchLost when the connection ends", async () => {
    const { result, socket } = await submit();
    socket.end("gone");
    expect(await unwrap(result).final).toMatchObject({ error: { code: "WatchLost" } });
  });
});

describe("prepareCall()", () => {
  it("makes another operation of an indirect call, with a delegate when somebody else signs", async () => {
    const { client } = await setUp();
    const { operation } = unwrap(await client.prepareCall("indirect_call", transfer, domain, bob, 3));
    expect(operation.type).toBe("indirect_call");
    expect(operation.type === "indirect_call" && operation.value.delegate).toEqual(accountId(bob.account));
  });
});
