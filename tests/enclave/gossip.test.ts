import { beforeEach, describe, expect, it } from "vitest";
import { ed25519FromSeed } from "../../src/crypto/ed25519.ts";
import { randomBytes } from "../../src/crypto/random.ts";
import { sr25519FromSeed } from "../../src/crypto/sr25519.ts";
import { pairFromSuri } from "../../src/crypto/suri.ts";
import { MAX_GOSSIP_MESSAGE_BYTES } from "../../src/enclave/api/limits.ts";
import type { Identity } from "../../src/enclave/api/ecall_values.ts";
import {
  GOSSIP_SALT_LENGTH,
  type GossipMessage,
  gossipMessage,
  MAX_GOSSIP_OPERATIONS,
  MAX_GOSSIP_PLAIN_BYTES,
  MIN_GOSSIP_PLAIN_BYTES,
  openGossip,
  sealGossip,
} from "../../src/enclave/core/gossip_message.ts";
import { concatBytes, utf8 } from "../../src/primitives/bytes.ts";
import { aeadSeal } from "../../src/crypto/aead.ts";
import { hkdfSha256 } from "../../src/crypto/hkdf.ts";
import { u32 } from "../../src/codec/codec.ts";
import { accountId, shardIdentifier } from "../../src/primitives/branded.ts";
import { toHex } from "../../src/primitives/hex.ts";
import type { StateKeys } from "../../src/state/state_keys.ts";
import type { TrustedCall } from "../../src/types/trusted_call.ts";
import type { TrustedCallSigned } from "../../src/types/trusted_call_signed.ts";
import { trustedOperation } from "../../src/types/trusted_operation.ts";
import { TestChain } from "../parentchain/builders.ts";
import { accountOf, signFor, submitDirect } from "./clients.ts";
import { TestHost } from "./harness.ts";

const SHARD = shardIdentifier(new Uint8Array(32).fill(4));
const SENDER = accountId(new Uint8Array(32).fill(6));
const SALT = new Uint8Array(GOSSIP_SALT_LENGTH).fill(8);
const KEYS: StateKeys = {
  epoch: 1,
  stateKey: new Uint8Array(32).fill(1),
  pathKey: new Uint8Array(32),
  saltKey: new Uint8Array(32),
  olderStateKeys: new Map([[0, new Uint8Array(32).fill(2)]]),
};
const OPERATIONS = [new Uint8Array([1, 2]), new Uint8Array(300).fill(3)];

async function sealed(operations: readonly Uint8Array[] = OPERATIONS): Promise<GossipMessage> {
  return gossipMessage.decode(await sealGossip(KEYS, SHARD, SENDER, SALT, operations));
}

/** A message with this content, whatever it is. */
async function sealedPlain(plain: Uint8Array): Promise<GossipMessage> {
  const domain = utf8("gossip/1");
  const key = hkdfSha256(KEYS.stateKey, SALT, concatBytes(domain, SENDER), 32);
  const bound = concatBytes(domain, SHARD, u32.encode(KEYS.epoch), SENDER);
  const ciphertext = await aeadSeal(key, new Uint8Array(12), bound, plain);
  return { version: 1, epoch: KEYS.epoch, sender: SENDER, salt: SALT, ciphertext };
}

