import { beforeAll, describe, expect, it } from "vitest";
import { concatBytes } from "../../../src/primitives/bytes.ts";
import { toHex } from "../../../src/primitives/hex.ts";
import { u128, u32 } from "../../../src/codec/codec.ts";
import { BASE_EXTRINSIC_REF_TIME } from "../../../src/devnode/runtime/pallets/system/limits.ts";
import { TestChain } from "./test_chain.ts";

describe("runtime API calls", () => {
  let chain: TestChain;
  beforeAll(async () => {
    chain = await TestChain.create(undefined, 15);
    chain.block();
  });
  // deno-lint-ignore no-explicit-any
  const decode = (type: string, bytes: Uint8Array): any => chain.registry.createType(type, bytes);
  const call = (name: string, args: Uint8Array = new Uint8Array(0)): Uint8Array => {
    const answer = chain.runtime.call(name, args, chain.state, chain.bestHash);
    if (!answer.ok) throw new Error(answer.error.code);
    return answer.value;
  };

  it("Core_version is decoded by polkadot-js", () => {
    const version = decode("RuntimeVersion", call("Core_version"));
    expect(version.specName.toString()).toBe("integritee-solo");
    expect(version.specVersion.toNumber()).toBe(410);
    expect(version.transactionVersion.toNumber()).toBe(8);
    expect(version.apis.length).toBe(7);
    expect(chain.runtime.version.stateVersion).toBe(1);
  });

  it("Metadata_* gives what is asked for, and nothing for other versions", () => {
    expect(toHex(call("Metadata_metadata_versions"))).toBe("0x080e0000000f000000");
    const opaque = decode("OpaqueMetadata", call("Metadata_metadata"));
    expect(toHex(opaque.toU8a(true))).toBe(toHex(chain.runtime.metadataV14));
    for (const [version, bytes] of [[14, chain.runtime.metadataV14], [15, chain.runtime.metadataV15]] as const) {
      const option = decode("Option<OpaqueMetadata>", call("Metadata_metadata_at_version", u32.encode(version)));
      expect(toHex(option.unwrap().toU8a(true))).toBe(toHex(bytes));
    }
    expect(toHex(call("Metadata_metadata_at_version", u32.encode(16)))).toBe("0x00");
  });

  it("AccountNonceApi_account_nonce", () => {
    const alice = chain.account("//Alice");
    const before = u32.decode(call("AccountNonceApi_account_nonce", alice));
    chain.run("//Alice", chain.tx.system.remark("0x"));
    expect(u32.decode(call("AccountNonceApi_account_nonce", alice))).toBe(before + 1);
    expect(u32.decode(call("AccountNonceApi_account_nonce", new Uint8Array(32).fill(9)))).toBe(0);
  });

  it("TransactionPaymentApi names the fee that is then paid", () => {
    const extrinsic = chain.sign("//Alice", chain.tx.balances.transferKeepAlive(chain.account("//Bob"), 12345678n));
    const args = concatBytes(extrinsic, u32.encode(extrinsic.length));
    const info = decode("RuntimeDispatchInfoV2", call("TransactionPaymentApi_query_info", args));
    const details = decode("FeeDetails", call("TransactionPaymentApi_query_fee_details", args));
    const inclusion = details.inclusionFee.unwrap();
    expect(inclusion.baseFee.toBigInt()).toBe(BASE_EXTRINSIC_REF_TIME);
    expect(inclusion.lenFee.toBigInt()).toBe(1_000_000n * BigInt(extrinsic.length));
    const sum = inclusion.baseFee.toBigInt() + inclusion.lenFee.toBigInt() + inclusion.adjustedWeightFee.toBigInt();
    expect(info.partialFee.toBigInt()).toBe(sum);
    const paid = chain.block(extrinsic).find(({ name }) => name === "transactionPayment.TransactionFeePaid");
    expect(paid?.data.actualFee.toBigInt()).toBe(sum);
  });

  it("TransactionPaymentApi prices lengths, weights and unsigned extrinsics", () => {
    expect(u128.decode(call("TransactionPaymentApi_query_length_to_fee", u32.encode(7)))).toBe(7_000_000n);
    const weight = chain.registry.createType("WeightV2", { refTime: 12_345n, proofSize: 0n }).toU8a();
    expect(u128.decode(call("TransactionPaymentApi_query_weight_to_fee", weight))).toBe(12_345n);
    const inherent = chain.runtime.inherentExtrinsics(chain.nowMs)[0] ?? new Uint8Array();
    const info = call("TransactionPaymentApi_query_info", concatBytes(inherent, u32.encode(inherent.length)));
    expect(decode("RuntimeDispatchInfoV2", info).partialFee.toBigInt()).toBe(0n);
  });

  it("TransactionPaymentApi saturates weights that a batch claims", () => {
    const most = { refTime: 2n ** 64n - 1n, proofSize: 0 };
    const claim = chain.tx.sudo.sudoUncheckedWeight(chain.tx.system.remark("0x"), most);
    const extrinsic = chain.sign("//Alice", chain.tx.utility.batch([claim, claim]));
    const info = decode(
      "RuntimeDispatchInfoV2",
      call("TransactionPaymentApi_query_info", concatBytes(extrinsic, u32.encode(extrinsic.length))),
    );
    expect(info.weight.refTime.toBigInt()).toBe(2n ** 64n - 1n);
    expect(chain.validate(extrinsic)).toBe("ExhaustsResources");
    const mandatory = chain.tx.sudo.sudoUncheckedWeight(chain.tx.timestamp.set(1), most);
    const signed = chain.sign("//Alice", mandatory);
    expect([chain.validate(signed), chain.tryApply(signed)]).toEqual(["MandatoryValidation", "ok"]);
  });

  it("TaggedTransactionQueue_validate_transaction answers as polkadot-js decodes it", () => {
    const validate = (extrinsic: Uint8Array) => {
      const args = concatBytes(new Uint8Array([2]), extrinsic, chain.bestHash);
      return decode("TransactionValidity", call("TaggedTransactionQueue_validate_transaction", args));
    };
    const remark = chain.tx.system.remark("0x");
    const valid = validate(chain.sign("//Alice", remark, { period: 64 })).asOk;
    expect(valid.provides.length).toBe(1);
    expect(valid.longevity.toNumber()).toBeLessThanOrEqual(64);
    expect(valid.propagate.isTrue).toBe(true);
    const invalid = (extrinsic: Uint8Array) => validate(extrinsic).asErr.asInvalid.type;
    expect(invalid(chain.sign("//Alice", remark, { nonce: 0 }))).toBe("Stale");
    expect(invalid(chain.sign("//Nobody", remark))).toBe("Payment");
    expect(invalid(chain.sign("//Alice", remark, { specVersion: 1 }))).toBe("BadProof");
    expect(invalid(chain.runtime.inherentExtrinsics(chain.nowMs)[0] ?? new Uint8Array())).toBe("MandatoryDispatch");
  });

  it("a tip raises the priority", () => {
    const priority = (tip: bigint) => {
      const extrinsic = chain.sign("//Alice", chain.tx.system.remark("0x"), { tip });
      const verdict = chain.runtime.validateTransaction(chain.state, chain.bestHash, "Local", extrinsic);
      return verdict.ok ? verdict.value.priority : -1n;
    };
    expect(priority(1000n)).toBeGreaterThan(priority(0n));
    expect(priority(0n)).toBeGreaterThan(0n);
  });

  it("GrandpaApi and AuraApi", () => {
    expect(call("AuraApi_authorities").slice(1)).toEqual(chain.account("//Alice"));
    expect(decode("u64", call("AuraApi_slot_duration")).toNumber()).toBe(6000);
    expect(decode("u64", call("GrandpaApi_current_set_id")).toNumber()).toBe(0);
    expect(decode("AuthorityList", call("GrandpaApi_grandpa_authorities")).length).toBe(1);
  });

  it("UnknownFunction and InvalidArguments", () => {
    const answer = (name: string, args: Uint8Array) => {
      const result = chain.runtime.call(name, args, chain.state, chain.bestHash);
      return result.ok ? "ok" : result.error.code;
    };
    expect(answer("Core_execute_block", new Uint8Array(0))).toBe("UnknownFunction");
    expect(answer("Core_version", new Uint8Array(1))).toBe("InvalidArguments");
    expect(answer("AccountNonceApi_account_nonce", new Uint8Array(31))).toBe("InvalidArguments");
    expect(answer("TransactionPaymentApi_query_info", new Uint8Array([8, 1, 2, 0, 0, 0, 0]))).toBe("InvalidArguments");
  });

  it("reading leaves the state as it is", () => {
    const before = chain.state;
    chain.validate(chain.sign("//Alice", chain.tx.system.remark("0x")));
    expect(chain.state).toBe(before);
  });
});
