/**
 * Which of the enclaves that were given the shard are to be delegates of its vault: as long as they are of the shard, and
 * until somebody took that right from them.
 *
 * @module
 */
import { bool, type Codec, struct, u32 } from "../../codec/codec.ts";
import { activeFingerprint, type ParentchainView } from "../../parentchain/view.ts";
import type { AccountId } from "../../primitives/branded.ts";
import { equalBytes } from "../../primitives/bytes.ts";
import { accountIdCodec } from "../../types/ids.ts";
import { isDelegate } from "../duties/vault.ts";

/** Parentchain blocks after its grant in which a peer need not be listed yet: two hours to receive the shard and catch up. */
export const RECENT_GRANT_BLOCKS = 1_200;

/** An attested enclave that was given the shard. */
export interface GrantedPeer {
  readonly account: AccountId;
  /** Newest parentchain block at that time. */
  readonly grantedAt: number;
  /** Whether it was seen among the vault's delegates since. */
  readonly wasDelegate: boolean;
}

/** SCALE codec of {@linkcode GrantedPeer}. */
export const grantedPeer: Codec<GrantedPeer> = struct<GrantedPeer>({
  account: accountIdCodec,
  grantedAt: u32,
  wasDelegate: bool,
});

/** Takes note of a newer view: who was a delegate and is none any more is forgotten. The same list if nothing is new. */
export function noteDelegates(granted: readonly GrantedPeer[], view: ParentchainView): readonly GrantedPeer[] {
  if (view.vault === undefined) return granted;
  const isNow = ({ account }: GrantedPeer) => isDelegate(view.vaultProxies, account);
  if (granted.every((peer) => peer.wasDelegate === isNow(peer))) return granted;
  return granted.flatMap((peer) => {
    if (isNow(peer)) return [{ ...peer, wasDelegate: true }];
    return peer.wasDelegate ? [] : [peer];
  });
}

/** Who is to be a delegate now: registered with the code in force and listed, or given the shard a short time ago. */
export function wantedDelegates(granted: readonly GrantedPeer[], view: ParentchainView): readonly AccountId[] {
  return granted.filter((peer) => isRecent(peer, view) || isMember(peer, view)).map(({ account }) => account);
}

function isRecent({ grantedAt }: GrantedPeer, { number }: ParentchainView): boolean {
  return number - grantedAt <= RECENT_GRANT_BLOCKS;
}

function isMember({ account }: GrantedPeer, view: ParentchainView): boolean {
  const active = activeFingerprint(view);
  if (active === undefined) return false;
  const registered = view.peers.find((peer) => equalBytes(peer.account, account))?.enclave;
  const isListed = view.shardStatus.some(({ signer }) => equalBytes(signer, account));
  return isListed && registered !== undefined && equalBytes(registered.mrEnclave, active);
}
