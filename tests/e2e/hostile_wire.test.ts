import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fetchCertificate } from "../../src/apps/cli/worker_socket.ts";
import { bytes } from "../../src/codec/codec.ts";
import { shieldingPublicKeyFromJson } from "../../src/crypto/rsa_json.ts";
import { sr25519Sign } from "../../src/crypto/sr25519.ts";
import { pairFromSuri } from "../../src/crypto/suri.ts";
import { encodeBase58 } from "../../src/primitives/base58.ts";
import { accountId } from "../../src/primitives/branded.ts";
import { fromHex, toHex } from "../../src/primitives/hex.ts";
import { accountInfo } from "../../src/types/account_info.ts";
import { getter, trustedGetterPayload } from "../../src/types/getter.ts";
import { request } from "../../src/types/request.ts";
import { rpcMessage, rpcReturnValue } from "../../src/types/rpc_return_value.ts";
import { shardIdentifier } from "../../src/primitives/branded.ts";
import {
  directCall,
  encrypted,
  errorResult,
  forgedRequests,
  type HostileRequest,
  invalidPush,
  oversizeRequests,
  submitFrame,
  type Target,
  transferSigned,
  undecodableRequests,
  wrongShardRequests,
} from "../enclave/hostile/requests.ts";
import { openWire, type Wire } from "../enclave/hostile/wire.ts";
import { startService, type TestService } from "./harness.ts";

const SCENARIO_TIMEOUT_MS = 300_000;

let service: TestService;
let wire: Wire;
let target: Target;

/** The value of a method without parameters. */
async function ask(method: string, params: readonly unknown[] = []): Promise<Uint8Array> {
  const [text] = await wire.exchange(JSON.stringify({ id: 0, jsonrpc: "2.0", method, params }), 1);
  return rpcReturnValue.decode(fromHex(JSON.parse(text as string).result)).value;
}

/** Nonce and balance of an account, as the enclave shows them to its owner. */
async function accountOf(suri: string) {
  const pair = pairFromSuri(suri);
  const query = { type: "account_info" as const, value: { owner: accountId(pair.publicKey) } };
  const signature = { type: "Sr25519" as const, value: sr25519Sign(pair, trustedGetterPayload(query)) };
  const cyphertext = getter.encode({ type: "trusted", value: { getter: query, delegate: undefined, signature } });
  const shard = shardIdentifier(target.shard);
  const value = await ask("state_executeGetter", [toHex(request.encode({ shard, cyphertext }))]);
  const { nonce, data } = accountInfo.decode(bytes(200).decode(value.subarray(1)));
  return [nonce, data.free];
}

/** All that a hostile client could have changed. */
async function factsOf() {
  const pool = toHex(await ask("author_pendingExtrinsics", [encodeBase58(target.shard)]));
  return {
    pool,
    alice: await accountOf("//Alice"),
    bob: await accountOf("//Bob"),
    mallory: await accountOf("//Mallory"),
  };
}

beforeAll(async () => {
  service = await startService();
  const port = service.ports.trusted;
  wire = await openWire(port, await fetchCertificate({ host: "127.0.0.1", port }));
  const json = rpcMessage.decode(await ask("author_getShieldingKey"));
  target = {
    shard: await ask("author_getShard"),
    fingerprint: await ask("author_getFingerprint"),
    shieldingKey: await shieldingPublicKeyFromJson(json),
    nonce: 0,
  };
  target = { ...target, nonce: Number((await accountOf("//Alice"))[0]) };
}, SCENARIO_TIMEOUT_MS);

afterAll(async () => {
  wire?.close();
  await service?.stop();
});

async function expectAllRefused(requests: readonly HostileRequest[]): Promise<void> {
  const before = await factsOf();
  expect(before.pool).toBe("0x0400");
  for (const { name, frame, answers } of requests) {
    expect([name, await wire.exchange(frame, answers.length)]).toEqual([name, answers]);
  }
  expect(await wire.silence()).toEqual([]);
  expect(await factsOf()).toEqual(before);
}

describe("a client on the endpoint of a validateer", () => {
  it("is told where its request stops to make sense", async () => {
    await expectAllRefused(await undecodableRequests(target));
  }, SCENARIO_TIMEOUT_MS);

  it("is told which bound its request exceeds", async () => {
    await expectAllRefused(oversizeRequests(target));
  }, SCENARIO_TIMEOUT_MS);

  it("is refused with InvalidShard, or gets Invalid, for another shard", async () => {
    await expectAllRefused(await wrongShardRequests(target));
  }, SCENARIO_TIMEOUT_MS);

  it("gets the bare hash and then Invalid for a call that is not this enclave's, or not its sender's", async () => {
    await expectAllRefused(await forgedRequests(target));
  }, SCENARIO_TIMEOUT_MS);

  it("has a call executed once, however often it is sent", async () => {
    const [nonce, free] = await accountOf("//Bob") as [number, bigint];
    const operation = directCall(transferSigned(target));
    const frame = submitFrame(1, await encrypted(target, operation));
    const [answer, push] = await wire.exchange(frame, 2);
    const { result: topHash } = JSON.parse(answer as string);
    const { result: status } = JSON.parse(push as string).params;
    expect(status).toMatch(/^0x0104[0-9a-f]{64}$/u);
    expect(push).toBe(invalidPush(topHash).replace("0x010a", status));
    const imported = 'Error { code: ServerError(4004), message: "Already imported", data: None }';
    const refused = `{"jsonrpc":"2.0","result":"${errorResult(imported)}","id":1}`;
    // Until its block is confirmed the pool knows it; from then on its nonce is used.
    const [first] = await wire.exchange(frame, 1);
    expect([refused, answer]).toContain(first);
    if (first === answer) expect(await wire.next(1)).toEqual([invalidPush(topHash)]);
    // The same call encrypted anew, and through the method without watching.
    const again = submitFrame(2, await encrypted(target, operation)).replace("AndWatch", "");
    const [second] = await wire.exchange(again, 1);
    expect([refused.replace('"id":1', '"id":2'), submitted(topHash)]).toContain(second);
    expect(await wire.silence()).toEqual([]);
    expect(await accountOf("//Bob")).toEqual([nonce, free + 1_000_000n]);
    expect((await accountOf("//Alice"))[0]).toBe(target.nonce + 1);
  }, SCENARIO_TIMEOUT_MS);

  it("has provoked no mistake that the log would show", () => {
    const log = service.log();
    for (const mistake of ["InternalError", "RpcHandlerFailed", "OutcomeUnencodable", "Uncaught"]) {
      expect(log).not.toContain(mistake);
    }
  });
});

/** What `author_submitExtrinsic` answers for a call that will never be executed: its hash, no watch, submitted. */
function submitted(topHash: string): string {
  return `{"jsonrpc":"2.0","result":"0x80${topHash.slice(2)}000100","id":2}`;
}
