import "reflect-metadata";
import { describe, expect, it } from "vitest";
import { collateralFromJson, type SignedDocument } from "../../src/attestation/collateral.ts";
import { INTEL_SGX_ROOT, type PlatformRoot } from "../../src/attestation/platform_root.ts";
import { encodePemChain } from "../../src/attestation/x509.ts";
import { generateP256 } from "../../src/crypto/p256.ts";
import { MAX_QUOTES_PER_EXTRINSIC, QuoteChecks } from "../../src/devnode/quote_checks.ts";
import { integriteeRuntime } from "../../src/devnode/runtime/definitions/integritee.ts";
import { decodeExtrinsic } from "../../src/devnode/runtime/executive/extrinsic.ts";
import { fromHex, toHex } from "../../src/primitives/hex.ts";
import { unwrap } from "../../src/primitives/result.ts";
import { buildWorld, momentOf, qeLevel, tcbLevel, type World, type WorldOptions } from "../attestation/pki_builder.ts";
import { buildChain, buildQuote, NOW_MS, rootOf } from "../attestation/quote_builder.ts";
import { tdQuoteOfWorld } from "../attestation/td_world.ts";
import collaterals from "../attestation/vectors/collateral.json" with { type: "json" };
import vectors from "../attestation/vectors/quotes.json" with { type: "json" };
import { only, outcomeOf, type SeenEvent, TestChain } from "./runtime/test_chain.ts";

const DAY_MS = 86_400_000;
const DCAP = { Dcap: { proxied: false } };
const PROXIED = { Dcap: { proxied: true } };

/** A chain whose quotes and collateral are checked when an extrinsic arrives. */
class AttestedChain {
  readonly chain: TestChain;
  readonly checks: QuoteChecks;

  private constructor(chain: TestChain, checks: QuoteChecks) {
    this.chain = chain;
    this.checks = checks;
    chain.nowMs = NOW_MS;
  }

  static async create(...roots: PlatformRoot[]): Promise<AttestedChain> {
    const checks = new QuoteChecks(roots);
    const parameters = {
      ...integriteeRuntime.parameters,
      verifyQuote: checks.verify,
      verifyCollateral: checks.collateral,
      attestationStanding: checks.standing,
    };
    return new AttestedChain(await TestChain.create({ ...integriteeRuntime, parameters }), checks);
  }

  // deno-lint-ignore no-explicit-any
  async run(suri: string, call: any): Promise<SeenEvent[]> {
    const extrinsic = this.chain.sign(suri, call);
    await this.checks.check(unwrap(decodeExtrinsic(this.chain.runtime.model, extrinsic)).call);
    return this.chain.block(extrinsic).filter(({ phase }) => phase === "extrinsic 1");
  }

  // deno-lint-ignore no-explicit-any
  async outcome(suri: string, call: any): Promise<string> {
    return outcomeOf(this.chain, await this.run(suri, call)).replace("teerex.", "");
  }

  quotingEnclave({ json, signature, issuerChain }: SignedDocument): unknown {
    return this.chain.tx.teerex.registerQuotingEnclave(toHex(json), toHex(signature), toHex(issuerChain));
  }

  tcbInfo({ json, signature, issuerChain }: SignedDocument): unknown {
    return this.chain.tx.teerex.registerTcbInfo(toHex(json), toHex(signature), toHex(issuerChain));
  }

  enclave(quote: Uint8Array, method: unknown = PROXIED): unknown {
    return this.chain.tx.teerex.registerSgxEnclave(toHex(quote), null, method);
  }

  /** Registers the collateral of a world; all of it must be taken. */
  async register({ collateral }: Pick<World, "collateral">): Promise<void> {
    expect(await this.outcome("//Eve", this.quotingEnclave(collateral.qeIdentity))).toBe("ok");
    expect(await this.outcome("//Eve", this.tcbInfo(collateral.tcbInfo))).toBe("ok");
  }
}

/** What becomes of a world's quote on a chain that knows the world's collateral. */
async function outcomeIn(options: WorldOptions, later = 0): Promise<string> {
  const world = await buildWorld(options);
  const on = await AttestedChain.create(world.root);
  await on.register(world);
  on.chain.nowMs += later;
  const events = await on.run("//Eve", on.enclave(world.quote));
  const outcome = outcomeOf(on.chain, events).replace("teerex.", "");
  return outcome === "ok" ? only(events, "teerex.AddedSgxEnclave").tcbStatus.unwrap().type : outcome;
}

