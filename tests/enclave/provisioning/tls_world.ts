/**
 * Whole enclaves that speak real TLS on 127.0.0.1, and attackers with a platform, a key and a certificate of their own.
 *
 * @module
 */
import { ed25519FromSeed, ed25519Sign } from "../../../src/crypto/ed25519.ts";
import type { Platform } from "../../../src/enclave/api/platform_client.ts";
import type { EnclavePorts } from "../../../src/enclave/core/enclave_ports.ts";
import { connectPiped } from "../../../src/enclave/deno/piped_tls_client.ts";
import { startProvisioningServer } from "../../../src/enclave/deno/provisioning_server.ts";
import { encodeFrame, FrameReader } from "../../../src/enclave/provisioning/frame.ts";
import {
  challenge,
  type Hello,
  hello,
  peerEvidence,
  type PeerStatement,
  peerStatementSigningBytes,
  PROVISIONING_VERSION,
} from "../../../src/enclave/provisioning/messages.ts";
import { createPeerEvidence, type PeerContext } from "../../../src/enclave/provisioning/peer_evidence.ts";
import { refusalText } from "../../../src/enclave/provisioning/provider.ts";
import type { SecureChannel } from "../../../src/enclave/provisioning/secure_channel.ts";
import type { RunningServer } from "../../../src/enclave/server_port.ts";
import { createTlsCertificate, type TlsCertificate } from "../../../src/enclave/tls_certificate.ts";
import { openTcpPipe } from "../../../src/host/deno/tcp_pipe.ts";
import { type AccountId, accountId, enclaveFingerprint, h256 } from "../../../src/primitives/branded.ts";
import { unwrap } from "../../../src/primitives/result.ts";
import { buildChain, buildQuote, type BuiltChain, rootOf } from "../../attestation/quote_builder.ts";
import { seed, type TestBlock, type TestChain } from "../../parentchain/builders.ts";
import { type Disk, MEASUREMENT, testPlatform } from "../harness.ts";
import { freshDisk, PeerHost } from "./two_hosts.ts";

/** The attacker's key and account. */
export const ATTACKER = ed25519FromSeed(seed(0x77));
export const ATTACKER_ACCOUNT: AccountId = accountId(ATTACKER.publicKey);
/** How long a log line may take. */
const LINE_TIMEOUT_MS = 45_000;

/** A platform's chain that holds at the time of the test chain. */
export async function buildPlatformChain(): Promise<BuiltChain> {
  const always = { notBeforeMs: Date.UTC(2020, 0), notAfterMs: Date.UTC(2040, 0) };
  return await buildChain(3, { 0: always, 1: always, 2: always });
}

/** A processor of that chain. */
function platformOf(chain: BuiltChain, key: number): Platform {
  const quote = (reportData: Uint8Array) => buildQuote(chain, { report: { mrenclave: MEASUREMENT, reportData } });
  return { ...testPlatform(MEASUREMENT, key), quote };
}

/** An enclave whose provisioning endpoints are real. */
export class TlsHost extends PeerHost {
  /** Where the host connects the enclave to when it wants a provider. */
  address: string | undefined;

  static make(chain: TestChain, platform: BuiltChain, key: number, disk?: Disk, tip?: TestBlock): TlsHost {
    const name = `tls ${key}`;
    const host = new TlsHost(chain, disk ?? freshDisk(name), platformOf(platform, key), tip);
    host.keysName = name;
    return host;
  }

  override extraPorts(): Partial<EnclavePorts> {
    const connect = async (_pipe: number, certificate: TlsCertificate) => {
      return await connectPiped((await openTcpPipe(this.address as string)).port, certificate);
    };
    return { provisioning: { listen: startProvisioningServer, connect } };
  }

  override dial(): number | undefined {
    return this.address === undefined ? undefined : 1;
  }

  /** Opens the endpoint; gives its address. */
  async offer(): Promise<string> {
    return `127.0.0.1:${unwrap(await this.call("start_provisioning", undefined))}`;
  }

  /** The reason in the next line of a kind, after so many before. */
  async reason(code: "ProvisioningRefused" | "ProvisioningFailed", before: number): Promise<string | undefined> {
    for (const deadline = Date.now() + LINE_TIMEOUT_MS; Date.now() < deadline;) {
      const found = this.reasons(code);
      if (found.length > before) return found[before];
      await new Promise((resolve) => setTimeout(resolve, 5));
      // Lines that are not part of an answer come with the next one at the latest.
      await this.health();
    }
    return undefined;
  }
}

/** What an attacker is to its victim, if it changes nothing: an enclave like any other. */
export function attackerContext(victim: TlsHost, platform: BuiltChain, change: Partial<PeerContext> = {}): PeerContext {
  const root = rootOf(platform);
  return {
    nowMs: () => victim.nowMs,
    randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
    signer: ATTACKER,
    fingerprint: MEASUREMENT,
    shard: victim.shard,
    genesis: h256(victim.chain.genesis.hash),
    quote: attackerQuote(platform),
    roots: { roots: [root], acceptedEmulatedRoots: [root.name] },
    view: () => undefined,
    upgrade: () => ({ watch: undefined, minVisibleBlocks: 1 }),
    allowSkip: true,
    ...change,
  };
}

