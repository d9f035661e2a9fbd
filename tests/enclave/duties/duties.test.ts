import { describe, expect, it } from "vitest";
import type { DutyChain, DutyExtrinsic, DutyIdentity } from "../../../src/enclave/duties/duty.ts";
import { RESEND_BLOCKS } from "../../../src/enclave/duties/outbox.ts";
import { SHARD_CREATION_ERA } from "../../../src/enclave/duties/shard_creation.ts";
import {
  type DutyInput,
  type DutyState,
  nextDuties,
  NO_DUTIES,
  noteImported,
  noteReverted,
} from "../../../src/enclave/duties/duties.ts";
import { ed25519Sign } from "../../../src/crypto/ed25519.ts";
import { blake2_256 } from "../../../src/crypto/blake2.ts";
import { type AccountId, blockHash, enclaveFingerprint, h256 } from "../../../src/primitives/branded.ts";
import { utf8 } from "../../../src/primitives/bytes.ts";
import { decodeExtrinsic } from "../../../src/parentchain/extrinsic_decode.ts";
import { enclaveFunds, vaultFunds } from "../../../src/parentchain/funding.ts";
import type { FollowerState } from "../../../src/parentchain/follower_state.ts";
import type { ImportedBlock } from "../../../src/parentchain/imported_block.ts";
import type { ParentchainView } from "../../../src/parentchain/view.ts";
import {
  seed,
  SHARD,
  SIGNER,
  SIGNER_ACCOUNT,
  testAccount,
  TestChain,
  VAULT,
  VAULT_ACCOUNT,
} from "../../parentchain/builders.ts";

const { metadata } = new TestChain();
const FINGERPRINT = enclaveFingerprint(seed(0xf1));
const URL = "wss://127.0.0.1:2000";
const NOW = 1_700_000_000_000n;

const IDENTITY: DutyIdentity = {
  signer: { account: SIGNER_ACCOUNT, sign: (payload) => ed25519Sign(SIGNER, payload) },
  fingerprint: FINGERPRINT,
  shard: SHARD,
  vault: { account: VAULT_ACCOUNT, sign: (payload) => ed25519Sign(VAULT, payload) },
};

const INPUT: DutyInput = {
  registration: { proof: { type: "Skip" }, url: URL },
  isReady: true,
  peers: [],
  confirmation: undefined,
  reserved: [],
};

const REGISTERED: Partial<ParentchainView> = {
  enclave: {
    reportData: new Uint8Array(64),
    mrEnclave: FINGERPRINT,
    mrSigner: seed(0),
    timestamp: NOW - 1000n,
    url: utf8(URL),
    buildMode: "Production",
    attestationMethod: { type: "Skip", value: { proxied: false } },
    status: "Invalid",
  },
};

const CREATED: Partial<ParentchainView> = {
  ...REGISTERED,
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
  shardStatus: [{ signer: SIGNER_ACCOUNT, fingerprint: FINGERPRINT, lastActivity: 1 }],
};

const FOUNDED: Partial<ParentchainView> = {
  ...CREATED,
  vault: { nonce: 1, free: 10n ** 12n, reserved: 20n * 10n ** 12n, frozen: 0n },
  vaultProxies: [{ delegate: SIGNER_ACCOUNT, proxyType: "Any", delay: 0 }],
  peers: [],
};

function chainAt(number: number, change: Partial<ParentchainView> = {}): DutyChain {
  const hash = blockHash(blake2_256(utf8(String(number))));
  const view: ParentchainView = {
    number,
    hash,
    nowMs: NOW,
    specVersion: undefined,
    enclave: undefined,
    shardStatus: [],
    shardConfig: undefined,
    confirmation: undefined,
    signer: { nonce: 0, free: 10n ** 15n, reserved: 0n, frozen: 0n },
    vault: { nonce: 0, free: 0n, reserved: 0n, frozen: 0n },
    vaultProxies: [],
    peers: [],
    auraAuthorities: [],
    grandpa: undefined,
    ...change,
  };
  return { metadata, genesisHash: blockHash(seed(9)), head: { number, hash }, view };
}

