/**
 * Who takes turns after a block.
 *
 * @module
 */
import type { AccountId, BlockHash } from "../primitives/branded.ts";
import type { ChainPoint } from "./chain_block.ts";
import type { LayerOneView } from "./layer_one_view.ts";

/** Authorities, and the parentchain block in whose state they stand. */
export interface AuthoritiesAfter {
  readonly at: BlockHash;
  /** `undefined` if that block is not known here. */
  readonly authorities: readonly AccountId[] | undefined;
}

/**
 * The authorities of the block after `parent`: those at the parentchain block that the parent knows. Where that one names
 * nobody, as between the enactment of an upgrade and the first validateer with the new code, and for the first block, whose
 * parent knows none, they are those at the block's own head: otherwise the shard would stand still for ever.
 */
export function authoritiesAfter(
  layerOne: Pick<LayerOneView, "authoritiesAt">,
  parent: ChainPoint,
  ownHead: BlockHash,
): AuthoritiesAfter {
  if (parent.type === "block") {
    const at = parent.layerOneHead.hash;
    const authorities = layerOne.authoritiesAt(at);
    if (authorities === undefined || authorities.length > 0) return { at, authorities };
  }
  return { at: ownHead, authorities: layerOne.authoritiesAt(ownHead) };
}
