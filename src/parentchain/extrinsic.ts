/**
 * Signed extrinsics of version 4, built by the signed extensions that the metadata list.
 *
 * Source: worker `core-primitives/extrinsics-factory/src/lib.rs`, api-client `primitives/src/extrinsics/extrinsic_params.rs` (839eda024)
 * Differs: extensions in the order of the metadata, not in a fixed one; an extension that is not known and has content is an error
 *
 * @module
 */
import { bytes, compact, compactU32, u32 } from "../codec/codec.ts";
import { blake2_256 } from "../crypto/blake2.ts";
import type { AccountId, BlockHash, H256 } from "../primitives/branded.ts";
import { concatBytes } from "../primitives/bytes.ts";
import { encodeEra, type Era } from "./era.ts";
import type { ParentchainMetadata, SignedExtension } from "./metadata.ts";

/** Largest extrinsic in bytes: the runtime's block length. */
export const MAX_EXTRINSIC_BYTES: number = 5 * 1024 * 1024;
/** Longest payload that is signed as it is; a longer one is hashed first. */
export const MAX_PLAIN_PAYLOAD = 256;

/** What the signed extensions of one extrinsic hold. */
export interface ExtrinsicContext {
  /** Metadata of the runtime that shall accept it. */
  readonly metadata: ParentchainMetadata;
  /** Hash of block 0. */
  readonly genesisHash: BlockHash;
  /** Mortality. */
  readonly era: Era;
  /** Hash of the era's first block; of block 0 if immortal. */
  readonly checkpoint: BlockHash;
  /** Nonce of the signer. */
  readonly nonce: number;
  /** Tip in smallest units. */
  readonly tip?: bigint;
}

/** Who signs: an ed25519 key. */
export interface PayloadSigner {
  /** The ed25519 public key. */
  readonly account: AccountId;
  /** Signs a payload. */
  readonly sign: (payload: Uint8Array) => Uint8Array;
}

/** A finished extrinsic. */
export interface SignedExtrinsic {
  /** Bytes with their length prefix. */
  readonly bytes: Uint8Array;
  /** Blake2-256 hash of the bytes: its name on the chain. */
  readonly hash: H256;
}

/** Bytes of one extension: in the extrinsic, and signed besides. */
interface ExtensionBytes {
  readonly extra: Uint8Array;
  readonly additional: Uint8Array;
}

const NOTHING = new Uint8Array(0);
const DISABLED = new Uint8Array([0]);

/** Extensions that have content, by name. */
const KNOWN: Readonly<Record<string, (context: ExtrinsicContext) => ExtensionBytes>> = {
  CheckSpecVersion: ({ metadata }) => ({ extra: NOTHING, additional: u32.encode(metadata.specVersion) }),
  CheckTxVersion: ({ metadata }) => ({ extra: NOTHING, additional: u32.encode(metadata.transactionVersion) }),
  CheckGenesis: ({ genesisHash }) => ({ extra: NOTHING, additional: genesisHash }),
  CheckMortality: ({ era, checkpoint }) => ({ extra: encodeEra(era), additional: checkpoint }),
  CheckEra: ({ era, checkpoint }) => ({ extra: encodeEra(era), additional: checkpoint }),
  CheckNonce: ({ nonce }) => ({ extra: compactU32.encode(nonce), additional: NOTHING }),
  ChargeTransactionPayment: ({ tip }) => ({ extra: compact.encode(tip ?? 0n), additional: NOTHING }),
  // The second field is the asset that pays: none, so the chain's own token does.
  ChargeAssetTxPayment: ({ tip }) => ({
    extra: concatBytes(compact.encode(tip ?? 0n), DISABLED),
    additional: NOTHING,
  }),
  CheckMetadataHash: () => ({ extra: DISABLED, additional: DISABLED }),
};

function extensionBytes(extension: SignedExtension, context: ExtrinsicContext): ExtensionBytes {
  const known = KNOWN[extension.identifier];
  if (known !== undefined) return known(context);
  if (extension.extraIsEmpty && extension.additionalIsEmpty) return { extra: NOTHING, additional: NOTHING };
  throw new TypeError(`Cannot sign extrinsic: signed extension "${extension.identifier}" is not known and not empty`);
}

/** The bytes to be signed, and what stands before and after the call in the extrinsic. */
function signingParts(call: Uint8Array, context: ExtrinsicContext): { payload: Uint8Array; extra: Uint8Array } {
  const parts = context.metadata.signedExtensions.map((extension) => extensionBytes(extension, context));
  const extra = concatBytes(...parts.map((part) => part.extra));
  const payload = concatBytes(call, extra, ...parts.map((part) => part.additional));
  return { payload: payload.length > MAX_PLAIN_PAYLOAD ? blake2_256(payload) : payload, extra };
}

/**
 * Builds and signs an extrinsic.
 *
 * @throws {TypeError} If the runtime has a signed extension with content that is not known.
 */
export function signExtrinsic(call: Uint8Array, signer: PayloadSigner, context: ExtrinsicContext): SignedExtrinsic {
  const { payload, extra } = signingParts(call, context);
  const { address, signature, multi } = context.metadata.extrinsicParts();
  const body = concatBytes(
    new Uint8Array([0x84]),
    address.encode(multi ? { type: "Id", value: signer.account } : signer.account),
    signature.encode({ type: "Ed25519", value: signer.sign(payload) }),
    extra,
    call,
  );
  const encoded = bytes(MAX_EXTRINSIC_BYTES).encode(body);
  return { bytes: encoded, hash: blake2_256(encoded) };
}
