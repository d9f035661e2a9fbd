/**
 * What the provisioning protocol runs over: a byte stream inside mutually authenticated TLS, and what is known of both
 * ends. `deno/provisioning_server.ts` and `deno/piped_tls_client.ts` are it in Deno, tests have their own.
 *
 * @module
 */

/** Bytes in both directions, in order. */
export interface ByteStream {
  /** The next bytes, at least one; `undefined` after the last. @throws {StreamError} */
  readonly read: () => Promise<Uint8Array | undefined>;
  /** Sends bytes; resolves when there is room for more, so that a slow peer slows the sender. @throws {StreamError} */
  readonly write: (bytes: Uint8Array) => Promise<void>;
  /** Sends what was written, then ends both directions. */
  readonly close: () => Promise<void>;
}

/** The connection is of no more use. */
export class StreamError extends Error {
  override readonly name = "StreamError";
  /** `ConnectionTimedOut`: the peer was silent for too long; `ConnectionBroken`: anything else. */
  readonly code: "ConnectionBroken" | "ConnectionTimedOut";

  constructor(code: "ConnectionBroken" | "ConnectionTimedOut", cause?: unknown) {
    super(`Cannot go on: ${code}`, { cause });
    this.code = code;
  }
}

/** Longest certificate of a peer that is looked at; ours have about 500 bytes. */
export const MAX_PEER_CERTIFICATE_BYTES = 16_384;
/** Bytes of {@linkcode SecureChannel.binding}. */
export const CHANNEL_BINDING_LENGTH = 64;

/** A stream after its TLS handshake. */
export interface SecureChannel {
  readonly stream: ByteStream;
  /** Own certificate, DER. */
  readonly ownCertificate: Uint8Array;
  /** The certificate that the peer used, DER; none if it showed none. */
  readonly peerCertificate: Uint8Array | undefined;
  /**
   * 64 bytes that both ends of this TLS session know and no other session has (RFC 5705 exporter values of client and
   * server). Certificates alone do not tell who holds the session: TLS libraries that accept self-signed certificates have
   * let handshake signatures pass unchecked.
   */
  readonly binding: Uint8Array;
  /**
   * To be called once the peer's evidence is verified. Until then the connection has little time, and may be ended in favour
   * of another; from then on it has as long as what is handed over takes at a reasonable rate.
   */
  readonly verified: () => void;
}
