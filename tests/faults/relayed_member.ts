/**
 * A validateer with a relay before every endpoint that others dial, and before its parentchain node.
 *
 * @module
 */
import { Member } from "../e2e/member.ts";
import { Relay } from "../e2e/network_support.ts";
import type { MemberSite } from "./processes.ts";
import { type Serving, untilServing } from "../e2e/provisioning_support.ts";
import { takeServicePorts } from "../ports.ts";

/** The relays of a validateer. */
interface Relays {
  readonly trusted: Relay;
  readonly untrusted: Relay;
  readonly muRa: Relay;
  readonly node: Relay;
}

/** A validateer that can be parted from others. */
export class RelayedMember extends Member {
  readonly name: string;
  /** Relay to its parentchain node. */
  readonly node: Relay;
  /** What others dial it for. */
  readonly #dialled: readonly Relay[];
  readonly #trusted: Relay;

  private constructor(name: string, site: MemberSite, { trusted, untrusted, muRa, node }: Relays) {
    super(site);
    this.name = name;
    this.node = node;
    this.#trusted = trusted;
    this.#dialled = [trusted, untrusted, muRa];
  }

  /** Opens the relays; the validateer's files are in a folder of its name. */
  static at(name: string, folder: string, nodePort: number, slotDurationMs: number): RelayedMember {
    const ports = takeServicePorts();
    const to = (port: number): Relay => new Relay(() => port);
    const relays = { trusted: to(ports.trusted), untrusted: to(ports.untrusted), muRa: to(ports.muRa) };
    const options = [
      ...["--trusted-external-address", `wss://127.0.0.1:${relays.trusted.port}`],
      ...["--untrusted-external-address", `ws://127.0.0.1:${relays.untrusted.port}`],
      ...["--mu-ra-external-address", `127.0.0.1:${relays.muRa.port}`],
      ...["--slot-duration-ms", `${slotDurationMs}`, "--enable-metrics", "--metrics-port", `${ports.metrics}`],
    ];
    const node = to(nodePort);
    const site = { dataDir: `${folder}/${name}`, ports, nodePort: node.port, options };
    return new RelayedMember(name, site, { ...relays, node });
  }

  /** Another connection to its trusted endpoint, through the relay: as late as that makes it. */
  async dialRelayed(): Promise<Serving> {
    const ports = { ...this.site.ports, trusted: this.#trusted.port };
    return await untilServing(this.program, { ...this.site, ports });
  }

  /** Lets peers through or not. */
  switch(isOn: boolean): void {
    for (const relay of this.#dialled) relay.switch(isOn);
  }

  /** Makes late what others dial it for, each way; what it dials itself passes the relays of the others. */
  delay(ms: number): void {
    for (const relay of this.#dialled) relay.delayMs = ms;
  }

  /** Limits what others dial it for; what it dials itself passes the relays of the others. */
  slow(bytesPerSecond: number): void {
    for (const relay of this.#dialled) relay.bytesPerSecond = bytesPerSecond;
  }

  /** Holds back what others dial it for, or lets it go. */
  hold(isOn: boolean): void {
    for (const relay of this.#dialled) relay.hold(isOn);
  }

  /** Closes its relays. */
  close(): void {
    for (const relay of [...this.#dialled, this.node]) relay.close();
  }
}
