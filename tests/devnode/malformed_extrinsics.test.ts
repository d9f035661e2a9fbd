/** Hostile bytes against the whole node with its real runtime: nothing may throw, stop the chain or cost a fee. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compactU32, u32 } from "../../src/codec/codec.ts";
import { blake2_256 } from "../../src/crypto/blake2.ts";
import { sr25519Sign } from "../../src/crypto/sr25519.ts";
import { pairFromSuri } from "../../src/crypto/suri.ts";
import { DevChain } from "../../src/devnode/chain.ts";
import { createMemoryStore } from "../../src/devnode/chain_store.ts";
import { createDevKeys } from "../../src/devnode/dev_keys.ts";
import { DevNode } from "../../src/devnode/node.ts";
import { runtimeDefinition } from "../../src/devnode/runtime/definitions/variants.ts";
import { createRuntime } from "../../src/devnode/runtime/runtime.ts";
import { concatBytes } from "../../src/primitives/bytes.ts";

const SLOT_MS = 1000;
const runtime = createRuntime(runtimeDefinition("integritee", SLOT_MS));
const keys = createDevKeys(["//Alice"]);
const alice = pairFromSuri("//Alice");

function newNode() {
  const clock = { nowMs: 1_700_000_000_000 };
  const chain = new DevChain({
    runtime,
    preset: "dev",
    store: createMemoryStore(),
    keys,
    statesKept: 256,
    justifications: { period: 1 },
  });
  const node = new DevNode(chain, () => clock.nowMs);
  const nextBlock = () => {
    clock.nowMs += SLOT_MS;
    expect(node.tick()).toBe(true);
    node.finalize();
  };
  return { node, chain, nextBlock };
}

/** A signed, immortal extrinsic with any call bytes. */
function signed(callBytes: Uint8Array, nonce: number, genesis: Uint8Array): Uint8Array {
  const { specVersion, transactionVersion } = runtime.version;
  const extra = concatBytes(new Uint8Array([0]), compactU32.encode(nonce), compactU32.encode(0), new Uint8Array([0]));
  const implicit = concatBytes(
    u32.encode(specVersion),
    u32.encode(transactionVersion),
    genesis,
    genesis,
    new Uint8Array([0]),
  );
  const payload = concatBytes(callBytes, extra, implicit);
  const signature = sr25519Sign(alice, payload.length > 256 ? blake2_256(payload) : payload);
  const address = concatBytes(new Uint8Array([0]), alice.publicKey);
  const body = concatBytes(new Uint8Array([0x84]), address, new Uint8Array([1]), signature, extra, callBytes);
  return concatBytes(compactU32.encode(body.length), body);
}

const remark = runtime.encodeCall({ pallet: "System", call: "remark", args: { remark: new Uint8Array([1, 2, 3]) } });

describe("hostile extrinsics", () => {
  it("takes the sound one, so that the others fail for the right reason", () => {
    const { node, chain, nextBlock } = newNode();
    expect(node.submit(signed(remark, 0, chain.genesisHash)).ok).toBe(true);
    nextBlock();
    expect(chain.block(1)?.extrinsics.length).toBe(2);
  });

  it("answers any bytes with a code and goes on making blocks", () => {
    const { node, nextBlock } = newNode();
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const prefixed = concatBytes(compactU32.encode(bytes.length), bytes);
      const [bare, framed] = [node.submit(bytes), node.submit(prefixed)];
      expect([bare.ok, framed.ok]).toEqual([false, false]);
      if (!framed.ok) expect(["Verification", "Invalid", "Unknown", "TemporarilyBanned"]).toContain(framed.error.code);
    }));
    nextBlock();
    expect(node.pool.all()).toEqual([]);
  });

  it("refuses a sound extrinsic with any one byte changed, cut short or made longer", () => {
    const { node, chain, nextBlock } = newNode();
    const sound = signed(remark, 0, chain.genesisHash);
    for (let at = 0; at < sound.length; at++) {
      const changed = sound.slice();
      changed[at] = (changed[at] as number) ^ 0x55;
      expect(node.submit(changed).ok, `byte ${at}`).toBe(false);
      expect(node.submit(sound.slice(0, at)).ok).toBe(false);
    }
    expect(node.submit(concatBytes(sound, new Uint8Array([0])))).toMatchObject({ error: { code: "BadFormat" } });
    nextBlock();
    expect(chain.block(1)?.extrinsics.length).toBe(1);
  });

  it("executes or refuses any signed call bytes without stopping", () => {
    const { node, chain, nextBlock } = newNode();
    const calls = fc.tuple(fc.nat({ max: 60 }), fc.nat({ max: 12 }), fc.uint8Array({ maxLength: 120 }));
    let nonce = 0;
    fc.assert(
      fc.property(calls, ([pallet, call, args]) => {
        const bytes = concatBytes(new Uint8Array([pallet, call]), args);
        if (node.submit(signed(bytes, nonce, chain.genesisHash)).ok) {
          nextBlock();
          if ((chain.block(chain.head.number)?.extrinsics.length ?? 0) > 1) nonce++;
        }
      }),
      { numRuns: 300 },
    );
    nextBlock();
    expect(chain.finalizedNumber).toBe(chain.head.number);
  });

  it("does not take inherents or unsigned calls from outside", () => {
    const { node, chain, nextBlock } = newNode();
    for (const inherent of runtime.inherentExtrinsics(1)) expect(node.submit(inherent).ok).toBe(false);
    const bare = concatBytes(new Uint8Array([4]), remark);
    expect(node.submit(concatBytes(compactU32.encode(bare.length), bare)).ok).toBe(false);
    nextBlock();
    expect(chain.block(1)?.extrinsics.length).toBe(1);
  });
});
