/**
 * Whether the parentchain supports a peer that has proven what it is: registered under the same signer and measurement,
 * and of this shard.
 *
 * @module
 */
import type { ProvisioningRole } from "../../attestation/claim.ts";
import { activeShardConfig, type ParentchainView } from "../../parentchain/view.ts";
import { isViewOld } from "../../parentchain/view_age.ts";
import type { AccountId, EnclaveFingerprint } from "../../primitives/branded.ts";
import { equalBytes } from "../../primitives/bytes.ts";
import { err, ok, type Result } from "../../primitives/result.ts";
import type { SgxEnclave } from "../../types/multi_enclave.ts";
import type { RegistrationError } from "./provisioning_error.ts";

/** The peer as its evidence names it. */
export interface AttestedPeer {
  readonly role: ProvisioningRole;
  readonly account: AccountId;
  readonly fingerprint: EnclaveFingerprint;
}

/** How an enclave has shown the parentchain what it is; `Skip`: not at all. */
export type RegistrationMethod = SgxEnclave["attestationMethod"]["type"];

/** The newest proven view, if it is recent enough to decide on. */
export function freshView(
  view: ParentchainView | undefined,
  nowMs: number,
): Result<ParentchainView, RegistrationError> {
  if (view === undefined) return err({ code: "ParentchainUnknown" });
  return isViewOld(view, nowMs) ? err({ code: "ParentchainViewOld" }) : ok(view);
}

/** Checks a peer against the newest proven view; gives how it is registered. */
export function verifyRegistration(
  view: ParentchainView,
  peer: AttestedPeer,
  allowSkip: boolean,
): Result<RegistrationMethod, RegistrationError> {
  const found = view.peers.find(({ account }) => equalBytes(account, peer.account));
  if (found === undefined) return err({ code: "RegistrationUnread" });
  if (found.enclave === undefined) return err({ code: "PeerNotRegistered" });
  const registered = verifyEntry(found.enclave, peer, allowSkip);
  if (!registered.ok) return registered;
  const supported = peer.role === "requester" ? verifyAdmission(view, peer) : verifyListed(view, peer);
  return supported.ok ? ok(found.enclave.attestationMethod.type) : supported;
}

function verifyEntry(
  enclave: SgxEnclave,
  peer: AttestedPeer,
  allowSkip: boolean,
): Result<undefined, RegistrationError> {
  const { attestationMethod: method } = enclave;
  if (!equalBytes(enclave.mrEnclave, peer.fingerprint)) return err({ code: "RegistrationFingerprintMismatch" });
  const isProxied = method.type !== "Ias" && method.value.proxied;
  if (isProxied || !equalBytes(enclave.reportData.subarray(0, 32), peer.account)) {
    return err({ code: "RegistrationSignerMismatch" });
  }
  if (enclave.buildMode !== "Production") return err({ code: "RegistrationDebug" });
  return method.type === "Skip" && !allowSkip ? err({ code: "SkipAttestationNotAllowed" }) : ok(undefined);
}

/** Who may join. The pallet stores both limits without holding to them. */
function verifyAdmission(view: ParentchainView, { account }: AttestedPeer): Result<undefined, RegistrationError> {
  const config = activeShardConfig(view);
  const { authorities, maxInstances } = config ?? {};
  if (authorities !== undefined && !authorities.some((listed) => equalBytes(listed, account))) {
    return err({ code: "PeerNotAuthorised" });
  }
  const isListed = view.shardStatus.some(({ signer }) => equalBytes(signer, account));
  if (maxInstances !== undefined && !isListed && view.shardStatus.length >= maxInstances) {
    return err({ code: "ShardFull" });
  }
  return ok(undefined);
}

/** Who may hand the shard over. */
function verifyListed(
  view: ParentchainView,
  { account, fingerprint }: AttestedPeer,
): Result<undefined, RegistrationError> {
  const isListed = view.shardStatus.some((entry) =>
    equalBytes(entry.signer, account) && equalBytes(entry.fingerprint, fingerprint)
  );
  return isListed ? ok(undefined) : err({ code: "ProviderNotListed" });
}
