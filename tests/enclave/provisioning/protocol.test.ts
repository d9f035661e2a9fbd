import { beforeAll, describe, expect, it } from "vitest";
import type { QuoteCollateral } from "../../../src/attestation/collateral.ts";
import { ed25519FromSeed, ed25519Sign } from "../../../src/crypto/ed25519.ts";
import { encodeFrame, FrameReader, FRAMES } from "../../../src/enclave/provisioning/frame.ts";
import {
  challenge,
  hello,
  peerEvidence,
  type PeerStatement,
  peerStatementSigningBytes,
} from "../../../src/enclave/provisioning/messages.ts";
import { createPeerEvidence } from "../../../src/enclave/provisioning/peer_evidence.ts";
import { serveProvisioning } from "../../../src/enclave/provisioning/provider.ts";
import { requestProvisioning } from "../../../src/enclave/provisioning/requester.ts";
import {
  EVIDENCE_CLOCK_SKEW_MS,
  MAX_EVIDENCE_AGE_MS,
  MAX_PEER_COLLATERAL_AGE_MS,
} from "../../../src/enclave/provisioning/provisioning_error.ts";
import { accountId, h256, shardIdentifier } from "../../../src/primitives/branded.ts";
import { unwrap } from "../../../src/primitives/result.ts";
import { commitOverlay } from "../../../src/state/diff.ts";
import { Overlay } from "../../../src/state/overlay.ts";
import { StateSnapshot } from "../../../src/state/snapshot.ts";
import { sudoKey } from "../../../src/stf/pallets/sudo.ts";
import { buildWorld, momentOf, quoteOfWorld } from "../../attestation/pki_builder.ts";
import { buildChain, NOW_MS, rootOf } from "../../attestation/quote_builder.ts";
import { seed, SHARD } from "../../parentchain/builders.ts";
import { KEYS } from "../../state/builders.ts";
import {
  codeOf,
  createWorld,
  FINGERPRINT,
  type Fixtures,
  GENESIS,
  makeFixtures,
  payloadWith,
  PROVIDER_ACCOUNT,
  provision,
  reasonOf,
  registration,
  REQUESTER_ACCOUNT,
  SNAPSHOT,
  viewWith,
  type WorldChange,
} from "./world.ts";

let fixtures: Fixtures;
beforeAll(async () => {
  fixtures = await makeFixtures();
});

describe("provisioning", () => {
  it("hands keys, state, follower and ledger over, and each end knows the other's attested account", async () => {
    const { provided, received, progress, verified } = await provision(fixtures);
    const given = payloadWith();
    expect(unwrap(provided)).toMatchObject({ account: REQUESTER_ACCOUNT, manifest: given.manifest });
    const shard = unwrap(received);
    expect(shard.provider).toEqual(PROVIDER_ACCOUNT);
    expect(shard.secrets).toEqual(given.secrets);
    expect(shard.manifest).toEqual(given.manifest);
    expect(shard.snapshot.root).toEqual(SNAPSHOT.root);
    expect([shard.follower, shard.payouts]).toEqual([given.follower, given.payouts]);
    expect(verified).toEqual(["requester", "provider"]);
    expect(progress.length).toBeGreaterThan(3);
    expect(progress).toEqual([...progress].sort((a, b) => a - b));
  });

  it("takes a shard from a provider without attestation only if its state is one of development", async () => {
    const skip = { attestationMethod: { type: "Skip", value: { proxied: false } } } as const;
    const peers = [
      { account: PROVIDER_ACCOUNT, enclave: registration(PROVIDER_ACCOUNT, skip) },
      { account: REQUESTER_ACCOUNT, enclave: registration(REQUESTER_ACCOUNT) },
    ];
    const requester = { view: () => viewWith({ peers }), allowSkip: true };
    const refused = await provision(fixtures, { requester });
    expect(codeOf(refused.received)).toBe("SkipAttestationNotAllowed");
    expect(reasonOf(refused.provided)).toBe("SkipAttestationNotAllowed");
    const overlay = new Overlay(StateSnapshot.empty());
    sudoKey.set(overlay, PROVIDER_ACCOUNT);
    const { snapshot } = commitOverlay(StateSnapshot.empty(), overlay, 1n, KEYS);
    const { manifest } = payloadWith();
    const payload = payloadWith({ snapshot, manifest: { ...manifest, stateRoot: h256(snapshot.root) } });
    const { received } = await provision(fixtures, {
      requester,
      provider: { payload: () => Promise.resolve(payload) },
    });
    expect(codeOf(received)).toBe("accepted");
  });

  it("asks for the registration of an attested account that was not read yet, and of no other", async () => {
    const unread = viewWith({ peers: viewWith().peers.slice(0, 1) });
    const { provided, received, announced } = await provision(fixtures, { provider: { view: () => unread } });
    expect(codeOf(provided)).toBe("RegistrationUnread");
    expect(reasonOf(received)).toBe("RegistrationUnread");
    expect(announced).toEqual([REQUESTER_ACCOUNT]);
    const debug = await provision(fixtures, {
      provider: { view: () => unread },
      requesterQuote: { attributeFlags: 7n },
    });
    expect(codeOf(debug.provided)).toBe("DebugEnclave");
    expect([debug.announced, debug.verified, debug.granted]).toEqual([[], [], []]);
  });

  it("sends no secret before the requester is verified", async () => {
    const sent: number[] = [];
    const onProviderWrite = (bytes: Uint8Array) => (sent.push(bytes[0] as number), bytes);
    await provision(fixtures, { onProviderWrite, requesterQuote: { mrenclave: seed(1) } });
    expect(sent).toEqual([FRAMES.Challenge.opcode, FRAMES.Refusal.opcode]);
  });
});

