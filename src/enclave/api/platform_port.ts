/**
 * The messages between host, platform worker and enclave at and after start.
 *
 * 1. The host makes the platform worker and sends it one {@linkcode PlatformStart}, with one end of a message channel
 *    for ecalls.
 * 2. The platform measures the bundle, starts the enclave from exactly these bytes and sends it one
 *    {@linkcode EnclaveBoot}: the ecall port, and a private port to itself that the host never holds.
 * 3. The platform answers the host with {@linkcode PlatformReport}s: `started` with the measurement, or `failed`; later
 *    `enclave_failed` if the enclave has died.
 * 4. The enclave asks over the private port: {@linkcode platformRequest} and {@linkcode platformResponse} as SCALE.
 *
 * @module
 */
import { bytes, bytesOf, type Codec, struct, u32, unit, type Variant, variant } from "../../codec/codec.ts";

/** Longest quote that crosses the port; the parentchain takes 5,000 bytes. */
export const MAX_PLATFORM_QUOTE_LENGTH = 5_000;

/** Length of a quote's report data. */
export const REPORT_DATA_LENGTH = 64;

/** What the host tells the platform worker, once. */
export interface PlatformStart {
  readonly type: "start";
  /** Folder of the platform secret; the secret is made there if it is missing. */
  readonly dataDir: string;
  /** File of the enclave's bundle; the platform reads and measures it itself. */
  readonly bundlePath: string;
  /** The enclave's network permission: `host:port` of its listening addresses, nothing else. */
  readonly listenAddresses: readonly string[];
  /** File of an operator's platform root (private JWK and certificate); without it the published development root. */
  readonly platformRootPath?: string;
  /** The enclave's end of the ecall channel, handed on unread; must be in the transfer list. */
  readonly ecallPort: MessagePort;
}

/** What the platform worker tells the host. */
export type PlatformReport =
  /** The enclave runs; `measurement` (MRENCLAVE, 32 bytes) is the SHA-256 of the bundle. */
  | { readonly type: "started"; readonly measurement: Uint8Array }
  /** The enclave was not started. `code` is one of {@linkcode PlatformFailureCode}. */
  | { readonly type: "failed"; readonly code: PlatformFailureCode }
  /** The enclave threw outside an ecall and is gone; it must be started anew. */
  | { readonly type: "enclave_failed" };

/** Why the platform did not start the enclave. */
export type PlatformFailureCode =
  /** The bundle is missing or unreadable. */
  | "BundleUnreadable"
  /** The secret file is unreadable, unwritable, not 32 bytes or open to other users. */
  | "SecretUnusable"
  /** The operator's platform root is missing or malformed. */
  | "PlatformRootUnusable"
  /** The start message is malformed. */
  | "StartMalformed"
  /** The enclave's worker could not be made, usually for a permission the platform itself does not hold. */
  | "EnclaveUnstartable";

/** The first message the enclave gets, from the platform, with both ports transferred. */
export interface EnclaveBoot {
  readonly type: "boot";
  /** MRENCLAVE, 32 bytes. */
  readonly measurement: Uint8Array;
  /** Channel to the host for ecalls. */
  readonly ecallPort: MessagePort;
  /** Private channel to the platform. */
  readonly platformPort: MessagePort;
}

/** Whether a message is an {@linkcode EnclaveBoot}. */
export function isEnclaveBoot(message: unknown): message is EnclaveBoot {
  const candidate = message as Partial<EnclaveBoot> | null;
  return typeof candidate === "object" && candidate?.type === "boot" && candidate.measurement instanceof Uint8Array &&
    candidate.ecallPort instanceof MessagePort && candidate.platformPort instanceof MessagePort;
}

/** What the enclave asks its platform. */
export type PlatformCall = Variant<{
  /** The key that only this enclave on this platform gets: HKDF of platform secret and MRENCLAVE. */
  sealing_key: undefined;
  /** A quote over these 64 bytes of report data. */
  quote: Uint8Array;
}>;

/** A question with the number its answer carries. */
export interface PlatformRequest {
  readonly id: number;
  readonly call: PlatformCall;
}

/** SCALE codec of {@linkcode PlatformRequest}. */
export const platformRequest: Codec<PlatformRequest> = struct({
  id: u32,
  call: variant({ sealing_key: [0, unit], quote: [1, bytesOf(REPORT_DATA_LENGTH)] }),
});

/** What the platform answers. */
export type PlatformAnswer = Variant<{
  /** 32 bytes. */
  sealing_key: Uint8Array;
  /** SGX DCAP quote, version 3. */
  quote: Uint8Array;
  /** The platform could not answer. */
  failed: undefined;
}>;

/** An answer with the number of its question. */
export interface PlatformResponse {
  readonly id: number;
  readonly answer: PlatformAnswer;
}

/** SCALE codec of {@linkcode PlatformResponse}. */
export const platformResponse: Codec<PlatformResponse> = struct({
  id: u32,
  answer: variant({
    sealing_key: [0, bytesOf(32)],
    quote: [1, bytes(MAX_PLATFORM_QUOTE_LENGTH)],
    failed: [2, unit],
  }),
});
