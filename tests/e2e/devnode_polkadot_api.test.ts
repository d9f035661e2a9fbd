/** An unmodified `@polkadot/api` against the development parentchain, over a real WebSocket. */
import { decode_proof } from "@acala-network/chopsticks-executor";
import type { ApiPromise } from "@polkadot/api";
import type { KeyringPair } from "@polkadot/keyring/types";
import { u8aToHex } from "@polkadot/util";
import { blake2AsHex } from "@polkadot/util-crypto";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { type DevnodeWorker, startDevnodeWorker } from "../../src/devnode/deno/start_worker.ts";
import { grandpaJustification } from "../../src/parentchain/grandpa/justification.ts";
import { fromHex, toHex } from "../../src/primitives/hex.ts";
import { verifyTrieProof } from "../../src/trie/verify_proof.ts";
import { h256 } from "../../src/primitives/branded.ts";
import {
  ask,
  connectApi,
  devKeyring,
  PATIENCE,
  post,
  sendAndWatch,
  TEST_BLOCK_TIME_MS,
  until,
} from "./devnode_support.ts";

vi.setConfig(PATIENCE);

interface Variant {
  readonly runtime: "integritee" | "permuted";
  readonly symbol: string;
  readonly prefix: number;
  readonly unit: bigint;
  /** What each development account begins with, in smallest units. */
  readonly endowment: bigint;
}

const VARIANTS: readonly Variant[] = [
  { runtime: "integritee", symbol: "TEER", prefix: 13, unit: 10n ** 12n, endowment: 10n ** 15n },
  { runtime: "permuted", symbol: "PERM", prefix: 42, unit: 10n ** 10n, endowment: 10n ** 16n },
];