describe("registration of collateral", () => {
  it("takes Intel's own, then judges Phala's platform by it", async () => {
    const on = await AttestedChain.create(INTEL_SGX_ROOT);
    const collateral = unwrap(collateralFromJson(collaterals.phalaSgx));
    const registered = only(
      await on.run("//Eve", on.quotingEnclave(collateral.qeIdentity)),
      "teerex.SgxQuotingEnclaveRegistered",
    );
    // deno-lint-ignore no-explicit-any
    expect([...registered.quotingEnclave.tcb].map((tcb: any) => tcb.isvsvn.toNumber())).toEqual([8]);
    const info = only(await on.run("//Eve", on.tcbInfo(collateral.tcbInfo)), "teerex.SgxTcbInfoRegistered");
    expect(info.fmspc.toHex()).toBe("0x00a067110000");
    const stored = on.chain.read(on.chain.query.teerex.sgxTcbInfo, "0x00a067110000");
    expect(stored.toHex()).toBe(info.onChainInfo.toHex());
    expect(stored.tcbLevels.length).toBe(11);
    expect(stored.tcbLevels[1].tcbStatus.type).toBe("ConfigurationAndSWHardeningNeeded");
    const quote = fromHex(vectors.quotes[1]?.hex ?? "");
    const added = only(await on.run("//Eve", on.enclave(quote)), "teerex.AddedSgxEnclave");
    expect(added.tcbStatus.unwrap().type).toBe("ConfigurationNeeded");
    expect(await on.outcome("//Eve", on.enclave(quote, DCAP))).toBe("SenderIsNotAttestedEnclave");
    const debug = fromHex(vectors.quotes[0]?.hex ?? "");
    expect(await on.outcome("//Eve", on.enclave(debug))).toBe("MissingTcbInfoForFmspc");
  });

  it("reports documents whose signature, chain or dates do not hold", async () => {
    const world = await buildWorld();
    const on = await AttestedChain.create(world.root);
    const { leaf, authority, root, tcbSigner } = world.ders;
    const other = await buildWorld({ documentSigner: (await generateP256(false)).keys.privateKey });
    const { qeIdentity, tcbInfo } = world.collateral;
    for (
      const [register, document, wrongName] of [
        [(to: SignedDocument) => on.quotingEnclave(to), qeIdentity, "EnclaveIdentitySignatureIsInvalid"],
        [(to: SignedDocument) => on.tcbInfo(to), tcbInfo, "TcbInfoIsInvalid"],
      ] as const
    ) {
      const outcome = (change: Partial<SignedDocument>) => on.outcome("//Eve", register({ ...document, ...change }));
      const withChain = (...ders: Uint8Array[]) => outcome({ issuerChain: encodePemChain(ders) });
      expect(await outcome({ signature: document.signature.with(9, 0) })).toBe(wrongName);
      expect(await outcome({ json: document.json.slice(1) })).toBe(wrongName);
      expect(await outcome({ signature: document.signature.slice(1) })).toBe("KeyLengthIsInvalid");
      expect(await withChain(tcbSigner)).toBe("CertificateChainIsTooShort");
      expect(await withChain(leaf, authority, root)).toBe("CertificateChainIsInvalid");
      expect(await withChain(root, tcbSigner)).toBe("LeafCertificateParsingError");
      expect(await outcome({ issuerChain: new Uint8Array(5) })).toBe("CertificateChainIsInvalid");
      expect(await outcome({ issuerChain: other.collateral.tcbInfo.issuerChain })).toBe("CertificateChainIsInvalid");
    }
    expect(await on.outcome("//Eve", on.tcbInfo(other.collateral.tcbInfo))).toBe("CertificateChainIsInvalid");
    expect(await on.outcome("//Eve", on.quotingEnclave(tcbInfo))).toBe("CollateralIsInvalid");
    expect(await on.outcome("//Eve", on.tcbInfo(qeIdentity))).toBe("CollateralIsInvalid");
    on.chain.nowMs = NOW_MS + DAY_MS;
    expect(await on.outcome("//Eve", on.tcbInfo(tcbInfo))).toBe("CollateralIsInvalid");
    expect(await on.outcome("//Eve", on.quotingEnclave(qeIdentity))).toBe("CollateralIsInvalid");
  });

  it("judges by the block's time, whatever the clock was at arrival", async () => {
    const world = await buildWorld({ tcbInfo: { issueDate: momentOf(NOW_MS + 3_600_000) } });
    const on = await AttestedChain.create(world.root);
    expect(await on.outcome("//Eve", on.tcbInfo(world.collateral.tcbInfo))).toBe("CollateralIsInvalid");
    on.chain.nowMs = NOW_MS + 3_600_000;
    expect(await on.outcome("//Eve", on.tcbInfo(world.collateral.tcbInfo))).toBe("ok");
  });

  it("takes newer collateral and no older one", async () => {
    const keys = await buildWorld();
    const at = (ms: number) => ({ issueDate: momentOf(ms) });
    const worlds = await Promise.all([1, 2].map((hours) => {
      const issued = at(NOW_MS - 3_600_000 * hours);
      return buildWorld({ tcbInfo: issued, qeIdentity: issued });
    })) as [World, World];
    const on = await AttestedChain.create(keys.root, ...worlds.map(({ root }) => root));
    await on.register(keys);
    await on.register(worlds[1]);
    await on.register(worlds[0]);
    await on.register(worlds[0]);
    for (const { collateral } of [worlds[1], keys]) {
      expect(await on.outcome("//Eve", on.tcbInfo(collateral.tcbInfo))).toBe("CollateralIsInvalid");
      expect(await on.outcome("//Eve", on.quotingEnclave(collateral.qeIdentity))).toBe("CollateralIsInvalid");
    }
  });
});

