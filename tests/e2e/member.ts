/**
 * A validateer of a shard as a process that is ended and started again at the same place.
 *
 * @module
 */
import { unwrap } from "../../src/primitives/result.ts";
import type { LightHeader } from "../../src/types/light_header.ts";
import { launchMember, type MemberSite, type Program } from "../faults/processes.ts";
import type { CommandResult, TestService } from "./harness.ts";
import { inProcessCli } from "./in_process_cli.ts";
import { lightHeadersOf } from "./light_blocks.ts";
import { type Serving, untilServing } from "./provisioning_support.ts";

/** A validateer at its place; it does not run before {@linkcode Member.start}. */
export class Member {
  readonly site: MemberSite;
  #program: Program | undefined;
  #serving: Serving | undefined;

  /** Only takes the place. */
  constructor(site: MemberSite) {
    this.site = site;
  }

  /** Its process, also one that has ended. @throws {TypeError} Before its first start. */
  get program(): Program {
    if (this.#program === undefined) {
      throw new TypeError(`Cannot look at a validateer before its start: ${this.site.dataDir}`);
    }
    return this.#program;
  }

  /** Its trusted endpoint. @throws {TypeError} While it does not serve. */
  get serving(): Serving {
    if (this.#serving === undefined) {
      throw new TypeError(`Cannot ask a validateer that does not serve: ${this.site.dataDir}`);
    }
    return this.#serving;
  }

  /** Questions and calls to it. @throws {TypeError} While it does not serve. */
  get client(): Serving["client"] {
    return this.serving.client;
  }

  /** The command line with this validateer and its node; keys are kept in the current folder. */
  get commands(): Pick<TestService, "ask" | "cli"> {
    return inProcessCli({ ...this.site.ports, parentchain: this.site.nodePort });
  }

  /** Runs a command. */
  cli(...args: readonly string[]): Promise<CommandResult> {
    return this.commands.cli(...args);
  }

  /** Starts it on what it has stored, and waits until its trusted endpoint answers; gives the time that took in ms. */
  async start(): Promise<number> {
    const begun = performance.now();
    this.#program = launchMember(this.site);
    this.#serving = await untilServing(this.#program, this.site);
    return performance.now() - begun;
  }

  /** Ends it, if it was started. */
  async end(signal: "SIGKILL" | "SIGTERM"): Promise<void> {
    await this.#program?.end(signal);
    this.#serving?.rpc.close();
    this.#serving = undefined;
  }

  /** The number of its newest block; 0 if there is none. */
  async height(): Promise<number> {
    return Number(unwrap(await this.client.sidechainHeader()).blockNumber);
  }

  /** Light headers of its best branch from a number on; fewer where it has none. */
  async headers(from: number, max = 1): Promise<readonly LightHeader[]> {
    return await lightHeadersOf(this.serving.rpc, from, max);
  }
}
