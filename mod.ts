/**
 * integritee-edge: the public API. Pure code that runs in Deno and in browsers: SCALE types of the worker, cryptography,
 * evidence, and the trusted client. Sockets, clock and randomness are passed in.
 *
 * @module
 */
export { type QuoteCollateral, type SignedDocument } from "./src/attestation/collateral.ts";
export { EMULATED_DEVELOPMENT_ROOT } from "./src/attestation/emulated_root.ts";
export { type ClaimError, type Evidence, type EvidenceError } from "./src/attestation/evidence.ts";
export { type PlatformError, type PlatformVerdict } from "./src/attestation/judge_platform.ts";
export {
  FINALITY_LEVELS,
  type FinalityLevel,
  type KeyStatement,
  type KeyStatementError,
} from "./src/attestation/key_statement.ts";
export { INTEL_SGX_ROOT, type PlatformRoot } from "./src/attestation/platform_root.ts";
export { type QeMismatch } from "./src/attestation/qe_identity.ts";
export { type QuoteFormatError } from "./src/attestation/quote.ts";
export { type QuotePolicyError } from "./src/attestation/quote_policy.ts";
export { type SignatureFormatError } from "./src/attestation/quote_signature.ts";
export { type AcceptableTcbStatus, TCB_STATUSES, type TcbStatus } from "./src/attestation/tcb_status.ts";
export { type TdxModuleError } from "./src/attestation/tdx_module.ts";
export { type ChainError } from "./src/attestation/verify_chain.ts";
export { type CollateralError, type CollateralPart } from "./src/attestation/verify_collateral.ts";
export { type DcapQuoteError } from "./src/attestation/verify_dcap_quote.ts";
export { type QuoteError } from "./src/attestation/verify_quote.ts";
export { type QuoteCollateralError, type RevocableCertificate } from "./src/attestation/verify_quote_collateral.ts";
export { type ClientError } from "./src/client/client_error.ts";
export {
  type EnclaveRegistration,
  type EnclaveRegistry,
  fetchEvidence,
  judgeEnclave,
  type TrustedEnclave,
  type TrustError,
  type TrustPolicy,
} from "./src/client/evidence_policy.ts";
export { type WatchedOperation, type WatchOptions } from "./src/client/operation_watch.ts";
export { type OpenSocket, type SocketListener, type Timer, type WorkerSocket } from "./src/client/ports.ts";
export { type SubscriptionUpdate } from "./src/client/rpc_message.ts";
export { type CallOptions, TrustedClient } from "./src/client/trusted_client.ts";
export { type SigningDomain, sr25519Signer, type TrustedSigner } from "./src/client/trusted_signer.ts";
export {
  connectWorkerRpc,
  type Subscription,
  type SubscriptionListener,
  type WorkerRpc,
  type WorkerRpcOptions,
} from "./src/client/worker_rpc.ts";
export { WorkerRpcError, type WorkerRpcErrorCode } from "./src/client/worker_rpc_error.ts";
export { type Codec, tryDecode, type Variant } from "./src/codec/codec.ts";
export { type Cursor } from "./src/codec/cursor.ts";
export { CodecError, type CodecErrorCode } from "./src/codec/error.ts";
export { type Ed25519Pair } from "./src/crypto/ed25519.ts";
export { sha256 } from "./src/crypto/sha256.ts";
export { type Sr25519Pair } from "./src/crypto/sr25519.ts";
export { pairFromSuri } from "./src/crypto/suri.ts";
export { decodeBase58, encodeBase58 } from "./src/primitives/base58.ts";
export {
  type AccountId,
  accountId,
  type BlockHash,
  blockHash,
  type brand,
  type Branded,
  type EnclaveFingerprint,
  enclaveFingerprint,
  type H256,
  h256,
  type ShardIdentifier,
  shardIdentifier,
  type TopHash,
  topHash,
} from "./src/primitives/branded.ts";
export { fromHex, type Hex, toHex } from "./src/primitives/hex.ts";
export { type Err, type Ok, type Result } from "./src/primitives/result.ts";
export { type AccountData, type AccountInfo } from "./src/types/account_info.ts";
export {
  type AccountInfoQuery,
  type Getter,
  type PublicGetter,
  type TrustedGetter,
  type TrustedGetterSigned,
} from "./src/types/getter.ts";
export { type MultiSignature } from "./src/types/multi_signature.ts";
export { type ParentchainId } from "./src/types/parentchain_id.ts";
export { type Request } from "./src/types/request.ts";
export { type ShardVault } from "./src/types/shard_vault.ts";
export { type SidechainHeader } from "./src/types/sidechain_header.ts";
export {
  type BalanceSetBalance,
  type BalanceTransfer,
  type BalanceUnshield,
  type Noop,
  type TrustedCall,
} from "./src/types/trusted_call.ts";
export { type TrustedCallSigned } from "./src/types/trusted_call_signed.ts";
export { type TrustedOperation } from "./src/types/trusted_operation.ts";
export { type TrustedOperationStatus } from "./src/types/trusted_operation_status.ts";
