/**
 * A runtime of a few lines, for tests of the node around it: an extrinsic is account, nonce and kind, one byte each.
 *
 * @module
 */
import { bytes, bytesOf, u32, vec } from "../../src/codec/codec.ts";
import { pairFromSuri } from "../../src/crypto/suri.ts";
import { GRANDPA_ENGINE } from "../../src/parentchain/digest.ts";
import { digestItem } from "../../src/parentchain/digest.ts";
import { authorityList } from "../../src/parentchain/grandpa/authorities.ts";
import { grandpaLog } from "../../src/parentchain/grandpa/changes.ts";
import { err, ok, type Result } from "../../src/primitives/result.ts";
import type { BlockStart, RuntimePort } from "../../src/devnode/runtime/runtime_interface.ts";
import { invalid, type TransactionValidityError, type ValidTransaction } from "../../src/devnode/runtime/validity.ts";
import { computeOrderedRoot, emptyTrie, type Trie, trieGet, trieInsert, trieRoot } from "../../src/trie/trie.ts";

/** What a fake extrinsic does. */
export const KIND = {
  /** Counts the nonce up. */
  plain: 0,
  /** Is valid for the pool and turns out invalid in the block. */
  turnsInvalid: 1,
  /** Never fits a block. */
  tooBig: 2,
  /** Has a bad signature. */
  badProof: 3,
  /** Announces `//Bob` as only voter, without delay. */
  handOver: 4,
  /** Announces a voter whose key nobody has. */
  lockOut: 5,
  /** Is valid for two blocks only and never fits one. */
  shortLived: 6,
} as const;

/** A running block of the fake runtime. */
export interface FakeBlock {
  readonly start: BlockStart;
  state: Trie;
  readonly extrinsics: Uint8Array[];
  readonly logs: Uint8Array[];
}

const opaque = bytes(1000);
const INHERENT = 255;

/** An extrinsic of the fake runtime; `priority` is that of a replacement. */
export function fakeExtrinsic(account: number, nonce: number, kind: number = KIND.plain, priority = 1): Uint8Array {
  return opaque.encode(new Uint8Array([account, nonce, kind, priority]));
}

/** Length of the fake runtime's slots. */
export const FAKE_SLOT_MS = 1000;

function nonceOf(state: Trie, account: number): number {
  return trieGet(state, new Uint8Array([account]))?.[0] ?? 0;
}

function handOver(kind: number): Uint8Array {
  const id = kind === KIND.handOver ? pairFromSuri("//Bob", "ed25519").publicKey : new Uint8Array(32).fill(7);
  const change = { authorities: [{ id, weight: 1n }], delay: 0 };
  const payload = grandpaLog.encode({ type: "ScheduledChange", value: change });
  return digestItem.encode({ type: "Consensus", value: { engine: GRANDPA_ENGINE, payload } });
}

function apply(block: FakeBlock, extrinsic: Uint8Array): Result<{ ok: true }, TransactionValidityError> {
  const [account = 0, nonce = 0, kind = 0] = opaque.decode(extrinsic);
  if (account !== INHERENT) {
    const expected = nonceOf(block.state, account);
    if (nonce < expected) return err(invalid("Stale"));
    if (nonce > expected) return err(invalid("Future"));
    if (kind === KIND.turnsInvalid) return err(invalid("Payment"));
    if (kind === KIND.tooBig || kind === KIND.shortLived) return err(invalid("ExhaustsResources"));
    if (kind === KIND.handOver || kind === KIND.lockOut) block.logs.push(handOver(kind));
    block.state = trieInsert(block.state, new Uint8Array([account]), new Uint8Array([nonce + 1]));
  }
  block.extrinsics.push(extrinsic);
  return ok({ ok: true });
}

function validate(state: Trie, extrinsic: Uint8Array): Result<ValidTransaction, TransactionValidityError> {
  const [account = 0, nonce = 0, kind = 0, priority = 0] = opaque.decode(extrinsic);
  if (kind === KIND.badProof) return err(invalid("BadProof"));
  const expected = nonceOf(state, account);
  if (nonce < expected) return err(invalid("Stale"));
  return ok({
    priority: BigInt(priority),
    requires: nonce > expected ? [new Uint8Array([account, nonce - 1])] : [],
    provides: [new Uint8Array([account, nonce])],
    longevity: kind === KIND.shortLived ? 2n : 64n,
    propagate: true,
  });
}

/** Makes the runtime; `marker` makes its genesis differ from others. */
export function createFakeRuntime(
  marker = 0,
  slotDurationMs = FAKE_SLOT_MS,
  authorities: readonly string[] = ["//Alice"],
): RuntimePort<Trie, FakeBlock> {
  const authors = authorities.map((uri) => pairFromSuri(uri, "sr25519").publicKey);
  const voters = authorities.map((uri) => ({ id: pairFromSuri(uri, "ed25519").publicKey, weight: 1n }));
  const answers: Readonly<Record<string, Uint8Array>> = {
    AuraApi_authorities: vec(bytesOf(32), 32).encode(authors),
    GrandpaApi_grandpa_authorities: authorityList.encode(voters),
  };
  return {
    version: {
      specName: "fake",
      implName: "fake",
      authoringVersion: 1,
      specVersion: 1,
      implVersion: 1,
      apis: [],
      transactionVersion: 1,
      stateVersion: 1,
    },
    properties: { ss58Format: 42, tokenDecimals: 12, tokenSymbol: "FAKE" },
    slotDurationMs,
    metadataV14: new Uint8Array([1]),
    metadataV15: new Uint8Array([2]),
    buildGenesis: () => trieInsert(emptyTrie(), new Uint8Array([0xee, marker]), new Uint8Array(40)),
    initializeBlock: (state, start) => ({ start, state, extrinsics: [], logs: [] }),
    inherentExtrinsics: () => [opaque.encode(new Uint8Array([INHERENT]))],
    isBare: (extrinsic) => opaque.decode(extrinsic)[0] === INHERENT,
    applyExtrinsic: apply,
    finalizeBlock: ({ start, state, extrinsics, logs }) => ({
      state,
      header: {
        parentHash: start.parentHash,
        number: start.number,
        stateRoot: trieRoot(state, 1),
        extrinsicsRoot: computeOrderedRoot(extrinsics, 0),
        digest: [...start.digest, ...logs],
      },
    }),
    validateTransaction: (state, _hash, _source, extrinsic) => validate(state, extrinsic),
    call: (name, args, state) => {
      if (name === "AccountNonceApi_account_nonce") return ok(u32.encode(nonceOf(state, args[0] ?? 0)));
      const answer = answers[name];
      return answer === undefined ? err({ code: "UnknownFunction", name }) : ok(answer);
    },
  };
}
