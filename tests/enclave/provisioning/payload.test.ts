import { beforeAll, describe, expect, it } from "vitest";
import type { LedgerEntry } from "../../../src/enclave/duties/payout_entries.ts";
import { startPayoutLedger } from "../../../src/enclave/duties/payout_ledger.ts";
import { payoutLedger } from "../../../src/enclave/duties/payout_ledger_codec.ts";
import { encodeFrame, FRAMES } from "../../../src/enclave/provisioning/frame.ts";
import type { ProvisioningPayload } from "../../../src/enclave/provisioning/payload.ts";
import { followerState } from "../../../src/parentchain/follower_state.ts";
import { blockHash, h256 } from "../../../src/primitives/branded.ts";
import { seed } from "../../parentchain/builders.ts";
import { snapshotOf } from "../../state/builders.ts";
import {
  codeOf,
  type Fixtures,
  FOLLOWER,
  makeFixtures,
  payloadWith,
  PROVIDER_ACCOUNT,
  provision,
  reasonOf,
  viewWith,
  type WorldChange,
} from "./world.ts";

let fixtures: Fixtures;
beforeAll(async () => {
  fixtures = await makeFixtures();
});

async function given(change: Partial<ProvisioningPayload>, more: WorldChange = {}): Promise<string> {
  const payload = () => Promise.resolve(payloadWith(change));
  const { provided, received } = await provision(fixtures, { ...more, provider: { payload } });
  if (!received.ok) expect(reasonOf(provided)).toBe(received.error.code);
  return codeOf(received);
}

