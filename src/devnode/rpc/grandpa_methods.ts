/**
 * The `grandpa_*` methods, which a real integritee-node does not offer.
 *
 * Source: substrate `client/consensus/grandpa/rpc/src/lib.rs#GrandpaApi`
 *
 * @module
 */
import { toHex } from "../../primitives/hex.ts";
import { blockHash } from "../../primitives/branded.ts";
import { computeVoterSet } from "../../parentchain/grandpa/authorities.ts";
import type { ParentchainHeader } from "../../parentchain/header.ts";
import { ignoreParams, integerParam, positional } from "../../transport/params.ts";
import { RpcError } from "../../transport/rpc_error.ts";
import { setOfBlock } from "../authority_history.ts";
import type { DevChain } from "../chain.ts";
import type { StoredJustification } from "../chain_store.ts";
import { finalityProof, MAX_UNKNOWN_HEADERS } from "../grandpa.ts";
import type { PeerNetwork } from "../peers/peer_network.ts";
import type { VoteStage } from "../voting/vote.ts";
import { defineAliases, type DevMethod, type RpcNode, type Subscriber, unsubscribeMethods } from "./rpc_node.ts";

/** Code of a state of the voters that cannot be told. */
export const GRANDPA_NOT_READY = 1;
/** Code of a finality proof that cannot be made. */
export const PROVE_FINALITY_FAILED = 4;

/** The rows of the `grandpa_*` methods. */
export function grandpaMethods<Block>({ node, network }: RpcNode<Block>, subscribe: Subscriber): DevMethod[] {
  return [
    ...defineAliases(["grandpa_subscribeJustifications"], {
      summary: "Proofs of finality as they are made",
      decode: ignoreParams,
      handle: (_params, _context, call) => {
        const subscription = subscribe(call, "grandpa_justifications");
        subscription.onClose = node.listen((event) => {
          if (event.type === "justification") subscription.notify(toHex(event.bytes));
        });
        return subscription.id;
      },
    }),
    ...unsubscribeMethods(["grandpa_unsubscribeJustifications"]),
    ...defineAliases(["grandpa_proveFinality"], {
      summary: "Proof that a block is final: a justification and the headers up to it",
      paramNames: ["block"],
      cost: 50,
      decode: (params) => integerParam(positional(params, 1, 1)[0], 0xffff_ffff),
      handle: (number) => {
        const proof = proveFinality(node.chain, number);
        return proof === undefined ? null : toHex(proof);
      },
    }),
    ...defineAliases(["grandpa_roundState"], {
      summary: "Round and weights of the voters",
      decode: ignoreParams,
      handle: () => network === undefined ? roundState(node.chain) : votingState(network),
    }),
  ];
}

function proveFinality<Block>(chain: DevChain<Block>, number: number): Uint8Array | undefined {
  if (number > chain.finalizedNumber) {
    const reason = "The requested block has not yet been finalized";
    throw new RpcError(PROVE_FINALITY_FAILED, `GRANDPA prove finality rpc failed: ${reason}`);
  }
  const proof = justificationFor(chain, number);
  if (proof === undefined) return undefined;
  const hash = chain.hashOf(proof.number);
  if (hash === undefined) return undefined;
  const unknownHeaders: ParentchainHeader[] = [];
  for (let next = number + 1; next <= proof.number && unknownHeaders.length < MAX_UNKNOWN_HEADERS; next++) {
    const header = chain.header(next);
    if (header !== undefined) unknownHeaders.push(header);
  }
  return finalityProof.encode({ block: blockHash(hash), justification: proof.bytes, unknownHeaders });
}

/** Of a set that is over, the justification of its last block; of the present one, the newest there is. */
function justificationFor<Block>(chain: DevChain<Block>, number: number): StoredJustification | undefined {
  const { set, lastBlock } = setOfBlock(chain.authorities, number);
  const isOver = lastBlock !== undefined && lastBlock <= chain.finalizedNumber;
  const last = isOver ? lastBlock : chain.finalizedNumber;
  return chain.newestJustification(isOver ? lastBlock : set.firstBlock, last);
}

/** State of the next round: nobody has voted in it yet, since every round ends with its block. */
function roundState<Block>(chain: DevChain<Block>): unknown {
  const next = chain.finalizedNumber + 1;
  const { set } = setOfBlock(chain.authorities, next);
  const voters = computeVoterSet(set.authorities);
  if (voters === undefined) throw new RpcError(GRANDPA_NOT_READY, "GRANDPA RPC endpoint not ready");
  const missing = [...voters.weights.keys()];
  const votes = { currentWeight: 0, missing };
  return {
    setId: Number(set.setId),
    best: {
      round: next - set.firstBlock + 1,
      totalWeight: Number(voters.totalWeight),
      thresholdWeight: Number(voters.threshold),
      prevotes: votes,
      precommits: votes,
    },
    background: [],
  };
}

/** State of the round that this node is in. */
function votingState<Block>({ voting }: PeerNetwork<Block>): unknown {
  const { voter } = voting;
  const { voters, tally } = voter.roundState();
  const votes = (stage: VoteStage) => ({ currentWeight: Number(tally.weight(stage)), missing: tally.missing(stage) });
  return {
    setId: Number(voter.setId),
    best: {
      round: Number(voter.round),
      totalWeight: Number(voters.totalWeight),
      thresholdWeight: Number(voters.threshold),
      prevotes: votes("prevote"),
      precommits: votes("precommit"),
    },
    background: [],
  };
}
