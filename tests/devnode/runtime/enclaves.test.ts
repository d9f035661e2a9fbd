import { beforeEach, describe, expect, it } from "vitest";
import { integriteeRuntime } from "../../../src/devnode/runtime/definitions/integritee.ts";
import { permutedRuntime } from "../../../src/devnode/runtime/definitions/permuted.ts";
import type { VerifiedQuote } from "../../../src/devnode/runtime/attestation_port.ts";
import { toHex } from "../../../src/primitives/hex.ts";
import { names, only, outcomeOf, TestChain } from "./test_chain.ts";

const TEER = 10n ** 12n;
const FINGERPRINT = `0x${"a1".repeat(32)}`;
const OTHER = `0x${"b2".repeat(32)}`;
const SHARD = `0x${"51".repeat(32)}`;
const HASH = `0x${"77".repeat(32)}`;
const SKIP = { Skip: { proxied: false } };

function config(fingerprint: string) {
  return { enclaveFingerprint: fingerprint, maxInstances: null, authorities: null, maintenanceMode: false };
}

function register(chain: TestChain, suri: string, fingerprint = FINGERPRINT): string {
  return chain.outcome(suri, chain.tx.teerex.registerSgxEnclave(fingerprint, "0x777373", SKIP));
}

describe.each([["integritee", integriteeRuntime], ["permuted", permutedRuntime]])(
  "Teerex in the %s runtime",
  (_name, definition) => {
    let chain: TestChain;
    beforeEach(async () => {
      chain = await TestChain.create(definition);
    });
    // deno-lint-ignore no-explicit-any
    const registering = (proof: string, url: string | null, method: any) =>
      chain.tx.teerex.registerSgxEnclave(proof, url, method);

    it("register_sgx_enclave that skips attestation keeps what the sender says", () => {
      const events = chain.run("//Bob", registering(FINGERPRINT, "0x777373", SKIP));
      const added = only(events, "teerex.AddedSgxEnclave");
      expect(added.registeredBy.toU8a()).toEqual(chain.account("//Bob"));
      expect(added.tcbStatus.unwrap().type).toBe("Invalid");
      const enclave = chain.read(chain.query.teerex.sovereignEnclaves, chain.account("//Bob")).asSgx;
      expect(enclave.mrEnclave.toHex()).toBe(FINGERPRINT);
      expect(enclave.reportData.d.toU8a().slice(0, 32)).toEqual(chain.account("//Bob"));
      expect(enclave.timestamp.toNumber()).toBe(chain.nowMs);
      expect(enclave.buildMode.type).toBe("Production");
      expect(enclave.url.unwrap().toHex()).toBe("0x777373");
      expect(enclave.attestationMethod.asSkip.proxied.isFalse).toBe(true);
    });

    it("a proof too short to be a measurement registers the zero measurement", () => {
      chain.run("//Bob", registering("0x1234", null, SKIP));
      const enclave = chain.read(chain.query.teerex.sovereignEnclaves, chain.account("//Bob")).asSgx;
      expect(enclave.mrEnclave.toHex()).toBe(`0x${"00".repeat(32)}`);
      expect(enclave.url.isNone).toBe(true);
    });

    it("a proxied registration stands under its instance address, with an opaque signer", () => {
      chain.run("//Bob", registering(FINGERPRINT, null, { Skip: { proxied: true } }));
      expect(chain.read(chain.query.teerex.sovereignEnclaves, chain.account("//Bob"))).toBeUndefined();
      const signer = { Opaque: toHex(new Uint8Array([...chain.account("//Bob"), ...new Uint8Array(34)])) };
      const address = { fingerprint: FINGERPRINT, registrar: chain.account("//Bob"), signer };
      expect(chain.read(chain.query.teerex.proxiedEnclaves, address).asSgx.mrEnclave.toHex()).toBe(FINGERPRINT);
      expect(chain.outcome("//Bob", chain.tx.teerex.unregisterProxiedEnclave(address))).toBe(
        "teerex.UnregisterActiveEnclaveIsNotAllowed",
      );
      chain.nowMs += 172_800_000;
      const removed = chain.run("//Alice", chain.tx.teerex.unregisterProxiedEnclave(address));
      expect(names(removed)).toContain("teerex.RemovedProxiedEnclave");
      expect(chain.read(chain.query.teerex.proxiedEnclaves, address)).toBeUndefined();
      expect(chain.outcome("//Bob", chain.tx.teerex.unregisterProxiedEnclave(address))).toBe(
        "teerex.EnclaveIsNotRegistered",
      );
    });

    it("refuses what is too long, unproven or switched off", () => {
      const long = `0x${"00".repeat(5001)}`;
      expect(chain.outcome("//Bob", registering(long, null, SKIP))).toBe("teerex.RaProofIsTooLong");
      expect(chain.outcome("//Bob", registering(long.slice(0, -2), null, SKIP))).toBe("ok");
      const url = `0x${"61".repeat(257)}`;
      expect(chain.outcome("//Bob", registering(FINGERPRINT, url, SKIP))).toBe("teerex.EnclaveUrlIsTooLong");
      expect(chain.outcome("//Bob", registering(FINGERPRINT, url.slice(0, -2), SKIP))).toBe("ok");
      const refused = "teerex.RemoteAttestationVerificationFailed";
      expect(chain.outcome("//Bob", registering("0x", null, { Dcap: { proxied: false } }))).toBe(refused);
      expect(chain.outcome("//Bob", registering("0x", null, "Ias"))).toBe(refused);
      chain.sudo(chain.tx.teerex.setSecurityFlags(false, true));
      expect(register(chain, "//Bob")).toBe("teerex.SkippingAttestationIsNotAllowed");
    });

    it("an enclave can be removed by anyone after 48 hours and not before", () => {
      expect(register(chain, "//Bob")).toBe("ok");
      const bob = chain.account("//Bob");
      const remove = () => chain.outcome("//Eve", chain.tx.teerex.unregisterSovereignEnclave(bob));
      chain.nowMs += 172_800_000 - 6000;
      expect(remove()).toBe("teerex.UnregisterActiveEnclaveIsNotAllowed");
      expect(remove()).toBe("ok");
      expect(remove()).toBe("teerex.EnclaveIsNotRegistered");
    });

    it("set_security_flags is for root, collateral is refused without a verifier", () => {
      expect(chain.outcome("//Bob", chain.tx.teerex.setSecurityFlags(true, true))).toBe("BadOrigin");
      expect(chain.outcome("//Bob", chain.tx.teerex.registerTcbInfo("0x", "0x", "0x"))).toBe(
        "teerex.CollateralIsInvalid",
      );
      expect(chain.outcome("//Bob", chain.tx.teerex.registerQuotingEnclave("0x", "0x", "0x"))).toBe(
        "teerex.CollateralIsInvalid",
      );
    });
  },
);