function imported(number: number, view: ParentchainView): ImportedBlock {
  return {
    number,
    hash: view.hash,
    parentHash: view.hash,
    level: "proven",
    followerState: undefined as unknown as FollowerState,
    content: {
      nowMs: NOW,
      deposits: [],
      invokes: [],
      shields: [],
      proxied: [],
      extrinsicHashes: [],
      processedRoot: h256(seed(number)),
      view,
    },
  };
}

function purposes(send: readonly DutyExtrinsic[]): readonly string[] {
  return send.map(({ purpose }) => purpose);
}

function run(chain: DutyChain, state: DutyState = NO_DUTIES, change: Partial<DutyInput> = {}) {
  return nextDuties(state, chain, IDENTITY, { ...INPUT, ...change });
}

describe("nextDuties()", () => {
  it("goes from registration over the shard to the vault, one step after the other", () => {
    const register = run(chainAt(100));
    expect(purposes(register.send)).toEqual(["register_sgx_enclave"]);
    expect(register.send[0]).toMatchObject({ nonce: 0, eraEnd: 163, signer: SIGNER_ACCOUNT });
    const create = run(chainAt(100, REGISTERED));
    expect(purposes(create.send)).toEqual(["update_shard_config"]);
    expect(create.send[0]?.eraEnd).toBe(99 + SHARD_CREATION_ERA);
    const decoded = decodeExtrinsic((create.send[0] as DutyExtrinsic).bytes, metadata);
    const config = { max_instances: undefined, authorities: undefined, maintenance_mode: false };
    expect(decoded.ok && decoded.value.call).toEqual(metadata.encodeCall("EnclaveBridge", "update_shard_config", {
      shard: SHARD,
      shard_config: { enclave_fingerprint: FINGERPRINT, ...config },
      enactment_delay: 0,
    }));
    expect(purposes(run(chainAt(100, CREATED)).send)).toEqual(["fund_vault"]);
    const funded = { ...CREATED, vault: { nonce: 0, free: vaultFunds(metadata), reserved: 0n, frozen: 0n } };
    const proxy = run(chainAt(100, funded));
    expect(purposes(proxy.send)).toEqual(["add_proxy"]);
    expect(proxy.send[0]).toMatchObject({ nonce: 0, signer: VAULT_ACCOUNT });
    expect(purposes(run(chainAt(100, FOUNDED)).send)).toEqual([]);
  });

  it("does nothing for the shard until the enclave is ready", () => {
    expect(purposes(run(chainAt(1, REGISTERED), NO_DUTIES, { isReady: false }).send)).toEqual([]);
  });

  it("moves no funds to the vault before the validateer is listed: they would be a deposit", () => {
    expect(run(chainAt(1, { ...CREATED, shardStatus: [] })).send).toEqual([]);
    // Nor as the second one: the first one has founded the vault, or will.
    const first = { signer: testAccount(3), fingerprint: FINGERPRINT, lastActivity: 1 };
    expect(purposes(run(chainAt(1, { ...CREATED, shardStatus: [first, ...CREATED.shardStatus ?? []] })).send)).toEqual(
      [],
    );
  });

  it("registers again with another measurement, address or method, and before it grows old", () => {
    const enclave = REGISTERED.enclave;
    if (enclave === undefined) throw new Error("no enclave");
    const again = (change: Partial<typeof enclave>) =>
      purposes(run(chainAt(1, { ...FOUNDED, enclave: { ...enclave, ...change } })).send);
    expect(again({})).toEqual([]);
    expect(again({ mrEnclave: enclaveFingerprint(seed(1)) })).toEqual(["register_sgx_enclave"]);
    expect(again({ url: undefined })).toEqual(["register_sgx_enclave"]);
    expect(again({ timestamp: NOW - 86_400_000n })).toEqual(["register_sgx_enclave"]);
    const registration = { proof: { type: "Dcap" as const, quote: seed(1) }, url: URL };
    expect(purposes(run(chainAt(1, FOUNDED), NO_DUTIES, { registration }).send)).toEqual(["register_sgx_enclave"]);
  });

  it("alerts instead of sending what the chain would refuse", () => {
    const alerts = (change: Partial<DutyInput>, view: Partial<ParentchainView> = {}) =>
      run(chainAt(1, view), NO_DUTIES, change).alerts.map(({ code }) => code);
    expect(alerts({ registration: { proof: { type: "Skip" }, url: "x".repeat(257) } })).toEqual(["WorkerUrlTooLong"]);
    const quote = new Uint8Array(5001);
    expect(alerts({ registration: { proof: { type: "Dcap", quote }, url: URL } })).toEqual(["QuoteTooLong"]);
    const other = { ...CREATED.shardConfig?.activeConfig, enclaveFingerprint: enclaveFingerprint(seed(3)) };
    const foreign = { ...CREATED, shardConfig: { ...CREATED.shardConfig, activeConfig: other } } as ParentchainView;
    expect(alerts({}, { ...foreign, shardStatus: [] })).toEqual(["WrongFingerprintForShard"]);
    const poor = { ...CREATED, signer: { nonce: 0, free: 1000n, reserved: 0n, frozen: 0n } };
    expect(alerts({}, poor)).toEqual(["VaultFundsMissing"]);
  });

  it("makes provisioned peers delegates of the vault", () => {
    const peer: AccountId = testAccount(0x44);
    const { send } = run(chainAt(1, FOUNDED), NO_DUTIES, { peers: [peer, SIGNER_ACCOUNT] });
    expect(purposes(send)).toEqual(["add_proxy_for_peer"]);
    const decoded = decodeExtrinsic((send[0] as DutyExtrinsic).bytes, metadata);
    expect(decoded.ok && decoded.value.name).toEqual({ pallet: "Proxy", call: "proxy" });
  });

  it("makes them delegates as a delegate itself, without the vault's key", () => {
    const identity: DutyIdentity = { ...IDENTITY, vault: { account: VAULT_ACCOUNT, sign: undefined } };
    const peers = [testAccount(0x44)];
    const input = { ...INPUT, peers };
    expect(purposes(nextDuties(NO_DUTIES, chainAt(1, FOUNDED), identity, input).send)).toEqual(["add_proxy_for_peer"]);
    // But founds no vault that it has no key for.
    expect(nextDuties(NO_DUTIES, chainAt(1, CREATED), identity, INPUT).send).toEqual([]);
  });

  it("is listed in a shard that exists by what it has processed, and leaves its configuration alone", () => {
    const config = CREATED.shardConfig as NonNullable<ParentchainView["shardConfig"]>;
    const others = [{ signer: testAccount(9), fingerprint: FINGERPRINT, lastActivity: 1 }];
    const next = { ...config.activeConfig, enclaveFingerprint: enclaveFingerprint(seed(3)) };
    const stages = [
      config,
      { ...config, pendingUpgrade: next, upgradeAt: 101 },
      { ...config, pendingUpgrade: config.activeConfig, upgradeAt: 100 },
    ];
    for (const shardConfig of stages) {
      const joining = chainAt(100, { ...CREATED, shardStatus: others, shardConfig });
      expect(run(joining).send).toEqual([]);
      const processed = noteImported(NO_DUTIES, imported(100, joining.view));
      expect(purposes(run(joining, processed).send)).toEqual(["confirm_processed_parentchain_block"]);
    }
  });

  it("does not repeat what is under way, and repeats it with a fresh nonce when its era is over", () => {
    const first = run(chainAt(100));
    expect(run(chainAt(101), first.state).send).toEqual([]);
    expect(run(chainAt(162), first.state).send).toEqual([]);
    const again = run(chainAt(163), first.state);
    expect(purposes(again.send)).toEqual(["register_sgx_enclave"]);
    expect(again.send[0]?.nonce).toBe(0);
    const used = chainAt(163, { signer: { nonce: 7, free: 10n ** 15n, reserved: 0n, frozen: 0n } });
    expect(run(used, first.state).send[0]?.nonce).toBe(7);
  });

  it("hands over again what is under way, every few blocks, as it was signed", () => {
    const first = run(chainAt(100));
    expect(first.resend).toEqual([]);
    expect(run(chainAt(100 + RESEND_BLOCKS - 1), first.state).resend).toEqual([]);
    const again = run(chainAt(100 + RESEND_BLOCKS), first.state);
    expect(again.resend.map(({ bytes }) => bytes)).toEqual(first.send.map(({ bytes }) => bytes));
    expect(run(chainAt(100 + 2 * RESEND_BLOCKS - 1), again.state).resend).toEqual([]);
    expect(run(chainAt(100 + 2 * RESEND_BLOCKS), again.state).resend).toHaveLength(1);
  });

  it("signs anew, with the same nonce, what it signed at a block that was undone", () => {
    const first = run(chainAt(100));
    expect(run(chainAt(101), noteReverted(first.state, 101)).send).toEqual([]);
    const again = run(chainAt(101), noteReverted(first.state, 100));
    expect(purposes(again.send)).toEqual(["register_sgx_enclave"]);
    expect(again.send[0]?.nonce).toBe(first.send[0]?.nonce);
    expect(again.send[0]?.bytes).not.toEqual(first.send[0]?.bytes);
  });

  it("takes the lowest free nonce beside payouts and others under way", () => {
    const reserved = [{ signer: SIGNER_ACCOUNT, nonce: 0 }, { signer: SIGNER_ACCOUNT, nonce: 2 }];
    const peers = [testAccount(1), testAccount(2)];
    const { send } = run(chainAt(1, FOUNDED), NO_DUTIES, { reserved, peers });
    expect(send.map(({ nonce }) => nonce)).toEqual([1, 3]);
  });

  it("confirms processed blocks in batches, one under way at a time, and again if it is lost", () => {
    const founded = chainAt(10, FOUNDED);
    let state = NO_DUTIES;
    for (let n = 1; n <= 70; n++) state = noteImported(state, imported(n, founded.view));
    const first = run(founded, state);
    expect(purposes(first.send)).toEqual(["confirm_processed_parentchain_block"]);
    expect((first.send[0] as DutyExtrinsic).bytes.length).toBeLessThan(13_000);
    const waiting = run(chainAt(11, FOUNDED), first.state);
    expect(waiting.send).toEqual([]);
    const included = chainAt(12, { ...FOUNDED, signer: { nonce: 1, free: 10n ** 15n, reserved: 0n, frozen: 0n } });
    const second = run(included, first.state);
    expect(purposes(second.send)).toEqual(["confirm_processed_parentchain_block"]);
    expect(second.state.processed).toHaveLength(6);
    const lost = run(chainAt(73, FOUNDED), first.state);
    expect(purposes(lost.send)).toEqual(["confirm_processed_parentchain_block"]);
    expect(lost.state.processed).toHaveLength(70);
    expect(noteReverted(state, 50).processed).toHaveLength(49);
    // Blocks from before the shard are not confirmed.
    expect(noteImported(NO_DUTIES, imported(1, chainAt(1, REGISTERED).view)).processed).toEqual([]);
  });

  it("confirms sidechain blocks only as the first validateer", () => {
    const candidate = { blockNumber: 51n, blockHeaderHash: blockHash(seed(5)) };
    const ancestor = { blockNumber: 1n, blockHeaderHash: blockHash(seed(6)) };
    const confirmation = { ancestor, candidate };
    const { send } = run(chainAt(100, FOUNDED), NO_DUTIES, { confirmation });
    expect(purposes(send)).toEqual(["confirm_imported_sidechain_block"]);
    expect(send[0]?.eraEnd).toBe(115);
    const other = { signer: testAccount(3), fingerprint: FINGERPRINT, lastActivity: 1 };
    const second = { ...FOUNDED, shardStatus: [other, ...FOUNDED.shardStatus ?? []] };
    expect(run(chainAt(100, second), NO_DUTIES, { confirmation }).send).toEqual([]);
  });

  it("knows nothing to do on a chain without the pallets", () => {
    const bare = { ...chainAt(1), metadata: new TestChain({ grandpa: false }).metadata };
    expect(nextDuties(NO_DUTIES, bare, IDENTITY, { ...INPUT, registration: undefined }).send).toEqual([]);
  });
});

describe("funds", () => {
  it("cover the deposits and fees of a start", () => {
    expect(vaultFunds(metadata)).toBe(20_008_000_000_000n + 330_000_000_000n + 500_000_000_000n + 500n);
    expect(enclaveFunds(metadata, true) - enclaveFunds(metadata, false)).toBe(vaultFunds(metadata));
    expect(enclaveFunds(metadata, false)).toBe(500n + 1_000_000_000_000n + 50_000_000_000n);
  });
});
