/**
 * The connections that the provisioning endpoint has, from their first byte on: how many at a time, and which gives way.
 *
 * @module
 */
import type { Socket } from "node:net";

/**
 * Connections at a time: a shard has ten validateers at most; the others are those of whom nothing is known yet, each of
 * which may have a megabyte of evidence under way.
 */
export const MAX_PROVISIONING_CONNECTIONS = 32;

/** Connections in the order in which they came. */
export class ProvisioningPlaces {
  /** Whether the peer has proven what it is. */
  readonly #isVerified = new Map<Socket, boolean>();

  /** Number of connections. */
  get taken(): number {
    return this.#isVerified.size;
  }

  /**
   * Gives a place to a new connection. If there is none, that of the oldest one of whose peer nothing is known yet, so that
   * silent strangers keep nobody out; where all are known, the new one is closed. Whether it has a place.
   */
  take(socket: Socket): boolean {
    if (this.taken >= MAX_PROVISIONING_CONNECTIONS) {
      const oldest = [...this.#isVerified].find(([, isVerified]) => !isVerified)?.[0];
      if (oldest === undefined) {
        socket.destroy();
        return false;
      }
      this.#isVerified.delete(oldest);
      oldest.destroy();
    }
    this.#isVerified.set(socket, false);
    socket.once("close", () => this.#isVerified.delete(socket));
    return true;
  }

  /** The peer has proven what it is: its connection gives way to no other. */
  markVerified(socket: Socket): void {
    if (this.#isVerified.has(socket)) this.#isVerified.set(socket, true);
  }

  /** Breaks all of them off. */
  clear(): void {
    for (const socket of this.#isVerified.keys()) socket.destroy();
    this.#isVerified.clear();
  }
}
