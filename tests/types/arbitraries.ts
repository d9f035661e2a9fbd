/** Random values of the wire types, for properties. */
import * as fc from "fast-check";
import {
  accountId,
  blockHash,
  enclaveFingerprint,
  h256,
  shardIdentifier,
  topHash,
} from "../../src/primitives/branded.ts";
import type { BlockData } from "../../src/types/block_data.ts";
import type { BlockDigest } from "../../src/types/block_digest.ts";
import type { Getter, TrustedGetterSigned } from "../../src/types/getter.ts";
import type { EnclaveSignature, MultiSignature } from "../../src/types/multi_signature.ts";
import { PARENTCHAIN_IDS } from "../../src/types/parentchain_id.ts";
import type { ParentchainInfo } from "../../src/types/parentchains_info.ts";
import type { PrologueItem } from "../../src/types/prologue_item.ts";
import type { SidechainHeader } from "../../src/types/sidechain_header.ts";
import type { TrustedCall } from "../../src/types/trusted_call.ts";
import type { TrustedCallSigned } from "../../src/types/trusted_call_signed.ts";

export const bytesOfLength = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
export const bytesUpTo = (max: number) => fc.uint8Array({ maxLength: max });
export const anyU32 = fc.integer({ min: 0, max: 0xffff_ffff });
export const anyU64 = fc.bigInt({ min: 0n, max: (1n << 64n) - 1n });
export const anyU128 = fc.bigInt({ min: 0n, max: (1n << 128n) - 1n });
export const anyAccount = bytesOfLength(32).map(accountId);
export const anyH256 = bytesOfLength(32).map(h256);
export const anyShard = bytesOfLength(32).map(shardIdentifier);
export const anyBlockHash = bytesOfLength(32).map(blockHash);
export const anyTopHash = bytesOfLength(32).map(topHash);
export const anyFingerprint = bytesOfLength(32).map(enclaveFingerprint);
export const anyParentchain = fc.constantFrom(...PARENTCHAIN_IDS);
export const optional = <T>(some: fc.Arbitrary<T>) => fc.option(some, { nil: undefined });

export const anySignature: fc.Arbitrary<MultiSignature> = fc.oneof(
  bytesOfLength(64).map((value) => ({ type: "Ed25519" as const, value })),
  bytesOfLength(64).map((value) => ({ type: "Sr25519" as const, value })),
  bytesOfLength(65).map((value) => ({ type: "Ecdsa" as const, value })),
);

export const anyEnclaveSignature: fc.Arbitrary<EnclaveSignature> = bytesOfLength(64).map((value) => ({
  type: "Ed25519" as const,
  value,
}));

export const anyCall: fc.Arbitrary<TrustedCall> = fc.oneof(
  fc.record({ sender: anyAccount }).map((value) => ({ type: "noop" as const, value })),
  fc.record({ from: anyAccount, to: anyAccount, amount: anyU128 }).map((value) => ({
    type: "balance_transfer" as const,
    value,
  })),
  fc.record({ from: anyAccount, beneficiary: anyAccount, amount: anyU128, shard: anyShard }).map((value) => ({
    type: "balance_unshield" as const,
    value,
  })),
  fc.record({ root: anyAccount, who: anyAccount, free: anyU128, reserved: anyU128 }).map((value) => ({
    type: "balance_set_balance" as const,
    value,
  })),
);

export const anySignedCall: fc.Arbitrary<TrustedCallSigned> = fc.record({
  call: anyCall,
  nonce: anyU32,
  delegate: optional(anyAccount),
  signature: anySignature,
});

export const anySignedGetter: fc.Arbitrary<TrustedGetterSigned> = fc.record({
  getter: fc.record({ owner: anyAccount }).map((value) => ({ type: "account_info" as const, value })),
  delegate: optional(anyAccount),
  signature: anySignature,
});

export const anyGetter: fc.Arbitrary<Getter> = fc.oneof(
  fc.constantFrom("some_value" as const, "total_issuance" as const, "parentchains_info" as const).map((type) => ({
    type: "public" as const,
    value: { type, value: undefined },
  })),
  anySignedGetter.map((value) => ({ type: "trusted" as const, value })),
);

export const anyHeader: fc.Arbitrary<SidechainHeader> = fc.record({
  parentHash: anyBlockHash,
  blockNumber: anyU64,
  shardId: anyShard,
  blockDataHash: anyH256,
  nextFinalizationBlockNumber: anyU64,
});

const referenceFields = {
  timestamp: anyU64,
  layerOneHead: anyBlockHash,
  blockAuthor: anyAccount,
  signedTopHashes: fc.array(anyTopHash, { maxLength: 4 }),
  encryptedStateDiff: bytesUpTo(200),
};

export const anyReferenceBlockData = fc.record(referenceFields);

export const anyBlockData: fc.Arbitrary<BlockData> = fc.record({
  ...referenceFields,
  layerOneNumber: anyU32,
  receiptsHash: anyH256,
  prologueHash: anyH256,
  stateRoot: anyH256,
});

export const anyDigest: fc.Arbitrary<BlockDigest> = fc.record({
  timestamp: anyU64,
  layerOneHead: anyBlockHash,
  layerOneNumber: anyU32,
  blockAuthor: anyAccount,
  stateRoot: anyH256,
  topsHash: anyH256,
  receiptsHash: anyH256,
  prologueHash: anyH256,
  diffHash: anyH256,
});

export const anyParentchainInfo: fc.Arbitrary<ParentchainInfo> = fc.record({
  id: anyParentchain,
  genesisHash: optional(anyBlockHash),
  blockNumber: optional(anyU32),
  now: optional(anyU64),
  creationBlockNumber: optional(anyU32),
  creationTimestamp: optional(anyU64),
});

export const anyPrologueItem: fc.Arbitrary<PrologueItem> = fc.oneof(
  fc.record({
    type: fc.constant("timestamp" as const),
    parentchain: anyParentchain,
    blockNumber: anyU32,
    nowMs: anyU64,
  }),
  fc.record({
    type: fc.constant("deposit" as const),
    parentchain: anyParentchain,
    blockNumber: anyU32,
    itemIndex: anyU32,
    from: anyAccount,
    amount: anyU128,
  }),
);
