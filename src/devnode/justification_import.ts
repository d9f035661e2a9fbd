/**
 * Checking a proof of finality that others made.
 *
 * @module
 */
import { tryDecode } from "../codec/codec.ts";
import { grandpaJustification } from "../parentchain/grandpa/justification.ts";
import { type JustificationError, verifyJustification } from "../parentchain/grandpa/verify.ts";
import type { BlockHash } from "../primitives/branded.ts";
import { equalBytes } from "../primitives/bytes.ts";
import { err, ok, type Result } from "../primitives/result.ts";
import { type AuthorityHistory, setOfBlock } from "./authority_history.ts";
import type { BlockTree, TreeBlock } from "./block_tree.ts";

/** Why a proof of finality is not taken. */
export type FinalityError =
  /** The bytes are no justification. */
  | { readonly code: "Undecodable" }
  /** Its block is final, or below one that is. */
  | { readonly code: "AlreadyFinal" }
  /** Its block is not here. */
  | { readonly code: "UnknownTarget"; readonly number: number; readonly hash: BlockHash }
  /** The voters of the present set cannot prove its block: another set follows before. */
  | { readonly code: "BeyondSet"; readonly lastBlock: number }
  /** It proves nothing. */
  | { readonly code: "Unproven"; readonly cause: JustificationError["code"] }
  /** It proves a block final that contradicts a final one: a third of the voters broke the protocol. */
  | { readonly code: "ConflictingFinality"; readonly number: number };

/** What is asked of the chain. */
export interface FinalChain {
  readonly tree: BlockTree;
  readonly finalizedNumber: number;
  readonly authorities: AuthorityHistory;
  readonly hashOf: (number: number) => BlockHash | undefined;
}

/** Verifies that a justification makes a block of the tree final that is not yet; the answer is that block. */
export function verifyFinality(chain: FinalChain, bytes: Uint8Array): Result<TreeBlock, FinalityError> {
  const decoded = tryDecode(grandpaJustification, bytes);
  if (!decoded.ok) return err({ code: "Undecodable" });
  const { targetNumber: number, targetHash: hash } = decoded.value;
  if (number <= chain.finalizedNumber) return err(checkFinal(chain, bytes, number, hash));
  const target = chain.tree.get(hash);
  if (target === undefined || target.number !== number) return err({ code: "UnknownTarget", number, hash });
  const { set, lastBlock } = setOfBlock(target.authorities, chain.finalizedNumber + 1);
  if (lastBlock !== undefined && number > lastBlock) return err({ code: "BeyondSet", lastBlock });
  const verified = verifyJustification(bytes, { number, hash }, set);
  return verified.ok ? ok(target) : err({ code: "Unproven", cause: verified.error.code });
}

function checkFinal(chain: FinalChain, bytes: Uint8Array, number: number, hash: BlockHash): FinalityError {
  const known = chain.hashOf(number);
  if (known === undefined || equalBytes(known, hash)) return { code: "AlreadyFinal" };
  const { set } = setOfBlock(chain.authorities, number);
  const verified = verifyJustification(bytes, { number, hash }, set);
  return verified.ok ? { code: "ConflictingFinality", number } : { code: "Unproven", cause: verified.error.code };
}
