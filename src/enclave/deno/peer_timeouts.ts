/**
 * How long the peer of a provisioning connection may take until it has proven what it is.
 *
 * @module
 */
import { EVIDENCE_TIMEOUT_MS } from "./channel_deadline.ts";

/** Longest TLS handshake in ms, from the connection on: a peer far away needs less than a second. */
export const HANDSHAKE_TIMEOUT_MS = 10_000;

/** How long a peer may take, ms. */
export interface PeerTimeouts {
  /** For the TLS handshake. */
  readonly handshakeMs: number;
  /** From the connection to its verified evidence. */
  readonly evidenceMs: number;
}

/** What holds outside of tests. */
export const PEER_TIMEOUTS: PeerTimeouts = { handshakeMs: HANDSHAKE_TIMEOUT_MS, evidenceMs: EVIDENCE_TIMEOUT_MS };
