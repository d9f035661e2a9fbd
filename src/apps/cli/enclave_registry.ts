/**
 * The enclaves that the parentchain has registered, read through its metadata.
 *
 * @module
 */
import {
  type AccountId,
  type EnclaveFingerprint,
  enclaveFingerprint,
  type ShardIdentifier,
} from "../../primitives/branded.ts";
import { encodeBase58 } from "../../primitives/base58.ts";
import { equalBytes } from "../../primitives/bytes.ts";
import type { EnclaveRegistry } from "../../client/evidence_policy.ts";
import { printable } from "../../client/worker_answer.ts";
import { CliError } from "./cli_error.ts";
import { addressOf, type Parentchain, query } from "./parentchain.ts";

/** One registered enclave. */
export interface RegisteredEnclave {
  /** Address or opaque name of the signer. */
  readonly signer: string;
  /** Its measurement. */
  readonly fingerprint: EnclaveFingerprint;
  /** How its registration was attested: `Skip`, `Ias` or `Dcap`. */
  readonly attestation: string;
  /** Time of the registration, milliseconds since 1970. */
  readonly timestampMs: bigint;
  /** Where it says it listens. */
  readonly url: string | undefined;
}

// The shapes below are what the API makes of `Teerex.SovereignEnclaves` and `EnclaveBridge.ShardConfigRegistry`.
interface EnclaveValue {
  readonly asSgx: {
    readonly mrEnclave: { toU8a(): Uint8Array };
    readonly timestamp: { toBigInt(): bigint };
    readonly url: { readonly isSome: boolean; unwrap(): { toUtf8(): string } };
    readonly attestationMethod: { readonly type: string };
  };
}
interface OptionValue<T> {
  readonly isSome: boolean;
  unwrap(): T;
}
interface ShardConfigsValue {
  readonly activeConfig: ShardConfigValue;
  readonly pendingUpgrade: OptionValue<ShardConfigValue>;
  readonly upgradeAt: OptionValue<{ toNumber(): number }>;
}
interface EntriesQuery {
  entries(): Promise<[{ readonly args: readonly { toU8a(): Uint8Array; toString(): string }[] }, unknown][]>;
}

/** Configuration of a shard as the API decodes it. */
export interface ShardConfigValue {
  readonly enclaveFingerprint: { toU8a(): Uint8Array };
  readonly maxInstances: unknown;
  readonly authorities: unknown;
  readonly maintenanceMode: unknown;
}

/** What the parentchain has of a shard's configuration. */
export interface ShardConfigs {
  /** In force now: the chain stores an upgrade as active later than it is in force. */
  readonly active: ShardConfigValue;
  /** The announced upgrade, and the block from which on it is in force. */
  readonly pending: { readonly config: ShardConfigValue; readonly at: number } | undefined;
  /** The chain's newest block when this was read. */
  readonly number: number;
}

/** All registered enclaves, sovereign ones first. */
export async function listEnclaves(chain: Parentchain): Promise<RegisteredEnclave[]> {
  const enclaves: RegisteredEnclave[] = [];
  for (const item of ["sovereignEnclaves", "proxiedEnclaves"]) {
    const entry = chain.api.query["teerex"]?.[item] as unknown as EntriesQuery | undefined;
    if (entry === undefined) continue;
    for (const [key, value] of await entry.entries()) {
      const subject = key.args[0];
      const bytes = subject?.toU8a() ?? new Uint8Array(0);
      const signer = bytes.length === 32 ? addressOf(bytes) : String(subject);
      enclaves.push(describe(signer, unwrapOption<EnclaveValue>(value)));
    }
  }
  return enclaves;
}

/** The sovereign enclave of a signer, or `undefined` if none is registered. */
export async function findEnclave(chain: Parentchain, signer: AccountId): Promise<RegisteredEnclave | undefined> {
  const value = await query(chain, "teerex", "sovereignEnclaves", signer) as OptionValue<EnclaveValue>;
  return value.isSome ? describe(addressOf(signer), value.unwrap()) : undefined;
}

