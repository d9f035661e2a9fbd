/**
 * The end that wants the shard: proves who it is, verifies the provider, and takes what it is given.
 *
 * States: hello sent → challenged → own evidence sent → provider verified → receiving → received and checked → receipt
 * sent → done; any error → refusal sent → closed. Nothing is believed before the provider is verified.
 *
 * Source: worker `enclave-runtime/src/tls_ra/tls_ra_client.rs`, `seal_handler.rs` (839eda024)
 * Differs: the provider is verified like the requester; the state is checked against the parentchain before it is used
 *
 * @module
 */
import { type AccountId, accountId } from "../../primitives/branded.ts";
import { equalBytes } from "../../primitives/bytes.ts";
import { err, ok, type Result } from "../../primitives/result.ts";
import { SnapshotDecoder } from "../../state/snapshot_chunks.ts";
import type { StateSnapshot } from "../../state/snapshot.ts";
import { hasRoot } from "../../stf/pallets/sudo.ts";
import { h256Codec } from "../../types/ids.ts";
import { MAX_SNAPSHOT_CHUNKS } from "../snapshot/snapshot_files.ts";
import { FrameReader, sendFrame } from "./frame.ts";
import {
  challenge,
  hello,
  NONCE_LENGTH,
  PROVISIONING_VERSION,
  shardKeys,
  type StateManifest,
  stateManifest,
} from "./messages.ts";
import {
  type PayloadExpectation,
  type ShardSecrets,
  verifyConfirmed,
  verifyFollower,
  verifyManifest,
  verifyPayouts,
} from "./payload.ts";
import { createPeerEvidence, type Nonces, type PeerContext, verifyPeerEvidence } from "./peer_evidence.ts";
import { readFrame, readMessage, refusalText, sendRefusal } from "./provider.ts";
import type { ProvisioningError } from "./provisioning_error.ts";
import { freshView, type RegistrationMethod, verifyRegistration } from "./registration_check.ts";
import type { SecureChannel } from "./secure_channel.ts";
import { acceptedProviders } from "./upgrade_watch.ts";

/** What the requester needs besides. */
export interface RequesterContext extends PeerContext {
  /** Level at which this enclave follows the parentchain. */
  readonly level: PayloadExpectation["level"];
  /** Told after each chunk of the state. */
  readonly onProgress: (receivedBytes: number, totalBytes: number) => void;
}

/** A shard as it was received and checked. */
export interface ReceivedShard {
  /** Account of the provider. */
  readonly provider: AccountId;
  readonly secrets: ShardSecrets;
  readonly manifest: StateManifest;
  readonly snapshot: StateSnapshot;
  /** SCALE of the state of the Integritee follower. */
  readonly follower: Uint8Array;
  /** SCALE of the payout ledger. */
  readonly payouts: Uint8Array;
}

type Outcome<T> = Promise<Result<T, ProvisioningError>>;

/** Asks over one connection and closes it. */
export async function requestProvisioning(channel: SecureChannel, context: RequesterContext): Outcome<ReceivedShard> {
  const result = await request(channel, context);
  if (!result.ok) await sendRefusal(channel, result.error);
  await channel.stream.close();
  return result;
}

async function request(channel: SecureChannel, context: RequesterContext): Outcome<ReceivedShard> {
  const { stream } = channel;
  const reader = new FrameReader(stream);
  const { shard, genesis } = context;
  const nonce = context.randomBytes(NONCE_LENGTH);
  const own = accountId(context.signer.publicKey);
  const greeting = hello.encode({ shard, account: own, version: PROVISIONING_VERSION, genesis, nonce });
  const greeted = await sendFrame(stream, "Hello", greeting);
  if (!greeted.ok) return greeted;
  const challenged = await readMessage(reader, "Challenge", challenge);
  if (!challenged.ok) return challenged;
  const nonces: Nonces = { own: nonce, peer: challenged.value.nonce };
  const evidence = await createPeerEvidence(context, channel, "requester", nonces);
  if (!evidence.ok) return evidence;
  const proven = await sendFrame(stream, "Evidence", evidence.value);
  if (!proven.ok) return proven;
  const shown = await readFrame(reader, "Evidence");
  if (!shown.ok) return shown;
  const verified = await verifyProvider(channel, context, challenged.value.account, nonces, shown.value);
  if (!verified.ok) return verified;
  channel.verified();
  const received = await receive(reader, context);
  if (!received.ok) return received;
  if (verified.value === "Skip" && !hasRoot(received.value.snapshot)) return err({ code: "SkipAttestationNotAllowed" });
  const receipt = await sendFrame(stream, "Received", h256Codec.encode(received.value.manifest.stateRoot));
  return receipt.ok ? ok({ provider: challenged.value.account, ...received.value }) : receipt;
}