/** What one end does wrong, in terms that hold for both. */
const EVIDENCE_REFUSALS: readonly (readonly [what: string, code: string, change: {
  readonly quote?: WorldChange["requesterQuote"];
}])[] = [
  ["another measurement", "FingerprintNotAccepted", { quote: { mrenclave: seed(1) } }],
  ["a debug enclave", "DebugEnclave", { quote: { attributeFlags: 7n } }],
];

describe.each(["requester", "provider"] as const)("evidence of the %s", (role) => {
  const other = role === "requester" ? "provider" : "requester";
  const refusalOf = async (change: WorldChange) => {
    const { provided, received } = await provision(fixtures, change);
    const [verifier, refused] = role === "requester" ? [provided, received] : [received, provided];
    expect(refused.ok).toBe(false);
    return codeOf(verifier);
  };

  it.each(EVIDENCE_REFUSALS)("is refused with %s: %s", async (_what, code, { quote }) => {
    expect(await refusalOf({ [`${role}Quote`]: quote })).toBe(code);
  });

  it("is refused if it is too old or from the future: EvidenceExpired", async () => {
    // The clock is right when the end judges, and wrong when it makes its own evidence: that is its first or last look.
    const clock = (offset: number) => {
      let looks = 0;
      const isWrong = () => role === "requester" ? looks === 1 : looks === 4;
      return { nowMs: () => (looks++, isWrong() ? NOW_MS + offset : NOW_MS) };
    };
    expect(await refusalOf({ [role]: clock(-MAX_EVIDENCE_AGE_MS - 1) })).toBe("EvidenceExpired");
    expect(await refusalOf({ [role]: clock(EVIDENCE_CLOCK_SKEW_MS + 1) })).toBe("EvidenceExpired");
    const inTime = await provision(fixtures, { [role]: clock(-MAX_EVIDENCE_AGE_MS) });
    expect([codeOf(inTime.provided), codeOf(inTime.received)]).toEqual(["accepted", "accepted"]);
  });

  it("is refused if it was made for another TLS session: ChannelUnbound", async () => {
    const world = createWorld(fixtures);
    const { binding } = world.providerChannel;
    let looks = 0;
    const isWrong = () => role === "requester" ? looks === 1 : looks === 2;
    const relayed = Object.defineProperty({ ...world[`${role}Channel`] }, "binding", {
      get: () => (looks++, isWrong() ? new Uint8Array(64) : binding),
    });
    const channels = { ...world, [`${role}Channel`]: relayed };
    const [provided, received] = await Promise.all([
      serveProvisioning(channels.providerChannel, world.provider),
      requestProvisioning(channels.requesterChannel, world.requester),
    ]);
    expect(codeOf(role === "requester" ? provided : received)).toBe("ChannelUnbound");
  });

  it("is refused under an emulated root that the policy does not name: EmulatedEnclaveNotAccepted", async () => {
    const roots = { roots: [rootOf(fixtures.chain)], acceptedEmulatedRoots: ["another root"] };
    expect(await refusalOf({ [other]: { roots } })).toBe("EmulatedEnclaveNotAccepted");
  });

  it("is refused under an unknown root: RootUnknown", async () => {
    expect(await refusalOf({ [`${role}Quote`]: { chain: await buildChain() } })).toBe("RootUnknown");
  });

  it("is refused when the platform's certificate is over: CertificateExpired", async () => {
    const chain = await buildChain(3, { 0: { notAfterMs: NOW_MS - 1 } });
    const root = rootOf(chain);
    const roots = { roots: [rootOf(fixtures.chain), root], acceptedEmulatedRoots: [root.name] };
    expect(await refusalOf({ [other]: { roots }, [`${role}Quote`]: { chain } })).toBe("CertificateExpired");
  });

  it("is refused when it is about another certificate than the connection's: CertificateUnbound", async () => {
    const change = { [`${other}Channel`]: { peerCertificate: fixtures.otherCertificate } };
    expect(await refusalOf(change)).toBe("CertificateUnbound");
  });

  it("is refused without a certificate, and with one that cannot be read", async () => {
    expect(await refusalOf({ [`${other}Channel`]: { peerCertificate: undefined } })).toBe("CertificateMissing");
    for (const at of [4, 12, 200]) {
      const peerCertificate = fixtures[`${role}Certificate`].slice();
      peerCertificate[at] = (peerCertificate[at] as number) ^ 1;
      expect(await refusalOf({ [`${other}Channel`]: { peerCertificate } })).toBe("PeerCertificateMalformed");
    }
    const huge = new Uint8Array(20_000);
    expect(await refusalOf({ [`${other}Channel`]: { peerCertificate: huge } })).toBe("PeerCertificateMalformed");
  });

  it("is refused when the quote is about other report data: ClaimUnbound, AccountNotAttested", async () => {
    const { [role]: { quote } } = createWorld(fixtures);
    const changed = (at: number) => (reportData: Uint8Array) => {
      const data = reportData.slice();
      data[at] = (data[at] as number) ^ 1;
      return quote(data);
    };
    expect(await refusalOf({ [role]: { quote: changed(63) } })).toBe("ClaimUnbound");
    expect(await refusalOf({ [role]: { quote: changed(0) } })).toBe("AccountNotAttested");
  });

  it("is not sent when the platform gives no quote: QuoteUnavailable", async () => {
    const { provided, received } = await provision(fixtures, {
      [role]: { quote: () => Promise.reject(new TypeError("no platform")) },
    });
    expect(codeOf(role === "requester" ? received : provided)).toBe("QuoteUnavailable");
    expect(reasonOf(role === "requester" ? provided : received)).toBe("QuoteUnavailable");
  });
});

