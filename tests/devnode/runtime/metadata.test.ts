import { Metadata, TypeRegistry } from "@polkadot/types";
import { metadata as papiMetadata } from "@polkadot-api/substrate-bindings";
import { blake2AsHex } from "@polkadot/util-crypto";
import { describe, expect, it } from "vitest";
import { integriteeRuntime } from "../../../src/devnode/runtime/definitions/integritee.ts";
import { permutedRuntime } from "../../../src/devnode/runtime/definitions/permuted.ts";
import { createRuntime } from "../../../src/devnode/runtime/runtime.ts";
import { createModel } from "../../../src/devnode/runtime/model.ts";
import { API_VERSIONS } from "../../../src/devnode/runtime/version.ts";
import { toHex } from "../../../src/primitives/hex.ts";
import { TestChain } from "./test_chain.ts";

const DEFINITIONS = [["integritee", integriteeRuntime], ["permuted", permutedRuntime]] as const;

describe.each(DEFINITIONS)("metadata of the %s runtime", (_name, definition) => {
  const runtime = createRuntime(definition);
  const versions = [[14, runtime.metadataV14], [15, runtime.metadataV15]] as const;

  it.each(versions)("V%i is decoded and encoded to the same bytes by @polkadot/types", (version, bytes) => {
    const registry = new TypeRegistry();
    const metadata = new Metadata(registry, toHex(bytes));
    expect(metadata.version).toBe(version);
    expect(toHex(metadata.toU8a())).toBe(toHex(bytes));
  });

  it.each(versions)("V%i is decoded and encoded to the same bytes by polkadot-api", (_version, bytes) => {
    expect(toHex(papiMetadata.enc(papiMetadata.dec(bytes)))).toBe(toHex(bytes));
  });

  it.each(versions)("V%i has no type twice and no type without an entry", (_version, bytes) => {
    const { metadata } = papiMetadata.dec(bytes);
    const { lookup } = metadata.value as { lookup: { id: number; path: string[]; params: unknown; def: unknown }[] };
    expect(lookup.map(({ id }) => id)).toEqual(lookup.map((_, index) => index));
    const bodies = lookup.map(({ path, params, def }) => JSON.stringify([path, params, def]));
    const twice = bodies.filter((body, i) => bodies.indexOf(body) !== i);
    expect(twice).toEqual([]);
  });

  it("names each pallet with its index, and nothing else", async () => {
    const chain = await TestChain.create(definition);
    const expected = createModel(definition).pallets.map(({ name, index }) => `${name} ${index}`).sort();
    const metadata = new Metadata(new TypeRegistry(), toHex(runtime.metadataV14));
    const seen = metadata.asV14.pallets.map(({ name, index }) => `${name} ${index}`).sort();
    expect(seen).toEqual(expected);
    expect(chain.consts.balances.existentialDeposit.toBigInt()).toBe(500n);
    expect(chain.consts.system.ss58Prefix.toNumber()).toBe(definition.parameters.ss58Prefix);
    expect(chain.consts.system.blockHashCount.toNumber()).toBe(2400);
    expect(chain.consts.system.version.specName.toString()).toBe(definition.parameters.specName);
    expect(chain.consts.proxy.proxyDepositBase.toBigInt()).toBe(20_008_000_000_000n);
  });

  it("lists the signed extensions in wire order", () => {
    const metadata = new Metadata(new TypeRegistry(), toHex(runtime.metadataV14));
    expect(metadata.asV14.extrinsic.signedExtensions.map(({ identifier }) => identifier.toString())).toEqual(
      definition.extensions.map(({ identifier }) => identifier),
    );
  });
});

describe("pallet indexes", () => {
  it("are those of the integritee-node", () => {
    const indexes = Object.fromEntries(createModel(integriteeRuntime).pallets.map(({ name, index }) => [name, index]));
    expect(indexes).toEqual({
      System: 0,
      Timestamp: 3,
      Sudo: 5,
      Proxy: 7,
      Utility: 9,
      Balances: 10,
      TransactionPayment: 11,
      Aura: 23,
      Grandpa: 24,
      Teerex: 50,
      Sidechain: 53,
      EnclaveBridge: 54,
      Development: 200,
    });
  });

  it("are others in the permuted runtime, apart from System", () => {
    const known = new Map(createModel(integriteeRuntime).pallets.map(({ name, index }) => [name, index]));
    for (const { name, index } of createModel(permutedRuntime).pallets) {
      if (name !== "System") expect(known.get(name), name).not.toBe(index);
    }
  });

  it("createModel() refuses two pallets with one index", () => {
    const [first, second] = integriteeRuntime.pallets;
    if (first === undefined || second === undefined) throw new Error("want two pallets");
    expect(() => createModel({ ...integriteeRuntime, pallets: [first, [0, second[1]]] })).toThrow(TypeError);
    expect(() => createModel({ ...integriteeRuntime, pallets: [first, [1, first[1]]] })).toThrow(TypeError);
  });
});

describe("runtime API ids", () => {
  it.each(Object.entries(API_VERSIONS))("%s is the 64-bit blake2 hash of its name", (name, [id]) => {
    expect(toHex(id)).toBe(blake2AsHex(name, 64));
  });
});
