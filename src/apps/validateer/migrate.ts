/**
 * `validateer migrate-shard`: hands a shard over from the enclave that has it to another one on the same machine, as after
 * an upgrade of the shard's code.
 *
 * Both enclaves run side by side, each from its own bundle and data directory. The new one joins as any validateer does: both
 * attest to each other over TLS, the old one holds to the shard's configuration on the parentchain, and nothing of what it
 * has sealed is opened outside of it. The command ends when the new enclave authors and may pay from the vault.
 *
 * Differs: the original seals for the vendor's next build, which reads the files of the one before
 *
 * @module
 */
import { join } from "node:path";
import { readEnclaveBundle } from "../../host/deno/bundle.ts";
import { openDataDir } from "../../host/deno/data_dir.ts";
import { ServiceError } from "../../host/service.ts";
import { KEYS_FILE } from "../../enclave/api/ecall_values.ts";
import { encodeBase58 } from "../../primitives/base58.ts";
import { equalBytes } from "../../primitives/bytes.ts";
import { KEPT_BUNDLE } from "./entries.ts";
import type { RunOptions } from "./options.ts";
import { runValidateer, type StartedValidateer } from "./run.ts";

/** Pause between two looks at the new enclave. */
const LOOK_INTERVAL_MS = 500;

/**
 * Hands the shard of `options.dataDir` over to the enclave of `folder`; resolves when that one has taken over, or at the
 * signal.
 *
 * @throws {ServiceError} `ParentchainNeeded`, `KeysMissing`, or what ended one of the two.
 * @throws {BundleError} If the bundle that the data directory belongs to is not there.
 */
export async function migrateShard(
  folder: string,
  shard: string | undefined,
  options: RunOptions,
  stop: AbortSignal,
): Promise<void> {
  if (options.dev && options.integriteeRpcUrl === undefined) {
    const detail = 'Cannot migrate a shard off an embedded parentchain: name a node with "--integritee-rpc-url"';
    throw new ServiceError("ParentchainNeeded", detail);
  }
  const kept = await readEnclaveBundle(join(options.dataDir, KEPT_BUNDLE));
  // An enclave without keys would draw new ones, and found a shard instead of handing one over.
  if (!await hasKeys(options.dataDir)) {
    throw new ServiceError("KeysMissing", `"${options.dataDir}" holds no keys of a shard that could be handed over`);
  }
  const ended = new AbortController();
  const signal = AbortSignal.any([stop, ended.signal]);
  const runs: Promise<unknown>[] = [];
  const begin = (who: string, name: string | undefined, changed: Partial<RunOptions>): Promise<StartedValidateer> =>
    new Promise((resolve, reject) => {
      const print = (line: string): void => console.error(`${who} ${line}`);
      const changedOptions = { ...options, cleanReset: false, enableMetrics: false, ...changed };
      const run = runValidateer(name, changedOptions, signal, { print, onStarted: resolve });
      // The end of one is the end of both; why it ended is told below.
      runs.push(run.then(() => undefined, (error: unknown) => error).finally(() => ended.abort()));
      run.then(() => reject(new ServiceError("Stopped", "The migration was stopped")), reject);
    });
  let name: string;
  let isTaken: boolean;
  try {
    const giver = await begin("old", shard, { ...oldAddresses(), enclaveBundle: kept.path });
    name = encodeBase58(giver.identity.shard);
    const taker = await begin("new", name, { dataDir: folder });
    isTaken = await untilTakenOver(taker, giver, signal);
  } finally {
    ended.abort();
    await Promise.all(runs);
  }
  const failure = (await Promise.all(runs)).find((error) => error !== undefined);
  if (!isTaken) throw failure ?? new ServiceError("Stopped", "The migration was stopped");
  console.log(`migrated shard ${name} to "${folder}"`);
}

async function hasKeys(path: string): Promise<boolean> {
  const dataDir = await openDataDir(path);
  try {
    return await dataDir.readSealed(KEYS_FILE) !== undefined;
  } finally {
    dataDir.close();
  }
}

/** The old enclave serves the new one only: on free ports of this machine, so that the new one has those of the options. */
function oldAddresses(): Partial<RunOptions> {
  const listeners = Array.from({ length: 4 }, () => Deno.listen({ hostname: "127.0.0.1", port: 0 }));
  const ports = listeners.map(({ addr }) => (addr as Deno.NetAddr).port);
  for (const listener of listeners) listener.close();
  const [trustedWorkerPort, untrustedWorkerPort, muRaPort, untrustedHttpPort] = ports as [
    number,
    number,
    number,
    number,
  ];
  return {
    ...{ trustedWorkerPort, untrustedWorkerPort, muRaPort, untrustedHttpPort },
    wsExternal: false,
    trustedExternalAddress: undefined,
    untrustedExternalAddress: undefined,
    muRaExternalAddress: undefined,
  };
}

/**
 * The new enclave has stored all blocks that the old one has, authors, and is a delegate of the vault: only one that is already
 * can make it one.
 */
async function untilTakenOver(
  { identity, service, link }: StartedValidateer,
  giver: StartedValidateer,
  signal: AbortSignal,
): Promise<boolean> {
  while (!signal.aborted) {
    const { blockNumber: given } = await giver.service.health();
    const { vault, blockNumber, notAuthoring } = await service.health();
    if (vault !== undefined && blockNumber > 0n && blockNumber >= given && notAuthoring === "") {
      if ((await link.delegates(vault)).some((delegate) => equalBytes(delegate, identity.signer))) return true;
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_INTERVAL_MS));
  }
  return false;
}