/** A requester that sends what it likes. */
async function forge(change: {
  readonly declared?: Uint8Array;
  readonly statement?: (statement: PeerStatement) => PeerStatement;
  readonly isResigned?: boolean;
  readonly role?: "provider";
  readonly evidence?: (honest: Uint8Array) => Uint8Array;
  readonly greeting?: Partial<Parameters<typeof hello.encode>[0]>;
  readonly world?: WorldChange;
  readonly collateral?: QuoteCollateral;
}) {
  const { provider, requester, providerChannel, requesterChannel } = createWorld(fixtures, change.world);
  const serving = serveProvisioning(providerChannel, provider);
  const { stream } = requesterChannel;
  const own = seed(0x11);
  const account = accountId(change.declared ?? REQUESTER_ACCOUNT);
  const greeting = { shard: SHARD, account, version: 1, genesis: GENESIS, nonce: own, ...change.greeting };
  await stream.write(encodeFrame("Hello", hello.encode(greeting)));
  const reader = new FrameReader(stream);
  const answer = await reader.next("Challenge", "Refusal");
  if (answer.ok && answer.value.name === "Challenge") {
    const peer = challenge.decode(answer.value.payload).nonce;
    const role = change.role ?? "requester";
    const honest = unwrap(await createPeerEvidence(requester, requesterChannel, role, { own, peer }));
    const decoded = peerEvidence.decode(honest);
    const statement = change.statement?.(decoded.statement) ?? decoded.statement;
    const signature = change.isResigned === true
      ? ed25519Sign(requester.signer, peerStatementSigningBytes(statement))
      : decoded.signature;
    const forged = peerEvidence.encode({ ...decoded, statement, signature, collateral: change.collateral });
    await stream.write(encodeFrame("Evidence", change.evidence?.(forged) ?? forged));
    const frame = await reader.next("Evidence", "Refusal");
    await stream.close();
    return { code: codeOf(await serving), told: frame.ok ? frame.value.name : frame.error.code, honest };
  }
  return { code: codeOf(await serving), told: "Refusal", honest: undefined };
}

