/**
 * The sentences in which a Substrate node explains why a transaction is refused.
 *
 * Source: substrate `primitives/runtime/src/transaction_validity.rs#InvalidTransaction`
 *
 * @module
 */
import type { InvalidTransaction, TransactionValidityError } from "./runtime/validity.ts";
import type { SubmitError } from "./node_event.ts";

const INVALID: { readonly [K in Exclude<InvalidTransaction["code"], "Custom">]: string } = {
  Call: "Transaction call is not expected",
  Payment: "Inability to pay some fees (e.g. account balance too low)",
  Future: "Transaction will be valid in the future",
  Stale: "Transaction is outdated",
  BadProof: "Transaction has a bad signature",
  AncientBirthBlock: "Transaction has an ancient birth block",
  ExhaustsResources: "Transaction would exhaust the block limits",
  BadMandatory: "A call was labelled as mandatory, but resulted in an Error.",
  MandatoryValidation: "Transaction dispatch is mandatory; transactions must not be validated.",
  BadSigner: "Invalid signing address",
};

/** What a submitter is told of an error of the runtime. */
export function submitErrorOf(error: TransactionValidityError): SubmitError {
  switch (error.kind) {
    case "Invalid":
      return {
        code: "Invalid",
        text: error.code === "Custom" ? `Custom error: ${error.number}` : INVALID[error.code],
      };
    case "Unknown":
      return { code: "Unknown", text: error.code === "CustomUnknown" ? `Custom(${error.number})` : error.code };
    case "Undecodable":
      return { code: "Verification", detail: error.detail };
  }
}
