/**
 * `shielding-key`, `signing-key` and `mrenclave`: public facts of the enclave, without a parentchain.
 *
 * Source: worker `service/src/main_impl.rs` (839eda024)
 *
 * @module
 */
import type { Identity } from "../../enclave/api/ecall_values.ts";
import { openDataDir } from "../../host/deno/data_dir.ts";
import { openSqliteBlockStore } from "../../host/deno/sqlite_block_store.ts";
import { EnclaveHost } from "../../host/enclave_host.ts";
import { createLog } from "../../host/log.ts";
import { ServiceError } from "../../host/service.ts";
import { sha256 } from "../../crypto/sha256.ts";
import { encodeBase58 } from "../../primitives/base58.ts";
import { BLOCKS_FILE, SHIELDING_KEY_FILE, SIGNING_KEY_FILE } from "./entries.ts";
import type { ValidateerOptions } from "./options.ts";
import { Releases } from "./releases.ts";
import { bundleOf, initRequestOf, startEnclaveWorker } from "./start_enclave.ts";

/** Writes the public shielding key and tells where. @throws {ServiceError} */
export async function writeShieldingKey(options: ValidateerOptions): Promise<void> {
  await withIdentity(options, async ({ shieldingKey }, entry) => {
    const file = entry(SHIELDING_KEY_FILE);
    await Deno.writeTextFile(file, shieldingKey);
    console.log(file);
  });
}

/** Writes the public signing key and tells where. @throws {ServiceError} */
export async function writeSigningKey(options: ValidateerOptions): Promise<void> {
  await withIdentity(options, async ({ signer }, entry) => {
    const file = entry(SIGNING_KEY_FILE);
    await Deno.writeFile(file, signer);
    console.log(file);
  });
}

/** Prints the fingerprint of the enclave's bundle, by default that of these sources. @throws {BundleError} */
export async function printMrenclave(options: Pick<ValidateerOptions, "enclaveBundle">): Promise<void> {
  console.log(encodeBase58(sha256((await bundleOf(options)).bytes)));
}

async function withIdentity(
  options: ValidateerOptions,
  use: (identity: Identity, entry: (name: string) => string) => Promise<void>,
): Promise<void> {
  const log = createLog((line) => console.error(line), () => new Date(), options.logLevel);
  const releases = new Releases(log);
  try {
    const dataDir = await openDataDir(options.dataDir);
    releases.add("data directory", () => dataDir.close());
    const bundle = await bundleOf(options);
    const blocks = openSqliteBlockStore(dataDir.entry(BLOCKS_FILE));
    releases.add("block store", () => blocks.close());
    const { running, port } = await startEnclaveWorker(dataDir, blocks, bundle, options);
    releases.add("enclave worker", () => running.terminate());
    const failures: ServiceError[] = [];
    const host = new EnclaveHost(port, {
      blocks,
      files: dataDir,
      submitExtrinsic: () => Promise.resolve(false),
      broadcast: () => {},
      fetchBlocks: () => {},
      setPeers: () => {},
      gossip: () => {},
      dialPeer: () => Promise.resolve(undefined),
      fatal: (code, detail) => void failures.push(new ServiceError(code, detail)),
      log,
    });
    const request = await initRequestOf(
      { ...options, dev: false, skipRa: false },
      undefined,
      dataDir,
      blocks,
      Date.now(),
    );
    const identity = await host.call("init", request);
    if (!identity.ok) throw new ServiceError(identity.error.code, identity.error.detail);
    // Keys that could not be written are gone with this process.
    for (const failure of failures) throw failure;
    await use(identity.value, dataDir.entry);
  } finally {
    await releases.run();
  }
}
