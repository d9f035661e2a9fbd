/**
 * How long a provisioning connection may take, however little of it is silence: a peer that sends a byte now and then
 * holds nobody.
 *
 * @module
 */

/** Longest time from a connection to the peer's verified evidence, in ms: two quotes are made and checked, in a few seconds. */
export const EVIDENCE_TIMEOUT_MS = 30_000;
/** Time that a transfer may take besides its bytes, in ms: reading the state's root at its end takes the longest of it. */
export const TRANSFER_GRACE_MS = 60_000;
/** Slowest transfer, in bytes per ms: half a megabyte a second, a tenth of what a slow data centre has. */
export const MIN_TRANSFER_BYTES_PER_MS = 512;
/** Longest transfer in ms, whatever its bytes: the largest state in an hour. */
export const MAX_TRANSFER_MS = 3_600_000;

/** The clock of a connection: first to the evidence, then by the bytes that go over it. */
export class ChannelDeadline {
  /** Called once, when the connection has taken too long. */
  onLate: () => void = () => {};
  #timer: ReturnType<typeof setTimeout>;
  #verifiedAtMs: number | undefined;
  #movedBytes = 0;

  /** Begins with the connection. */
  constructor(evidenceTimeoutMs: number = EVIDENCE_TIMEOUT_MS) {
    this.#timer = setTimeout(() => this.onLate(), evidenceTimeoutMs);
  }

  /** The peer has proven what it is: from now on the transfer is timed. */
  verified(): void {
    if (this.#verifiedAtMs !== undefined) return;
    this.#verifiedAtMs = performance.now();
    this.#watch();
  }

  /** Bytes have come or gone. */
  moved(bytes: number): void {
    this.#movedBytes += bytes;
  }

  /** The connection has ended. */
  stop(): void {
    clearTimeout(this.#timer);
  }

  #watch(): void {
    clearTimeout(this.#timer);
    const allowedMs = Math.min(MAX_TRANSFER_MS, TRANSFER_GRACE_MS + this.#movedBytes / MIN_TRANSFER_BYTES_PER_MS);
    const leftMs = (this.#verifiedAtMs as number) + allowedMs - performance.now();
    if (leftMs <= 0) return this.onLate();
    this.#timer = setTimeout(() => this.#watch(), Math.ceil(leftMs));
  }
}
