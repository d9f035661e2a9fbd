/**
 * What the node itself asks its runtime by name.
 *
 * @module
 */
import { bytesOf, vec } from "../codec/codec.ts";
import { type AuthorityList, authorityList } from "../parentchain/grandpa/authorities.ts";
import type { Trie } from "../trie/trie.ts";
import type { RuntimePort } from "./runtime/runtime_interface.ts";

/** Most Aura authorities, `MaxAuthorities` of integritee-node's runtime. */
export const MAX_AURA_AUTHORITIES = 32;

/** A state and the hash of the block that left it. */
export interface StateOfBlock {
  readonly state: Trie;
  readonly hash: Uint8Array;
}

const NO_ARGUMENTS = new Uint8Array(0);
const authorityKeys = vec(bytesOf(32), MAX_AURA_AUTHORITIES);

/** Calls a function that every runtime of this node has. @throws {TypeError} If this one has not. */
export function callRuntime<Block>(
  runtime: RuntimePort<Trie, Block>,
  name: string,
  at: StateOfBlock,
  args: Uint8Array = NO_ARGUMENTS,
): Uint8Array {
  const answer = runtime.call(name, args, at.state, at.hash);
  if (!answer.ok) throw new TypeError(`Cannot call "${name}" of the runtime: ${answer.error.code}`);
  return answer.value;
}

/** Who authors after a block, in order of slots. */
export function auraAuthorities<Block>(runtime: RuntimePort<Trie, Block>, at: StateOfBlock): readonly Uint8Array[] {
  return authorityKeys.decode(callRuntime(runtime, "AuraApi_authorities", at));
}

/** Who votes after a block. */
export function grandpaAuthorities<Block>(runtime: RuntimePort<Trie, Block>, at: StateOfBlock): AuthorityList {
  return authorityList.decode(callRuntime(runtime, "GrandpaApi_grandpa_authorities", at));
}