describe("Teerex with a verifier of quotes", () => {
  async function chainWith(quote: Partial<VerifiedQuote>): Promise<TestChain> {
    const plain = await TestChain.create();
    const reportData = new Uint8Array(64);
    reportData.set(plain.account("//Bob"));
    const verified: VerifiedQuote = {
      reportData,
      mrEnclave: new Uint8Array(32).fill(9),
      mrSigner: new Uint8Array(32).fill(8),
      timestamp: BigInt(plain.nowMs),
      buildMode: "Production",
      status: "Ok",
      ...quote,
    };
    const verifyQuote = (proof: Uint8Array) => proof.length === 1 ? verified : undefined;
    const { parameters } = integriteeRuntime;
    return await TestChain.create({ ...integriteeRuntime, parameters: { ...parameters, verifyQuote } });
  }
  const dcap = { Dcap: { proxied: false } };

  it("registers what the quote says", async () => {
    const chain = await chainWith({});
    expect(chain.outcome("//Bob", chain.tx.teerex.registerSgxEnclave("0x01", null, dcap))).toBe("ok");
    const enclave = chain.read(chain.query.teerex.sovereignEnclaves, chain.account("//Bob")).asSgx;
    expect(enclave.mrEnclave.toU8a()).toEqual(new Uint8Array(32).fill(9));
    expect(enclave.status.type).toBe("Ok");
    expect(chain.outcome("//Bob", chain.tx.teerex.registerSgxEnclave("0x0101", null, dcap))).toBe(
      "teerex.RemoteAttestationVerificationFailed",
    );
  });

  it("SenderIsNotAttestedEnclave unless registered for another", async () => {
    const chain = await chainWith({});
    expect(chain.outcome("//Eve", chain.tx.teerex.registerSgxEnclave("0x01", null, dcap))).toBe(
      "teerex.SenderIsNotAttestedEnclave",
    );
    expect(chain.outcome("//Eve", chain.tx.teerex.registerSgxEnclave("0x01", null, { Dcap: { proxied: true } }))).toBe(
      "ok",
    );
  });

  it("SgxModeIsNotAllowed for debug builds when they are switched off", async () => {
    const chain = await chainWith({ buildMode: "Debug" });
    expect(chain.outcome("//Bob", chain.tx.teerex.registerSgxEnclave("0x01", null, dcap))).toBe("ok");
    chain.sudo(chain.tx.teerex.setSecurityFlags(true, false));
    expect(chain.outcome("//Bob", chain.tx.teerex.registerSgxEnclave("0x01", null, dcap))).toBe(
      "teerex.SgxModeIsNotAllowed",
    );
  });

  it("RemoteAttestationIsTooOld for reports of more than a day", async () => {
    const chain = await chainWith({ timestamp: 1n });
    expect(chain.outcome("//Bob", chain.tx.teerex.registerSgxEnclave("0x01", null, "Ias"))).toBe(
      "teerex.RemoteAttestationIsTooOld",
    );
  });
});