/** Quotes of the attacker's processor. */
export function attackerQuote(platform: BuiltChain, mrenclave: Uint8Array = MEASUREMENT, attributeFlags = 5n) {
  return (reportData: Uint8Array) =>
    buildQuote(platform, {
      report: { mrenclave: enclaveFingerprint(mrenclave), attributeFlags, reportData },
    });
}

/** What an attacker does otherwise than the protocol wants. */
export interface Attack {
  readonly context?: Partial<PeerContext>;
  readonly greeting?: Partial<Hello>;
  /** Account that is declared before the evidence. */
  readonly declared?: AccountId;
  /** Changes what is stated; it is signed again. */
  readonly statement?: (statement: PeerStatement) => PeerStatement;
  /** Evidence in place of the own one. */
  readonly replayed?: Uint8Array;
  /** Bytes that are sent in place of the next frame, before the connection ends: by a requester first, by a provider last. */
  readonly raw?: Uint8Array;
}

/** What came of an attack. */
export interface AttackOutcome {
  /** Name of the victim's last frame, or what it said in a refusal. */
  readonly answer: string;
  /** The evidence that was sent. */
  readonly evidence: Uint8Array | undefined;
}

/** Asks a victim's endpoint for the shard. */
export async function attackProvider(
  address: string,
  context: PeerContext,
  attack: Attack = {},
): Promise<AttackOutcome> {
  const certificate = await createTlsCertificate(["localhost"], Date.now());
  const channel = await connectPiped((await openTcpPipe(address)).port, certificate);
  const { stream } = channel;
  const reader = new FrameReader(stream);
  if (attack.raw !== undefined) {
    if (attack.raw.length > 0) await stream.write(attack.raw);
    await stream.close();
    return { answer: "", evidence: undefined };
  }
  const own = seed(0x11);
  const account = attack.declared ?? ATTACKER_ACCOUNT;
  const { shard, genesis } = context;
  const greeting = { shard, account, version: PROVISIONING_VERSION, genesis, nonce: own, ...attack.greeting };
  await stream.write(encodeFrame("Hello", hello.encode(greeting)));
  const challenged = await reader.next("Challenge", "Refusal");
  if (!challenged.ok || challenged.value.name === "Refusal") return await end(channel, challenged, undefined);
  const peer = challenge.decode(challenged.value.payload).nonce;
  const evidence = await evidenceOf(channel, context, attack, "requester", { own, peer });
  await stream.write(encodeFrame("Evidence", evidence));
  return await end(channel, await reader.next("Evidence", "Refusal"), evidence);
}

/** Listens as a provider; hands out what came of each connection. */
export async function attackRequester(
  context: PeerContext,
  attack: () => Attack,
  onOutcome: (outcome: AttackOutcome) => void,
): Promise<RunningServer> {
  const certificate = await createTlsCertificate(["localhost"], Date.now());
  const serve = async (channel: SecureChannel) => onOutcome(await provide(channel, context, attack()));
  return await startProvisioningServer({ hostname: "127.0.0.1", port: 0, certificate, serve });
}

async function provide(channel: SecureChannel, context: PeerContext, attack: Attack): Promise<AttackOutcome> {
  const { stream } = channel;
  const reader = new FrameReader(stream);
  const greeted = await reader.next("Hello");
  if (!greeted.ok) return await end(channel, greeted, undefined);
  const peer = hello.decode(greeted.value.payload).nonce;
  const own = seed(0x12);
  const account = attack.declared ?? ATTACKER_ACCOUNT;
  await stream.write(encodeFrame("Challenge", challenge.encode({ account, nonce: own })));
  const shown = await reader.next("Evidence");
  if (!shown.ok) return await end(channel, shown, undefined);
  const evidence = await evidenceOf(channel, { ...context, ...attack.context }, attack, "provider", { own, peer });
  await stream.write(encodeFrame("Evidence", evidence));
  if (attack.raw !== undefined) {
    if (attack.raw.length > 0) await stream.write(attack.raw);
    await stream.close();
  }
  return await end(channel, await reader.next("Refusal"), evidence);
}

async function evidenceOf(
  channel: SecureChannel,
  context: PeerContext,
  { statement, replayed }: Attack,
  role: "requester" | "provider",
  nonces: { readonly own: Uint8Array; readonly peer: Uint8Array },
): Promise<Uint8Array> {
  const honest = unwrap(await createPeerEvidence(context, channel, role, nonces));
  if (replayed !== undefined) return replayed;
  if (statement === undefined) return honest;
  const decoded = peerEvidence.decode(honest);
  const changed = statement(decoded.statement);
  const signature = ed25519Sign(context.signer, peerStatementSigningBytes(changed));
  return peerEvidence.encode({ ...decoded, statement: changed, signature });
}

async function end(
  { stream }: SecureChannel,
  frame: Awaited<ReturnType<FrameReader["next"]>>,
  evidence: Uint8Array | undefined,
): Promise<AttackOutcome> {
  await stream.close();
  if (!frame.ok) return { answer: frame.error.code, evidence };
  const { name, payload } = frame.value;
  return { answer: name === "Refusal" ? refusalText(payload) : name, evidence };
}
