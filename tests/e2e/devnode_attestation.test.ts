/** Registration of enclaves by quote on the development parentchain: it checks what a real one checks. */
import type { ApiPromise } from "@polkadot/api";
import type { KeyringPair } from "@polkadot/keyring/types";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { EMULATED_DEVELOPMENT_ROOT_CERTIFICATE } from "../../src/attestation/emulated_root.ts";
import { type RunningDevnode, startDevnode } from "../../src/devnode/deno/run_devnode.ts";
import { EMULATED_DEVELOPMENT_ROOT_KEY } from "../../src/enclave/platform/development_root_key.ts";
import { createEmulatedProcessor } from "../../src/enclave/platform/emulated_processor.ts";
import { createSigningRoot, type SigningRoot } from "../../src/enclave/platform/pck_chain.ts";
import { enclaveFingerprint } from "../../src/primitives/branded.ts";
import { concatBytes } from "../../src/primitives/bytes.ts";
import { toHex } from "../../src/primitives/hex.ts";
import { connectApi, devKeyring, PATIENCE, sendAndWatch, TEST_BLOCK_TIME_MS } from "./devnode_support.ts";

vi.setConfig(PATIENCE);

const FINGERPRINT = enclaveFingerprint(new Uint8Array(32).fill(5));
const DEVELOPMENT: SigningRoot = {
  certificate: EMULATED_DEVELOPMENT_ROOT_CERTIFICATE,
  privateKey: EMULATED_DEVELOPMENT_ROOT_KEY,
};
const DCAP = { Dcap: { proxied: false } };

async function quoteFor(account: Uint8Array, root: SigningRoot): Promise<Uint8Array> {
  const processor = await createEmulatedProcessor(new Uint8Array(32).fill(3), root, Date.now());
  return await processor.quote(FINGERPRINT, concatBytes(account, new Uint8Array(32)));
}

describe("Teerex.register_sgx_enclave", () => {
  let node: RunningDevnode;
  let api: ApiPromise;
  let alice: KeyringPair;
  let ownRoot: SigningRoot;

  beforeAll(async () => {
    ownRoot = await createSigningRoot("Example operator", Date.now());
    const { certificate: platformRoot } = ownRoot;
    node = await startDevnode({ blockTimeMs: TEST_BLOCK_TIME_MS, platformRoot }, () => {});
    api = await connectApi(node.url);
    alice = (await devKeyring()).addFromUri("//Alice");
  });

  afterAll(async () => {
    await api?.disconnect();
    await node?.stop();
  });

  /** Registers and gives the name of the event or error. */
  async function register(quote: Uint8Array): Promise<string> {
    const call = api.tx["teerex"]!["registerSgxEnclave"]!(toHex(quote), "wss://127.0.0.1:2000", DCAP);
    const { result } = await sendAndWatch(call, alice);
    if (result.dispatchError !== undefined) return api.registry.findMetaError(result.dispatchError.asModule).name;
    return result.findRecord("teerex", "AddedSgxEnclave")?.event.method ?? "nothing";
  }

  it("accepts a quote of the emulated platform and stores what it says", async () => {
    expect(await register(await quoteFor(alice.publicKey, DEVELOPMENT))).toBe("AddedSgxEnclave");
    const stored = await api.query["teerex"]!["sovereignEnclaves"]!(alice.address);
    expect(JSON.stringify(stored)).toContain(toHex(FINGERPRINT));
    expect(stored.toHuman()).toMatchObject({ Sgx: { status: "Ok", buildMode: "Production" } });
  });

  it("accepts a quote under the operator's root and refuses one under a root it does not know", async () => {
    expect(await register(await quoteFor(alice.publicKey, ownRoot))).toBe("AddedSgxEnclave");
    const stranger = await createSigningRoot("Example stranger", Date.now());
    expect(await register(await quoteFor(alice.publicKey, stranger))).toBe("CertificateChainIsInvalid");
  });

  it("refuses a quote with one bit changed, and one that is of another account", async () => {
    const quote = await quoteFor(alice.publicKey, DEVELOPMENT);
    const forged = quote.slice();
    forged[48 + 64] = (forged[48 + 64] as number) ^ 1;
    expect(await register(forged)).toBe("IsvEnclaveReportSignatureIsInvalid");
    expect(await register(await quoteFor(new Uint8Array(32).fill(1), DEVELOPMENT))).toBe("SenderIsNotAttestedEnclave");
  });

  it("finds a quote inside of other calls", async () => {
    const quote = await quoteFor(alice.publicKey, DEVELOPMENT);
    const call = api.tx["teerex"]!["registerSgxEnclave"]!(toHex(quote), null, DCAP);
    const { result } = await sendAndWatch(api.tx["utility"]!["batchAll"]!([call]), alice);
    expect(result.dispatchError).toBe(undefined);
    expect(result.findRecord("teerex", "AddedSgxEnclave")).toBeDefined();
  });
});