describe("a requester on a real platform", () => {
  const attest = async (issuedMs: number) => {
    const platform = await buildWorld({ tcbInfo: { issueDate: momentOf(issuedMs) } });
    const quote = (reportData: Uint8Array) =>
      quoteOfWorld(platform, { report: { mrenclave: FINGERPRINT, reportData } });
    const roots = { roots: [platform.root, rootOf(fixtures.chain)], acceptedEmulatedRoots: [] };
    return await forge({ world: { provider: { roots }, requester: { quote } }, collateral: platform.collateral });
  };

  it("is refused once its collateral is older than 30 days: CollateralTooOld", async () => {
    expect((await attest(NOW_MS - MAX_PEER_COLLATERAL_AGE_MS)).told).toBe("Evidence");
    const late = await attest(NOW_MS - MAX_PEER_COLLATERAL_AGE_MS - 1000);
    expect([late.code, late.told]).toEqual(["CollateralTooOld", "Refusal"]);
  });
});

describe("a forging requester", () => {
  it("is accepted as long as it forges nothing", async () => {
    expect((await forge({})).told).toBe("Evidence");
  });

  it("is refused with captured evidence of another connection: EvidenceReplayed", async () => {
    const { honest } = await forge({});
    const replayed = await forge({ evidence: () => honest as Uint8Array });
    expect([replayed.code, replayed.told]).toEqual(["EvidenceReplayed", "Refusal"]);
  });

  it("is refused with a statement whose nonce was renewed: StatementSignatureInvalid, or ClaimUnbound if it signs", async () => {
    const { honest } = await forge({});
    const old = peerEvidence.decode(honest as Uint8Array);
    const mixed = (fresh: Uint8Array, isOldSignature: boolean) => {
      const { statement, signature } = peerEvidence.decode(fresh);
      return peerEvidence.encode({ ...old, statement, signature: isOldSignature ? old.signature : signature });
    };
    expect((await forge({ evidence: (fresh) => mixed(fresh, true) })).code).toBe("StatementSignatureInvalid");
    expect((await forge({ evidence: (fresh) => mixed(fresh, false) })).code).toBe("ClaimUnbound");
  });

  it("is refused when it declares another account than the attested one: AccountNotAttested", async () => {
    const mallory = accountId(ed25519FromSeed(seed(0x66)).publicKey);
    expect((await forge({ declared: mallory })).code).toBe("AccountNotAttested");
    // Nor by stating the other account, with its own key's signature.
    const pair = ed25519FromSeed(seed(0x66));
    const evidence = (honest: Uint8Array) => {
      const decoded = peerEvidence.decode(honest);
      const statement = { ...decoded.statement, account: mallory };
      const signature = ed25519Sign(pair, peerStatementSigningBytes(statement));
      return peerEvidence.encode({ ...decoded, statement, signature });
    };
    expect((await forge({ declared: mallory, evidence })).code).toBe("AccountNotAttested");
  });

  it("is refused with the evidence of the other role: RoleMismatch", async () => {
    expect((await forge({ role: "provider" })).code).toBe("RoleMismatch");
  });

  it("is refused with a statement that it changed, signed anew or not", async () => {
    const shard = (statement: PeerStatement) => ({ ...statement, shard: shardIdentifier(seed(9)) });
    const genesis = (statement: PeerStatement) => ({ ...statement, genesis: h256(seed(9)) });
    const later = (statement: PeerStatement) => ({ ...statement, issuedAtMs: statement.issuedAtMs + 1n });
    expect((await forge({ statement: shard, isResigned: true })).code).toBe("WrongShard");
    expect((await forge({ statement: genesis, isResigned: true })).code).toBe("WrongParentchain");
    expect((await forge({ statement: later })).code).toBe("StatementSignatureInvalid");
    expect((await forge({ statement: later, isResigned: true })).told).toBe("Evidence");
  });

  it("is refused for another shard, parentchain or version before it is asked for evidence", async () => {
    expect((await forge({ greeting: { shard: shardIdentifier(seed(9)) } })).code).toBe("WrongShard");
    expect((await forge({ greeting: { genesis: h256(seed(9)) } })).code).toBe("WrongParentchain");
    expect((await forge({ greeting: { version: 2 } })).code).toBe("VersionUnsupported");
  });

  it("is refused with evidence that is cut, longer, or any bit of which is turned", async () => {
    expect((await forge({ evidence: (honest) => honest.subarray(0, -1) })).code).toBe("MessageMalformed");
    expect((await forge({ evidence: (honest) => new Uint8Array([...honest, 0]) })).code).toBe("MessageMalformed");
    for (let at = 3; at < 900; at += 97) {
      const { told } = await forge({
        evidence: (honest) => {
          const changed = honest.slice();
          changed[at] = (changed[at] as number) ^ 0x10;
          return changed;
        },
      });
      expect(told, `byte ${at}`).toBe("Refusal");
    }
  });
});
