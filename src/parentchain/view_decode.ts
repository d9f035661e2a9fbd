/**
 * Decodes proven storage values into the {@linkcode ParentchainView}.
 *
 * @module
 */
import { u64 } from "../codec/codec.ts";
import { CodecError, within } from "../codec/error.ts";
import { type AccountId, accountId, blockHash, enclaveFingerprint } from "../primitives/branded.ts";
import { err, ok, type Result } from "../primitives/result.ts";
import type { SgxAttestationMethod, SgxEnclave } from "../types/multi_enclave.ts";
import type { ShardConfig, UpgradableShardConfig } from "../types/shard_config.ts";
import type { BlockRef } from "./follower_state.ts";
import { type AuthorityList, authorityList, type GrandpaAuthority } from "./grandpa/authorities.ts";
import type { AccountView, ParentchainView, PeerView, VaultProxy } from "./view.ts";
import type { WantedName, WantedValue } from "./wanted_keys.ts";

/** Values of a block by what they are; absent names were not asked for. */
export type StoredValues = ReadonlyMap<WantedName, StoredValue>;

/** One value with what decodes it. */
export interface StoredValue {
  /** Name, key and storage item. */
  readonly wanted: WantedValue;
  /** Its bytes; absent if the state has none. */
  readonly bytes: Uint8Array | undefined;
}

/** Pairs wanted values with their bytes. */
export function storedValues(
  wanted: readonly WantedValue[],
  bytes: readonly (Uint8Array | undefined)[],
): StoredValues {
  return new Map(wanted.map((value, i) => [value.name, { wanted: value, bytes: bytes[i] }]));
}

/** Fields of a decoded struct. */
type Fields = Readonly<Record<string, unknown>>;

function invalid(what: string): CodecError {
  return new CodecError("InvalidValue", `want ${what}`);
}

function fields(value: unknown): Fields {
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) throw invalid("a struct");
  return value as Fields;
}

function list(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw invalid("a list");
  return value;
}

function bytesOfLength(value: unknown, length: number): Uint8Array {
  if (!(value instanceof Uint8Array) || value.length !== length) throw invalid(`${length} bytes`);
  return value;
}

function integer(value: unknown): number {
  if (typeof value !== "number") throw invalid("an integer of at most 32 bits");
  return value;
}

function wide(value: unknown): bigint {
  if (typeof value === "number") return BigInt(value);
  if (typeof value !== "bigint") throw invalid("an integer");
  return value;
}

function variantName(value: unknown): string {
  const { type } = fields(value);
  if (typeof type !== "string") throw invalid("an enum");
  return type;
}

const account = (value: unknown): AccountId => accountId(bytesOfLength(value, 32));

/** The decoded value, or `undefined` if it is absent and has no default. */
function read(values: StoredValues, name: WantedName): unknown {
  const stored = values.get(name);
  const bytes = stored?.bytes ?? stored?.wanted.item?.fallback;
  if (bytes === undefined) return undefined;
  return within(name, () => stored?.wanted.item?.value.decode(bytes));
}

/** Decodes with the error as a value. */
export function decoding<T>(decode: () => T): Result<T, CodecError> {
  try {
    return ok(decode());
  } catch (error) {
    if (error instanceof CodecError) return err(error);
    throw error;
  }
}

/** Version of the runtime that executed the block, or `undefined` if the chain keeps none. */
export function readSpecVersion(values: StoredValues): number | undefined {
  const upgrade = read(values, "runtimeUpgrade");
  return upgrade === undefined ? undefined : Number(wide(fields(upgrade)["spec_version"]));
}

/** Voters in the state, or `undefined` on chains without GRANDPA. */
export function readGrandpa(values: StoredValues): ParentchainView["grandpa"] {
  const setId = values.get("grandpaSetId")?.bytes;
  const legacy = values.get("grandpaLegacyAuthorities");
  let authorities: AuthorityList;
  if (values.has("grandpaAuthorities")) {
    authorities = list(read(values, "grandpaAuthorities") ?? []).map((entry): GrandpaAuthority => {
      const [id, weight] = list(entry);
      return { id: bytesOfLength(id, 32), weight: wide(weight) };
    });
  } else if (legacy !== undefined) {
    // The first byte is the version of the list.
    authorities = legacy.bytes === undefined ? [] : authorityList.decode(legacy.bytes.subarray(1));
  } else {
    return undefined;
  }
  return { setId: setId === undefined ? 0n : u64.decode(setId), authorities };
}

/** Aura authorities in the state, in slot order. */
export function readAura(values: StoredValues): readonly Uint8Array[] {
  return list(read(values, "auraAuthorities") ?? []).map((id) => bytesOfLength(id, 32));
}

