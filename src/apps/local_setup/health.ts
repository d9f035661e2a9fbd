/**
 * Whether a member of a local network is up.
 *
 * @module
 */
import { LocalSetupError } from "./config.ts";
import type { PlannedMember, UpCheck } from "./plan.ts";

/** Longest wait for an answer: members that start share the machine. */
const ANSWER_TIMEOUT_MS = 2_000;

/** Whether a member does its work. */
export async function isUp(check: UpCheck): Promise<boolean> {
  const { type } = check;
  try {
    return type === "node" ? await isNodeUp(check.rpcPort, check.peers) : await isInitialized(check.httpPort);
  } catch {
    // Nobody listens yet, or the answer takes too long.
    return false;
  }
}

/** Looks whether the ports can be listened on. @throws {LocalSetupError} If one is taken. */
export function assertPortsFree(members: readonly PlannedMember[]): void {
  for (const { name, ports } of members) {
    for (const { option, port } of ports) {
      try {
        Deno.listen({ hostname: "127.0.0.1", port }).close();
      } catch (cause) {
        if (!(cause instanceof Deno.errors.AddrInUse)) throw cause;
        throw new LocalSetupError(
          `Cannot start "${name}": port ${port} (${option}) is taken by another program; end it or choose another port`,
          { cause },
        );
      }
    }
  }
}

async function isNodeUp(port: number, peers: number): Promise<boolean> {
  const response = await fetch(`http://127.0.0.1:${port}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "system_health", params: [] }),
    signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
  });
  const { result } = await response.json() as { result?: { peers: number; isSyncing: boolean } };
  return result !== undefined && !result.isSyncing && result.peers >= peers;
}

async function isInitialized(port: number): Promise<boolean> {
  const response = await fetch(`http://127.0.0.1:${port}/is_initialized`, {
    signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
  });
  await response.body?.cancel();
  return response.ok;
}
