/**
 * The Teerex pallet: the registry of enclaves.
 *
 * Source: pallets `teerex/src/lib.rs` (c3ac6c1)
 *
 * @module
 */
import { equalBytes } from "../../../../primitives/bytes.ts";
import { ok, type Result } from "../../../../primitives/result.ts";
import { type CallDefinition, defineCall, defineConstant, EMPTY_PALLET, type PalletFactory } from "../../definition.ts";
import { type DispatchResult, PAYS } from "../../dispatch/call.ts";
import { type ExecutionContext, fail } from "../../dispatch/context.ts";
import { ensureRoot, ensureSigned, type Origin } from "../../dispatch/origin.ts";
import { bool, byteVec, optionOf, u64 } from "../../types/builders.ts";
import { accountId32 } from "../../types/common.ts";
import type { DispatchError } from "../../types/dispatch_types.ts";
import { timestampNow } from "../timestamp.ts";
import { judgeByCollateral, registerQuotingEnclave, registerTcbInfo } from "./collateral.ts";
import {
  allowDebugMode,
  allowSkippingAttestation,
  proxiedEnclaves,
  quotingEnclave,
  sovereignEnclaves,
  tcbInfo,
  teerexErrors,
  teerexEvents,
} from "./definitions.ts";
import {
  type EnclaveInstanceAddress,
  enclaveInstanceAddress,
  instanceSigner,
  isProxied,
  MAX_RA_PROOF_LENGTH,
  MAX_URL_LENGTH,
  type SgxAttestationMethod,
  sgxAttestationMethod,
  type SgxEnclave,
} from "./types.ts";

/** Milliseconds of a day. */
const MOMENTS_PER_DAY = 86_400_000n;
/** An enclave that was not attested for so long may be removed by anyone: 48 hours. */
export const MAX_ATTESTATION_RENEWAL_PERIOD_MS = 172_800_000n;
/** Weight of a registration. */
const REGISTER_REF_TIME = 500_000_000n;
/** Weight of a removal. */
const UNREGISTER_REF_TIME = 100_000_000n;

/** The enclave of an account, or EnclaveIsNotRegistered. */
export function getSovereignEnclave(ctx: ExecutionContext, account: Uint8Array): Result<SgxEnclave, DispatchError> {
  const enclave = sovereignEnclaves.get(ctx.store, account);
  return enclave === undefined ? fail(ctx, teerexErrors.EnclaveIsNotRegistered) : ok(enclave.value);
}

interface RegisterArgs {
  readonly proof: Uint8Array;
  readonly worker_url: Uint8Array | undefined;
  readonly attestation_method: SgxAttestationMethod;
}

/** An enclave that says what it is: its measurement is the proof itself, if that is long enough to be one. */
function skippedEnclave(ctx: ExecutionContext, sender: Uint8Array, args: RegisterArgs): SgxEnclave {
  const data = new Uint8Array(64);
  data.set(sender);
  return {
    report_data: { d: data },
    mr_enclave: args.proof.length >= 32 ? args.proof.slice(0, 32) : new Uint8Array(32),
    mr_signer: new Uint8Array(32),
    timestamp: timestampNow.get(ctx.store),
    url: args.worker_url,
    build_mode: "Production",
    attestation_method: args.attestation_method,
    status: "Invalid",
  };
}

/** An enclave with a quote, which the runtime's verifier must accept. */
function quotedEnclave(
  ctx: ExecutionContext,
  sender: Uint8Array,
  args: RegisterArgs,
  method: "Ias" | "Dcap",
): Result<SgxEnclave, DispatchError> {
  const now = timestampNow.get(ctx.store);
  const report = ctx.parameters.verifyQuote?.(args.proof, method, now);
  if (report === undefined) return fail(ctx, teerexErrors.RemoteAttestationVerificationFailed);
  if ("refused" in report) return fail(ctx, teerexErrors[report.refused]);
  if (method === "Ias" && now - report.timestamp >= MOMENTS_PER_DAY) {
    return fail(ctx, teerexErrors.RemoteAttestationIsTooOld);
  }
  const status = report.platform === undefined ? ok(report.status) : judgeByCollateral(ctx, report.platform, now);
  if (!status.ok) return status;
  const enclave: SgxEnclave = {
    report_data: { d: report.reportData },
    mr_enclave: report.mrEnclave,
    mr_signer: report.mrSigner,
    timestamp: report.timestamp,
    url: args.worker_url,
    build_mode: report.buildMode,
    attestation_method: args.attestation_method,
    status: status.value,
  };
  const isOwn = equalBytes(report.reportData.slice(0, 32), sender);
  return isProxied(enclave) || isOwn ? ok(enclave) : fail(ctx, teerexErrors.SenderIsNotAttestedEnclave);
}

function attestedEnclave(
  ctx: ExecutionContext,
  sender: Uint8Array,
  args: RegisterArgs,
): Result<SgxEnclave, DispatchError> {
  const method = args.attestation_method.type;
  if (method !== "Skip") return quotedEnclave(ctx, sender, args, method);
  return allowSkippingAttestation.get(ctx.store)
    ? ok(skippedEnclave(ctx, sender, args))
    : fail(ctx, teerexErrors.SkippingAttestationIsNotAllowed);
}

