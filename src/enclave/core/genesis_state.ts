/**
 * The first state of a shard that this enclave founds.
 *
 * @module
 */
import type { FollowerState } from "../../parentchain/follower_state.ts";
import { SidechainChain } from "../../sidechain/chain.ts";
import { createGenesis } from "../../sidechain/chain_block.ts";
import { commitOverlay } from "../../state/diff.ts";
import { Overlay } from "../../state/overlay.ts";
import { StateSnapshot } from "../../state/snapshot.ts";
import { initGenesis } from "../../stf/genesis.ts";
import type { EnclaveSetup } from "./setup.ts";

/** A chain that begins with a fresh state at the follower's start. @throws {RangeError} On a wrong slot duration. */
export function createGenesisChain(setup: EnclaveSetup, follower: FollowerState): SidechainChain {
  const overlay = new Overlay(StateSnapshot.empty());
  initGenesis(overlay, {
    enclaveAccount: setup.enclaveAccount,
    parentchains: [{
      id: "Integritee",
      genesisHash: follower.genesisHash,
      creationBlockNumber: follower.contentFrom,
    }],
    shardVault: setup.ownVault.vault,
    slotDurationMs: setup.config.slotDurationMs,
    development: setup.config.testGenesis,
  });
  const { snapshot } = commitOverlay(StateSnapshot.empty(), overlay, 0n, setup.stateKeys);
  return new SidechainChain(createGenesis(snapshot, { hash: follower.head.hash, number: follower.head.number }));
}
