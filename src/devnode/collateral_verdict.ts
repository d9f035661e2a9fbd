/**
 * Verdicts on collateral, in the form in which the Teerex pallet stores it.
 *
 * Source: pallets `teerex/sgx-verify/src/collateral.rs#to_quoting_enclave`, `#to_chain_tcb_info` (c3ac6c1)
 * Differs: all levels of a platform are stored with their status; those of the quoting enclave are stored if Intel
 * calls them up to date, without a number of our own below which none is.
 *
 * @module
 */
import { parseQeIdentity, type QeIdentity } from "../attestation/qe_identity.ts";
import { parseTcbInfo, type TcbInfo } from "../attestation/tcb_info.ts";
import { type CollateralError, verifyQeIdentity, verifyTcbInfo } from "../attestation/verify_collateral.ts";
import { err, ok, type Result } from "../primitives/result.ts";
import { judgeDocument, type Verdict, type VerdictRules } from "./quote_verdict.ts";
import type {
  AttestationErrorName,
  AttestationRefusal,
  CollateralArgs,
  VerifiedTcbInfo,
} from "./runtime/attestation_port.ts";
import type { SgxQuotingEnclave, TcbStatus } from "./runtime/pallets/teerex/types.ts";

type Outcome<T> = Result<Verdict<T>, AttestationRefusal>;

/** Judges the identity of the quoting enclave. */
export async function judgeQuotingEnclave(
  args: CollateralArgs,
  rules: VerdictRules,
): Promise<Outcome<SgxQuotingEnclave>> {
  const judged = await judgeDocument(args, parseQeIdentity, verifyQeIdentity, rules);
  if (judged.ok) return ok({ ...judged.value, value: toQuotingEnclave(judged.value.value) });
  const names = { malformed: "EnclaveIdentityDecodingError", unsigned: "EnclaveIdentitySignatureIsInvalid" } as const;
  return err({ refused: collateralErrorName(judged.error, names) });
}

/** Judges the patch levels of a kind of platform. */
export async function judgeTcbInfo(args: CollateralArgs, rules: VerdictRules): Promise<Outcome<VerifiedTcbInfo>> {
  const judged = await judgeDocument(args, parseTcbInfo, verifyTcbInfo, rules);
  if (judged.ok) return ok({ ...judged.value, value: toTcbInfo(judged.value.value) });
  const names = { malformed: "TcbInfoIsInvalid", unsigned: "TcbInfoIsInvalid" } as const;
  return err({ refused: collateralErrorName(judged.error, names) });
}

function toQuotingEnclave(identity: QeIdentity): SgxQuotingEnclave {
  return {
    issue_date: BigInt(identity.issueDateMs),
    next_update: BigInt(identity.nextUpdateMs),
    miscselect: identity.miscSelect,
    miscselect_mask: identity.miscSelectMask,
    attributes: identity.attributes,
    attributes_mask: identity.attributesMask,
    mrsigner: identity.mrsigner,
    isvprodid: identity.isvProdId,
    tcb: identity.levels.filter(({ status }) => status === "UpToDate").map(({ isvSvn }) => ({ isvsvn: isvSvn })),
  };
}

function toTcbInfo(info: TcbInfo): VerifiedTcbInfo {
  return {
    fmspc: info.fmspc,
    info: {
      issue_date: BigInt(info.issueDateMs),
      next_update: BigInt(info.nextUpdateMs),
      tcb_levels: info.levels.map(({ components, pceSvn, status }) => ({
        cpusvn: components,
        pcesvn: pceSvn,
        tcb_status: toTcbStatus(status),
      })),
    },
  };
}

function toTcbStatus(status: string): TcbStatus {
  switch (status) {
    case "UpToDate":
    case "SWHardeningNeeded":
    case "ConfigurationAndSWHardeningNeeded":
    case "OutOfDate":
    case "OutOfDateConfigurationNeeded":
    case "Revoked":
      return status;
    case "ConfigurationNeeded":
      // The parentchain has no word for it; the next worse one comes to the same `SgxStatus`.
      return "ConfigurationAndSWHardeningNeeded";
    default:
      return "Unknown";
  }
}

/** The pallet's word for what is wrong with collateral. */
function collateralErrorName(
  error: CollateralError | { readonly code: "SignatureLengthWrong" },
  names: { readonly malformed: AttestationErrorName; readonly unsigned: AttestationErrorName },
): AttestationErrorName {
  switch (error.code) {
    case "SignatureLengthWrong":
      return "KeyLengthIsInvalid";
    case "CollateralMalformed":
      return names.malformed;
    case "CollateralSignatureInvalid":
      return names.unsigned;
    case "CollateralChainInvalid":
      if (error.reason.code === "ChainTooShort") return "CertificateChainIsTooShort";
      return error.reason.code === "LeafUnsuitable" ? "LeafCertificateParsingError" : "CertificateChainIsInvalid";
    default:
      return "CollateralIsInvalid";
  }
}
