import { describe, expect, it } from "vitest";
import {
  type GrantedPeer,
  noteDelegates,
  RECENT_GRANT_BLOCKS,
  wantedDelegates,
} from "../../../src/enclave/provisioning/granted_peers.ts";
import type { ParentchainView } from "../../../src/parentchain/view.ts";
import type { AccountId } from "../../../src/primitives/branded.ts";
import { enclaveFingerprint } from "../../../src/primitives/branded.ts";
import { seed } from "../../parentchain/builders.ts";
import { FINGERPRINT, PROVIDER_ACCOUNT, registration, REQUESTER_ACCOUNT, viewWith } from "./world.ts";

const VAULT = { nonce: 0, free: 0n, reserved: 0n, frozen: 0n };
const GRANTED: GrantedPeer = { account: REQUESTER_ACCOUNT, grantedAt: 100, wasDelegate: false };

/** A view with delegates of the vault. */
function withDelegates(...accounts: readonly AccountId[]): ParentchainView {
  const vaultProxies = accounts.map((delegate) => ({ delegate, proxyType: "Any", delay: 0 }));
  return viewWith({ vault: VAULT, vaultProxies });
}

describe("noteDelegates()", () => {
  const other = { ...GRANTED, account: PROVIDER_ACCOUNT };

  it("forgets who was a delegate and is none any more, and nobody who was none yet", () => {
    const before = [GRANTED, other];
    expect(noteDelegates(before, withDelegates())).toBe(before);
    const seen = noteDelegates(before, withDelegates(REQUESTER_ACCOUNT));
    expect(seen).toEqual([{ ...GRANTED, wasDelegate: true }, other]);
    expect(noteDelegates(seen, withDelegates(REQUESTER_ACCOUNT))).toBe(seen);
    expect(noteDelegates(seen, withDelegates())).toEqual([other]);
  });

  it("takes an entry with less rights, or one that acts with delay, for none", () => {
    const entry = { delegate: REQUESTER_ACCOUNT, proxyType: "Any", delay: 0 };
    for (const change of [{ proxyType: "NonTransfer" }, { delay: 1 }]) {
      const view = viewWith({ vault: VAULT, vaultProxies: [{ ...entry, ...change }] });
      expect(noteDelegates([{ ...GRANTED, wasDelegate: true }], view)).toEqual([]);
    }
  });

  it("concludes nothing from a view that does not know the vault", () => {
    const seen = [{ ...GRANTED, wasDelegate: true }];
    expect(noteDelegates(seen, viewWith({ vault: undefined }))).toBe(seen);
  });
});

describe("wantedDelegates()", () => {
  const { shardStatus } = viewWith();
  const listed = [...shardStatus, { signer: REQUESTER_ACCOUNT, fingerprint: FINGERPRINT, lastActivity: 100 }];
  const late = { number: GRANTED.grantedAt + RECENT_GRANT_BLOCKS + 1 };
  const wanted = (change: Partial<ParentchainView>) => wantedDelegates([GRANTED], viewWith(change));

  it("names who was given the shard a short time ago, listed or not", () => {
    expect(wanted({ number: GRANTED.grantedAt + RECENT_GRANT_BLOCKS })).toEqual([REQUESTER_ACCOUNT]);
    expect(wanted(late)).toEqual([]);
  });

  it("names later on who is listed, and registered with the code in force", () => {
    expect(wanted({ ...late, shardStatus: listed })).toEqual([REQUESTER_ACCOUNT]);
    const enclave = registration(REQUESTER_ACCOUNT, { mrEnclave: enclaveFingerprint(seed(0x4e)) });
    for (
      const peers of [[], [{ account: REQUESTER_ACCOUNT, enclave: undefined }], [{
        ...{ account: REQUESTER_ACCOUNT, enclave },
      }]]
    ) {
      expect(wanted({ ...late, shardStatus: listed, peers })).toEqual([]);
    }
    expect(wanted({ ...late, shardStatus: listed, shardConfig: undefined })).toEqual([]);
  });
});
