/**
 * The end that has the shard: verifies who asks, then hands everything over.
 *
 * States: awaiting hello → challenged → evidence verified → account stored → own evidence sent → handing over → awaiting
 * receipt → done; any error → refusal sent → closed. No secret is sent before the requester is verified and its account is
 * on disk: whoever may have the shard, though its receipt was lost, is remembered.
 *
 * Source: worker `enclave-runtime/src/tls_ra/tls_ra_server.rs` (839eda024)
 * Differs: both ends are verified, the account that gets rights is the attested one, and the receipt is awaited
 *
 * @module
 */
import { type Codec, tryDecode } from "../../codec/codec.ts";
import { type AccountId, accountId, type EnclaveFingerprint } from "../../primitives/branded.ts";
import { equalBytes, utf8 } from "../../primitives/bytes.ts";
import { err, ok, type Result } from "../../primitives/result.ts";
import { encodeSnapshotChunks } from "../../state/snapshot_chunks.ts";
import { h256Codec } from "../../types/ids.ts";
import { type FrameName, FrameReader, FRAMES, MAX_REFUSAL_BYTES, sendFrame } from "./frame.ts";
import {
  challenge,
  type Hello,
  hello,
  NONCE_LENGTH,
  PROVISIONING_VERSION,
  shardKeys,
  type StateManifest,
  stateManifest,
} from "./messages.ts";
import type { ProvisioningPayload } from "./payload.ts";
import { createPeerEvidence, type Nonces, type PeerContext, verifyPeerEvidence } from "./peer_evidence.ts";
import type { ProvisioningError } from "./provisioning_error.ts";
import { freshView, verifyRegistration } from "./registration_check.ts";
import type { SecureChannel } from "./secure_channel.ts";
import { acceptedRequesters } from "./upgrade_watch.ts";

/** What the provider needs besides. */
export interface ProviderContext extends PeerContext {
  /** What to hand over now; none while this enclave has no shard. */
  readonly payload: () => Promise<ProvisioningPayload | undefined>;
  /** Asks for the registration of an attested account to be read with the next parentchain block. */
  readonly announce: (account: AccountId) => void;
  /** Remembers an attested account that is about to get the shard; whether it is on disk. */
  readonly grant: (account: AccountId) => Promise<boolean>;
}

/** An enclave that has the shard now. */
export interface Provisioned {
  /** The attested account. */
  readonly account: AccountId;
  readonly fingerprint: EnclaveFingerprint;
  /** What it was given. */
  readonly manifest: StateManifest;
}

type Outcome<T> = Promise<Result<T, ProvisioningError>>;

/** Serves one connection and closes it. */
export async function serveProvisioning(channel: SecureChannel, context: ProviderContext): Outcome<Provisioned> {
  const result = await serve(channel, context);
  if (!result.ok) await sendRefusal(channel, result.error);
  await channel.stream.close();
  return result;
}

/** Tells whoever asks that it gets nothing, and closes the connection. */
export async function refuseProvisioning(channel: SecureChannel, error: ProvisioningError): Promise<void> {
  // Read first: an end that closes while bytes come in may lose what it has said.
  await new FrameReader(channel.stream).next("Hello");
  await sendRefusal(channel, error);
  await channel.stream.close();
}

/** Tells the peer why, unless it said so itself or is gone. */
export async function sendRefusal({ stream }: SecureChannel, { code }: ProvisioningError): Promise<void> {
  if (code === "RefusedByPeer" || code === "ConnectionBroken" || code === "ConnectionTimedOut") return;
  await sendFrame(stream, "Refusal", utf8(code.slice(0, MAX_REFUSAL_BYTES)));
}

