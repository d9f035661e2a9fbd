/**
 * What a parentchain holds of enclaves and their shard, as entries of a test block's storage.
 *
 * @module
 */
import type { Identity } from "../../src/enclave/api/ecall_values.ts";
import type { ShardIdentifier } from "../../src/primitives/branded.ts";
import { concatBytes, utf8 } from "../../src/primitives/bytes.ts";
import type { TestBlockSpec } from "../parentchain/builders.ts";

/** Entries of a test block's storage. */
export type Storage = NonNullable<TestBlockSpec["storage"]>;

/** An enclave as the parentchain knows it. */
export interface Registrant {
  readonly self: Pick<Identity, "signer" | "fingerprint">;
}

/** Whatever belongs to a shard. */
export interface OfShard {
  readonly shard: ShardIdentifier;
}

/** When registrations were written, in milliseconds since the epoch: later than the blocks of most tests. */
const REGISTERED_MS = 1_700_006_000_100n;

/** Registration of an enclave as the registry holds it, without a quote. */
export function registered({ self }: Registrant, change: Readonly<Record<string, unknown>> = {}): Storage {
  const value = {
    report_data: concatBytes(self.signer, new Uint8Array(32)),
    mr_enclave: self.fingerprint,
    mr_signer: new Uint8Array(32),
    timestamp: REGISTERED_MS,
    url: utf8("wss://127.0.0.1:2000"),
    build_mode: { type: "Production", value: undefined },
    attestation_method: { type: "Skip", value: { proxied: false } },
    status: { type: "Invalid", value: undefined },
    ...change,
  };
  return [["Teerex", "SovereignEnclaves", [self.signer], { type: "Sgx", value }]];
}

/** The shard's validateers in their order. */
export function listing(host: Registrant & OfShard, ...others: readonly Registrant[]): Storage {
  const entries = [host, ...others].map(({ self }, i) => ({
    signer: self.signer,
    fingerprint: self.fingerprint,
    last_activity: 1 + i,
  }));
  return [["EnclaveBridge", "ShardStatus", [host.shard], entries]];
}

/** What a shard's configuration says beside whose code runs it. */
export interface ShardConfigOptions {
  /** Who else may configure the shard. */
  readonly authorities?: readonly Uint8Array[];
  /** An upgrade that is announced: the code, and the block from which on it runs the shard. */
  readonly next?: { readonly enclave: Uint8Array; readonly at: number } | undefined;
}

/** The shard's configuration: it is run by the code with this fingerprint. */
export function shardConfig(
  { shard }: OfShard,
  enclave: Uint8Array,
  { authorities, next }: ShardConfigOptions = {},
): Storage {
  const config = (fingerprint: Uint8Array) => ({
    enclave_fingerprint: fingerprint,
    max_instances: undefined,
    authorities,
    maintenance_mode: false,
  });
  return [["EnclaveBridge", "ShardConfigRegistry", [shard], {
    active_config: config(enclave),
    pending_upgrade: next === undefined ? undefined : config(next.enclave),
    upgrade_at: next?.at,
  }]];
}

/** A block of the shard is confirmed. */
export function confirmed({ shard }: OfShard, block: { readonly number: bigint; readonly hash: Uint8Array }): Storage {
  const value = { block_number: block.number, block_header_hash: block.hash };
  return [["Sidechain", "LatestSidechainBlockConfirmation", [shard], value]];
}

/** An account with 100 units, more than its payouts and fees cost, that has sent so many extrinsics. */
export function funded(who: Uint8Array, nonce: number): Storage {
  const data = { free: 100_000_000_000_000n, reserved: 0n, frozen: 0n, flags: 0n };
  return [["System", "Account", [who], { nonce, consumers: 0, providers: 1, sufficients: 0, data }]];
}

/** A block with the payment from the vault that an extrinsic of an enclave, its delegate, has led to. */
export function paid(extrinsic: Uint8Array, from: Uint8Array, to: Uint8Array, amount: bigint): TestBlockSpec {
  return {
    extrinsics: [extrinsic],
    events: [
      { extrinsic: 1, pallet: "Balances", name: "Transfer", fields: { from, to, amount } },
      { extrinsic: 1, pallet: "Proxy", name: "ProxyExecuted", fields: { result: { type: "Ok", value: undefined } } },
    ],
  };
}
