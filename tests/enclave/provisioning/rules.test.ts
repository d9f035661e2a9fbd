import { describe, expect, it } from "vitest";
import { freshView, verifyRegistration } from "../../../src/enclave/provisioning/registration_check.ts";
import {
  acceptedProviders,
  acceptedRequesters,
  type UpgradeWatch,
  watchUpgrade,
} from "../../../src/enclave/provisioning/upgrade_watch.ts";
import { MAX_VIEW_AGE_MS } from "../../../src/parentchain/view_age.ts";
import type { ParentchainView } from "../../../src/parentchain/view.ts";
import { enclaveFingerprint } from "../../../src/primitives/branded.ts";
import { concatBytes } from "../../../src/primitives/bytes.ts";
import type { SgxEnclave } from "../../../src/types/multi_enclave.ts";
import { NOW_MS } from "../../attestation/quote_builder.ts";
import { seed } from "../../parentchain/builders.ts";
import { FINGERPRINT, PROVIDER_ACCOUNT, registration, REQUESTER_ACCOUNT, viewWith } from "./world.ts";

const NEW = enclaveFingerprint(seed(0x4e));
const config = viewWith().shardConfig?.activeConfig as NonNullable<ParentchainView["shardConfig"]>["activeConfig"];
const upgraded = { ...config, enclaveFingerprint: NEW };

/** The shard with an upgrade that is pending, or stored as active, at a block. */
function upgradeView(number: number, stage: "before" | "pending" | "active", upgradeAt = 200): ParentchainView {
  const none = { pendingUpgrade: undefined, upgradeAt: undefined };
  if (stage === "before") return viewWith({ number, shardConfig: { activeConfig: config, ...none } });
  if (stage === "active") return viewWith({ number, shardConfig: { activeConfig: upgraded, ...none } });
  return viewWith({ number, shardConfig: { activeConfig: config, pendingUpgrade: upgraded, upgradeAt } });
}

/** Looks at each view until the next one is due. */
function watchOver(...views: readonly ParentchainView[]): UpgradeWatch | undefined {
  const all = views.flatMap((view, i) => {
    const until = Math.max(view.number + 1, views[i + 1]?.number ?? 0);
    return Array.from({ length: until - view.number }, (_, age) => ({ ...view, number: view.number + age }));
  });
  return all.reduce<UpgradeWatch | undefined>(watchUpgrade, undefined);
}

function accepted(watch: UpgradeWatch | undefined, view: ParentchainView, minVisibleBlocks = 50) {
  return acceptedRequesters({ view, own: FINGERPRINT, watch, minVisibleBlocks });
}

describe("the fingerprint rule", () => {
  it("accepts the own measurement while it is in force, also before the shard is created", () => {
    expect(accepted(undefined, upgradeView(100, "before"))).toEqual([FINGERPRINT]);
    expect(accepted(undefined, viewWith({ shardConfig: undefined }))).toEqual([FINGERPRINT]);
    expect(watchUpgrade(undefined, viewWith({ shardConfig: undefined }))).toBeUndefined();
  });

  it("accepts the new measurement from its enactment on, if it was visible for the minimum", () => {
    const watch = watchOver(upgradeView(100, "before"), upgradeView(150, "pending"));
    expect(watch).toEqual({ fingerprint: NEW, firstSeenAt: 150, lastSeenAt: 150 });
    expect(accepted(watch, upgradeView(199, "pending"))).toEqual([FINGERPRINT]);
    expect(accepted(watch, upgradeView(200, "pending"))).toEqual([NEW]);
    expect(accepted(watch, upgradeView(200, "pending"), 51)).toEqual([]);
    expect(accepted(watch, upgradeView(201, "pending"), 51)).toEqual([NEW]);
  });

  it("goes on when the pallet moves the pending configuration to the active one", () => {
    const watch = watchOver(upgradeView(150, "pending"), upgradeView(205, "active"));
    expect(accepted(watch, upgradeView(205, "active"))).toEqual([NEW]);
  });

  it("refuses an upgrade that came without delay until it was visible for the minimum", () => {
    const watch = watchOver(upgradeView(100, "before"), upgradeView(101, "active"));
    expect(accepted(watch, upgradeView(150, "active"))).toEqual([]);
    expect(accepted(watch, upgradeView(151, "active"))).toEqual([NEW]);
  });

  it("counts anew when another upgrade replaces the announced one, or the chain went back", () => {
    const third = { ...config, enclaveFingerprint: enclaveFingerprint(seed(3)) };
    const replaced = viewWith({
      number: 180,
      shardConfig: { activeConfig: config, pendingUpgrade: third, upgradeAt: 200 },
    });
    expect(watchOver(upgradeView(150, "pending"), replaced)?.firstSeenAt).toBe(180);
    expect(watchOver(upgradeView(150, "pending"), upgradeView(140, "pending"))?.firstSeenAt).toBe(140);
  });

  it("starts anew after views that were missed: the upgrade may have been taken back in between", () => {
    const watch = watchOver(upgradeView(150, "pending"));
    expect(watchUpgrade(watch, upgradeView(151, "pending"))).toMatchObject({ firstSeenAt: 150, lastSeenAt: 151 });
    expect(watchUpgrade(watch, upgradeView(152, "pending"))).toMatchObject({ firstSeenAt: 152, lastSeenAt: 152 });
  });

  it("lets a requester take the shard from its own code and from code that the shard's validateers run", () => {
    const view = viewWith();
    expect(acceptedProviders({ view, own: NEW, watch: undefined, minVisibleBlocks: 1 })).toEqual([NEW, FINGERPRINT]);
  });
});

