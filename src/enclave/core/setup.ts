/**
 * What is fixed once `init` has run: configuration, keys, identity.
 *
 * @module
 */
import { randomBytes } from "../../crypto/random.ts";
import type { Ed25519Pair } from "../../crypto/ed25519.ts";
import { decryptOnly } from "../../crypto/rsa_oaep.ts";
import { deriveVault } from "../../crypto/vault.ts";
import {
  type AccountId,
  accountId,
  type EnclaveFingerprint,
  type ShardIdentifier,
  shardIdentifier,
} from "../../primitives/branded.ts";
import { encodeBase58 } from "../../primitives/base58.ts";
import { equalBytes } from "../../primitives/bytes.ts";
import { err, ok, type Result } from "../../primitives/result.ts";
import type { StateKeys } from "../../state/state_keys.ts";
import { MAX_SLOT_DURATION_MS, MIN_SLOT_DURATION_MS } from "../../stf/pallets/shard.ts";
import { PARENTCHAIN_IDS } from "../../types/parentchain_id.ts";
import type { ShardVault } from "../../types/shard_vault.ts";
import { type Identity, type InitRequest, KEYS_FILE } from "../api/ecall_values.ts";
import type { EcallError } from "../api/ecalls.ts";
import type { CryptoKeys } from "../crypto_workers/crypto_job.ts";
import { CryptoWorkers } from "../crypto_workers/crypto_workers.ts";
import { createKeys, type EnclaveKeys, openKeys } from "../keys.ts";
import type { SealContext } from "../sealing.ts";
import { createTlsCertificate, type TlsCertificate } from "../tls_certificate.ts";
import type { EnclavePorts } from "./enclave_ports.ts";
import type { Outbox } from "./outbox.ts";

/** Length of an instance id. */
const INSTANCE_ID_LENGTH = 16;
/** Pause between jobs that are done inline, in milliseconds: the shortest there is. */
const PAUSE_MS = 1;

/** Latest time of the host that is taken: the last one that a certificate can name. */
const MAX_TIME_MS = 253_402_300_799_999n;

/** The enclave after `init`. */
export interface EnclaveSetup {
  readonly config: InitRequest;
  readonly keys: EnclaveKeys;
  readonly stateKeys: StateKeys;
  readonly seal: SealContext;
  readonly fingerprint: EnclaveFingerprint;
  readonly shard: ShardIdentifier;
  readonly signer: AccountId;
  readonly enclaveAccount: AccountId;
  /** Vault of a shard that this enclave creates, and its key. */
  readonly ownVault: { readonly vault: ShardVault; readonly pair: Ed25519Pair };
  readonly certificate: TlsCertificate;
  readonly instanceId: Uint8Array;
  /** Content of the keys' file, if it has to be written. */
  readonly newSealedKeys: Uint8Array | undefined;
  /** Decrypts and checks signatures. */
  readonly crypto: CryptoWorkers;
}

/** Checks the configuration, opens or draws the keys, makes the certificate, starts the crypto workers. */
export async function createSetup(
  config: InitRequest,
  ports: EnclavePorts,
  outbox: Outbox,
): Promise<Result<EnclaveSetup, EcallError>> {
  const { platform } = ports;
  const target = PARENTCHAIN_IDS[config.shieldingTarget];
  const fault = faultOf(config);
  if (fault !== undefined || target === undefined) {
    return err({ code: "InvalidConfiguration", detail: fault ?? "The shielding target is none of the parentchains" });
  }
  if (target !== "Integritee") {
    return err({ code: "UnsupportedShieldingTarget", detail: `The vault has to be on Integritee, got ${target}` });
  }
  const fingerprint = platform.measurement;
  const seal: SealContext = { sealingKey: await platform.sealingKey(), fingerprint };
  const opened = await openOrCreateKeys(config, seal);
  if (!opened.ok) return opened;
  const { keys, sealed } = opened.value;
  const { shard } = keys;
  const certificate = await certificateOf(config);
  if (!certificate.ok) return certificate;
  const derived = deriveVault(keys.signer.seed, shard);
  return ok({
    config,
    keys,
    stateKeys: { ...keys, olderStateKeys: new Map() },
    seal,
    fingerprint,
    shard,
    signer: accountId(keys.signer.publicKey),
    enclaveAccount: accountId(keys.enclaveAccount.publicKey),
    ownVault: { vault: { account: derived.account, parentchain: target }, pair: derived.pair },
    certificate: certificate.value,
    instanceId: randomBytes(INSTANCE_ID_LENGTH),
    newSealedKeys: sealed,
    crypto: await startCrypto({ shieldingKey: keys.shielding.privateKey, fingerprint, shard }, ports, outbox),
  });
}

