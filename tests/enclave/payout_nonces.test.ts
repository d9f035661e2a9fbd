import { expect, it } from "vitest";
import { compactU32 } from "../../src/codec/codec.ts";
import { openCursor } from "../../src/codec/cursor.ts";
import { LEDGER_FILE } from "../../src/enclave/core/duty_runner.ts";
import { toHex } from "../../src/primitives/hex.ts";
import { unwrap } from "../../src/primitives/result.ts";
import { testAccount, TestChain } from "../parentchain/builders.ts";
import { submitDirect } from "./clients.ts";
import { ALICE } from "./hostile/fixtures.ts";
import { funded, registered } from "./parentchain_storage.ts";
import { delegates, emulatedPlatform, freshDisk, growAll, headConfirmed, PeerHost } from "./provisioning/two_hosts.ts";

/** A host whose disk takes its time for the payout ledger. */
class SlowHost extends PeerHost {
  /** The payout ledger that is being written. */
  pending: { readonly bytes: Uint8Array; readonly ticket: bigint } | undefined;

  override async writeFile(name: string, bytes: Uint8Array, ticket: bigint): Promise<void> {
    if (name !== LEDGER_FILE) return await super.writeFile(name, bytes, ticket);
    this.pending = { bytes, ticket };
  }

  /** Tells that the ledger is written. */
  async written(): Promise<void> {
    const { bytes, ticket } = this.pending as NonNullable<typeof this.pending>;
    this.pending = undefined;
    await super.writeFile(LEDGER_FILE, bytes, ticket);
  }

  /** Nonces of what was handed to the parentchain, each extrinsic once. */
  nonces(isMeant: (purpose: string) => boolean = () => true): number[] {
    const sent = this.extrinsics.filter(({ purpose }) => isMeant(purpose));
    return [...new Map(sent.map(({ bytes }) => [toHex(bytes), this.nonceOf(bytes)])).values()];
  }

  nonceOf(extrinsic: Uint8Array): number {
    const { metadata } = this.chain;
    const cursor = openCursor(extrinsic);
    cursor.i = compactU32.decodePrefix(extrinsic).length + 1;
    metadata.extrinsicParts().address.read(cursor);
    metadata.extrinsicParts().signature.read(cursor);
    for (const { identifier, extra } of metadata.signedExtensions) {
      if (identifier === "CheckNonce") return compactU32.decodePrefix(extrinsic.subarray(cursor.i)).value;
      extra.read(cursor);
    }
    throw new TypeError("The runtime has no CheckNonce");
  }
}

it("a payout takes no nonce that was used while the ledger was being stored", async () => {
  const host = new SlowHost(new TestChain(), freshDisk("slow"), await emulatedPlatform(1));
  unwrap(await host.init());
  await host.initParentchain();
  await growAll([host]);
  const vault = (await host.health()).vault as Uint8Array;
  const duties = [...host.listed(), ...registered(host), ...delegates(host, host)];
  await growAll([host], { storage: [...duties, ...funded(vault, 1), ...funded(host.self.signer, 0)] });
  host.nowMs += 2_100;
  const owe = async (nonce: number) => {
    const value = { from: ALICE.publicKey as never, beneficiary: testAccount(0xc0), amount: 7n, shard: host.shard };
    await submitDirect(host, ALICE, { type: "balance_unshield", value }, nonce);
    await host.slots(2);
    return await headConfirmed(host);
  };
  const [first, second] = [await owe(0), await owe(1)];
  await growAll([host], { storage: first });
  // The first payout is signed behind the extrinsics of other duties. While it is being stored they are all included.
  expect(host.pending).toBeDefined();
  const included = host.extrinsics.map(({ bytes }) => bytes);
  expect(host.nonces()).toEqual([0, 1]);
  await growAll([host], { extrinsics: included, storage: [...second, ...funded(host.self.signer, 2)] });
  await host.written();
  await host.written();
  expect(host.nonces((purpose) => purpose === "payout")).toEqual([2, 4]);
  expect(host.nonces().toSorted()).toEqual([0, 1, 2, 3, 4]);
}, 30_000);