describe.each([["integritee", integriteeRuntime], ["permuted", permutedRuntime]])(
  "EnclaveBridge in the %s runtime",
  (_name, definition) => {
    let chain: TestChain;
    beforeEach(async () => {
      chain = await TestChain.create(definition);
      expect(register(chain, "//Bob")).toBe("ok");
      expect(register(chain, "//Charlie")).toBe("ok");
      expect(register(chain, "//Dave", OTHER)).toBe("ok");
    });
    const update = (fingerprint: string, delay: number, shard = SHARD) =>
      chain.tx.enclaveBridge.updateShardConfig(shard, config(fingerprint), delay);
    const confirm = (shard: string) => chain.tx.enclaveBridge.confirmProcessedParentchainBlock(shard, HASH, 3, OTHER);
    const signers = (shard = SHARD) =>
      // deno-lint-ignore no-explicit-any
      [...chain.read(chain.query.enclaveBridge.shardStatus, shard)].map((entry: any) => entry.signer.toU8a());

    it("invoke tells the shard and nothing else", () => {
      const events = chain.run("//Eve", chain.tx.enclaveBridge.invoke({ shard: SHARD, cyphertext: "0x1234" }));
      expect(only(events, "enclaveBridge.IndirectInvocationRegistered")[0].toHex()).toBe(SHARD);
    });

    it("shield_funds and unshield_funds move through the shard's account, each call hash once", () => {
      const [eve, alice] = [chain.account("//Eve"), chain.account("//Alice")];
      const shield = chain.run("//Eve", chain.tx.enclaveBridge.shieldFunds(FINGERPRINT, "0xabcd", 5n * TEER));
      expect(only(shield, "enclaveBridge.ShieldFunds").encryptedBeneficiary.toHex()).toBe("0xabcd");
      const vault = chain.account("//Eve").map(() => 0xa1);
      expect(chain.free(vault)).toBe(5n * TEER);
      const before = chain.free(alice);
      const unshield = chain.tx.enclaveBridge.unshieldFunds(FINGERPRINT, alice, 2n * TEER, HASH);
      const events = chain.run("//Bob", unshield);
      expect(only(events, "enclaveBridge.UnshieldedFunds").amount.toBigInt()).toBe(2n * TEER);
      expect(names(chain.run("//Charlie", unshield))).not.toContain("enclaveBridge.UnshieldedFunds");
      expect(chain.free(alice) - before).toBe(2n * TEER);
      expect(chain.read(chain.query.enclaveBridge.executedUnshieldCalls, HASH).toNumber()).toBe(2);
      expect(chain.outcome("//Eve", unshield)).toBe("teerex.EnclaveIsNotRegistered");
      const tooMuch = chain.tx.enclaveBridge.unshieldFunds(FINGERPRINT, eve, 4n * TEER, OTHER);
      expect(chain.outcome("//Bob", tooMuch)).toBe("Token.FundsUnavailable");
      expect(chain.read(chain.query.enclaveBridge.executedUnshieldCalls, OTHER).toNumber()).toBe(0);
    });

    it("a shard without configuration belongs to the enclaves whose measurement it is named after", () => {
      const events = chain.run("//Bob", confirm(FINGERPRINT));
      const processed = only(events, "enclaveBridge.ProcessedParentchainBlock");
      expect(processed.blockHash.toHex()).toBe(HASH);
      expect(processed.trustedCallsMerkleRoot.toHex()).toBe(OTHER);
      expect(processed.blockNumber.toNumber()).toBe(3);
      expect(chain.outcome("//Bob", confirm(SHARD))).toBe("enclaveBridge.WrongFingerprintForShard");
      expect(chain.outcome("//Eve", confirm(FINGERPRINT))).toBe("teerex.EnclaveIsNotRegistered");
    });

    it("any registered enclave makes a shard; its configuration is active at once", () => {
      expect(chain.outcome("//Eve", update(FINGERPRINT, 5))).toBe("teerex.EnclaveIsNotRegistered");
      expect(names(chain.run("//Dave", update(FINGERPRINT, 5)))).toContain("enclaveBridge.ShardConfigUpdated");
      const stored = chain.read(chain.query.enclaveBridge.shardConfigRegistry, SHARD);
      expect(stored.activeConfig.enclaveFingerprint.toHex()).toBe(FINGERPRINT);
      expect(stored.upgradeAt.isNone).toBe(true);
      expect(chain.outcome("//Bob", confirm(SHARD))).toBe("ok");
      expect(chain.outcome("//Dave", confirm(SHARD))).toBe("enclaveBridge.WrongFingerprintForShard");
    });

    it("an upgrade comes into force at its block, and is stored by the first that acts on it", () => {
      chain.run("//Bob", update(FINGERPRINT, 0));
      expect(chain.outcome("//Dave", update(OTHER, 0))).toBe("enclaveBridge.WrongFingerprintForShard");
      expect(chain.outcome("//Bob", update(OTHER, 3))).toBe("ok");
      const at = chain.number + 3;
      const stored = () => chain.read(chain.query.enclaveBridge.shardConfigRegistry, SHARD);
      expect(stored().upgradeAt.unwrap().toNumber()).toBe(at);
      expect(chain.outcome("//Bob", confirm(SHARD))).toBe("ok");
      expect(chain.outcome("//Dave", confirm(SHARD))).toBe("enclaveBridge.WrongFingerprintForShard");
      expect(chain.number).toBe(at - 1);
      expect(chain.outcome("//Dave", confirm(SHARD))).toBe("ok");
      expect(stored().activeConfig.enclaveFingerprint.toHex()).toBe(OTHER);
      expect(stored().pendingUpgrade.isNone).toBe(true);
      expect(chain.outcome("//Bob", confirm(SHARD))).toBe("enclaveBridge.WrongFingerprintForShard");
    });

    it("root configures a shard without touching it", () => {
      chain.sudo(update(FINGERPRINT, 0));
      expect(chain.read(chain.query.enclaveBridge.shardStatus, SHARD)).toBeUndefined();
      expect(chain.outcome("//Bob", confirm(SHARD))).toBe("ok");
    });

    it("a touch keeps the order, appends newcomers and refuses the eleventh", () => {
      chain.run("//Bob", update(FINGERPRINT, 0));
      chain.run("//Charlie", confirm(SHARD));
      chain.run("//Bob", confirm(SHARD));
      expect(signers()).toEqual([chain.account("//Bob"), chain.account("//Charlie")]);
      const status = chain.read(chain.query.enclaveBridge.shardStatus, SHARD);
      expect(status[0].lastActivity.toNumber()).toBe(chain.number);
      expect(status[1].lastActivity.toNumber()).toBe(chain.number - 1);
      for (let i = 0; i < 9; i++) {
        chain.run("//Alice", chain.tx.balances.transferKeepAlive(chain.account(`//E${i}`), TEER));
        expect(register(chain, `//E${i}`)).toBe("ok");
        expect(chain.outcome(`//E${i}`, confirm(SHARD))).toBe(i < 8 ? "ok" : "enclaveBridge.TooManyEnclaves");
      }
      expect(signers().length).toBe(10);
      expect(chain.outcome("//Bob", confirm(SHARD))).toBe("ok");
    });

    it("purge_enclave_from_shard_status is for root and lets the next be first", () => {
      chain.run("//Bob", update(FINGERPRINT, 0));
      chain.run("//Charlie", confirm(SHARD));
      const purge = chain.tx.enclaveBridge.purgeEnclaveFromShardStatus(SHARD, chain.account("//Bob"));
      expect(chain.outcome("//Bob", purge)).toBe("BadOrigin");
      const events = chain.sudo(purge);
      expect(only(events, "enclaveBridge.PurgedEnclaveFromShardConfig").subject.toU8a()).toEqual(
        chain.account("//Bob"),
      );
      expect(signers()).toEqual([chain.account("//Charlie")]);
      const unknown = chain.tx.enclaveBridge.purgeEnclaveFromShardStatus(OTHER, chain.account("//Bob"));
      const result = only(chain.sudo(unknown), "sudo.Sudid").sudoResult.asErr;
      expect(chain.registry.findMetaError(result.asModule).name).toBe("ShardNotFound");
    });

    it("publish_hash has the measurement and the extra topics as topics, within its limits", () => {
      const publish = (topics: number, length: number) =>
        chain.tx.enclaveBridge.publishHash(HASH, Array(topics).fill(SHARD), `0x${"00".repeat(length)}`);
      const events = chain.run("//Bob", publish(1, 100));
      expect(only(events, "enclaveBridge.PublishedHash").enclaveFingerprint.toHex()).toBe(FINGERPRINT);
      const event = events.find(({ name }) => name === "enclaveBridge.PublishedHash");
      expect(event?.topics).toEqual([SHARD, FINGERPRINT]);
      const places = chain.read(chain.query.system.eventTopics, FINGERPRINT);
      expect(places.length).toBe(1);
      expect(places[0][0].toNumber()).toBe(chain.number);
      expect(signers(FINGERPRINT)).toEqual([chain.account("//Bob")]);
      chain.block();
      expect(chain.read(chain.query.system.eventTopics, FINGERPRINT).length).toBe(0);
      expect(chain.outcome("//Bob", publish(5, 0))).toBe("ok");
      expect(chain.outcome("//Bob", publish(6, 0))).toBe("enclaveBridge.TooManyTopics");
      expect(chain.outcome("//Bob", publish(0, 101))).toBe("enclaveBridge.DataTooLong");
      expect(chain.outcome("//Eve", publish(0, 0))).toBe("teerex.EnclaveIsNotRegistered");
    });
  },
);