/** The setup with a received shard's keys in place of those that were drawn for one of its own. */
export async function adoptKeys(
  setup: EnclaveSetup,
  keys: EnclaveKeys,
  ports: EnclavePorts,
  outbox: Outbox,
): Promise<EnclaveSetup> {
  const { fingerprint, shard } = setup;
  setup.crypto.stop();
  return {
    ...setup,
    keys,
    stateKeys: { ...keys, olderStateKeys: new Map() },
    enclaveAccount: accountId(keys.enclaveAccount.publicKey),
    crypto: await startCrypto({ shieldingKey: keys.shielding.privateKey, fingerprint, shard }, ports, outbox),
  };
}

async function startCrypto(keys: CryptoKeys, ports: EnclavePorts, outbox: Outbox): Promise<CryptoWorkers> {
  return new CryptoWorkers({
    keys: { ...keys, shieldingKey: await decryptOnly(keys.shieldingKey) },
    workers: ports.cryptoWorkers,
    monotonicMs: ports.monotonicMs,
    pause: () => ports.tick(PAUSE_MS),
    onLost: (undone, restarts) => {
      outbox.log("warn", "CryptoWorkerLost", { undone, restarts });
      outbox.flush();
    },
  });
}

/** What is out of its bounds in a configuration; `undefined` if nothing is. */
function faultOf({ finality, payoutFinality, tlsNames, slotDurationMs, nowMs }: InitRequest): string | undefined {
  if (finality > 2 || payoutFinality > 2) return "A finality level is 0, 1 or 2";
  if (tlsNames.length === 0) return "The certificate needs a name";
  if (slotDurationMs < MIN_SLOT_DURATION_MS || slotDurationMs > MAX_SLOT_DURATION_MS) {
    return `Slots last ${MIN_SLOT_DURATION_MS} to ${MAX_SLOT_DURATION_MS} ms, and ${slotDurationMs} ms was asked for`;
  }
  return nowMs > MAX_TIME_MS ? "The time is after the year 9999" : undefined;
}

async function certificateOf({ tlsNames, nowMs }: InitRequest): Promise<Result<TlsCertificate, EcallError>> {
  try {
    return ok(await createTlsCertificate(tlsNames, Number(nowMs)));
  } catch {
    return err({ code: "InvalidConfiguration", detail: "The TLS names cannot stand in a certificate" });
  }
}

type OpenedKeys = { readonly keys: EnclaveKeys; readonly sealed: Uint8Array | undefined };

async function openOrCreateKeys(config: InitRequest, seal: SealContext): Promise<Result<OpenedKeys, EcallError>> {
  if (config.sealedKeys === undefined) {
    if (!isUnused(config)) {
      const detail = `The data directory holds state, but no "${KEYS_FILE}" that could open it`;
      return err({ code: "SealedKeysMissing", detail });
    }
    return ok(await createKeys(seal, shardIdentifier(config.shard ?? seal.fingerprint)));
  }
  const opened = await openKeys(seal, config.sealedKeys);
  if (opened.ok) {
    const { shard } = opened.value;
    if (config.shard === undefined || equalBytes(config.shard, shard)) {
      return ok({ keys: opened.value, sealed: undefined });
    }
    // Nothing came of these keys but an account that may have been paid: it stays, the shard's keys are drawn anew.
    if (isUnused(config)) {
      return ok(await createKeys(seal, shardIdentifier(config.shard), opened.value.signer.seed));
    }
    const detail = `The data directory belongs to shard ${encodeBase58(shard)}, ` +
      `and ${encodeBase58(config.shard)} was asked for: use another one (--data-dir), or start anew (--clean-reset)`;
    return err({ code: "OtherShard", detail });
  }
  const { error } = opened;
  if (error.code === "SealedByOtherCode") {
    const detail = `The keys were sealed by enclave ${encodeBase58(error.fingerprint)}, ` +
      `and this one is ${
        encodeBase58(seal.fingerprint)
      }: use that bundle (--enclave-bundle), hand the shard over (migrate-shard), or start anew (--clean-reset)`;
    return err({ code: "SealedKeysRefused", detail });
  }
  const detail = `The file "${KEYS_FILE}" is damaged, or another platform sealed it (${error.code})`;
  return err({ code: "SealedKeysRefused", detail });
}

/** Whether a data directory holds nothing but keys at most. */
function isUnused({ storedBlocks, files }: InitRequest): boolean {
  return storedBlocks === undefined && files.every((name) => name === KEYS_FILE);
}

/** The public facts of a setup. */
export function identityOf(setup: EnclaveSetup): Identity {
  return {
    fingerprint: setup.fingerprint,
    shard: setup.shard,
    signer: setup.signer,
    enclaveAccount: setup.enclaveAccount,
    shieldingKey: setup.keys.shieldingJson,
    sessionKey: setup.keys.session.publicKey,
    tlsCertificate: setup.certificate.der,
    instanceId: setup.instanceId,
    emulated: true,
    slotDurationMs: setup.config.slotDurationMs,
  };
}
