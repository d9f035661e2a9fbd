/**
 * The nested worker's side: one batch after the other.
 *
 * @module
 */
import type { CryptoBatch, CryptoKeys } from "./crypto_job.ts";
import { CRYPTO_READY, cryptoAnswers, cryptoJobs, isCryptoBatch } from "./crypto_job.ts";
import { runCryptoJob } from "./run_job.ts";

/** What the nested worker needs of its global scope. */
export interface CryptoScope {
  readonly postMessage: (message: unknown, transfer: Transferable[]) => void;
  onmessage: ((event: { readonly data: unknown }) => unknown) | null;
}

/**
 * Answers batches from now on. A job that throws rejects in {@linkcode CryptoScope.onmessage} and so ends the worker: the
 * enclave does its batch itself.
 */
export function serveCryptoJobs(scope: CryptoScope, keys: CryptoKeys): void {
  let turn: Promise<void> = Promise.resolve();
  scope.onmessage = async ({ data }) => {
    if (!isCryptoBatch(data)) return;
    turn = turn.then(() => answer(scope, data, keys));
    await turn;
  };
  scope.postMessage(CRYPTO_READY, []);
}

async function answer(scope: CryptoScope, { id, bytes }: CryptoBatch, keys: CryptoKeys): Promise<void> {
  const answers = [];
  for (const job of cryptoJobs.decode(bytes)) answers.push(await runCryptoJob(job, keys));
  const encoded = cryptoAnswers.encode(answers);
  scope.postMessage({ id, bytes: encoded } satisfies CryptoBatch, [encoded.buffer as ArrayBuffer]);
}
