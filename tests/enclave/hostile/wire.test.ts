import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { shieldingPublicKeyFromJson } from "../../../src/crypto/rsa_json.ts";
import { startTlsServer } from "../../../src/enclave/deno/tls_server.ts";
import { createTlsCertificate, type TlsCertificate } from "../../../src/enclave/tls_certificate.ts";
import { toHex } from "../../../src/primitives/hex.ts";
import { unwrap } from "../../../src/primitives/result.ts";
import { CLOSE_MISBEHAVED } from "../../../src/transport/connection.ts";
import { getter } from "../../../src/types/getter.ts";
import { request } from "../../../src/types/request.ts";
import { signedBlock, signedBlocks } from "../../../src/types/signed_block.ts";
import { TestChain } from "../../parentchain/builders.ts";
import { accountOf } from "../clients.ts";
import { type StoredBlock, TestHost, testPlatform } from "../harness.ts";
import { ALICE, expectUnharmed, factsOf, follow, startVictim } from "./fixtures.ts";
import {
  directCall,
  encrypted,
  errorResult,
  forgedRequests,
  type HostileRequest,
  invalidPush,
  neverExecuted,
  oversizeRequests,
  submitFrame,
  type Target,
  transferSigned,
  undecodableRequests,
  wrongShardRequests,
} from "./requests.ts";
import { openWire, type Wire } from "./wire.ts";
import { confirmed } from "../parentchain_storage.ts";

/** Valid now; the enclave's own one is valid at the time of the test's parentchain. */
let certificate: TlsCertificate;

/** An enclave in this process behind its TLS endpoint; its slots come when the test says so. */
class ListeningHost extends TestHost {
  override startServer(options: Parameters<typeof startTlsServer>[0]) {
    return startTlsServer({ ...options, certificate }, () => this.nowMs);
  }
}

let host: ListeningHost;
let wire: Wire;
let target: Target;

async function connectTo(listening: TestHost): Promise<Wire> {
  const port = unwrap(await listening.call("start_rpc", undefined));
  return await openWire(port, certificate.der);
}

beforeAll(async () => {
  certificate = await createTlsCertificate(["localhost", "127.0.0.1"], Date.now());
  host = new ListeningHost(new TestChain());
  await startVictim("proven", host);
  wire = await connectTo(host);
  target = {
    shard: host.shard,
    fingerprint: host.identity?.fingerprint as Uint8Array,
    shieldingKey: await shieldingPublicKeyFromJson(host.identity?.shieldingKey as string),
    nonce: 1,
  };
});

afterAll(async () => {
  wire?.close();
  await host?.call("shutdown", undefined);
});

/** Sends each request on the one connection; nothing but the wanted texts comes, and nothing changes. */
async function expectAllRefused(requests: readonly HostileRequest[]): Promise<void> {
  const before = await factsOf(host);
  for (const { name, frame, answers } of requests) {
    expect([name, await wire.exchange(frame, answers.length)]).toEqual([name, answers]);
  }
  expect(await wire.silence()).toEqual([]);
  expect(await factsOf(host)).toEqual(before);
}

describe("a client on the enclave's TLS endpoint", () => {
  it("is told where its request stops to make sense", async () => {
    await expectAllRefused(await undecodableRequests(target));
  });

  it("is told which bound its request exceeds", async () => {
    await expectAllRefused(oversizeRequests(target));
  });

  it("is refused with InvalidShard, or gets Invalid, for another shard", async () => {
    await expectAllRefused(await wrongShardRequests(target));
  });

  it("gets the bare hash and then Invalid for a call that is not this enclave's, or not its sender's", async () => {
    await expectAllRefused(await forgedRequests(target));
  });

  it("gets no answer to binary frames, and none to notifications that are refused", async () => {
    const before = await factsOf(host);
    wire.sendBytes(
      new TextEncoder().encode(submitFrame(1, await encrypted(target, directCall(transferSigned(target))))),
    );
    wire.send('{"jsonrpc":"2.0","method":"author_submitExtrinsic","params":["0x00"]}');
    expect(await wire.silence()).toEqual([]);
    expect(await factsOf(host)).toEqual(before);
  });

  it("gets each answer of a batch, and only the good request of it has an effect", async () => {
    const [bad] = await wrongShardRequests(target);
    const text = '{"id":9,"jsonrpc":"2.0","method":"author_getFingerprint","params":[]}';
    const [answer] = await wire.exchange(`[${bad?.frame},7,${text}]`, 1);
    const fingerprint = `{"jsonrpc":"2.0","result":"0x80${toHex(target.fingerprint).slice(2)}0000","id":9}`;
    const none = '{"jsonrpc":"2.0","error":{"code":-32600,"message":"Invalid request"},"id":null}';
    expect(answer).toBe(`[${bad?.answers[0]},${none},${fingerprint}]`);
  });

  it("cannot read somebody else's account", async () => {
    const query = { type: "account_info" as const, value: { owner: accountOf(ALICE) } };
    const value = new Uint8Array(64).fill(7);
    const signed = { getter: query, delegate: undefined, signature: { type: "Sr25519" as const, value } };
    const cyphertext = getter.encode({ type: "trusted", value: signed });
    const param = toHex(request.encode({ shard: host.shard, cyphertext }));
    const [answer] = await wire.exchange(
      `{"id":1,"jsonrpc":"2.0","method":"state_executeGetter","params":["${param}"]}`,
      1,
    );
    expect(answer).toBe(`{"jsonrpc":"2.0","result":"${errorResult("GetterIsNotAuthorized")}","id":1}`);
  });

  it("cannot bring a block in: one with a bit turned ends the connection", async () => {
    const before = await factsOf(host);
    const signed = signedBlock.decode((host.disk.blocks.at(-1) as StoredBlock).bytes);
    const next = { ...signed.block.header, blockNumber: signed.block.header.blockNumber + 1n };
    const forged = { ...signed, block: { ...signed.block, header: next } };
    const param = toHex(signedBlocks.encode([forged]));
    const importBlock = (text: string) =>
      `{"id":1,"jsonrpc":"2.0","method":"sidechain_importBlock","params":["${text}"]}`;
    const known = toHex(signedBlocks.encode([signed]));
    expect(await wire.exchange(importBlock(known), 1)).toEqual(['{"jsonrpc":"2.0","result":"ok","id":1}']);
    const refused = '{"jsonrpc":"2.0","error":{"code":-32602,"message":' +
      '"Invalid parameters: Could not decode Vec<SignedBlock>"},"id":1}';
    expect(await wire.exchange(importBlock(param.slice(0, -2)), 1)).toEqual([refused]);
    const other = await connectTo(host);
    other.send(importBlock(param));
    expect(await other.closed()).toBe(CLOSE_MISBEHAVED);
    other.close();
    await host.call("init_parentchain", host.infoRequest());
    expect(host.logs.map(({ code }) => code)).not.toContain("BadSidechainBlock");
    expect({ ...await factsOf(host), effects: 0 }).toEqual({ ...before, effects: 0 });
  });
});

