/**
 * Parentchain nodes of a shard's validateers: one for each, all of them authorities and each other's peers.
 *
 * @module
 */
import { Program } from "../faults/processes.ts";
import { isListening, poll } from "./harness.ts";
import { takeServicePorts } from "../ports.ts";

/** Authorities of the nodes, in the order in which they are started. */
const AUTHORITIES = ["//Alice", "//Bob", "//Charlie", "//Dave"] as const;

/** A node that listens. */
export interface RunningNode {
  readonly program: Program;
  /** Port of its JSON-RPC. */
  readonly port: number;
}

/** Starts so many nodes, at most four, and waits until all listen. If that takes too long none is left running. */
export async function startNodes(count: number, blockTimeMs: number): Promise<readonly RunningNode[]> {
  const authorities = AUTHORITIES.slice(0, count);
  const ports = authorities.map(() => takeServicePorts());
  const nodes = ports.map(({ parentchain: port, untrusted: peerPort }, i): RunningNode => {
    const peers = ports.slice(0, i).flatMap(({ untrusted }) => ["--peer", `ws://127.0.0.1:${untrusted}`]);
    const program = new Program(
      ...["src/apps/devnode.ts", "--dev", "--no-prometheus", "--quiet", "--rpc-port", `${port}`],
      ...["--block-time-ms", `${blockTimeMs}`, "--authority", `${authorities[i]}`],
      ...["--authorities", authorities.join(","), "--peer-port", `${peerPort}`, ...peers],
    );
    return { program, port };
  });
  try {
    for (const { port } of nodes) await poll("the node", () => isListening(port), true);
  } catch (cause) {
    for (const { program } of nodes) await program.end("SIGKILL");
    throw cause;
  }
  return nodes;
}
