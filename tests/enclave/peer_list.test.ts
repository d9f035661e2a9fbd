import { describe, expect, it } from "vitest";
import { MAX_PEER_URLS } from "../../src/enclave/api/limits.ts";
import { PeerList } from "../../src/enclave/core/peer_list.ts";
import type { ParentchainView } from "../../src/parentchain/view.ts";
import { accountId, enclaveFingerprint } from "../../src/primitives/branded.ts";
import { utf8 } from "../../src/primitives/bytes.ts";

const account = (n: number) => accountId(new Uint8Array(32).fill(n));

/** A view in which these are listed, and the registrations of others were read; an absent url is none. */
function view(listed: readonly number[], read: readonly (readonly [number, string | Uint8Array | undefined])[]) {
  const fingerprint = enclaveFingerprint(new Uint8Array(32));
  const partial = {
    shardStatus: listed.map((n) => ({ signer: account(n), fingerprint, lastActivity: 1 })),
    peers: read.map(([n, url]) => ({
      account: account(n),
      enclave: url === undefined ? undefined : { url: typeof url === "string" ? utf8(url) : url },
    })),
  };
  // Nothing else of a view is looked at.
  return partial as unknown as ParentchainView;
}

const told = (list: PeerList, seen: ParentchainView) =>
  list.note(seen).map((effect) => effect.type === "peers" ? effect.value : effect.type);

describe("PeerList", () => {
  it("tells the endpoints of the listed validateers in their order, and only when they change", () => {
    const list = new PeerList();
    const seen = view([3, 1, 2], [[2, "wss://b:1"], [3, "wss://a:1"], [9, "wss://not-listed:1"]]);
    expect(told(list, seen)).toEqual([["wss://a:1", "wss://b:1"]]);
    expect(told(list, seen)).toEqual([]);
    expect(list.note(undefined)).toEqual([]);
    expect(told(list, view([2], [[2, "wss://b:1"], [3, "wss://a:1"]]))).toEqual([["wss://b:1"]]);
  });

  it("keeps the endpoint of a validateer that was not asked for, and drops that of one without registration", () => {
    const list = new PeerList();
    expect(told(list, view([1, 2], [[1, "wss://a:1"], [2, "wss://b:1"]]))).toHaveLength(1);
    expect(told(list, view([1, 2], []))).toEqual([]);
    expect(told(list, view([1, 2], [[1, undefined]]))).toEqual([["wss://b:1"]]);
    expect(told(list, view([1], []))).toEqual([[]]);
  });

  it("passes over what is no text, names an endpoint once, and tells no more than the boundary carries", () => {
    const list = new PeerList();
    const strange = view([1, 2, 3], [[1, new Uint8Array([0xff])], [2, "wss://b:1"], [3, "wss://b:1"]]);
    expect(told(list, strange)).toEqual([["wss://b:1"]]);
    const many = Array.from({ length: MAX_PEER_URLS + 5 }, (_, i) => i);
    expect(told(list, view(many, many.map((i) => [i, `wss://h${i}:1`])))[0]).toHaveLength(MAX_PEER_URLS);
  });
});
