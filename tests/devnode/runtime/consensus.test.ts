import { Keyring } from "@polkadot/keyring";
import { beforeEach, describe, expect, it } from "vitest";
import { integriteeRuntime } from "../../../src/devnode/runtime/definitions/integritee.ts";
import { permutedRuntime } from "../../../src/devnode/runtime/definitions/permuted.ts";
import { GRANDPA_AUTHORITIES_KEY } from "../../../src/devnode/runtime/pallets/consensus/grandpa.ts";
import { fromHex, toHex } from "../../../src/primitives/hex.ts";
import { trieGet } from "../../../src/trie/trie.ts";
import { names, only, TestChain } from "./test_chain.ts";

describe.each([["integritee", integriteeRuntime], ["permuted", permutedRuntime]])(
  "changes of authorities in the %s runtime",
  (_name, definition) => {
    let chain: TestChain;
    let bob: Uint8Array;
    beforeEach(async () => {
      chain = await TestChain.create(definition);
      bob = new Keyring({ type: "ed25519" }).addFromUri("//Bob").publicKey;
    });
    const schedule = (delay: number) => chain.tx.development.scheduleGrandpaChange([[bob, 3]], delay);
    const setId = () => chain.read(chain.query.grandpa.currentSetId).toNumber();
    const authorities = () => chain.read(chain.query.grandpa.authorities);
    const rawAuthorities = () => trieGet(chain.state, GRANDPA_AUTHORITIES_KEY);
    // deno-lint-ignore no-explicit-any
    const logs = (): any[] =>
      chain.headers.at(-1)?.digest.map((item) => chain.registry.createType("DigestItem", item)) ?? [];

    it("a change without delay is in the digest, the set id and the authorities of its block", () => {
      expect(setId()).toBe(0);
      const events = chain.sudo(schedule(0));
      expect(setId()).toBe(1);
      expect(authorities()[0][0].toU8a()).toEqual(bob);
      expect(authorities()[0][1].toNumber()).toBe(3);
      expect(toHex(rawAuthorities() ?? new Uint8Array())).toBe(`0x0104${toHex(bob).slice(2)}0300000000000000`);
      expect(names(chain.events())).toContain("grandpa.NewAuthorities");
      expect(chain.events().find(({ name }) => name === "grandpa.NewAuthorities")?.phase).toBe("Finalization");
      expect(only(events, "sudo.Sudid").sudoResult.isOk).toBe(true);
      const [slot, change] = logs();
      expect(slot?.isPreRuntime).toBe(true);
      const [engine, payload] = change?.asConsensus ?? [];
      expect(engine?.toU8a()).toEqual(new Uint8Array([0x46, 0x52, 0x4e, 0x4b]));
      expect(payload?.toHex()).toBe(`0x0104${toHex(bob).slice(2)}030000000000000000000000`);
    });

    it("a change with delay is announced at once and enacted later", () => {
      chain.sudo(schedule(2));
      expect(logs().length).toBe(2);
      expect(setId()).toBe(1);
      expect(authorities()[0][0].toU8a()).not.toEqual(bob);
      chain.block();
      expect(logs().length).toBe(1);
      expect(authorities()[0][0].toU8a()).not.toEqual(bob);
      chain.block();
      expect(authorities()[0][0].toU8a()).toEqual(bob);
      expect(setId()).toBe(1);
    });

    it("ChangePending: one change at a time, for root only", () => {
      expect(chain.outcome("//Bob", schedule(0))).toBe("BadOrigin");
      chain.sudo(schedule(5));
      const result = only(chain.sudo(schedule(0)), "sudo.Sudid").sudoResult.asErr;
      expect(chain.registry.findMetaError(result.asModule).name).toBe("ChangePending");
      expect(setId()).toBe(1);
    });

    it("new Aura authorities are in the state and in the digest", () => {
      const next = [chain.account("//Bob"), chain.account("//Charlie")];
      chain.sudo(chain.tx.development.changeAuraAuthorities(next));
      const seen = chain.read(chain.query.aura.authorities);
      expect(seen.map((id: { toU8a(): Uint8Array }) => id.toU8a())).toEqual(next);
      const [engine, payload] = logs()[1]?.asConsensus ?? [];
      expect(engine?.toU8a()).toEqual(new TextEncoder().encode("aura"));
      expect(payload?.toHex()).toBe(`0x0108${next.map((id) => toHex(id).slice(2)).join("")}`);
      expect(chain.outcome("//Bob", chain.tx.development.changeAuraAuthorities(next))).toBe("BadOrigin");
    });
  },
);

describe("storage that followers read", () => {
  it("has the keys of the original pallets", async () => {
    const chain = await TestChain.create();
    const prefixes: [unknown, string][] = [
      [chain.query.enclaveBridge.shardStatus, "f03cead655362fe0725d529a9971f1e66ff6d4e44d83b4c424c31d83115b64ea"],
      [
        chain.query.enclaveBridge.shardConfigRegistry,
        "f03cead655362fe0725d529a9971f1e60193cae837251c796384b09951a5a24e",
      ],
      [
        chain.query.sidechain.latestSidechainBlockConfirmation,
        "3eaeb1cee77dc09baac326e5a1d297267330b8f0844684c66a9a03162a425cc9",
      ],
      [chain.query.teerex.sovereignEnclaves, "d4907aad4a0ea0b2bdacc420d36be978076919f9acc01e6f59369d3a394747ac"],
    ];
    for (const [entry, prefix] of prefixes) {
      expect(chain.key(entry, new Uint8Array(32)).slice(2, 66)).toBe(prefix);
    }
    const version = "f03cead655362fe0725d529a9971f1e64e7b9012096b41c4eb3aaf947f6ea429";
    expect(trieGet(chain.state, fromHex(version))).toEqual(new Uint8Array(2));
    const systemAccount = "26aa394eea5630e07c48ae0c9558cef7b99d880ec681799c0cf30e8886371da9";
    expect(trieGet(chain.state, fromHex(chain.key(chain.query.system.account, chain.account("//Bob"))))).toBeDefined();
    expect(chain.key(chain.query.system.account, new Uint8Array(32)).slice(2, 66)).toBe(systemAccount);
    expect(chain.key(chain.query.system.events)).toBe(
      "0x26aa394eea5630e07c48ae0c9558cef780d41e5e16056765bc8461851072c9d7",
    );
  });
});
