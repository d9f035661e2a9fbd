/**
 * A provider and a requester over a stream in memory, with quotes of a test platform and a view of the parentchain that
 * supports both. Each test changes one thing.
 *
 * @module
 */
import { expect } from "vitest";
import { ed25519FromSeed, type Ed25519Pair } from "../../../src/crypto/ed25519.ts";
import { startPayoutLedger } from "../../../src/enclave/duties/payout_ledger.ts";
import { payoutLedger } from "../../../src/enclave/duties/payout_ledger_codec.ts";
import type { ProvisioningPayload } from "../../../src/enclave/provisioning/payload.ts";
import type { PeerContext } from "../../../src/enclave/provisioning/peer_evidence.ts";
import { type ProviderContext, serveProvisioning } from "../../../src/enclave/provisioning/provider.ts";
import type { ProvisioningError } from "../../../src/enclave/provisioning/provisioning_error.ts";
import { type RequesterContext, requestProvisioning } from "../../../src/enclave/provisioning/requester.ts";
import { type ByteStream, type SecureChannel, StreamError } from "../../../src/enclave/provisioning/secure_channel.ts";
import { createTlsCertificate } from "../../../src/enclave/tls_certificate.ts";
import { type FollowerState, followerState } from "../../../src/parentchain/follower_state.ts";
import type { ParentchainView } from "../../../src/parentchain/view.ts";
import { type AccountId, accountId, blockHash, enclaveFingerprint, h256 } from "../../../src/primitives/branded.ts";
import { concatBytes } from "../../../src/primitives/bytes.ts";
import type { Result } from "../../../src/primitives/result.ts";
import type { SgxEnclave } from "../../../src/types/multi_enclave.ts";
import { buildChain, buildQuote, type BuiltChain, NOW_MS, rootOf } from "../../attestation/quote_builder.ts";
import { seed, SHARD } from "../../parentchain/builders.ts";
import { KEYS, snapshotOf } from "../../state/builders.ts";

export const FINGERPRINT = enclaveFingerprint(seed(0x4d));
export const GENESIS = h256(seed(0x6e));
export const PROVIDER: Ed25519Pair = ed25519FromSeed(seed(0xa1));
export const REQUESTER: Ed25519Pair = ed25519FromSeed(seed(0xa2));
export const PROVIDER_ACCOUNT = accountId(PROVIDER.publicKey);
export const REQUESTER_ACCOUNT = accountId(REQUESTER.publicKey);

/** Certificates and quoting platform; made once, since they take time. */
export interface Fixtures {
  readonly chain: BuiltChain;
  readonly providerCertificate: Uint8Array;
  readonly requesterCertificate: Uint8Array;
  readonly otherCertificate: Uint8Array;
}

export async function makeFixtures(): Promise<Fixtures> {
  const certificate = async () => (await createTlsCertificate(["localhost"], NOW_MS)).der;
  return {
    chain: await buildChain(),
    providerCertificate: await certificate(),
    requesterCertificate: await certificate(),
    otherCertificate: await certificate(),
  };
}

/** Sees, and may change or drop, what one end sends. */
export type OnWrite = (bytes: Uint8Array) => Uint8Array | undefined;

/** Two ends of a stream. */
export function streamPair(onFirst: OnWrite = (bytes) => bytes, onSecond: OnWrite = (bytes) => bytes) {
  const [left, right] = [new Queue(), new Queue()];
  const end = (inbox: Queue, outbox: Queue, change: OnWrite): ByteStream => ({
    read: () => inbox.take(),
    write: (bytes) => {
      if (outbox.isClosed) return Promise.reject(new StreamError("ConnectionBroken"));
      const sent = change(bytes);
      if (sent !== undefined) outbox.put(sent);
      return Promise.resolve();
    },
    close: () => {
      outbox.close();
      return Promise.resolve();
    },
  });
  return { first: end(left, right, onFirst), second: end(right, left, onSecond) };
}

class Queue {
  #items: Uint8Array[] = [];
  #waiting: ((bytes: Uint8Array | undefined) => void) | undefined;
  isClosed = false;

  put(bytes: Uint8Array): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting === undefined) this.#items.push(bytes);
    else waiting(bytes);
  }

  close(): void {
    this.isClosed = true;
    this.#waiting?.(undefined);
    this.#waiting = undefined;
  }

  take(): Promise<Uint8Array | undefined> {
    const next = this.#items.shift();
    if (next !== undefined || this.isClosed) return Promise.resolve(next);
    return new Promise((resolve) => this.#waiting = resolve);
  }
}

export function registration(account: AccountId, change: Partial<SgxEnclave> = {}): SgxEnclave {
  return {
    reportData: concatBytes(account, seed(0)),
    mrEnclave: FINGERPRINT,
    mrSigner: seed(0),
    timestamp: BigInt(NOW_MS),
    url: undefined,
    buildMode: "Production",
    attestationMethod: { type: "Dcap", value: { proxied: false } },
    status: "Ok",
    ...change,
  };
}

export function viewWith(change: Partial<ParentchainView> = {}): ParentchainView {
  return {
    number: 100,
    hash: blockHash(seed(0x64)),
    nowMs: BigInt(NOW_MS),
    specVersion: undefined,
    enclave: undefined,
    shardStatus: [{ signer: PROVIDER_ACCOUNT, fingerprint: FINGERPRINT, lastActivity: 90 }],
    shardConfig: {
      activeConfig: {
        enclaveFingerprint: FINGERPRINT,
        maxInstances: undefined,
        authorities: undefined,
        maintenanceMode: false,
      },
      pendingUpgrade: undefined,
      upgradeAt: undefined,
    },
    confirmation: undefined,
    signer: { nonce: 0, free: 0n, reserved: 0n, frozen: 0n },
    vault: undefined,
    vaultProxies: [],
    peers: [PROVIDER_ACCOUNT, REQUESTER_ACCOUNT].map((account) => ({ account, enclave: registration(account) })),
    auraAuthorities: [],
    grandpa: undefined,
    ...change,
  };
}

