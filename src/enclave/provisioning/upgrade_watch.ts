/**
 * Which measurements may get the shard's keys, by what the parentchain shows: the own one, and after an upgrade the new
 * one, if everybody could see it coming for long enough.
 *
 * @module
 */
import { type Codec, struct, u32 } from "../../codec/codec.ts";
import { activeFingerprint, type ParentchainView } from "../../parentchain/view.ts";
import type { EnclaveFingerprint } from "../../primitives/branded.ts";
import { equalBytes } from "../../primitives/bytes.ts";
import { enclaveFingerprintCodec } from "../../types/ids.ts";

/** Since when the shard's configuration names a measurement as the next, or as the present one. */
export interface UpgradeWatch {
  readonly fingerprint: EnclaveFingerprint;
  /** Parentchain block in whose state it was first seen. */
  readonly firstSeenAt: number;
  /** Newest parentchain block in whose state it was seen: in all of them since the first. */
  readonly lastSeenAt: number;
}

/** SCALE codec of {@linkcode UpgradeWatch}. */
export const upgradeWatch: Codec<UpgradeWatch> = struct<UpgradeWatch>({
  fingerprint: enclaveFingerprintCodec,
  firstSeenAt: u32,
  lastSeenAt: u32,
});

/**
 * Takes note of a newer view. Another announced measurement starts anew, and so does the same one after views that were
 * missed: nobody knows what was announced in between.
 */
export function watchUpgrade(watch: UpgradeWatch | undefined, view: ParentchainView): UpgradeWatch | undefined {
  const config = view.shardConfig;
  if (config === undefined) return undefined;
  const { enclaveFingerprint: fingerprint } = config.pendingUpgrade ?? config.activeConfig;
  const isKnown = watch !== undefined && equalBytes(watch.fingerprint, fingerprint);
  // A chain that went back has shown it later than was thought.
  const goesOn = isKnown && watch.firstSeenAt <= view.number && view.number <= watch.lastSeenAt + 1;
  return { fingerprint, firstSeenAt: goesOn ? watch.firstSeenAt : view.number, lastSeenAt: view.number };
}

/** What the rule depends on. */
export interface FingerprintRule {
  readonly view: ParentchainView;
  /** Measurement of this enclave. */
  readonly own: EnclaveFingerprint;
  readonly watch: UpgradeWatch | undefined;
  /** Blocks for which an upgrade must have been visible. */
  readonly minVisibleBlocks: number;
}

/** Measurements to which a provider hands the shard over: the one in force, if it is its own or was visible for long. */
export function acceptedRequesters(rule: FingerprintRule): readonly EnclaveFingerprint[] {
  const { view, own, watch, minVisibleBlocks } = rule;
  const active = activeFingerprint(view) ?? own;
  if (equalBytes(active, own)) return [own];
  const isVisible = watch !== undefined && equalBytes(watch.fingerprint, active) &&
    view.number - watch.firstSeenAt >= minVisibleBlocks;
  return isVisible ? [active] : [];
}

/** Measurements from which a requester takes the shard: its own, and those under which validateers of the shard are listed. */
export function acceptedProviders({ view, own }: FingerprintRule): readonly EnclaveFingerprint[] {
  return [own, ...view.shardStatus.map(({ fingerprint }) => fingerprint)];
}
