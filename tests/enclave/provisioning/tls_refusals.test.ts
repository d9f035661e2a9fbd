import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Identity, InitRequest } from "../../../src/enclave/api/ecall_values.ts";
import { FRAMES } from "../../../src/enclave/provisioning/frame.ts";
import { MAX_EVIDENCE_AGE_MS } from "../../../src/enclave/provisioning/provisioning_error.ts";
import type { RunningServer } from "../../../src/enclave/server_port.ts";
import { accountId, shardIdentifier } from "../../../src/primitives/branded.ts";
import { unwrap } from "../../../src/primitives/result.ts";
import type { BuiltChain } from "../../attestation/quote_builder.ts";
import { seed, TestChain } from "../../parentchain/builders.ts";
import { MEASUREMENT } from "../harness.ts";
import { listing, registered, type Registrant, type Storage } from "../parentchain_storage.ts";
import { growAll } from "./two_hosts.ts";
import {
  type Attack,
  ATTACKER_ACCOUNT,
  attackerContext,
  attackerQuote,
  type AttackOutcome,
  attackProvider,
  attackRequester,
  buildPlatformChain,
  TlsHost,
} from "./tls_world.ts";

const TIMEOUT_MS = 60_000;
const MALLORY = accountId(seed(0x99));

let platform: BuiltChain;
beforeAll(async () => {
  platform = await buildPlatformChain();
});

/** A frame's header with a length, and a part of what it announces. */
function rawFrame(opcode: number, length: number, sent: number): Uint8Array {
  const frame = new Uint8Array(9 + sent);
  frame[0] = opcode;
  new DataView(frame.buffer).setBigUint64(1, BigInt(length));
  return frame;
}

/** The attacker in the place of an enclave that is listed or registered. */
function attackerAs(self: Pick<Identity, "fingerprint">): Registrant {
  return { self: { ...self, signer: ATTACKER_ACCOUNT } };
}

/** The attacker's registration, as good as any. */
function attackerRegistered(victim: TlsHost, change: Readonly<Record<string, unknown>> = {}): Storage {
  const method = { type: "Dcap", value: { proxied: false } };
  return registered(attackerAs(victim.self), { attestation_method: method, ...change });
}

/** Attacks that both ends know, by the code that they are refused with. */
function evidenceAttacks(victim: TlsHost, role: "requester" | "provider"): readonly (readonly [string, Attack])[] {
  return [
    ["FingerprintNotAccepted", { context: { quote: attackerQuote(platform, seed(9)) } }],
    ["DebugEnclave", { context: { quote: attackerQuote(platform, undefined, 7n) } }],
    ["EvidenceExpired", { context: { nowMs: () => victim.nowMs - MAX_EVIDENCE_AGE_MS - 1 } }],
    ["AccountNotAttested", { declared: MALLORY }],
    ["WrongShard", { statement: (stated) => ({ ...stated, shard: shardIdentifier(seed(9)) }) }],
    ["RoleMismatch", {
      statement: (stated) => ({
        ...stated,
        claim: { ...stated.claim, role: role === "requester" ? "provider" : "requester" },
      }),
    }],
  ];
}