function register(ctx: ExecutionContext, origin: Origin, args: RegisterArgs): DispatchResult {
  const sender = ensureSigned(origin);
  if (!sender.ok) return sender;
  if (args.proof.length > MAX_RA_PROOF_LENGTH) return fail(ctx, teerexErrors.RaProofIsTooLong);
  if (args.worker_url !== undefined && args.worker_url.length > MAX_URL_LENGTH) {
    return fail(ctx, teerexErrors.EnclaveUrlIsTooLong);
  }
  const attested = attestedEnclave(ctx, sender.value, args);
  if (!attested.ok) return attested;
  const enclave = attested.value;
  if (enclave.build_mode === "Debug" && !allowDebugMode.get(ctx.store)) {
    return fail(ctx, teerexErrors.SgxModeIsNotAllowed);
  }
  if (isProxied(enclave)) {
    const address = { fingerprint: enclave.mr_enclave, registrar: sender.value, signer: instanceSigner(enclave) };
    proxiedEnclaves.insert(ctx.store, address, { type: "Sgx", value: enclave });
  } else {
    sovereignEnclaves.insert(ctx.store, sender.value, { type: "Sgx", value: enclave });
  }
  ctx.deposit(teerexEvents.AddedSgxEnclave, {
    registered_by: sender.value,
    worker_url: args.worker_url,
    tcb_status: enclave.status,
    attestation_method: enclave.attestation_method,
  });
  return ok(PAYS);
}

/** Whether the enclave was not attested for so long that anyone may remove it. */
function isSilent(ctx: ExecutionContext, enclave: SgxEnclave): boolean {
  return enclave.timestamp < timestampNow.get(ctx.store) - MAX_ATTESTATION_RENEWAL_PERIOD_MS;
}

function unregisterSovereign(ctx: ExecutionContext, origin: Origin, signer: Uint8Array): DispatchResult {
  const sender = ensureSigned(origin);
  if (!sender.ok) return sender;
  const enclave = getSovereignEnclave(ctx, signer);
  if (!enclave.ok) return enclave;
  if (!isSilent(ctx, enclave.value)) return fail(ctx, teerexErrors.UnregisterActiveEnclaveIsNotAllowed);
  sovereignEnclaves.remove(ctx.store, signer);
  ctx.deposit(teerexEvents.RemovedSovereignEnclave, signer);
  return ok(PAYS);
}

function unregisterProxied(ctx: ExecutionContext, origin: Origin, address: EnclaveInstanceAddress): DispatchResult {
  const sender = ensureSigned(origin);
  if (!sender.ok) return sender;
  const enclave = proxiedEnclaves.get(ctx.store, address);
  if (enclave === undefined) return fail(ctx, teerexErrors.EnclaveIsNotRegistered);
  if (!isSilent(ctx, enclave.value)) return fail(ctx, teerexErrors.UnregisterActiveEnclaveIsNotAllowed);
  proxiedEnclaves.remove(ctx.store, address);
  ctx.deposit(teerexEvents.RemovedProxiedEnclave, address);
  return ok(PAYS);
}

const collateralRest = { signature: byteVec(), certificate_chain: byteVec() };

const calls: Readonly<Record<string, CallDefinition>> = {
  register_sgx_enclave: defineCall(
    0,
    { proof: byteVec(), worker_url: optionOf(byteVec()), attestation_method: sgxAttestationMethod },
    REGISTER_REF_TIME,
    register,
  ),
  unregister_sovereign_enclave: defineCall(
    1,
    { enclave_signer: accountId32 },
    UNREGISTER_REF_TIME,
    (ctx, origin, args) => unregisterSovereign(ctx, origin, args.enclave_signer),
  ),
  unregister_proxied_enclave: defineCall(
    2,
    { address: enclaveInstanceAddress },
    UNREGISTER_REF_TIME,
    (ctx, origin, args) => unregisterProxied(ctx, origin, args.address),
  ),
  register_quoting_enclave: defineCall(
    3,
    { enclave_identity: byteVec(), ...collateralRest },
    REGISTER_REF_TIME,
    (ctx, origin, { enclave_identity: document, signature, certificate_chain: certificateChain }) =>
      registerQuotingEnclave(ctx, origin, { document, signature, certificateChain }),
  ),
  register_tcb_info: defineCall(
    4,
    { tcb_info: byteVec(), ...collateralRest },
    REGISTER_REF_TIME,
    (ctx, origin, { tcb_info: document, signature, certificate_chain: certificateChain }) =>
      registerTcbInfo(ctx, origin, { document, signature, certificateChain }),
  ),
  set_security_flags: defineCall(
    5,
    { allow_skipping_attestation: bool, sgx_allow_debug_mode: bool },
    UNREGISTER_REF_TIME,
    (ctx, origin, flags) => {
      const root = ensureRoot(origin);
      if (!root.ok) return root;
      allowSkippingAttestation.put(ctx.store, flags.allow_skipping_attestation);
      allowDebugMode.put(ctx.store, flags.sgx_allow_debug_mode);
      ctx.deposit(teerexEvents.UpdatedSecurityFlags, flags);
      return ok(PAYS);
    },
  ),
};

/** Creates the Teerex pallet. */
export const teerexPallet: PalletFactory = () => ({
  ...EMPTY_PALLET,
  name: "Teerex",
  crate: "pallet_teerex",
  storageVersion: 2,
  storage: [
    sovereignEnclaves.info,
    proxiedEnclaves.info,
    quotingEnclave.info,
    tcbInfo.info,
    allowDebugMode.info,
    allowSkippingAttestation.info,
  ],
  calls,
  events: teerexEvents,
  errors: teerexErrors,
  constants: {
    MomentsPerDay: defineConstant(u64, MOMENTS_PER_DAY),
    MaxAttestationRenewalPeriod: defineConstant(u64, MAX_ATTESTATION_RENEWAL_PERIOD_MS),
  },
  hooks: {
    buildGenesis: (ctx, config) => {
      allowDebugMode.put(ctx.store, config.sgxAllowDebugMode);
      allowSkippingAttestation.put(ctx.store, config.allowSkippingAttestation);
    },
  },
});
