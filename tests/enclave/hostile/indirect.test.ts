import { describe, expect, it } from "vitest";
import { rsaEncrypt } from "../../../src/crypto/rsa_oaep.ts";
import { shieldingPublicKeyFromJson } from "../../../src/crypto/rsa_json.ts";
import { concatBytes } from "../../../src/primitives/bytes.ts";
import { accountInfoOf } from "../clients.ts";
import { watchDecryption } from "../watch_decryption.ts";
import type { TestHost } from "../harness.ts";
import { ALICE, AMOUNT, BOB, factsOf, flipBit, follow, startVictim } from "./fixtures.ts";
import { directCall, type Target, transferSigned } from "./requests.ts";

async function targetOf(host: TestHost, nonce: number): Promise<Target> {
  const { fingerprint, shieldingKey } = host.identity ?? {};
  return {
    shard: host.shard,
    fingerprint: fingerprint as Uint8Array,
    shieldingKey: await shieldingPublicKeyFromJson(shieldingKey as string),
    nonce,
  };
}

function invoke(host: TestHost, cyphertext: Uint8Array, shard: Uint8Array = host.shard): Uint8Array {
  return host.chain.metadata.encodeCall("EnclaveBridge", "invoke", { request: { shard, cyphertext } });
}

describe("anybody who writes to the parentchain", () => {
  it("gets nothing executed that the sender has not signed for this enclave and shard", async () => {
    const host = await startVictim("proven");
    const target = await targetOf(host, 1);
    const operation = directCall(transferSigned(target));
    const good = await rsaEncrypt(target.shieldingKey, operation);
    const encrypt = (bytes: Uint8Array) => rsaEncrypt(target.shieldingKey, bytes);
    const elsewhere = { fingerprint: flipBit(target.fingerprint, 5), shard: flipBit(host.shard, 5) };
    const hostile = [
      new Uint8Array(0),
      new Uint8Array(1),
      new Uint8Array(384).fill(0xff),
      new Uint8Array(171 * 384),
      new Uint8Array(1_000),
      flipBit(good, 77),
      concatBytes(good, good),
      await encrypt(operation.subarray(0, -1)),
      await encrypt(concatBytes(operation, new Uint8Array(1))),
      await encrypt(new Uint8Array([2, 0, 0])),
      await encrypt(directCall(transferSigned(target, { signer: BOB }))),
      await encrypt(directCall(transferSigned(target, { fingerprint: elsewhere.fingerprint }))),
      await encrypt(directCall(transferSigned(target, { shard: elsewhere.shard }))),
      await encrypt(directCall(transferSigned(target, { nonce: 0 }))),
    ];
    const before = await factsOf(host);
    const decrypted = watchDecryption(host);
    await follow(host, {
      calls: [...hostile.map((bytes) => invoke(host, bytes)), invoke(host, good, elsewhere.shard)],
    });
    await decrypted(hostile.length);
    // The one call that waited before is executed; of the others none.
    const outcomes = await host.slots(3);
    expect(outcomes.map(({ executed, failed }) => [executed, failed])).toEqual([[1, 0], [0, 0], [0, 0]]);
    const after = await factsOf(host);
    expect([after.alice.nonce, after.pool]).toEqual([1, "0x0804000000"]);
    expect(after.bob.data.free).toBe(before.bob.data.free + AMOUNT);
    expect(host.logs.filter(({ level }) => level === 0)).toEqual([]);
    // The call that all of them were made of is good, and comes through once, however often it is written.
    await follow(host, { calls: [invoke(host, good), invoke(host, good), invoke(host, good)] });
    await decrypted(3);
    expect((await host.slots(3)).map(({ executed, failed }) => executed + failed)).toEqual([0, 1, 0]);
    await follow(host, { calls: [invoke(host, good)] });
    await decrypted(1);
    expect((await host.slots(3)).map(({ executed, failed }) => executed + failed)).toEqual([0, 0, 0]);
    expect((await accountInfoOf(host, ALICE)).nonce).toBe(2);
  });
});