describe("a call that is replayed", () => {
  const IMPORTED = 'Error { code: ServerError(4004), message: "Already imported", data: None }';
  const PRIORITY = 'Error { code: ServerError(4004), message: "Too low priority", data: None }';

  it("is executed once: refused in the pool, in a block, after its confirmation and after a restart", async () => {
    const other = await startVictim("proven", new ListeningHost(new TestChain()));
    const here: Target = {
      ...target,
      shard: other.shard,
      shieldingKey: await shieldingPublicKeyFromJson(other.identity?.shieldingKey as string),
    };
    const socket = await connectTo(other);
    const signed = transferSigned(here);
    const operation = directCall(signed);
    const frame = submitFrame(1, await encrypted(here, operation));
    const again = submitFrame(2, await encrypted(here, operation));
    const rival = submitFrame(3, await encrypted(here, directCall({ ...transferSigned(here) })));
    const imported = (id: number) => `{"jsonrpc":"2.0","result":"${errorResult(IMPORTED)}","id":${id}}`;
    const [accepted] = await socket.exchange(frame, 1);
    const { answers: [hashText] } = await neverExecuted("", 1, here, signed);
    expect(accepted).toBe(hashText);
    // In the pool: the same bytes, the same call encrypted anew, and another signature over the same call.
    expect(await socket.exchange(frame, 1)).toEqual([imported(1)]);
    expect(await socket.exchange(again, 1)).toEqual([imported(2)]);
    expect(await socket.exchange(rival, 1)).toEqual([`{"jsonrpc":"2.0","result":"${errorResult(PRIORITY)}","id":3}`]);
    expect((await other.slot()).executed).toBe(2);
    const [push] = await socket.next(1);
    const block = toHex((other.disk.blocks.at(-1) as StoredBlock).hash).slice(2);
    const topHash = JSON.parse(accepted as string).result;
    expect(push).toBe(invalidPush(topHash).replace("0x010a", `0x0104${block}`));
    const facts = await factsOf(other);
    expect(facts.alice.nonce).toBe(2);
    // In an unconfirmed block.
    expect(await socket.exchange(again, 1)).toEqual([imported(2)]);
    expect(await factsOf(other)).toEqual(facts);
    // Confirmed: the pool has forgotten it, its nonce has not been.
    await follow(other, { storage: confirmed(other, other.disk.blocks.at(-1) as StoredBlock) });
    const gone = { answers: [hashText?.replace('"id":1', '"id":2'), invalidPush(topHash)] };
    expect(await socket.exchange(again, 2)).toEqual(gone.answers);
    expect((await other.slot()).executed).toBe(0);
    const { alice, bob } = await factsOf(other);
    socket.close();
    await other.call("shutdown", undefined);
    // After a restart.
    const restarted = new ListeningHost(other.chain, other.disk.copy(), testPlatform(), other.tip);
    restarted.nowMs = other.nowMs + 1_000;
    unwrap(await restarted.init({ finality: 0, payoutFinality: 0 }));
    unwrap(await restarted.initParentchain());
    const reopened = await connectTo(restarted);
    expect(await reopened.exchange(again, 2)).toEqual(gone.answers);
    const after = await factsOf(restarted);
    expect([after.alice, after.bob, after.pool]).toEqual([alice, bob, facts.pool]);
    reopened.close();
    await restarted.call("shutdown", undefined);
  });
});

describe("after all these attacks", () => {
  it("the connection is open, and an honest call is executed", async () => {
    await expectUnharmed(host);
    const operation = directCall(transferSigned(target));
    const [answer] = await wire.exchange(submitFrame(1, await encrypted(target, operation)), 1);
    expect((await host.slot()).executed).toBe(1);
    const [push] = await wire.next(1);
    expect(push).toContain(`"result":"0x0104`);
    expect(push).toContain(JSON.parse(answer as string).result);
  });
});