describe("the endpoint of an enclave that has the shard, against a hostile requester", () => {
  let victim: TlsHost;
  let address: string;
  let count: number;

  async function startVictim(change: Partial<InitRequest> = {}): Promise<void> {
    victim = TlsHost.make(new TestChain(), platform, 1);
    await victim.start(change);
    await growAll([victim], { storage: registered(victim) });
    address = await victim.offer();
    count = 0;
  }

  /** Attacks once; the victim's reason and what the attacker was told. */
  async function attack(change: Attack): Promise<{ readonly reason: string | undefined; readonly told: string }> {
    const context = attackerContext(victim, platform, change.context);
    const { answer } = await attackProvider(address, context, change);
    return { reason: await victim.reason("ProvisioningRefused", count++), told: answer };
  }

  /** The attacker's account is asked for, and stands in the next parentchain block with this registration. */
  async function readAttacker(storage: Storage): Promise<void> {
    expect((await attack({})).reason).toBe("RegistrationUnread");
    // The first block tells the host what to prove with the next.
    for (let block = 0; block < 2; block++) await growAll([victim], { storage });
  }

  beforeEach(() => startVictim(), TIMEOUT_MS);
  afterEach(async () => void await victim.call("shutdown", undefined));

  it("answers one that does everything right with its own evidence", async () => {
    await readAttacker(attackerRegistered(victim));
    const { answer } = await attackProvider(address, attackerContext(victim, platform));
    expect(answer).toBe("Evidence");
  }, TIMEOUT_MS);

  it("refuses each forged evidence with a code and a log line of its own", async () => {
    await readAttacker(attackerRegistered(victim));
    for (const [code, change] of evidenceAttacks(victim, "requester")) {
      expect([code, await attack(change)]).toEqual([code, { reason: code, told: code }]);
    }
  }, TIMEOUT_MS);

  it("refuses evidence of an earlier connection: EvidenceReplayed", async () => {
    await readAttacker(attackerRegistered(victim));
    const { answer, evidence } = await attackProvider(address, attackerContext(victim, platform));
    expect(answer).toBe("Evidence");
    expect(await victim.reason("ProvisioningRefused", count++)).toBe("ConnectionBroken");
    const replayed = await attack({ replayed: evidence as Uint8Array });
    expect(replayed).toEqual({ reason: "EvidenceReplayed", told: "EvidenceReplayed" });
  }, TIMEOUT_MS);

  it("refuses who is not registered, or is registered otherwise than it is", async () => {
    const refusals: readonly (readonly [string, Storage])[] = [
      ["PeerNotRegistered", []],
      ["RegistrationFingerprintMismatch", attackerRegistered(victim, { mr_enclave: seed(9) })],
      ["RegistrationSignerMismatch", attackerRegistered(victim, { report_data: new Uint8Array(64).fill(9) })],
      ["RegistrationDebug", attackerRegistered(victim, { build_mode: { type: "Debug", value: undefined } })],
    ];
    await readAttacker([]);
    for (const [code, storage] of refusals) {
      await growAll([victim], { storage });
      expect([code, await attack({})]).toEqual([code, { reason: code, told: code }]);
    }
  }, TIMEOUT_MS);

  it("refuses a registration without attestation outside of development: SkipAttestationNotAllowed", async () => {
    await victim.call("shutdown", undefined);
    await startVictim({ skipRa: false });
    const skipped = { attestation_method: { type: "Skip", value: { proxied: false } } };
    await readAttacker(attackerRegistered(victim, skipped));
    const code = "SkipAttestationNotAllowed";
    expect(await attack({})).toEqual({ reason: code, told: code });
  }, TIMEOUT_MS);

  it("refuses another shard, parentchain or version before it looks at evidence", async () => {
    const greetings: readonly (readonly [string, Attack["greeting"]])[] = [
      ["WrongShard", { shard: shardIdentifier(seed(9)) }],
      ["WrongParentchain", { genesis: seed(9) as never }],
      ["VersionUnsupported", { version: 2 }],
    ];
    for (const [code, greeting] of greetings) {
      expect([code, await attack({ greeting: greeting ?? {} })]).toEqual([code, { reason: code, told: code }]);
    }
  }, TIMEOUT_MS);

  it("refuses frames that are cut, too large, unknown or out of place", async () => {
    const { Hello, Evidence } = FRAMES;
    const frames: readonly (readonly [string, Uint8Array])[] = [
      ["FrameTruncated", rawFrame(Hello.opcode, 129, 60)],
      ["FrameTruncated", new Uint8Array([Hello.opcode, 0, 0])],
      ["FrameTooLarge", rawFrame(Hello.opcode, Hello.max + 1, 0)],
      ["FrameTooLarge", rawFrame(Hello.opcode, Number.MAX_SAFE_INTEGER, 10)],
      ["UnknownOpcode", rawFrame(99, 1, 1)],
      ["UnexpectedFrame", rawFrame(Evidence.opcode, 10, 10)],
      ["MessageMalformed", rawFrame(Hello.opcode, 64, 64)],
      ["ConnectionBroken", new Uint8Array(0)],
    ];
    for (const [code, raw] of frames) expect([code, (await attack({ raw })).reason]).toEqual([code, code]);
    await readAttacker(attackerRegistered(victim));
    // It serves on.
    expect((await attackProvider(address, attackerContext(victim, platform))).answer).toBe("Evidence");
  }, TIMEOUT_MS);
});