async function serve(channel: SecureChannel, context: ProviderContext): Outcome<Provisioned> {
  const { stream } = channel;
  const reader = new FrameReader(stream);
  const greeted = await readMessage(reader, "Hello", hello);
  if (!greeted.ok) return greeted;
  const wanted = verifyHello(greeted.value, context);
  if (!wanted.ok) return wanted;
  const { account } = greeted.value;
  const nonces: Nonces = { own: context.randomBytes(NONCE_LENGTH), peer: greeted.value.nonce };
  const challenged = await sendFrame(
    stream,
    "Challenge",
    challenge.encode({ account: accountId(context.signer.publicKey), nonce: nonces.own }),
  );
  if (!challenged.ok) return challenged;
  const shown = await readFrame(reader, "Evidence");
  if (!shown.ok) return shown;
  const fingerprint = await verifyRequester(channel, context, account, nonces, shown.value);
  if (!fingerprint.ok) return fingerprint;
  channel.verified();
  const payload = await context.payload();
  if (payload === undefined) return err({ code: "NotReady" });
  if (!await context.grant(account)) return err({ code: "PeerNotStored" });
  const evidence = await createPeerEvidence(context, channel, "provider", nonces);
  if (!evidence.ok) return evidence;
  const proven = await sendFrame(stream, "Evidence", evidence.value);
  if (!proven.ok) return proven;
  const sent = await handOver(channel, payload);
  if (!sent.ok) return sent;
  const received = await readMessage(reader, "Received", h256Codec);
  if (!received.ok) return received;
  const { manifest } = payload;
  if (!equalBytes(received.value, manifest.stateRoot)) {
    return err({ code: "MessageMalformed", opcode: FRAMES.Received.opcode });
  }
  return ok({ account, fingerprint: fingerprint.value, manifest });
}

function verifyHello({ version, shard, genesis }: Hello, context: PeerContext): Result<undefined, ProvisioningError> {
  if (version !== PROVISIONING_VERSION) return err({ code: "VersionUnsupported" });
  if (!equalBytes(shard, context.shard)) return err({ code: "WrongShard" });
  return equalBytes(genesis, context.genesis) ? ok(undefined) : err({ code: "WrongParentchain" });
}

async function verifyRequester(
  channel: SecureChannel,
  context: ProviderContext,
  account: AccountId,
  nonces: Nonces,
  evidence: Uint8Array,
): Outcome<EnclaveFingerprint> {
  const fresh = freshView(context.view(), context.nowMs());
  if (!fresh.ok) return fresh;
  const view = fresh.value;
  const fingerprints = acceptedRequesters({ view, own: context.fingerprint, ...context.upgrade() });
  const expected = { role: "requester", account, nonces, fingerprints } as const;
  const attested = await verifyPeerEvidence(context, channel, evidence, expected);
  if (!attested.ok) return attested;
  const peer = { role: "requester", account, fingerprint: attested.value } as const;
  const registered = verifyRegistration(view, peer, context.allowSkip);
  // Only attested accounts are asked for, so that nobody can fill the list with others.
  if (!registered.ok && registered.error.code === "RegistrationUnread") context.announce(account);
  return registered.ok ? attested : registered;
}

async function handOver(channel: SecureChannel, payload: ProvisioningPayload): Outcome<undefined> {
  const { stream } = channel;
  const { secrets, manifest, snapshot, follower, payouts } = payload;
  const keys = shardKeys.encode(secrets.keys);
  const before: readonly (readonly [FrameName, Uint8Array])[] = [
    ["Manifest", stateManifest.encode(manifest)],
    ["ShieldingKey", utf8(secrets.shieldingPair)],
    ["StateKey", keys],
  ];
  const after: typeof before = [["LightClient", follower], ["Payouts", payouts], ["End", new Uint8Array(0)]];
  try {
    for (const [name, bytes] of before) {
      const sent = await sendFrame(stream, name, bytes);
      if (!sent.ok) return sent;
    }
    for (const chunk of encodeSnapshotChunks(snapshot)) {
      const sent = await sendFrame(stream, "State", chunk);
      if (!sent.ok) return sent;
    }
    for (const [name, bytes] of after) {
      const sent = await sendFrame(stream, name, bytes);
      if (!sent.ok) return sent;
    }
    return ok(undefined);
  } finally {
    keys.fill(0);
  }
}

/** The payload of the next frame, which must be of this name; a refusal of the peer is an error of its own. */
export async function readFrame(reader: FrameReader, name: FrameName): Outcome<Uint8Array> {
  const frame = await reader.next(name, "Refusal");
  if (!frame.ok) return frame;
  if (frame.value.name === name) return ok(frame.value.payload);
  return err({ code: "RefusedByPeer", said: refusalText(frame.value.payload) });
}

/** The next frame as a message. */
export async function readMessage<T>(reader: FrameReader, name: FrameName, codec: Codec<T>): Outcome<T> {
  const payload = await readFrame(reader, name);
  if (!payload.ok) return payload;
  const decoded = tryDecode(codec, payload.value);
  return decoded.ok ? decoded : err({ code: "MessageMalformed", opcode: FRAMES[name].opcode });
}

/** The code of a refusal; anything but a code is not repeated. */
export function refusalText(payload: Uint8Array): string {
  const text = new TextDecoder().decode(payload);
  return /^[A-Za-z0-9]{1,64}$/u.test(text) ? text : "Unreadable";
}