describe("openGossip()", () => {
  it("gives what sealGossip() took, also under the key of an earlier epoch", async () => {
    expect(await openGossip(KEYS, SHARD, await sealed())).toEqual({ ok: true, value: OPERATIONS });
    const older: StateKeys = { ...KEYS, epoch: 0, stateKey: new Uint8Array(32).fill(2) };
    const message = gossipMessage.decode(await sealGossip(older, SHARD, SENDER, SALT, OPERATIONS));
    expect((await openGossip(KEYS, SHARD, message)).ok).toBe(true);
  });

  it("reports NotAuthentic when any part of the message, or the shard, is another one", async () => {
    const message = await sealed();
    const flip = (bytes: Uint8Array) => bytes.with(0, (bytes[0] ?? 0) ^ 1);
    const changed: readonly GossipMessage[] = [
      { ...message, epoch: 0 },
      { ...message, sender: accountId(flip(message.sender)) },
      { ...message, salt: flip(message.salt) },
      { ...message, ciphertext: flip(message.ciphertext) },
      { ...message, ciphertext: message.ciphertext.subarray(0, 10) },
    ];
    for (const one of changed) {
      expect(await openGossip(KEYS, SHARD, one)).toEqual({ ok: false, error: { code: "NotAuthentic" } });
    }
    const other = shardIdentifier(flip(SHARD));
    expect(await openGossip(KEYS, other, message)).toEqual({ ok: false, error: { code: "NotAuthentic" } });
  });

  it("reports an unknown version or epoch", async () => {
    const message = await sealed();
    const codeOf = async (one: GossipMessage) => {
      const opened = await openGossip(KEYS, SHARD, one);
      return opened.ok ? "" : opened.error.code;
    };
    expect(await codeOf({ ...message, version: 2 })).toBe("UnknownVersion");
    expect(await codeOf({ ...message, epoch: 2 })).toBe("UnknownEpoch");
  });

  it("reports Malformed for content that is no padded list", async () => {
    const good = new Uint8Array(MIN_GOSSIP_PLAIN_BYTES);
    expect((await openGossip(KEYS, SHARD, await sealedPlain(good))).ok).toBe(true);
    for (const plain of [good.with(5, 1), good.subarray(1), new Uint8Array(2 * good.length), good.with(0, 0xff)]) {
      const opened = await openGossip(KEYS, SHARD, await sealedPlain(plain));
      expect(opened).toEqual({ ok: false, error: { code: "Malformed" } });
    }
  });
});

describe("sealGossip()", () => {
  it("gives batches of one and of several calls the same length, in steps of a power of two", async () => {
    const lengthOf = async (count: number) =>
      (await sealed(Array.from({ length: count }, () => new Uint8Array(200)))).ciphertext.length;
    expect(await lengthOf(1)).toBe(MIN_GOSSIP_PLAIN_BYTES + 16);
    expect(await lengthOf(5)).toBe(MIN_GOSSIP_PLAIN_BYTES + 16);
    expect(await lengthOf(6)).toBe(2 * MIN_GOSSIP_PLAIN_BYTES + 16);
  });

  it("fits the largest batch into what crosses the boundary, and refuses a larger one", async () => {
    const one = new Uint8Array(MAX_GOSSIP_PLAIN_BYTES / 16 - 5);
    const largest = await sealGossip(KEYS, SHARD, SENDER, SALT, Array.from({ length: 16 }, () => one));
    expect(largest.length).toBeLessThanOrEqual(MAX_GOSSIP_MESSAGE_BYTES);
    await expect(sealGossip(KEYS, SHARD, SENDER, SALT, Array.from({ length: 17 }, () => one))).rejects.toThrow(
      RangeError,
    );
    const many = Array.from({ length: MAX_GOSSIP_OPERATIONS + 1 }, () => new Uint8Array(1));
    await expect(sealGossip(KEYS, SHARD, SENDER, SALT, many)).rejects.toThrow();
  });
});