describe("an enclave that wants the shard, against a hostile provider", () => {
  let owner: TlsHost;
  let victim: TlsHost;
  let server: RunningServer;
  let attack: Attack;
  let outcomes: AttackOutcome[];

  /** The victim has seen who runs the shard; the attacker stands among them. */
  async function startVictim(change: Partial<InitRequest>, attackers: Storage): Promise<void> {
    const chain = new TestChain();
    owner = TlsHost.make(chain, platform, 1);
    await owner.start();
    await growAll([owner], { storage: registered(owner) });
    victim = TlsHost.make(chain, platform, 2, undefined, owner.tip);
    unwrap(await victim.init(change));
    outcomes = [];
    // The first connection, which shows that the victim asks, ends after the evidence.
    attack = { raw: new Uint8Array(0) };
    server = await attackRequester(attackerContext(victim, platform), () => attack, (outcome) => {
      outcomes.push(outcome);
    });
    victim.address = `127.0.0.1:${server.port}`;
    const storage = [...listing(owner, attackerAs(victim.self)), ...attackers];
    await growAll([owner], { storage });
    unwrap(await victim.initParentchain());
    unwrap(await victim.importParentchain(owner.built));
    // Asked for with the block before, read with this one; its own registration sends the victim out.
    await growAll([owner, victim]);
    await growAll([owner, victim], { storage: registered(victim) });
    await victim.reason("ProvisioningFailed", 0);
    await answered(1);
  }

  /** Until an attack has come to its end. */
  async function answered(total: number): Promise<void> {
    await expect.poll(() => outcomes.length, { timeout: 45_000, interval: 5 }).toBeGreaterThanOrEqual(total);
  }

  /** Lets the victim ask once more; its reason and what the attacker was told. */
  async function refuse(next: Attack): Promise<{ readonly reason: string | undefined; readonly told: string }> {
    attack = next;
    const before = victim.reasons("ProvisioningFailed").length;
    const done = outcomes.length;
    await growAll([owner, victim]);
    const reason = await victim.reason("ProvisioningFailed", before);
    await answered(done + 1);
    return { reason, told: outcomes.at(-1)?.answer ?? "" };
  }

  const registeredAttacker = (change: Readonly<Record<string, unknown>> = {}): Storage => {
    const method = { type: "Dcap", value: { proxied: false } };
    return registered(attackerAs({ fingerprint: MEASUREMENT }), { attestation_method: method, ...change });
  };

  afterEach(async () => {
    await server.stop();
    await victim.call("shutdown", undefined);
  });

  it("refuses each forged evidence with a code and a log line of its own", async () => {
    await startVictim({}, registeredAttacker());
    for (const [code, change] of evidenceAttacks(victim, "provider")) {
      expect([code, await refuse(change)]).toEqual([code, { reason: code, told: code }]);
    }
    const evidence = outcomes.find((outcome) => outcome.evidence !== undefined)?.evidence as Uint8Array;
    const replayed = await refuse({ replayed: evidence });
    expect(replayed).toEqual({ reason: "EvidenceReplayed", told: "EvidenceReplayed" });
  }, TIMEOUT_MS);

  it("believes an attested provider, and refuses frames of it that are cut or too large", async () => {
    await startVictim({}, registeredAttacker());
    const { Manifest, State } = FRAMES;
    expect((await refuse({ raw: rawFrame(Manifest.opcode, 200, 60) })).reason).toBe("FrameTruncated");
    expect((await refuse({ raw: rawFrame(Manifest.opcode, Manifest.max + 1, 0) })).reason).toBe("FrameTooLarge");
    expect((await refuse({ raw: rawFrame(State.opcode, 5, 5) })).reason).toBe("UnexpectedFrame");
    expect((await refuse({ raw: rawFrame(Manifest.opcode, 5, 5) })).reason).toBe("MessageMalformed");
    expect(victim.codes()).not.toContain("ShardReceived");
  }, TIMEOUT_MS);

  it("refuses a provider that is listed and not registered, or registered without attestation", async () => {
    await startVictim({ skipRa: false }, []);
    expect(victim.reasons("ProvisioningFailed")[0]).toBe("PeerNotRegistered");
    await growAll([owner, victim], {
      storage: registeredAttacker({ attestation_method: { type: "Skip", value: { proxied: false } } }),
    });
    const refused = { reason: "SkipAttestationNotAllowed", told: "SkipAttestationNotAllowed" };
    await refuse({});
    expect(await refuse({})).toEqual(refused);
  }, TIMEOUT_MS);

  it("refuses one that is registered and not among the shard's validateers", async () => {
    await startVictim({}, registeredAttacker());
    await growAll([owner, victim], { storage: listing(owner) });
    await refuse({});
    expect((await refuse({})).reason).toBe("RegistrationUnread");
  }, TIMEOUT_MS);
});
