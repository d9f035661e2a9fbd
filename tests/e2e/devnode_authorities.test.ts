/** Changes of voters and authors on the running chain, checked by the follower's own verifiers. */
import type { ApiPromise } from "@polkadot/api";
import type { KeyringPair } from "@polkadot/keyring/types";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { pairFromSuri } from "../../src/crypto/suri.ts";
import { type RunningDevnode, startDevnode } from "../../src/devnode/deno/run_devnode.ts";
import { auraSlot, verifyAuraSeal } from "../../src/parentchain/aura.ts";
import { digestItem } from "../../src/parentchain/digest.ts";
import { verifyJustification } from "../../src/parentchain/grandpa/verify.ts";
import { computeHeaderHash, type ParentchainHeader } from "../../src/parentchain/header.ts";
import { blockHash, h256 } from "../../src/primitives/branded.ts";
import { fromHex, type Hex, toHex } from "../../src/primitives/hex.ts";
import { ask, connectApi, devKeyring, PATIENCE, sendAndWatch, TEST_BLOCK_TIME_MS, until } from "./devnode_support.ts";

vi.setConfig(PATIENCE);

interface HeaderJson {
  readonly parentHash: Hex;
  readonly number: Hex;
  readonly stateRoot: Hex;
  readonly extrinsicsRoot: Hex;
  readonly digest: { readonly logs: readonly Hex[] };
}

function voters(...uris: readonly string[]) {
  return uris.map((uri) => ({ id: pairFromSuri(uri, "ed25519").publicKey, weight: 1n }));
}

describe("changes of authorities", () => {
  let node: RunningDevnode;
  let api: ApiPromise;
  let alice: KeyringPair;

  beforeAll(async () => {
    node = await startDevnode({ blockTimeMs: TEST_BLOCK_TIME_MS }, () => {});
    api = await connectApi(node.url);
    alice = (await devKeyring()).addFromUri("//Alice");
  });

  afterAll(async () => {
    await api?.disconnect();
    await node?.stop();
  });

  const hashOf = async (number: number) => await ask<Hex>(node.url, "chain_getBlockHash", number);

  async function headerOf(hash: Hex): Promise<ParentchainHeader> {
    const json = await ask<HeaderJson>(node.url, "chain_getHeader", hash);
    return {
      parentHash: blockHash(fromHex(json.parentHash)),
      number: Number(json.number),
      stateRoot: h256(fromHex(json.stateRoot)),
      extrinsicsRoot: h256(fromHex(json.extrinsicsRoot)),
      digest: json.digest.logs.map((log) => digestItem.decode(fromHex(log))),
    };
  }

  async function untilFinal(number: number): Promise<void> {
    await until(`block ${number} is final`, async () => {
      const final = await ask<Hex>(node.url, "chain_getFinalizedHead");
      return (await headerOf(final)).number >= number;
    });
  }

  /** Whether the justification kept with a block is that of a set. */
  async function isProvenBy(number: number, setId: bigint, authorities: ReturnType<typeof voters>): Promise<boolean> {
    const hash = await hashOf(number);
    const { justifications } = await ask<{ justifications: [number[], number[]][] }>(node.url, "chain_getBlock", hash);
    const bytes = new Uint8Array(justifications[0]?.[1] ?? []);
    return verifyJustification(bytes, { hash: blockHash(fromHex(hash)), number }, { setId, authorities }).ok;
  }

  async function asRoot(call: string, ...args: readonly unknown[]): Promise<number> {
    const inner = api.tx["development"]![call]!(...args);
    const { result } = await sendAndWatch(api.tx["sudo"]!["sudo"]!(inner), alice);
    expect(result.dispatchError).toBe(undefined);
    const sudid = result.findRecord("sudo", "Sudid")?.event.data[0]?.toString();
    expect(sudid).toBe("Ok");
    return (await headerOf(result.status.asFinalized.toHex() as Hex)).number;
  }

  it("lets the old set prove the announcing block and the new set what follows, by every vote", async () => {
    const next = voters("//Alice", "//Bob", "//Charlie");
    const list = next.map(({ id, weight }) => [toHex(id), weight]);
    const announced = await asRoot("scheduleGrandpaChange", list, 0);
    await untilFinal(announced + 1);
    expect(await isProvenBy(announced, 0n, voters("//Alice"))).toBe(true);
    expect(await isProvenBy(announced + 1, 1n, next)).toBe(true);
    expect(await isProvenBy(announced + 1, 0n, voters("//Alice"))).toBe(false);
    expect((await api.query["grandpa"]!["currentSetId"]!()).toString()).toBe("1");
    expect((await api.rpc.grandpa.roundState()).best.totalWeight.toNumber()).toBe(3);
  });

  it("waits for the delay of a change", async () => {
    const before = voters("//Alice", "//Bob", "//Charlie");
    const next = voters("//Dave");
    const announced = await asRoot("scheduleGrandpaChange", [[toHex(next[0]!.id), 1]], 2);
    await untilFinal(announced + 3);
    for (const number of [announced, announced + 1, announced + 2]) {
      expect(await isProvenBy(number, 1n, before), `block ${number - announced} after`).toBe(true);
    }
    expect(await isProvenBy(announced + 3, 2n, next)).toBe(true);
  });

  it("lets several authors take turns, each sealing its own slots", async () => {
    const authors = ["//Alice", "//Bob"].map((uri) => pairFromSuri(uri).publicKey);
    const changed = await asRoot("changeAuraAuthorities", authors.map(toHex));
    const turns = new Set<bigint>();
    // A busy machine leaves slots out, maybe always those of the same one for a while.
    for (let number = changed + 1; number <= changed + 4 || (turns.size < 2 && number <= changed + 40); number++) {
      await untilFinal(number);
      const header = await headerOf(await hashOf(number));
      expect(toHex(computeHeaderHash(header))).toBe(await hashOf(number));
      const sealed = verifyAuraSeal(header, authors, "sr25519");
      expect(sealed.ok).toBe(true);
      const slot = auraSlot(header);
      if (slot.ok) turns.add(slot.value % 2n);
    }
    expect(turns.size).toBe(2);
  });

  it("goes on without finality while the voters are nobody's, as a real chain would", async () => {
    const announced = await asRoot("scheduleGrandpaChange", [[`0x${"07".repeat(32)}`, 1]], 0);
    await until("two more blocks", async () => await hashOf(announced + 3) !== null);
    const final = await headerOf(await ask<Hex>(node.url, "chain_getFinalizedHead"));
    expect(final.number).toBe(announced);
  });
});
