/**
 * Why provisioning did not happen. Each refusal has a code of its own, which is logged, and told to the peer.
 *
 * @module
 */
import type { ClaimError } from "../../attestation/evidence.ts";
import type { SnapshotChunkError } from "../../state/snapshot_chunks.ts";

/** The bytes of the connection are not those of the protocol. */
export type FrameError =
  /** The connection ended or broke. */
  | { readonly code: "ConnectionBroken" }
  /** The peer was silent for too long. */
  | { readonly code: "ConnectionTimedOut" }
  /** The connection ended inside a frame. */
  | { readonly code: "FrameTruncated" }
  /** A frame announces more bytes than its opcode may have. */
  | { readonly code: "FrameTooLarge"; readonly opcode: number }
  /** No frame has this opcode. */
  | { readonly code: "UnknownOpcode"; readonly opcode: number }
  /** The frame does not belong here. */
  | { readonly code: "UnexpectedFrame"; readonly opcode: number }
  /** A frame's content is malformed. */
  | { readonly code: "MessageMalformed"; readonly opcode: number };

/** The two ends do not want the same. */
export type HelloError =
  /** The peer speaks another version of the protocol. */
  | { readonly code: "VersionUnsupported" }
  /** The peer is of another shard. */
  | { readonly code: "WrongShard" }
  /** The peer follows another parentchain. */
  | { readonly code: "WrongParentchain" }
  /** The provider has no shard to hand over yet. */
  | { readonly code: "NotReady" }
  /** The provider could not store to whom it gives the shard. */
  | { readonly code: "PeerNotStored" }
  /** The own platform gives no quote. */
  | { readonly code: "QuoteUnavailable" };

/** The peer's evidence does not hold for this connection. */
export type PeerEvidenceError =
  | Exclude<ClaimError, { readonly code: "SignerUnbound" }>
  /** The peer showed no certificate. */
  | { readonly code: "CertificateMissing" }
  /** The peer's certificate is no self-signed P-256 certificate of version 3. */
  | { readonly code: "PeerCertificateMalformed" }
  /** The account that the peer declared is not the one that its quote or its statement names. */
  | { readonly code: "AccountNotAttested" }
  /** The evidence answers another nonce than this connection's. */
  | { readonly code: "EvidenceReplayed" }
  /** The evidence is older than {@linkcode MAX_EVIDENCE_AGE_MS}, or from the future. */
  | { readonly code: "EvidenceExpired" }
  /** The evidence is about another certificate than the connection's. */
  | { readonly code: "CertificateUnbound" }
  /** The evidence is about another TLS session. */
  | { readonly code: "ChannelUnbound" }
  /** The evidence is that of the other role: one's own, sent back. */
  | { readonly code: "RoleMismatch" }
  /** The account did not sign the statement. */
  | { readonly code: "StatementSignatureInvalid" };

/** The parentchain does not support the peer. */
export type RegistrationError =
  /** Nothing is known of the parentchain yet. */
  | { readonly code: "ParentchainUnknown" }
  /** What is known of the parentchain is too old to decide on: who may have the shard may have changed. */
  | { readonly code: "ParentchainViewOld" }
  /** The registration of this account has not been read yet: it is asked for with the next parentchain block. */
  | { readonly code: "RegistrationUnread" }
  /** The parentchain does not know the account. */
  | { readonly code: "PeerNotRegistered" }
  /** The account is registered with another measurement than its quote's. */
  | { readonly code: "RegistrationFingerprintMismatch" }
  /** The registration is about another signer, or was made by somebody else. */
  | { readonly code: "RegistrationSignerMismatch" }
  /** The registration is that of a debug build. */
  | { readonly code: "RegistrationDebug" }
  /** The registration skipped attestation, which counts in development only. */
  | { readonly code: "SkipAttestationNotAllowed" }
  /** The shard's configuration lists who may take part, and not this account. */
  | { readonly code: "PeerNotAuthorised" }
  /** The shard has as many validateers as its configuration allows. */
  | { readonly code: "ShardFull" }
  /** The provider is not among the shard's validateers. */
  | { readonly code: "ProviderNotListed" };

/** What was handed over cannot be used. */
export type PayloadError =
  | SnapshotChunkError
  /** The manifest does not fit the state, its block or the shard. */
  | { readonly code: "ManifestInvalid"; readonly detail: string }
  /** More state than a snapshot may have. */
  | { readonly code: "StateTooLarge" }
  /** The state is older than the block that the parentchain confirmed. */
  | { readonly code: "StateBehindConfirmation" }
  /** The parentchain confirmed another block of the same number. */
  | { readonly code: "StateContradictsConfirmation" }
  /** The follower is of another chain, or at another level of finality. */
  | { readonly code: "FollowerMismatch" }
  /** The payout ledger is malformed, or holds what only its own enclave may have: without it a payout could be paid twice. */
  | { readonly code: "PayoutsMalformed" }
  /** The keys are malformed. */
  | { readonly code: "KeysMalformed" };

/** Any reason. */
export type ProvisioningError =
  | FrameError
  | HelloError
  | PeerEvidenceError
  | RegistrationError
  | PayloadError
  /** The peer refused, and said why. */
  | { readonly code: "RefusedByPeer"; readonly said: string };

/** Oldest evidence that counts, in ms: it is made for the connection it is sent over. */
export const MAX_EVIDENCE_AGE_MS = 120_000;
/** Oldest collateral of a peer's platform that counts, in ms: 30 days, for which Intel issues it. */
export const MAX_PEER_COLLATERAL_AGE_MS = 2_592_000_000;
/** How far the clock of a peer may be ahead, in ms. */
export const EVIDENCE_CLOCK_SKEW_MS = 60_000;