describe.each([["integritee", integriteeRuntime], ["permuted", permutedRuntime]])(
  "Sidechain in the %s runtime",
  (_name, definition) => {
    let chain: TestChain;
    beforeEach(async () => {
      chain = await TestChain.create(definition);
      register(chain, "//Bob");
      register(chain, "//Charlie");
      chain.run("//Bob", chain.tx.enclaveBridge.updateShardConfig(SHARD, config(FINGERPRINT), 0));
    });
    const block = (blockNumber: number, blockHeaderHash = HASH) => ({ blockNumber, blockHeaderHash });
    // deno-lint-ignore no-explicit-any
    const confirm = (ancestor: any, candidate: any) =>
      chain.tx.sidechain.confirmImportedSidechainBlock(SHARD, ancestor, candidate);
    const latest = () => chain.read(chain.query.sidechain.latestSidechainBlockConfirmation, SHARD);

    it("the first signer confirms, others only show that they are alive", () => {
      const events = chain.run("//Bob", confirm(null, block(4)));
      const finalized = only(events, "sidechain.FinalizedSidechainBlock");
      expect(finalized.blockNumber.toNumber()).toBe(4);
      expect(finalized.validateer.toU8a()).toEqual(chain.account("//Bob"));
      const other = chain.run("//Charlie", confirm(block(4), block(9)));
      expect(outcomeOf(chain, other)).toBe("ok");
      expect(names(other)).not.toContain("sidechain.FinalizedSidechainBlock");
      expect(latest().blockNumber.toNumber()).toBe(4);
      expect(chain.read(chain.query.enclaveBridge.shardStatus, SHARD).length).toBe(2);
    });

    it("a confirmation names the one before it and is later", () => {
      expect(chain.outcome("//Bob", confirm(null, block(4)))).toBe("ok");
      expect(chain.outcome("//Bob", confirm(null, block(5)))).toBe("sidechain.AncestorMissing");
      expect(chain.outcome("//Bob", confirm(block(4), block(4)))).toBe("sidechain.FinalizationCandidateIsOutdated");
      expect(chain.outcome("//Bob", confirm(block(3), block(5)))).toBe("sidechain.AncestorNumberMismatch");
      expect(chain.outcome("//Bob", confirm(block(4, OTHER), block(5)))).toBe("sidechain.AncestorHashMismatch");
      expect(chain.outcome("//Bob", confirm(block(4), block(5, OTHER)))).toBe("ok");
      expect(latest().blockHeaderHash.toHex()).toBe(OTHER);
    });

    it("is for registered enclaves of the shard", () => {
      register(chain, "//Dave", OTHER);
      expect(chain.outcome("//Eve", confirm(null, block(1)))).toBe("teerex.EnclaveIsNotRegistered");
      expect(chain.outcome("//Dave", confirm(null, block(1)))).toBe("enclaveBridge.WrongFingerprintForShard");
    });
  },
);