export const FOLLOWER: FollowerState = {
  genesisHash: blockHash(GENESIS),
  level: "proven",
  contentFrom: 5,
  proven: { number: 90, hash: blockHash(seed(1)) },
  tail: [],
  head: { number: 90, hash: blockHash(seed(1)) },
  authoritySet: { setId: 0n, authorities: [] },
  pendingChanges: [],
  auraAuthorities: [seed(1)],
};

export const SNAPSHOT = snapshotOf(
  ...Array.from({ length: 50 }, (_, i) => [seed(i), new Uint8Array(60_000).fill(i)] as const),
);

export function payloadWith(change: Partial<ProvisioningPayload> = {}): ProvisioningPayload {
  return {
    secrets: {
      shieldingPair: `{"n":[${"1,".repeat(100)}1]}`,
      keys: {
        epoch: 3,
        stateKey: KEYS.stateKey,
        pathKey: KEYS.pathKey,
        saltKey: KEYS.saltKey,
        sessionSecret: seed(6),
        enclaveAccountSeed: seed(7),
      },
    },
    manifest: {
      blockNumber: 0n,
      blockHash: blockHash(seed(0)),
      stateRoot: SNAPSHOT.root,
      head: undefined,
      stateBytes: BigInt(SNAPSHOT.encodedSize),
      newestNumber: 12n,
      newestHash: blockHash(seed(12)),
    },
    snapshot: SNAPSHOT,
    follower: followerState.encode(FOLLOWER),
    payouts: payoutLedger.encode(startPayoutLedger(90, 3n)),
    ...change,
  };
}

/** What a test changes. */
export interface WorldChange {
  readonly provider?: Partial<ProviderContext>;
  readonly requester?: Partial<RequesterContext>;
  readonly providerChannel?: Partial<SecureChannel>;
  readonly requesterChannel?: Partial<SecureChannel>;
  /** Measurement and flags in the quote of the end that the name says. */
  readonly providerQuote?: QuoteChange;
  readonly requesterQuote?: QuoteChange;
  readonly onProviderWrite?: OnWrite;
  readonly onRequesterWrite?: OnWrite;
}

export interface QuoteChange {
  readonly mrenclave?: Uint8Array;
  readonly attributeFlags?: bigint;
  readonly chain?: BuiltChain;
}

/** Both ends with their contexts and channels. */
export function createWorld(fixtures: Fixtures, change: WorldChange = {}) {
  const { chain, providerCertificate, requesterCertificate } = fixtures;
  const root = rootOf(chain);
  const announced: AccountId[] = [];
  const granted: AccountId[] = [];
  /** Whose evidence the other end took as verified. */
  const verified: ("requester" | "provider")[] = [];
  const progress: number[] = [];
  const quoter = ({ mrenclave = FINGERPRINT, attributeFlags = 5n, chain: by = chain }: QuoteChange = {}) =>
  (
    reportData: Uint8Array,
  ) => buildQuote(by, { report: { mrenclave, attributeFlags, reportData } });
  const common: Omit<PeerContext, "signer" | "quote"> = {
    nowMs: () => NOW_MS,
    randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
    fingerprint: FINGERPRINT,
    shard: SHARD,
    genesis: GENESIS,
    roots: { roots: [root], acceptedEmulatedRoots: [root.name] },
    view: () => viewWith(),
    upgrade: () => ({ watch: undefined, minVisibleBlocks: 10 }),
    allowSkip: false,
  };
  const provider: ProviderContext = {
    ...common,
    signer: PROVIDER,
    quote: quoter(change.providerQuote),
    payload: () => Promise.resolve(payloadWith()),
    announce: (account) => void announced.push(account),
    grant: (account) => Promise.resolve(granted.push(account) > 0),
    ...change.provider,
  };
  const requester: RequesterContext = {
    ...common,
    signer: REQUESTER,
    quote: quoter(change.requesterQuote),
    level: "proven",
    onProgress: (received) => void progress.push(received),
    ...change.requester,
  };
  const { first, second } = streamPair(change.onProviderWrite, change.onRequesterWrite);
  const binding = new Uint8Array(64).fill(0xb1);
  const providerChannel: SecureChannel = {
    stream: first,
    ownCertificate: providerCertificate,
    peerCertificate: requesterCertificate,
    binding,
    verified: () => void verified.push("requester"),
    ...change.providerChannel,
  };
  const requesterChannel: SecureChannel = {
    stream: second,
    ownCertificate: requesterCertificate,
    peerCertificate: providerCertificate,
    binding,
    verified: () => void verified.push("provider"),
    ...change.requesterChannel,
  };
  return { provider, requester, providerChannel, requesterChannel, announced, granted, verified, progress };
}

/** Runs both ends against each other. */
export async function provision(fixtures: Fixtures, change: WorldChange = {}) {
  const world = createWorld(fixtures, change);
  const [provided, received] = await Promise.all([
    serveProvisioning(world.providerChannel, world.provider),
    requestProvisioning(world.requesterChannel, world.requester),
  ]);
  return { ...world, provided, received };
}

/** The code of a refusal. */
export function codeOf(result: Result<unknown, ProvisioningError>): string {
  return result.ok ? "accepted" : result.error.code;
}

/** What the other end was told. */
export function reasonOf(result: Result<unknown, ProvisioningError>): string {
  expect(codeOf(result)).toBe("RefusedByPeer");
  return !result.ok && result.error.code === "RefusedByPeer" ? result.error.said : "";
}