/** The measurement that the parentchain wants a shard's enclaves to have now, or `undefined` if it has no such shard. */
export async function activeFingerprint(
  chain: Parentchain,
  shard: ShardIdentifier,
): Promise<EnclaveFingerprint | undefined> {
  const configs = await readShardConfigs(chain, shard);
  return configs && enclaveFingerprint(configs.active.enclaveFingerprint.toU8a());
}

/** The configuration of a shard, or `undefined` if the parentchain has no such shard. */
export async function readShardConfigs(
  chain: Parentchain,
  shard: ShardIdentifier,
): Promise<ShardConfigs | undefined> {
  const value = await query(chain, "enclaveBridge", "shardConfigRegistry", shard) as OptionValue<ShardConfigsValue>;
  if (!value.isSome) return undefined;
  const number = (await query(chain, "system", "number") as { toNumber(): number }).toNumber();
  const { activeConfig, pendingUpgrade, upgradeAt } = value.unwrap();
  if (!pendingUpgrade.isSome || !upgradeAt.isSome) return { active: activeConfig, pending: undefined, number };
  const pending = { config: pendingUpgrade.unwrap(), at: upgradeAt.unwrap().toNumber() };
  return { active: pending.at <= number ? pending.config : activeConfig, pending, number };
}

/** Accounts of a shard's validateers, the one that confirms first; at a block, or now. @throws {CliError} `Parentchain` */
export async function listedSigners(
  chain: Parentchain,
  shard: ShardIdentifier,
  block?: Uint8Array,
): Promise<readonly Uint8Array[]> {
  const entry = chain.api.query["enclaveBridge"]?.["shardStatus"];
  if (entry === undefined) {
    throw new CliError(
      "Parentchain",
      `Cannot read the validateers: the runtime of "${chain.url}" has no enclave bridge`,
    );
  }
  const value = block === undefined ? await entry(shard) : await entry.at(block, shard);
  const list = value as unknown as {
    readonly isNone: boolean;
    unwrap(): Iterable<{ readonly signer: { toU8a(): Uint8Array } }>;
  };
  return list.isNone ? [] : [...list.unwrap()].map(({ signer }) => signer.toU8a());
}

/** The registry of a chain, for judging an enclave. */
export function registryOf(chain: Parentchain): EnclaveRegistry {
  return {
    activeFingerprint: (shard) => activeFingerprint(chain, shard),
    findEnclave: async (signer) => {
      const found = await findEnclave(chain, signer);
      return found && { fingerprint: found.fingerprint, isAttested: found.attestation !== "Skip" };
    },
    isListed: async (shard, signer) => (await listedSigners(chain, shard)).some((listed) => equalBytes(listed, signer)),
  };
}

/** Lines that show an enclave. */
export function enclaveLines(enclave: RegisteredEnclave): string[] {
  return [
    "Enclave",
    `   signer: ${enclave.signer}`,
    `   MRENCLAVE: ${encodeBase58(enclave.fingerprint)}`,
    `   RA timestamp: ${enclave.timestampMs}`,
    `   URL: ${enclave.url ?? "none"}`,
  ];
}

function describe(signer: string, { asSgx: sgx }: EnclaveValue): RegisteredEnclave {
  return {
    signer,
    fingerprint: enclaveFingerprint(sgx.mrEnclave.toU8a()),
    attestation: sgx.attestationMethod.type,
    timestampMs: sgx.timestamp.toBigInt(),
    url: sgx.url.isSome ? printable(sgx.url.unwrap().toUtf8()) : undefined,
  };
}

function unwrapOption<T>(value: unknown): T {
  const option = value as Partial<OptionValue<T>>;
  return option.isSome === true && option.unwrap !== undefined ? option.unwrap() : value as T;
}
