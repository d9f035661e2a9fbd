/**
 * Addresses that the validateer advertises.
 *
 * Source: worker `service/src/config.rs` (839eda024)
 *
 * @module
 */
import type { ValidateerOptions } from "./options.ts";

/** What is told to clients and written into the registry. */
export interface AdvertisedAddresses {
  /** `wss://host:port` */
  readonly trustedUrl: string;
  /** `ws://host:port` */
  readonly untrustedUrl: string;
  /** `host:port` */
  readonly muRaUrl: string;
  /** Names and addresses of the TLS certificate. */
  readonly tlsNames: readonly string[];
}

/**
 * An external address as given: with three parts it stays, with two the port is appended if it has a scheme, with one
 * the port is appended.
 *
 * @throws {TypeError} If it has another form.
 */
export function externalAddress(given: string, port: number): string {
  const parts = given.split(":").length;
  if (parts === 1 || (parts === 2 && given.includes("ws"))) return `${given}:${port}`;
  if (parts === 2 || parts === 3) return given;
  throw new TypeError(`Cannot use external address "${given}": want HOST, SCHEME://HOST or SCHEME://HOST:PORT`);
}

/** The addresses of these options; `trustedPort` is the one that is listened on. */
export function advertisedAddresses(options: ValidateerOptions): AdvertisedAddresses {
  const ip = listenHostname(options);
  const or = (given: string | undefined, scheme: string, port: number): string =>
    given === undefined ? `${scheme}${ip}:${port}` : externalAddress(given, port);
  const trustedUrl = or(options.trustedExternalAddress, "wss://", options.trustedWorkerPort);
  return {
    trustedUrl,
    untrustedUrl: or(options.untrustedExternalAddress, "ws://", options.untrustedWorkerPort),
    muRaUrl: or(options.muRaExternalAddress, "", options.muRaPort),
    tlsNames: [...new Set(["localhost", "127.0.0.1", hostOf(trustedUrl)])],
  };
}

/** Where the sockets listen. */
export function listenHostname(options: ValidateerOptions): string {
  return options.wsExternal ? "0.0.0.0" : "127.0.0.1";
}

function hostOf(url: string): string {
  return url.replace(/^[a-z]+:\/\//, "").split(":")[0] as string;
}