describe("registration of enclaves by DCAP", () => {
  const hardening = { tcbInfo: { tcbLevels: [tcbLevel(1, "SWHardeningNeeded")] } };
  const long = { notAfterMs: NOW_MS + 30 * DAY_MS };
  const longCertificates = { leaf: long, authority: long, root: long, tcbSigner: long, qeSigner: long };
  const monthly = { nextUpdate: momentOf(NOW_MS + 20 * DAY_MS) };
  const cases: readonly (readonly [why: string, expected: string, WorldOptions, later?: number])[] = [
    ["a platform that is up to date", "Ok", {}],
    ["a platform that needs hardening", "Ok", hardening],
    ["a platform to be configured", "ConfigurationNeeded", {
      tcbInfo: { tcbLevels: [tcbLevel(1, "ConfigurationNeeded")] },
    }],
    ["a platform out of date", "TcbInfoIsOutdated", { platform: { components: new Uint8Array(16).fill(3) } }],
    ["a platform below all levels", "TcbInfoIsOutdated", { platform: { pceSvn: 1 } }],
    ["a revoked platform", "TcbInfoIsOutdated", { tcbInfo: { tcbLevels: [tcbLevel(1, "Revoked")] } }],
    ["an unknown status", "TcbInfoIsOutdated", { tcbInfo: { tcbLevels: [tcbLevel(1, "Shiny")] } }],
    ["another kind of platform", "MissingTcbInfoForFmspc", { platform: { fmspc: new Uint8Array(6) } }],
    [
      "patch levels that expired",
      "TcbInfoIsOutdated",
      { certificates: longCertificates, qeIdentity: monthly },
      2 * DAY_MS,
    ],
    [
      "an identity that expired",
      "CollateralIsInvalid",
      { certificates: longCertificates, tcbInfo: monthly },
      2 * DAY_MS,
    ],
    ["certificates that expired", "CertificateChainIsInvalid", { tcbInfo: monthly, qeIdentity: monthly }, 2 * DAY_MS],
    ["a quoting enclave of another signer", "QeHasRejectedEnclave", {
      quote: { qeReport: { mrsigner: new Uint8Array(32) } },
    }],
    ["another product as quoting enclave", "QeHasRejectedEnclave", { quote: { qeReport: { isvProdId: 2 } } }],
    ["a debug quoting enclave", "QeHasRejectedEnclave", { quote: { qeReport: { attributeFlags: 0x17n } } }],
    ["an old quoting enclave", "QeHasRejectedEnclave", { quote: { qeReport: { isvSvn: 7 } } }],
    ["a revoked quoting enclave", "QeHasRejectedEnclave", { qeIdentity: { tcbLevels: [qeLevel(1, "Revoked")] } }],
    ["no SGX extension", "IntelExtensionAmbiguity", { platform: null }],
    ["an attestation key that nobody vouches for", "QeReportHashMismatch", {
      quote: { qeReportData: new Uint8Array(64) },
    }],
  ];
  for (const [why, expected, options, later] of cases) {
    it(`ends in ${expected} with ${why}`, async () => {
      expect(await outcomeIn(options, later)).toBe(expected);
    });
  }

  it("names what is wrong with a quote as the pallet does", async () => {
    const other = (await generateP256(false)).keys.privateKey;
    const [world, foreign] = [await buildWorld(), await buildWorld()];
    expect(await outcomeIn({ quote: { qeSigner: other } })).toBe("RsaSignatureIsInvalid");
    expect(await outcomeIn({ quote: { quoteSigner: other } })).toBe("IsvEnclaveReportSignatureIsInvalid");
    expect(await outcomeIn({ certificates: { leaf: { signedBy: other } } })).toBe("CertificateChainIsInvalid");
    expect(await outcomeIn({ certificates: { leaf: { isCa: true } } })).toBe("LeafCertificateParsingError");
    const on = await AttestedChain.create(world.root);
    await on.register(world);
    const outcome = (quote: Uint8Array) => on.outcome("//Eve", on.enclave(quote));
    expect(await outcome(world.quote.slice(0, -1))).toBe("DcapQuoteDecodingError");
    expect(await outcome(world.quote.with(0, 4))).toBe("DcapQuoteVersionMismatch");
    // What the quote of a trust domain says is no measurement of an enclave, however good its signatures are.
    expect(await outcome(await tdQuoteOfWorld(world))).toBe("DcapQuoteVersionMismatch");
    expect(await outcome(world.quote.with(2, 3))).toBe("DcapKeyTypeMismatch");
    expect(await outcome(world.quote.with(1_046, 3))).toBe("PckCertFormatMismatch");
    expect(await outcome(foreign.quote)).toBe("CertificateChainIsInvalid");
    const pem = encodePemChain([world.ders.leaf]);
    expect(await outcomeIn({ quote: { pem } })).toBe("CertificateChainIsTooShort");
    expect(await outcome(world.quote)).toBe("ok");
  });

  it("refuses quotes until collateral is registered, and puts off quotes and documents that were not checked", async () => {
    const world = await buildWorld();
    const on = await AttestedChain.create(world.root);
    for (const call of [on.enclave(world.quote), on.tcbInfo(world.collateral.tcbInfo)]) {
      expect(() => on.chain.block(on.chain.sign("//Eve", call))).toThrow("refused: Unknown CustomUnknown");
    }
    expect(await on.outcome("//Eve", on.enclave(world.quote))).toBe("QeHasRejectedEnclave");
    await on.register(world);
    expect(await on.outcome("//Eve", on.enclave(world.quote))).toBe("ok");
  });

  it("takes emulated platforms without collateral, as before", async () => {
    const chain = await buildChain();
    const on = await AttestedChain.create(INTEL_SGX_ROOT, rootOf(chain));
    const added = only(await on.run("//Eve", on.enclave(await buildQuote(chain))), "teerex.AddedSgxEnclave");
    expect(added.tcbStatus.unwrap().type).toBe("Ok");
  });

  it("checks what stands in nested calls, and refuses an extrinsic with too many whatever was seen before", async () => {
    const worlds = await Promise.all(Array.from({ length: MAX_QUOTES_PER_EXTRINSIC + 1 }, () => buildWorld()));
    const on = await AttestedChain.create(...worlds.map(({ root }) => root));
    await on.register(worlds[0] as World);
    const nested = worlds.map(({ quote }) => on.chain.tx.utility.batchAll([on.enclave(quote)]));
    const all = on.chain.tx.utility.batchAll(nested);
    await expect(on.run("//Eve", all)).rejects.toThrow("refused: Invalid Call");
    for (const { quote } of worlds) expect(await on.outcome("//Eve", on.enclave(quote))).toBe("ok");
    await expect(on.run("//Eve", all)).rejects.toThrow("refused: Invalid Call");
    expect(await on.outcome("//Eve", on.chain.tx.utility.batchAll(nested.slice(1)))).toBe("ok");
  });
});