describe.each(VARIANTS)("@polkadot/api on the $runtime runtime", (variant) => {
  const { runtime, symbol, prefix, unit: UNIT, endowment } = variant;
  let node: DevnodeWorker;
  let api: ApiPromise;
  let alice: KeyringPair;
  let bob: KeyringPair;
  let charlie: KeyringPair;

  beforeAll(async () => {
    node = await startDevnodeWorker({ runtime, blockTimeMs: TEST_BLOCK_TIME_MS });
    const keyring = await devKeyring();
    [alice, bob, charlie] = ["//Alice", "//Bob", "//Charlie"].map((uri) => keyring.addFromUri(uri)) as [
      KeyringPair,
      KeyringPair,
      KeyringPair,
    ];
    api = await connectApi(node.url);
  });

  afterAll(async () => {
    await api?.disconnect();
    await node?.stop();
  });

  it("connects, knows the chain and decodes every pallet of the metadata", () => {
    expect(api.genesisHash.toHex()).toBe(node.genesisHash);
    expect(api.runtimeVersion.specName.toString()).toContain("integritee");
    expect(api.registry.chainTokens).toEqual([symbol]);
    expect(api.registry.chainSS58).toBe(prefix);
    const names = api.runtimeMetadata.asLatest.pallets.map(({ name }) => name.toString());
    for (const name of ["System", "Timestamp", "Balances", "Aura", "Grandpa", "Sudo", "Proxy", "Utility", "Teerex"]) {
      expect(names).toContain(name);
    }
    for (const name of ["TransactionPayment", "Sidechain", "EnclaveBridge"]) expect(names).toContain(name);
    for (const pallet of api.runtimeMetadata.asLatest.pallets) {
      for (const constant of pallet.constants) {
        expect(api.registry.createType(api.registry.createLookupType(constant.type), constant.value).encodedLength)
          .toBe(constant.value.length);
      }
    }
    const indexes = api.runtimeMetadata.asLatest.pallets.map(({ index }) => index.toNumber());
    expect(new Set(indexes).size).toBe(indexes.length);
    const teerex = api.runtimeMetadata.asLatest.pallets.find(({ name }) => name.toString() === "Teerex");
    if (runtime === "integritee") expect(teerex?.index.toNumber()).toBe(50);
    else expect(teerex?.index.toNumber()).not.toBe(50);
  });

  it("reads every storage item of every pallet", async () => {
    for (const [section, items] of Object.entries(api.query)) {
      for (const [name, entry] of Object.entries(items)) {
        if (section === "substrate") continue;
        const isMap = entry.creator.meta.type.isMap;
        const value = isMap ? await entry.keysPaged({ args: [], pageSize: 10 }) : await entry();
        expect(value, `${section}.${name}`).toBeDefined();
      }
    }
  });

  it("signs a transfer, watches it to finalized and sees its effect", async () => {
    const before = await api.query["system"]!["account"]!(bob.address) as unknown as AccountInfo;
    const transfer = api.tx["balances"]!["transferKeepAlive"]!(bob.address, 2n * UNIT);
    const { statuses, result } = await sendAndWatch(transfer, alice);
    expect(statuses).toEqual(["Ready", "InBlock", "Finalized"]);
    expect(result.dispatchError).toBe(undefined);
    const names = result.events.map(({ event }) => `${event.section}.${event.method}`);
    expect(names).toContain("balances.Transfer");
    expect(names).toContain("transactionPayment.TransactionFeePaid");
    expect(names.at(-1)).toBe("system.ExtrinsicSuccess");
    const after = await api.query["system"]!["account"]!(bob.address) as unknown as AccountInfo;
    expect(after.data.free.toBigInt() - before.data.free.toBigInt()).toBe(2n * UNIT);
    const block = await api.rpc.chain.getBlock(result.status.asFinalized);
    expect(block.block.header.hash.toHex()).toBe(result.status.asFinalized.toHex());
    expect(block.block.extrinsics.length).toBe(2);
    expect(block.block.extrinsics[0]?.method.section).toBe("timestamp");
    expect(block.block.extrinsics[1]?.hash.toHex()).toBe(result.txHash.toHex());
  });

  it("takes exactly the fee that it announces, by RPC and by runtime call", async () => {
    const transfer = api.tx["balances"]!["transferKeepAlive"]!(bob.address, UNIT);
    const signed = await transfer.signAsync(charlie, { era: 0 });
    const info = await ask<{ partialFee: string; class: string }>(node.url, "payment_queryInfo", signed.toHex());
    const details = await ask<{ inclusionFee: Record<string, string> }>(
      node.url,
      "payment_queryFeeDetails",
      signed.toHex(),
    );
    const parts = Object.values(details.inclusionFee).map(BigInt);
    expect(parts.reduce((sum, part) => sum + part, 0n)).toBe(BigInt(info.partialFee));
    expect((await transfer.paymentInfo(charlie, { era: 0 })).partialFee.toBigInt()).toBe(BigInt(info.partialFee));
    const before = await api.query["system"]!["account"]!(charlie.address) as unknown as AccountInfo;
    await ask(node.url, "author_submitExtrinsic", signed.toHex());
    await until("the nonce has grown", async () => {
      const account = await api.query["system"]!["account"]!(charlie.address) as unknown as AccountInfo;
      return account.nonce.toNumber() > before.nonce.toNumber();
    });
    const after = await api.query["system"]!["account"]!(charlie.address) as unknown as AccountInfo;
    expect(before.data.free.toBigInt() - after.data.free.toBigInt()).toBe(UNIT + BigInt(info.partialFee));
  });

  it("names the dispatch error of an extrinsic that fails", async () => {
    const tooMuch = api.tx["balances"]!["transferKeepAlive"]!(bob.address, 10_000_000n * UNIT);
    const { statuses, result } = await sendAndWatch(tooMuch, alice);
    expect(statuses.at(-1)).toBe("Finalized");
    expect(result.dispatchError?.isToken).toBe(true);
    expect(result.dispatchError?.asToken.type).toBe("FundsUnavailable");
    const notSudo = api.tx["sudo"]!["sudo"]!(api.tx["system"]!["remark"]!("0x00"));
    const refused = await sendAndWatch(notSudo, bob);
    expect(refused.result.dispatchError?.isModule).toBe(true);
    const error = api.registry.findMetaError(refused.result.dispatchError!.asModule);
    expect(`${error.section}.${error.name}`).toBe("sudo.RequireSudo");
  });

  it("counts the pool in system_accountNextIndex, so that a series of transactions needs no waiting", async () => {
    const first = (await api.rpc.system.accountNextIndex(alice.address)).toNumber();
    for (let i = 0; i < 5; i++) {
      const nonce = (await api.rpc.system.accountNextIndex(alice.address)).toNumber();
      expect(nonce).toBe(first + i);
      await api.tx["system"]!["remark"]!(`0x0${i}`).signAndSend(alice, { nonce });
    }
    await until("all five are included", async () => {
      const account = await api.query["system"]!["account"]!(alice.address) as unknown as AccountInfo;
      return account.nonce.toNumber() === first + 5;
    });
  });

  it("holds a transaction ahead of its nonce in future and includes it after the missing one", async () => {
    const nonce = (await api.rpc.system.accountNextIndex(bob.address)).toNumber();
    const statuses: string[] = [];
    const { promise, resolve } = Promise.withResolvers<void>();
    const later = api.tx["system"]!["remark"]!("0x22");
    const unsubscribe = await later.signAndSend(bob, { nonce: nonce + 1 }, ({ status }) => {
      statuses.push(status.type);
      if (status.isFinalized) resolve();
    });
    await until("it is future", () => statuses.length > 0);
    const [pending] = await api.rpc.author.pendingExtrinsics();
    expect(pending?.nonce.toNumber()).toBe(nonce + 1);
    await api.tx["system"]!["remark"]!("0x11").signAndSend(bob, { nonce });
    await promise;
    unsubscribe();
    expect(statuses).toEqual(["Future", "Ready", "InBlock", "Finalized"]);
  });

  it("follows new, all and finalized heads and single values by subscription", async () => {
    const seen = { new: [] as number[], all: [] as number[], final: [] as number[], now: [] as bigint[] };
    const stops = (await Promise.all([
      api.rpc.chain.subscribeNewHeads((header) => void seen.new.push(header.number.toNumber())),
      api.rpc.chain.subscribeAllHeads((header) => void seen.all.push(header.number.toNumber())),
      api.rpc.chain.subscribeFinalizedHeads((header) => void seen.final.push(header.number.toNumber())),
      api.query["timestamp"]!["now"]!((now: { toString(): string }) => void seen.now.push(BigInt(now.toString()))),
    ])) as (() => void)[];
    await until("three of each", () => Object.values(seen).every(({ length }) => length >= 3));
    for (const stop of stops) stop();
    for (const numbers of [seen.new, seen.all, seen.final]) {
      for (const [i, number] of numbers.entries()) expect(number).toBe((numbers[0] as number) + i);
    }
    for (let i = 1; i < seen.now.length; i++) {
      expect((seen.now[i] as bigint) > (seen.now[i - 1] as bigint)).toBe(true);
    }
  });

  it("calls runtime functions and queries past states with api.at", async () => {
    const authorities = await api.call["auraApi"]!["authorities"]!() as unknown as { toHex(): string }[];
    expect(authorities.map((one) => one.toHex())).toEqual([u8aToHex(alice.publicKey)]);
    const genesis = await api.at(api.genesisHash);
    const account = await genesis.query["system"]!["account"]!(alice.address) as unknown as AccountInfo;
    expect(account.data.free.toBigInt()).toBe(endowment);
    expect(account.nonce.toNumber()).toBe(0);
  });

  it("gives read proofs that our trie and sp-trie read the same, absence included", async () => {
    const [header] = [await api.rpc.chain.getHeader()];
    const keys = [
      api.query["system"]!["account"]!.key(alice.address),
      api.query["system"]!["account"]!.key("5C4hrfjw9DjXZTzV3MwzrrAr9P1MJhSrvWGWqi1eSuyUpnhM"),
      api.query["system"]!["events"]!.key(),
      api.query["grandpa"]!["authorities"]!.key(),
    ];
    const { proof } = await api.rpc.state.getReadProof(keys, header.hash);
    const nodes = proof.map((one) => one.toU8a(true));
    const verified = verifyTrieProof(h256(header.stateRoot.toU8a()), nodes, keys.map(fromHex));
    if (!verified.ok) throw new Error(verified.error.code);
    const independent = new Map(
      await decode_proof(header.stateRoot.toHex(), nodes.map((one) => u8aToHex(one))) as [string, string][],
    );
    for (const [i, key] of keys.entries()) {
      const value = verified.value[i];
      expect(value === undefined ? undefined : toHex(value)).toBe(independent.get(key));
    }
    expect(verified.value.map((value) => value !== undefined)).toEqual([true, false, true, true]);
  });

  it("gives justifications that @polkadot/types decodes and ours re-encodes to the same bytes", async () => {
    await until("block 2 is final", async () => {
      const final = await api.rpc.chain.getHeader(await api.rpc.chain.getFinalizedHead());
      return final.number.toNumber() >= 2;
    });
    const hash = await api.rpc.chain.getBlockHash(2);
    // Not by the library, whose cache may hold the block as it was before it became final.
    const json = await ask(node.url, "chain_getBlock", hash.toHex());
    const signed = api.createType("SignedBlock", json) as unknown as PolkadotSignedBlock;
    const [engine, encoded] = signed.justifications.unwrap()[0]!;
    expect(engine.toString()).toBe("FRNK");
    const bytes = encoded.toU8a(true);
    const independent = api.createType("GrandpaJustification", bytes) as unknown as PolkadotJustification;
    expect(independent.commit.targetHash.toHex()).toBe(hash.toHex());
    expect(independent.commit.targetNumber.toNumber()).toBe(2);
    expect(u8aToHex(independent.toU8a())).toBe(u8aToHex(bytes));
    expect(toHex(grandpaJustification.encode(grandpaJustification.decode(bytes)))).toBe(u8aToHex(bytes));
    const received: string[] = [];
    const stop = await api.rpc.grandpa.subscribeJustifications((one) => void received.push(one.toHex()));
    await until("a justification comes", () => received.length > 0);
    stop();
    const proof = await api.rpc.grandpa.proveFinality(1);
    expect(proof.isSome).toBe(true);
    const state = await api.rpc.grandpa.roundState();
    expect([state.setId.toNumber(), state.best.thresholdWeight.toNumber()]).toEqual([0, 1]);
  });

  it("refuses a bad signature, a stale nonce, an unpayable fee and bytes that are no extrinsic, with Substrate's codes", async () => {
    const remark = api.tx["system"]!["remark"]!("0x33");
    const nonce = (await api.rpc.system.accountNextIndex(alice.address)).toNumber();
    const signed = fromHex((await remark.signAsync(alice, { nonce })).toHex());
    const forged = signed.slice();
    forged[60] = (forged[60] as number) ^ 1;
    expect((await post(node.url, "author_submitExtrinsic", toHex(forged))).error).toEqual({
      code: 1010,
      message: "Invalid Transaction",
      data: "Transaction has a bad signature",
    });
    expect((await post(node.url, "author_submitExtrinsic", toHex(forged))).error?.code).toBe(1012);
    const stale = (await remark.signAsync(alice, { nonce: 0 })).toHex();
    expect((await post(node.url, "author_submitExtrinsic", stale)).error).toEqual({
      code: 1010,
      message: "Invalid Transaction",
      data: "Transaction is outdated",
    });
    const pauper = (await devKeyring()).addFromUri("//Pauper");
    await expect(api.tx["system"]!["remark"]!("0x44").signAndSend(pauper)).rejects.toThrow(
      "1010: Invalid Transaction: Inability to pay some fees , e.g. account balance too low",
    );
    const hex = toHex(signed);
    await ask(node.url, "author_submitExtrinsic", hex);
    expect((await post(node.url, "author_submitExtrinsic", hex)).error).toEqual({
      code: 1013,
      message: "Transaction Already Imported",
      data: blake2AsHex(signed),
    });
    expect((await post(node.url, "author_submitExtrinsic", "0x1234")).error?.code).toBe(1001);
    expect((await post(node.url, "author_submitExtrinsic", "0x0884ff")).error?.code).toBe(1002);
    expect((await post(node.url, "author_submitExtrinsic", "0xzz")).error?.code).toBe(-32602);
  });

  it("refuses an era that ended, one of another chain, and one that has not begun", async () => {
    const nonce = (await api.rpc.system.accountNextIndex(alice.address)).toNumber();
    const reasonFor = async (current: number, period: number, blockHash: string): Promise<unknown> => {
      const era = api.createType("ExtrinsicEra", { current, period });
      const signed = await api.tx["system"]!["remark"]!("0x55").signAsync(alice, { nonce, blockHash, era });
      return (await post(node.url, "author_submitExtrinsic", signed.toHex())).error?.data;
    };
    await until("block 6 is there", async () => (await api.rpc.chain.getHeader()).number.toNumber() >= 6);
    const birth = (await api.rpc.chain.getBlockHash(1)).toHex();
    // In one block of four the era of the next block begins with that block, whose hash nobody knows yet.
    await until(
      "an era that ended is refused",
      async () => await reasonFor(1, 4, birth) === "Transaction has a bad signature",
    );
    expect(await reasonFor(1, 1024, `0x${"11".repeat(32)}`)).toBe("Transaction has a bad signature");
    expect(await reasonFor(1000, 1024, birth)).toBe("Transaction has an ancient birth block");
    expect(await reasonFor(1, 1024, birth)).toBe(undefined);
  });
});

/** The part of `AccountInfo` that is used here. */
interface AccountInfo {
  readonly nonce: { toNumber(): number };
  readonly data: { readonly free: { toBigInt(): bigint } };
}

/** What `@polkadot/types` decodes a justification to. */
interface PolkadotJustification {
  readonly commit: { readonly targetHash: { toHex(): string }; readonly targetNumber: { toNumber(): number } };
  toU8a(): Uint8Array;
}

/** What `@polkadot/types` decodes a signed block to. */
interface PolkadotSignedBlock {
  readonly justifications: {
    unwrap(): (readonly [{ toString(): string }, { toU8a(isBare: boolean): Uint8Array }])[];
  };
}
