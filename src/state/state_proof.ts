/**
 * Proof of single values of the private state against a state root, for clients: it shows the values asked for and
 * hides everything beside them, because siblings are hashes of salted values at hashed paths.
 *
 * A leaf names its storage key, so a value that is shown is proven to be that key's. Absence is the enclave's word in one
 * point: that the path at which nothing stands is the key's (the path key is secret).
 *
 * @module
 */
import { bytes, bytesOf, type Codec, option, struct, vec } from "../codec/codec.ts";
import { equalBytes } from "../primitives/bytes.ts";
import { toHex } from "../primitives/hex.ts";
import { err, ok, type Result } from "../primitives/result.ts";
import { treeReadProof } from "../trie/read_proof.ts";
import { type TrieProofError, verifyTrieProof } from "../trie/verify_proof.ts";
import { type SaltedValue, saltedValueOf } from "./diff.ts";
import { MAX_STORAGE_KEY_BYTES, MAX_STORAGE_VALUE_BYTES } from "./kv_store.ts";
import { computeLeaf, computePath, SALT_LENGTH } from "./leaf.ts";
import { COMMITMENT_RULES, type StateSnapshot } from "./snapshot.ts";

/** Most values of one proof: a client's screen needs a handful. */
export const MAX_STATE_PROOF_ITEMS = 64;
/** Most trie nodes of one proof: 64 hex digits a path at the most, and far fewer in any state that exists. */
export const MAX_STATE_PROOF_NODES = 64 * MAX_STATE_PROOF_ITEMS;
/** Most bytes of a node: a branch with 16 hashes and a leaf of 32 bytes stay below it. */
export const MAX_STATE_PROOF_NODE_BYTES = 1024;

/** One value, or its absence. */
export interface StateProofItem {
  readonly storageKey: Uint8Array;
  /** Where the key stands in the commitment trie, 32 bytes. */
  readonly path: Uint8Array;
  /** `undefined` if the key is absent. */
  readonly entry: SaltedValue | undefined;
}

/** Values and the trie nodes that show them. */
export interface StateReadProof {
  readonly items: readonly StateProofItem[];
  readonly nodes: readonly Uint8Array[];
}

/** SCALE codec of {@linkcode StateReadProof}. */
export const stateReadProof: Codec<StateReadProof> = struct({
  items: vec(
    struct<StateProofItem>({
      storageKey: bytes(MAX_STORAGE_KEY_BYTES),
      path: bytesOf(32),
      entry: option(struct<SaltedValue>({ salt: bytesOf(SALT_LENGTH), value: bytes(MAX_STORAGE_VALUE_BYTES) })),
    }),
    MAX_STATE_PROOF_ITEMS,
  ),
  nodes: vec(bytes(MAX_STATE_PROOF_NODE_BYTES), MAX_STATE_PROOF_NODES),
});

/** Why a state proof is refused. */
export type StateProofError =
  /** The trie nodes do not show the paths. */
  | TrieProofError
  /** The root commits to another value, or to none, or to one that the proof denies. */
  | { readonly code: "LeafMismatch"; readonly storageKey: Uint8Array }
  /** Two storage keys are said to stand at one path. */
  | { readonly code: "PathNotUnique"; readonly path: Uint8Array };

/**
 * Proves the values, or the absence, of storage keys.
 *
 * @throws {RangeError} If there are more than {@linkcode MAX_STATE_PROOF_ITEMS}.
 */
export function createStateProof(
  snapshot: StateSnapshot,
  storageKeys: readonly Uint8Array[],
  pathKey: Uint8Array,
): StateReadProof {
  if (storageKeys.length > MAX_STATE_PROOF_ITEMS) {
    throw new RangeError(`Cannot prove ${storageKeys.length} values: at most ${MAX_STATE_PROOF_ITEMS}`);
  }
  const items = storageKeys.map((storageKey) => {
    return { storageKey, path: computePath(pathKey, storageKey), entry: saltedValueOf(snapshot, storageKey) };
  });
  return { items, nodes: treeReadProof(snapshot.commitments, items.map(({ path }) => path), COMMITMENT_RULES) };
}

/** Verifies a proof and gives its values in order, `undefined` for keys proven absent. */
export function verifyStateProof(
  root: Uint8Array,
  proof: StateReadProof,
): Result<(Uint8Array | undefined)[], StateProofError> {
  const keyAt = new Map<string, Uint8Array>();
  for (const { path, storageKey } of proof.items) {
    const other = keyAt.get(toHex(path));
    if (other !== undefined && !equalBytes(other, storageKey)) return err({ code: "PathNotUnique", path });
    keyAt.set(toHex(path), storageKey);
  }
  const shown = verifyTrieProof(root, proof.nodes, proof.items.map(({ path }) => path));
  if (!shown.ok) return shown;
  for (const [i, { entry, storageKey }] of proof.items.entries()) {
    const leaf = shown.value[i];
    const isMatch = entry === undefined
      ? leaf === undefined
      : leaf !== undefined && equalBytes(leaf, computeLeaf(storageKey, entry.salt, entry.value));
    if (!isMatch) return err({ code: "LeafMismatch", storageKey });
  }
  return ok(proof.items.map(({ entry }) => entry?.value));
}