describe("what is handed over", () => {
  it("is refused if the state has another root than the manifest says", async () => {
    const { manifest } = payloadWith();
    expect(await given({ manifest: { ...manifest, stateRoot: h256(seed(1)) } })).toBe("SnapshotRootMismatch");
    expect(await given({ snapshot: snapshotOf([seed(1), seed(2)]) })).toBe("SnapshotRootMismatch");
  });

  it("is refused if the keys are not those of the state", async () => {
    const { secrets } = payloadWith();
    const other = { ...secrets, keys: { ...secrets.keys, pathKey: seed(9) } };
    expect(await given({ secrets: other })).toBe("SnapshotRootMismatch");
  });

  it("is refused if the manifest names no block, or one without its header", async () => {
    const { manifest } = payloadWith();
    expect(await given({ manifest: { ...manifest, blockNumber: 3n } })).toBe("ManifestInvalid");
    expect(await given({ manifest: { ...manifest, blockHash: blockHash(seed(1)) } })).toBe("ManifestInvalid");
    const late = { ...manifest, blockNumber: 3n, newestNumber: 2n };
    expect(await given({ manifest: late })).toBe("ManifestInvalid");
  });

  it("is refused if it is older than the confirmed block", async () => {
    const confirmation = { blockNumber: 1n, blockHeaderHash: blockHash(seed(1)) };
    const view = () => viewWith({ confirmation });
    expect(await given({}, { requester: { view } })).toBe("StateBehindConfirmation");
  });

  it("is refused without a payout ledger, and with one that names what somebody has signed", async () => {
    expect(await given({ payouts: new Uint8Array([1, 2, 3]) })).toBe("PayoutsMalformed");
    const entry: LedgerEntry = {
      ...{ id: 3n, beneficiary: PROVIDER_ACCOUNT, amount: 5n },
      ...{ failedIn: undefined, failures: 0, paidAt: undefined, isSetAside: false },
      signed: { eraEnd: 127, bytes: seed(1), hash: h256(seed(2)), nonce: 4, isStored: true, sentAt: 0 },
    };
    const ledger = startPayoutLedger(90, 3n);
    const own = { ...ledger, entries: [entry] };
    expect(await given({ payouts: payoutLedger.encode(own) })).toBe("PayoutsMalformed");
    const clean = payoutLedger.encode({ ...ledger, entries: [{ ...entry, signed: undefined }] });
    expect(await given({ payouts: clean })).toBe("accepted");
    // Of another version, and of the one that had none.
    expect(await given({ payouts: new Uint8Array([clean[0] as number + 1, ...clean.slice(1)]) })).toBe(
      "PayoutsMalformed",
    );
    expect(await given({ payouts: clean.slice(1) })).toBe("PayoutsMalformed");
  });

  it("is refused if its follower is of another chain or another level of finality", async () => {
    const other = { ...FOLLOWER, genesisHash: blockHash(seed(1)) };
    expect(await given({ follower: followerState.encode(other) })).toBe("FollowerMismatch");
    expect(await given({ follower: followerState.encode({ ...FOLLOWER, level: "trusted" }) })).toBe("FollowerMismatch");
    expect(await given({ follower: new Uint8Array(3) })).toBe("FollowerMismatch");
    expect(await given({}, { requester: { level: "sealed" } })).toBe("FollowerMismatch");
  });

  it("is refused if chunks are missing, doubled or changed on the way", async () => {
    const states: Uint8Array[] = [];
    const collect = (bytes: Uint8Array) => {
      if (bytes[0] === FRAMES.State.opcode) states.push(bytes);
      return bytes;
    };
    expect(await given({}, { onProviderWrite: collect })).toBe("accepted");
    const [header, first, second] = states as [Uint8Array, Uint8Array, Uint8Array];
    const replace = (at: Uint8Array, by: Uint8Array | undefined) => (bytes: Uint8Array) =>
      bytes.length === at.length && bytes.every((byte, i) => byte === at[i]) ? by : bytes;
    expect(await given({}, { onProviderWrite: replace(header, undefined) })).toBe("ChunkInvalid");
    expect(await given({}, { onProviderWrite: replace(second, undefined) })).toBe("EntryCountMismatch");
    expect(await given({}, { onProviderWrite: replace(second, first) })).toBe("EntriesNotSorted");
    const changed = first.slice();
    changed[changed.length - 1] = (changed.at(-1) as number) ^ 1;
    expect(await given({}, { onProviderWrite: replace(first, changed) })).toBe("SnapshotRootMismatch");
  });

  it("is refused if frames come in another order or a frame is malformed", async () => {
    const swap = (name: "ShieldingKey" | "StateKey" | "Payouts" | "End", by: Uint8Array) => (bytes: Uint8Array) =>
      bytes[0] === FRAMES[name].opcode ? by : bytes;
    const state = encodeFrame("StateKey", new Uint8Array(10));
    expect(await given({}, { onProviderWrite: swap("ShieldingKey", state) })).toBe("UnexpectedFrame");
    expect(await given({}, { onProviderWrite: swap("StateKey", state) })).toBe("MessageMalformed");
    expect(await given({}, { onProviderWrite: swap("Payouts", encodeFrame("End", new Uint8Array(0))) }))
      .toBe("UnexpectedFrame");
    expect(await given({}, { onProviderWrite: swap("End", state) })).toBe("UnexpectedFrame");
  });

  it("is not handed over while there is none: NotReady", async () => {
    const { provided, received } = await provision(fixtures, {
      provider: { payload: () => Promise.resolve(undefined) },
    });
    expect(codeOf(provided)).toBe("NotReady");
    expect(reasonOf(received)).toBe("NotReady");
  });

  it("counts as handed over only with a receipt of the same root", async () => {
    const receipt = (by: Uint8Array | undefined) => (bytes: Uint8Array) =>
      bytes[0] === FRAMES.Received.opcode ? by : bytes;
    const forged = await provision(fixtures, { onRequesterWrite: receipt(encodeFrame("Received", seed(1))) });
    expect(codeOf(forged.provided)).toBe("MessageMalformed");
    const lost = await provision(fixtures, { onRequesterWrite: receipt(undefined) });
    expect(codeOf(lost.provided)).toBe("ConnectionBroken");
  });
});
