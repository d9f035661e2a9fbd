/**
 * The binary merkle root over call hashes that confirms a processed parentchain block.
 *
 * Source: worker `enclave-runtime` uses crate `binary-merkle-tree` with Keccak-256 (839eda024)
 * Vectors: `tests/crypto/vectors/merkle.json`
 *
 * @module
 */
import { concatBytes } from "../primitives/bytes.ts";
import { type H256, h256 } from "../primitives/branded.ts";
import { keccak_256 } from "./keccak.ts";

/** Root of the tree: leaves are hashed first, an odd last node moves up as it is, no leaves give 32 zero bytes. */
export function keccakMerkleRoot(leaves: readonly Uint8Array[]): H256 {
  let level: readonly H256[] = leaves.map(keccak_256);
  while (level.length > 1) level = parents(level);
  return level[0] ?? h256(new Uint8Array(32));
}

function parents(level: readonly H256[]): readonly H256[] {
  const above: H256[] = [];
  for (let i = 0; i < level.length; i += 2) {
    const left = level[i] as H256;
    const right = level[i + 1];
    above.push(right === undefined ? left : keccak_256(concatBytes(left, right)));
  }
  return above;
}
