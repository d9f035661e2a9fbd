/**
 * Strict verification of read proofs: what is shown hangs on the root, absence is shown too, and nothing is left over.
 *
 * @module
 */
import { CodecError } from "../codec/error.ts";
import { blake2_256 } from "../crypto/blake2.ts";
import { equalBytes } from "../primitives/bytes.ts";
import { toHex } from "../primitives/hex.ts";
import { err, ok, type Result } from "../primitives/result.ts";
import { emptyRoot } from "./merkle.ts";
import { type DecodedNode, decodeNode, EMPTY_NODE, HASH_LENGTH, nibbleOf } from "./node_codec.ts";

/** Most nodes of one proof: 1,000 keys at depth 16 stay below it. */
export const MAX_TRIE_PROOF_NODES = 16_384;
/** Most bytes of one proof: the largest proven values (events of a full block) are about 1 MiB. */
export const MAX_TRIE_PROOF_BYTES = 8 * 1024 * 1024;

/** Why a proof is refused. */
export type TrieProofError =
  /** More nodes or bytes than {@linkcode MAX_TRIE_PROOF_NODES} and {@linkcode MAX_TRIE_PROOF_BYTES}. */
  | { readonly code: "ProofTooLarge"; readonly nodes: number; readonly bytes: number }
  /** No node of the proof has the root's hash. */
  | { readonly code: "RootMissing"; readonly root: Uint8Array }
  /** A node on the way to a key is not there; it may have been left out or changed. */
  | { readonly code: "NodeMissing"; readonly hash: Uint8Array }
  /** The value of a key is shown by its hash only. */
  | { readonly code: "ValueMissing"; readonly hash: Uint8Array }
  /** A node with the right hash is not an encoded node, or a node of no bytes is nested in one. */
  | { readonly code: "NodeInvalid"; readonly detail: string }
  /** A node that no key needs, or one that stands twice. */
  | { readonly code: "NodeUnused"; readonly hash: Uint8Array };

/** A node of the proof and whether a key led there. */
interface ProofNode {
  readonly bytes: Uint8Array;
  readonly hash: Uint8Array;
  used: boolean;
  decoded: DecodedNode | undefined;
}

/**
 * Verifies a proof and gives the values of `keys` in their order, `undefined` for keys proven absent. Works for both
 * trie versions and for tries that mix them.
 */
export function verifyTrieProof(
  root: Uint8Array,
  proof: readonly Uint8Array[],
  keys: readonly Uint8Array[],
): Result<(Uint8Array | undefined)[], TrieProofError> {
  const size = proof.reduce((sum, node) => sum + node.length, 0);
  if (proof.length > MAX_TRIE_PROOF_NODES || size > MAX_TRIE_PROOF_BYTES) {
    return err({ code: "ProofTooLarge", nodes: proof.length, bytes: size });
  }
  const nodes = new Map<string, ProofNode>();
  for (const bytes of proof) {
    const hash = blake2_256(bytes);
    const id = toHex(hash);
    if (nodes.has(id)) return err({ code: "NodeUnused", hash });
    nodes.set(id, { bytes, hash, used: false, decoded: undefined });
  }
  const values: (Uint8Array | undefined)[] = [];
  for (const key of keys) {
    const value = findValue(root, nodes, key);
    if (!value.ok) return value;
    values.push(value.value);
  }
  for (const node of nodes.values()) if (!node.used) return err({ code: "NodeUnused", hash: node.hash });
  return ok(values);
}

function findValue(
  root: Uint8Array,
  nodes: ReadonlyMap<string, ProofNode>,
  key: Uint8Array,
): Result<Uint8Array | undefined, TrieProofError> {
  const top = nodes.get(toHex(root));
  if (top === undefined) return equalBytes(root, emptyRoot()) ? ok(undefined) : err({ code: "RootMissing", root });
  if (equalBytes(top.bytes, EMPTY_NODE)) {
    top.used = true;
    return ok(undefined);
  }
  const limit = 2 * key.length;
  let position = 0;
  let current = openNode(top);
  for (;;) {
    if (!current.ok) return current;
    const node = current.value;
    if (node.partial.length > limit - position) return ok(undefined);
    for (let i = 0; i < node.partial.length; i++) {
      if (node.partial[i] !== nibbleOf(key, position + i)) return ok(undefined);
    }
    position += node.partial.length;
    if (position === limit) return openValue(nodes, node);
    const child = node.children[nibbleOf(key, position)];
    if (child === undefined) return ok(undefined);
    position++;
    current = openChild(nodes, child);
  }
}

function openNode(node: ProofNode): Result<DecodedNode, TrieProofError> {
  node.used = true;
  if (node.decoded !== undefined) return ok(node.decoded);
  const decoded = tryDecodeNode(node.bytes);
  if (decoded.ok) node.decoded = decoded.value;
  return decoded;
}

function openChild(
  nodes: ReadonlyMap<string, ProofNode>,
  child: Uint8Array,
): Result<DecodedNode, TrieProofError> {
  if (child.length < HASH_LENGTH) return tryDecodeNode(child);
  const node = nodes.get(toHex(child));
  return node === undefined ? err({ code: "NodeMissing", hash: child }) : openNode(node);
}

function openValue(
  nodes: ReadonlyMap<string, ProofNode>,
  node: DecodedNode,
): Result<Uint8Array | undefined, TrieProofError> {
  if (node.value === undefined || node.value.type === "inline") return ok(node.value?.bytes);
  const found = nodes.get(toHex(node.value.bytes));
  if (found === undefined) return err({ code: "ValueMissing", hash: node.value.bytes });
  found.used = true;
  return ok(found.bytes);
}

function tryDecodeNode(bytes: Uint8Array): Result<DecodedNode, TrieProofError> {
  try {
    return ok(decodeNode(bytes));
  } catch (error) {
    if (error instanceof CodecError) return err({ code: "NodeInvalid", detail: error.detail });
    throw error;
  }
}