describe("validateers that gossip", () => {
  const PEER = ed25519FromSeed(new Uint8Array(32).fill(0x51));
  const ALICE = pairFromSuri("//Alice");
  const BOB = sr25519FromSeed(new Uint8Array(32).fill(9));
  const pay = (amount: bigint): TrustedCall => ({
    type: "balance_transfer",
    value: { from: accountOf(ALICE), to: accountOf(BOB), amount },
  });
  let host: TestHost;

  /** A validateer of a shard that another one runs too. */
  beforeEach(async () => {
    host = await new TestHost(new TestChain()).start();
    await host.slots(2);
    const { fingerprint, signer } = host.identity as Identity;
    const listed = [signer, PEER.publicKey].map((account) => ({ signer: account, fingerprint, last_activity: 1 }));
    await host.parentchainBlock({ storage: [["EnclaveBridge", "ShardStatus", [host.shard], listed]] });
  });

  const keys = () => host.enclave.shard()?.setup.stateKeys as StateKeys;
  const told = () => host.all.flatMap((effect) => effect.type === "gossip_tops" ? [effect.value] : []);
  const ready = () => host.enclave.shard()?.pool.ready().map(({ signed }) => signed) ?? [];
  const encoded = (signed: TrustedCallSigned) => trustedOperation.encode({ type: "direct_call", value: signed });

  async function settled(isSo: () => boolean | Promise<boolean>): Promise<void> {
    await expect.poll(isSo, { timeout: 45_000, interval: 5 }).toBe(true);
  }

  /** Gives what shall not happen the time to happen. */
  const aWhile = () => new Promise((resolve) => setTimeout(resolve, 100));

  async function send(message: Uint8Array): Promise<string> {
    return await host.connect().request("sidechain_gossipTops", [toHex(message)]);
  }

  async function sendAs(sender: Uint8Array, operations: readonly Uint8Array[]): Promise<Uint8Array> {
    const salt = randomBytes(GOSSIP_SALT_LENGTH);
    const message = await sealGossip(keys(), host.shard, accountId(sender), salt, operations);
    expect(await send(message)).toBe("ok");
    return message;
  }

  const counters = async () => {
    const metrics = await host.call("metrics", undefined);
    const value = (name: string) =>
      metrics.ok ? Number(metrics.value.find((metric) => metric.name === `enclave_gossip_${name}`)?.value) : Number.NaN;
    return { sent: value("operations_sent"), taken: value("operations_taken"), refused: value("messages_refused") };
  };

  it("tell the others of a direct call, which stays here too", async () => {
    await submitDirect(host, ALICE, pay(5n), 0);
    await settled(() => told().length > 0);
    expect(told()).toHaveLength(1);
    const message = gossipMessage.decode(told()[0] as Uint8Array);
    expect(message.sender).toEqual(host.identity?.signer);
    const opened = await openGossip(keys(), host.shard, message);
    expect(opened).toEqual({ ok: true, value: ready().map(encoded) });
    expect(ready().map(({ call }) => call)).toEqual([pay(5n)]);
    expect((await counters()).sent).toBe(1);
  });

  it("tell nobody when they are alone, and nothing that cannot be executed", async () => {
    await submitDirect(host, BOB, {
      type: "balance_transfer",
      value: { from: accountOf(BOB), to: accountOf(ALICE), amount: 1n },
    }, 0);
    await host.parentchainBlock({ storage: host.listed() });
    await submitDirect(host, ALICE, pay(5n), 0);
    await aWhile();
    expect(told()).toEqual([]);
  });

  it("take the calls of another one into the pool, in their order, and tell nobody of them", async () => {
    const calls = [0, 1, 2].map((nonce) => signFor(host, ALICE, pay(BigInt(nonce) + 1n), nonce));
    await sendAs(PEER.publicKey, calls.map(encoded));
    await settled(() => ready().length === 3);
    expect(ready()).toEqual(calls);
    expect(told()).toEqual([]);
    await host.slots(2);
    expect(ready()).toEqual([]);
    expect((await counters()).taken).toBe(3);
  });

  it("take a call once, however often it comes and on which way", async () => {
    const call = signFor(host, ALICE, pay(1n), 0);
    const message = await sendAs(PEER.publicKey, [encoded(call), encoded(call)]);
    await settled(() => ready().length > 0);
    await send(message);
    await sendAs(PEER.publicKey, [encoded(call)]);
    await aWhile();
    expect(ready()).toEqual([call]);
    expect(await counters()).toEqual({ sent: 0, taken: 1, refused: 0 });
    await host.slots(2);
    await sendAs(PEER.publicKey, [encoded(call)]);
    await aWhile();
    expect(ready()).toEqual([]);
  });

  it("take nothing from who is not listed, nor from themselves, nor what they cannot read", async () => {
    const call = encoded(signFor(host, ALICE, pay(1n), 0));
    await sendAs(new Uint8Array(32).fill(0x77), [call]);
    await sendAs(host.identity?.signer as Uint8Array, [call]);
    const message = await sealGossip(keys(), host.shard, accountId(PEER.publicKey), SALT, [call]);
    await send(message.with(-1, (message.at(-1) as number) ^ 1));
    await send(message.subarray(1));
    await settled(async () => (await counters()).refused === 4);
    await aWhile();
    expect(ready()).toEqual([]);
  });

  it("take no call with a bad signature, or of another kind than a direct one", async () => {
    const good = signFor(host, ALICE, pay(1n), 0);
    const forged = { ...good, call: pay(2n) };
    const indirect = trustedOperation.encode({ type: "indirect_call", value: good });
    await sendAs(PEER.publicKey, [encoded(forged), indirect, new Uint8Array([9, 9])]);
    await sendAs(PEER.publicKey, [encoded(signFor(host, ALICE, pay(3n), 0))]);
    await settled(() => ready().length > 0);
    expect(ready().map(({ call }) => call)).toEqual([pay(3n)]);
  });
});