function enclave(value: unknown): SgxEnclave | undefined {
  if (value === undefined) return undefined;
  const inner = fields(fields(value)["value"]);
  const method = fields(inner["attestation_method"]);
  return {
    reportData: bytesOfLength(unwrapped(inner["report_data"], "d"), 64),
    mrEnclave: enclaveFingerprint(bytesOfLength(inner["mr_enclave"], 32)),
    mrSigner: bytesOfLength(inner["mr_signer"], 32),
    timestamp: wide(inner["timestamp"]),
    url: inner["url"] === undefined ? undefined : urlBytes(inner["url"]),
    buildMode: variantName(inner["build_mode"]) as SgxEnclave["buildMode"],
    attestationMethod: attestationMethod(variantName(method), method["value"]),
    status: variantName(inner["status"]) as SgxEnclave["status"],
  };
}

/** A one-field struct is its field in the metadata's lookup; some runtimes keep the struct. */
function unwrapped(value: unknown, name: string): unknown {
  return value instanceof Uint8Array ? value : fields(value)[name];
}

function urlBytes(value: unknown): Uint8Array {
  if (!(value instanceof Uint8Array)) throw invalid("bytes");
  return value;
}

function attestationMethod(name: string, content: unknown): SgxAttestationMethod {
  if (name === "Ias") return { type: "Ias", value: undefined };
  if (name !== "Skip" && name !== "Dcap") throw invalid("an attestation method");
  return { type: name, value: { proxied: fields(content)["proxied"] === true } };
}

function shardConfig(value: unknown): ShardConfig | undefined {
  if (value === undefined) return undefined;
  const config = fields(value);
  const authorities = config["authorities"];
  return {
    enclaveFingerprint: enclaveFingerprint(bytesOfLength(config["enclave_fingerprint"], 32)),
    maxInstances: config["max_instances"] === undefined ? undefined : integer(config["max_instances"]),
    authorities: authorities === undefined ? undefined : list(authorities).map(account),
    maintenanceMode: config["maintenance_mode"] === true,
  };
}

function upgradableConfig(value: unknown): UpgradableShardConfig | undefined {
  if (value === undefined) return undefined;
  const config = fields(value);
  const active = shardConfig(config["active_config"]);
  if (active === undefined) throw invalid("an active configuration");
  return {
    activeConfig: active,
    pendingUpgrade: shardConfig(config["pending_upgrade"]),
    upgradeAt: config["upgrade_at"] === undefined ? undefined : integer(config["upgrade_at"]),
  };
}

function accountView(value: unknown): AccountView {
  if (value === undefined) return { nonce: 0, free: 0n, reserved: 0n, frozen: 0n };
  const info = fields(value);
  const data = fields(info["data"]);
  // Before `frozen` there were two locks, of which the larger one counts.
  const frozen = data["frozen"] ?? largerOf(wide(data["misc_frozen"] ?? 0n), wide(data["fee_frozen"] ?? 0n));
  return {
    nonce: integer(info["nonce"]),
    free: wide(data["free"]),
    reserved: wide(data["reserved"]),
    frozen: wide(frozen),
  };
}

function largerOf(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}

function proxies(value: unknown): readonly VaultProxy[] {
  if (value === undefined) return [];
  const [definitions] = list(value);
  return list(definitions).map((definition) => {
    const { delegate, proxy_type, delay } = fields(definition);
    return { delegate: account(delegate), proxyType: variantName(proxy_type), delay: integer(delay) };
  });
}

function readPeers(values: StoredValues): readonly PeerView[] {
  const found: PeerView[] = [];
  for (const [name, { wanted: { peer } }] of values) {
    if (peer !== undefined) found.push({ account: peer, enclave: within(name, () => enclave(read(values, name))) });
  }
  return found;
}

/** Decodes the view of a block. @throws {CodecError} If a value does not have its type's shape. */
export function decodeView(block: BlockRef, values: StoredValues): ParentchainView {
  const confirmation = read(values, "confirmation");
  const timestamp = values.get("timestamp")?.bytes === undefined ? undefined : read(values, "timestamp");
  return {
    number: block.number,
    hash: block.hash,
    nowMs: timestamp === undefined ? undefined : wide(timestamp),
    specVersion: readSpecVersion(values),
    enclave: within("enclave", () => enclave(read(values, "enclave"))),
    shardStatus: within("shardStatus", () =>
      list(read(values, "shardStatus") ?? []).map((entry) => {
        const { signer, fingerprint, last_activity } = fields(entry);
        return {
          signer: account(signer),
          fingerprint: enclaveFingerprint(bytesOfLength(fingerprint, 32)),
          lastActivity: integer(last_activity),
        };
      })),
    shardConfig: within("shardConfig", () => upgradableConfig(read(values, "shardConfig"))),
    confirmation: confirmation === undefined ? undefined : within("confirmation", () => ({
      blockNumber: wide(fields(confirmation)["block_number"]),
      blockHeaderHash: blockHash(bytesOfLength(fields(confirmation)["block_header_hash"], 32)),
    })),
    signer: within("signer", () => accountView(read(values, "signer"))),
    vault: values.has("vault") ? within("vault", () => accountView(read(values, "vault"))) : undefined,
    vaultProxies: within("vaultProxies", () => proxies(read(values, "vaultProxies"))),
    peers: readPeers(values),
    auraAuthorities: within("auraAuthorities", () => readAura(values)),
    grandpa: within("grandpa", () => readGrandpa(values)),
  };
}
