/**
 * Addresses that the validateer advertises.
 *
 * Source: worker `service/src/config.rs` (839eda024)
 *
 * @module
 */
import { MAX_PORT } from "../cli/parse.ts";

/** The options that say where sockets listen and how they are reached. */
export interface AddressOptions {
  readonly wsExternal: boolean;
  readonly trustedWorkerPort: number;
  readonly untrustedWorkerPort: number;
  readonly muRaPort: number;
  readonly trustedExternalAddress: string | undefined;
  readonly untrustedExternalAddress: string | undefined;
  readonly muRaExternalAddress: string | undefined;
}

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

/** What stands before the host: of the trusted endpoint, of the untrusted one, and of provisioning. */
export type AddressScheme = "wss://" | "ws://" | "";

/** All interfaces, to listen on; nobody can connect to it. */
const ANY_ADDRESS = "0.0.0.0";
/** Scheme, if there is one, host and port, if there is one. */
const ADDRESS = /^(?<scheme>wss?:\/\/)?(?<host>[^\s:/?#@]+)(?::(?<port>\d{1,5}))?$/u;

/**
 * An external address with what it leaves out: the scheme (none for provisioning, `""`) and the port.
 *
 * @throws {TypeError} If it has another form or another scheme.
 */
export function externalAddress(given: string, scheme: AddressScheme, port: number): string {
  const { groups } = ADDRESS.exec(given) ?? {};
  const own = groups?.["port"] === undefined ? port : Number(groups["port"]);
  if (groups === undefined || own > MAX_PORT || (groups["scheme"] ?? scheme) !== scheme) {
    throw new TypeError(
      `Cannot use external address "${given}": want HOST or HOST:PORT${scheme && `, with "${scheme}" or without`}`,
    );
  }
  return `${scheme}${groups["host"]}:${own}`;
}

/** The addresses of these options; `trustedPort` is the one that is listened on. */
export function advertisedAddresses(options: AddressOptions): AdvertisedAddresses {
  const ip = listenHostname(options);
  const or = (given: string | undefined, scheme: AddressScheme, port: number): string =>
    given === undefined ? `${scheme}${ip}:${port}` : externalAddress(given, scheme, port);
  const trustedUrl = or(options.trustedExternalAddress, "wss://", options.trustedWorkerPort);
  return {
    trustedUrl,
    untrustedUrl: or(options.untrustedExternalAddress, "ws://", options.untrustedWorkerPort),
    muRaUrl: or(options.muRaExternalAddress, "", options.muRaPort),
    tlsNames: [...new Set(["localhost", "127.0.0.1", hostOf(trustedUrl)])],
  };
}

/** What is advertised and leads nowhere from outside: an option that names the machine is missing. */
export function unreachableAddresses(options: AddressOptions): readonly string[] {
  if (!options.wsExternal) return [];
  const { trustedUrl, untrustedUrl, muRaUrl } = advertisedAddresses(options);
  return [trustedUrl, untrustedUrl, muRaUrl].filter((url) => url.includes(ANY_ADDRESS));
}

/** Where the sockets listen. */
export function listenHostname(options: Pick<AddressOptions, "wsExternal">): string {
  return options.wsExternal ? ANY_ADDRESS : "127.0.0.1";
}

function hostOf(url: string): string {
  return url.replace(/^[a-z]+:\/\//, "").split(":")[0] as string;
}
