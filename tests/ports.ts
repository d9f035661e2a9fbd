/**
 * Ports for the programs that tests start. They are below those that the system gives out by itself, so that no outgoing
 * connection and no listener on port 0 takes one before a program has bound it, or while it is started again; and each
 * worker of the test runner has a range of its own.
 *
 * @module
 */

/** First port of the first worker. */
const FIRST_PORT = 20_000;
/** Ports of one worker. */
const WORKER_PORTS = 1_000;
/** Workers with a range of their own; the last one ends below 32,768, where Linux begins to give out ports by itself. */
const WORKER_RANGES = 12;
/** Distance of the first ports of two processes that follow each other: a program of the one before may still listen. */
const PROCESS_STRIDE = 61;

/** A worker of the test runner has a number from 1 on; other programs share the first range. */
const rangeStart = FIRST_PORT + (Number(Deno.env.get("VITEST_POOL_ID") ?? 0) % WORKER_RANGES) * WORKER_PORTS;
/** Processes of one range that run at the same time, as in two runs of the tests on one machine, begin at different places. */
let next = Deno.pid * PROCESS_STRIDE % WORKER_PORTS;

/** Ports of a service, all on 127.0.0.1. */
export interface ServicePorts {
  readonly trusted: number;
  readonly untrusted: number;
  readonly muRa: number;
  readonly http: number;
  readonly metrics: number;
  readonly parentchain: number;
}

/** Ports that are free and were not given out in this process for a while. @throws {RangeError} If too few are free. */
export function takePorts(count: number): number[] {
  const ports: number[] = [];
  for (let looks = 0; ports.length < count; looks++) {
    if (looks === WORKER_PORTS) throw new RangeError(`Cannot find ${count} free ports from ${rangeStart} on`);
    const port = rangeStart + next;
    next = (next + 1) % WORKER_PORTS;
    if (isFree(port)) ports.push(port);
  }
  return ports;
}

/** Ports for one service and its parentchain node. */
export function takeServicePorts(): ServicePorts {
  const [trusted, untrusted, muRa, http, metrics, parentchain] = takePorts(6);
  return { trusted, untrusted, muRa, http, metrics, parentchain } as ServicePorts;
}

function isFree(port: number): boolean {
  try {
    Deno.listen({ hostname: "0.0.0.0", port }).close();
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) return false;
    throw error;
  }
}