const requester = { role: "requester", account: REQUESTER_ACCOUNT, fingerprint: FINGERPRINT } as const;
const provider = { role: "provider", account: PROVIDER_ACCOUNT, fingerprint: FINGERPRINT } as const;

function registered(change: Partial<SgxEnclave> | undefined, more: Partial<ParentchainView> = {}): ParentchainView {
  const enclave = change === undefined ? undefined : registration(REQUESTER_ACCOUNT, change);
  return viewWith({ peers: [{ account: REQUESTER_ACCOUNT, enclave }], ...more });
}

function codeOf(
  view: ParentchainView,
  peer: Parameters<typeof verifyRegistration>[1] = requester,
  skip = false,
) {
  const verified = verifyRegistration(view, peer, skip);
  return verified.ok ? "accepted" : verified.error.code;
}

describe("freshView()", () => {
  const judged = (view: ParentchainView | undefined, nowMs: number) => {
    const fresh = freshView(view, nowMs);
    return fresh.ok ? "fresh" : fresh.error.code;
  };

  it("reports a view that is too old to decide on, and that there is none", () => {
    expect(judged(viewWith(), NOW_MS + MAX_VIEW_AGE_MS)).toBe("fresh");
    expect(judged(viewWith(), NOW_MS + MAX_VIEW_AGE_MS + 1)).toBe("ParentchainViewOld");
    expect(judged(undefined, NOW_MS)).toBe("ParentchainUnknown");
  });
});

describe("verifyRegistration()", () => {
  it("accepts a registered requester and a listed provider", () => {
    expect(codeOf(viewWith())).toBe("accepted");
    expect(codeOf(viewWith(), provider)).toBe("accepted");
  });

  it("reports what the registry does not support", () => {
    expect(codeOf(viewWith({ peers: [] }))).toBe("RegistrationUnread");
    expect(codeOf(registered(undefined))).toBe("PeerNotRegistered");
    expect(codeOf(registered({ mrEnclave: NEW }))).toBe("RegistrationFingerprintMismatch");
    expect(codeOf(registered({ reportData: concatBytes(PROVIDER_ACCOUNT, seed(0)) }))).toBe(
      "RegistrationSignerMismatch",
    );
    const proxied = { type: "Dcap", value: { proxied: true } } as const;
    expect(codeOf(registered({ attestationMethod: proxied }))).toBe("RegistrationSignerMismatch");
    expect(codeOf(registered({ buildMode: "Debug" }))).toBe("RegistrationDebug");
  });

  it("reports SkipAttestationNotAllowed outside of development only", () => {
    const view = registered({ attestationMethod: { type: "Skip", value: { proxied: false } }, status: "Invalid" });
    expect(codeOf(view)).toBe("SkipAttestationNotAllowed");
    expect(codeOf(view, requester, true)).toBe("accepted");
  });

  it("reports who may not join by the shard's configuration", () => {
    const withConfig = (change: Partial<typeof config>) =>
      viewWith({
        shardConfig: { activeConfig: { ...config, ...change }, pendingUpgrade: undefined, upgradeAt: undefined },
      });
    expect(codeOf(withConfig({ authorities: [PROVIDER_ACCOUNT] }))).toBe("PeerNotAuthorised");
    expect(codeOf(withConfig({ authorities: [PROVIDER_ACCOUNT, REQUESTER_ACCOUNT] }))).toBe("accepted");
    expect(codeOf(withConfig({ maxInstances: 1 }))).toBe("ShardFull");
    expect(codeOf(withConfig({ maxInstances: 2 }))).toBe("accepted");
    const shardStatus = [{ signer: REQUESTER_ACCOUNT, fingerprint: FINGERPRINT, lastActivity: 1 }];
    expect(codeOf({ ...withConfig({ maxInstances: 1 }), shardStatus })).toBe("accepted");
  });

  it("reports ProviderNotListed when the shard has no such validateer, or one with other code", () => {
    expect(codeOf(viewWith({ shardStatus: [] }), provider)).toBe("ProviderNotListed");
    const shardStatus = [{ signer: PROVIDER_ACCOUNT, fingerprint: NEW, lastActivity: 1 }];
    expect(codeOf(viewWith({ shardStatus }), provider)).toBe("ProviderNotListed");
  });
});
