/**
 * The host's side of starting an enclave: one message to the platform worker, one report back.
 *
 * @module
 */
import { type EnclaveFingerprint, enclaveFingerprint } from "../../primitives/branded.ts";
import type { PlatformFailureCode, PlatformReport, PlatformStart } from "./platform_port.ts";

/** What the host needs of the platform's `Worker`. */
export interface PlatformWorker {
  postMessage(message: PlatformStart, transfer: Transferable[]): void;
  terminate(): void;
  onmessage: ((event: MessageEvent) => unknown) | null;
  onerror: ((event: ErrorEvent) => unknown) | null;
}

/** A running enclave as its host sees it. */
export interface RunningEnclave {
  /** MRENCLAVE. */
  readonly measurement: EnclaveFingerprint;
  /** The host's end of the ecall channel. */
  readonly ecalls: MessagePort;
  /** Resolves when the enclave has died by itself; never after {@linkcode RunningEnclave.terminate}. */
  readonly died: Promise<void>;
  /** Ends platform and enclave at once. */
  readonly terminate: () => void;
}

/** The enclave could not be started. */
export class PlatformStartError extends Error {
  override readonly name = "PlatformStartError";
  /** What failed; `PlatformDied` if the platform's worker itself did. */
  readonly code: PlatformFailureCode | "PlatformDied";

  /** Makes the error of one code. */
  constructor(code: PlatformFailureCode | "PlatformDied") {
    super(`Cannot start the enclave: ${code}`);
    this.code = code;
  }
}

/**
 * Starts the enclave in a fresh platform worker; takes about a second.
 *
 * @throws {PlatformStartError} If it does not start; the worker is terminated then.
 */
export function startEnclave(
  worker: PlatformWorker,
  options: Omit<PlatformStart, "type" | "ecallPort">,
): Promise<RunningEnclave> {
  const channel = new MessageChannel();
  const died = Promise.withResolvers<void>();
  const terminate = () => {
    worker.terminate();
    channel.port1.close();
  };
  return new Promise((resolve, reject) => {
    const fail = (code: PlatformFailureCode | "PlatformDied") => {
      terminate();
      reject(new PlatformStartError(code));
    };
    worker.onerror = (event) => {
      event.preventDefault();
      fail("PlatformDied");
      died.resolve();
    };
    worker.onmessage = (event) => {
      const report = event.data as PlatformReport;
      if (report.type === "failed") fail(report.code);
      if (report.type === "enclave_failed") died.resolve();
      if (report.type === "started") {
        const measurement = enclaveFingerprint(report.measurement);
        resolve({ measurement, ecalls: channel.port1, died: died.promise, terminate });
      }
    };
    worker.postMessage({ ...options, type: "start", ecallPort: channel.port2 }, [channel.port2]);
  });
}