/** Gives how the provider is registered. */
async function verifyProvider(
  channel: SecureChannel,
  context: RequesterContext,
  account: AccountId,
  nonces: Nonces,
  evidence: Uint8Array,
): Outcome<RegistrationMethod> {
  const fresh = freshView(context.view(), context.nowMs());
  if (!fresh.ok) return fresh;
  const view = fresh.value;
  const fingerprints = acceptedProviders({ view, own: context.fingerprint, ...context.upgrade() });
  const expected = { role: "provider", account, nonces, fingerprints } as const;
  const attested = await verifyPeerEvidence(context, channel, evidence, expected);
  if (!attested.ok) return attested;
  const peer = { role: "provider", account, fingerprint: attested.value } as const;
  return verifyRegistration(view, peer, context.allowSkip);
}

async function receive(reader: FrameReader, context: RequesterContext): Outcome<Omit<ReceivedShard, "provider">> {
  const manifest = await readMessage(reader, "Manifest", stateManifest);
  if (!manifest.ok) return manifest;
  const view = context.view();
  const described = verifyManifest(manifest.value, context.shard);
  if (!described.ok) return described;
  const confirmed = verifyConfirmed(manifest.value, view);
  if (!confirmed.ok) return confirmed;
  const secrets = await receiveSecrets(reader);
  if (!secrets.ok) return secrets;
  const state = await receiveState(reader, context, manifest.value, secrets.value.keys.pathKey);
  if (!state.ok) return state;
  const follower = verifyFollower(state.value.follower, { ...context, view });
  if (!follower.ok) return follower;
  const payouts = await readFrame(reader, "Payouts");
  if (!payouts.ok) return payouts;
  const ledger = verifyPayouts(payouts.value);
  if (!ledger.ok) return ledger;
  const end = await readFrame(reader, "End");
  if (!end.ok) return end;
  return ok({ secrets: secrets.value, manifest: manifest.value, ...state.value, payouts: payouts.value });
}

async function receiveSecrets(reader: FrameReader): Outcome<ShardSecrets> {
  const pair = await readFrame(reader, "ShieldingKey");
  if (!pair.ok) return pair;
  const keys = await readMessage(reader, "StateKey", shardKeys);
  if (!keys.ok) return keys;
  const shieldingPair = new TextDecoder().decode(pair.value);
  pair.value.fill(0);
  return ok({ shieldingPair, keys: keys.value });
}

type ReceivedState = Pick<ReceivedShard, "snapshot" | "follower">;

/** Chunks up to the follower's frame, which ends them. */
async function receiveState(
  reader: FrameReader,
  { onProgress }: RequesterContext,
  manifest: StateManifest,
  pathKey: Uint8Array,
): Outcome<ReceivedState> {
  const decoder = new SnapshotDecoder(pathKey);
  let receivedBytes = 0;
  for (let chunks = 0; chunks <= MAX_SNAPSHOT_CHUNKS; chunks++) {
    const frame = await reader.next("State", "LightClient", "Refusal");
    if (!frame.ok) return frame;
    const { name, payload } = frame.value;
    if (name === "Refusal") return err({ code: "RefusedByPeer", said: refusalText(payload) });
    if (name === "LightClient") return finishState(decoder, manifest, payload);
    const pushed = decoder.push(payload);
    if (!pushed.ok) return pushed;
    receivedBytes += payload.length;
    onProgress(receivedBytes, Number(manifest.stateBytes));
  }
  return err({ code: "StateTooLarge" });
}

function finishState(
  decoder: SnapshotDecoder,
  { stateRoot }: StateManifest,
  follower: Uint8Array,
): Result<ReceivedState, ProvisioningError> {
  const finished = decoder.finish();
  if (!finished.ok) return finished;
  const { root } = finished.value;
  if (!equalBytes(root, stateRoot)) return err({ code: "SnapshotRootMismatch", want: stateRoot, got: root });
  return ok({ snapshot: finished.value, follower });
}
