/**
 * What a command is given: its streams and the global options.
 *
 * @module
 */
import type { AcceptableTcbStatus } from "../../attestation/tcb_status.ts";
import type { Terminal } from "./terminal.ts";

/** Global options. Source: worker `cli/src/lib.rs#Cli` (839eda024) */
export interface GlobalOptions {
  /** URL of the parentchain node without port. */
  readonly nodeUrl: string;
  /** Port of the parentchain node. */
  readonly nodePort: number;
  /** URL of the worker without port. */
  readonly workerUrl: string;
  /** Port of the worker's trusted endpoint. */
  readonly trustedWorkerPort: number;
  /** Whether to go without evidence of the worker's enclave. */
  readonly insecure: boolean;
  /** Whether an emulated enclave outside development will do. */
  readonly acceptEmulatedEnclave: boolean;
  /** Whether to tell all that was verified. */
  readonly verbose: boolean;
  /** PEM file of an operator's own root, whose emulated enclaves are trusted. */
  readonly platformRoot?: string;
  /** Worst status of a real platform that is accepted. */
  readonly minimumTcbStatus: AcceptableTcbStatus;
  /** Oldest collateral of a real platform that is accepted, in milliseconds; default: its own dates are enough. */
  readonly maxCollateralAge?: number;
}

/** What every command is given. */
export interface CommandContext {
  readonly terminal: Terminal;
  readonly options: () => GlobalOptions;
}
