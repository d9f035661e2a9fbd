/**
 * A network of processes: started one after the other, stopped together.
 *
 * States: starting → up → stopping → ended. A member that ends by itself, or is not up in time, leads to stopping.
 *
 * @module
 */
import { isUp } from "./health.ts";
import { Member, type MemberCommand } from "./member.ts";
import type { LocalPlan, PlannedMember } from "./plan.ts";

/** How long a member may take until it is up: registration waits for several parentchain blocks. */
const UP_TIMEOUT_MS = 180_000;
/** Pause between two looks. */
const LOOK_INTERVAL_MS = 250;

/** What a network runs in. */
export interface NetworkPorts {
  /** The program of a member and its arguments. */
  readonly commandOf: (member: PlannedMember) => MemberCommand;
  /** Takes a line of a member, or of the setup itself. */
  readonly print: (line: string) => void;
  /** Whether prefixes are coloured. */
  readonly isColoured: boolean;
  /** Milliseconds since 1970. */
  readonly nowMs: () => number;
}

/** Runs all members until the signal or the end of one. Gives the exit code: 0 if the signal ended it. */
export async function runNetwork(plan: LocalPlan, ports: NetworkPorts, stop: AbortSignal): Promise<0 | 1> {
  const { print } = ports;
  const members: Member[] = [];
  const all = [...plan.nodes, ...plan.validateers];
  const width = Math.max(0, ...all.map(({ name }) => name.length));
  const ended = new AbortController();
  const over = AbortSignal.any([stop, ended.signal]);
  const fail = (reason: string): void => {
    if (over.aborted) return;
    print(`local-setup: ${reason}`);
    ended.abort();
  };
  try {
    for (const planned of all) {
      if (over.aborted) break;
      const startedMs = ports.nowMs();
      const output = { print, position: members.length, width, isColoured: ports.isColoured };
      const member = new Member(planned.name, ports.commandOf(planned), output);
      members.push(member);
      void member.ended.then((code) => fail(`"${planned.name}" ended with ${code}; the others are stopped`));
      const outcome = await untilUp(planned, over, ports.nowMs);
      if (outcome === "late") fail(`"${planned.name}" is not up after ${UP_TIMEOUT_MS / 1000} s`);
      if (outcome !== "up") break;
      print(`local-setup: "${planned.name}" is up after ${((ports.nowMs() - startedMs) / 1000).toFixed(1)} s`);
    }
    if (!over.aborted) summaryOf(all, width).forEach((line) => print(line));
    await untilAborted(over);
    if (stop.aborted) print(`local-setup: stopping ${members.length} processes`);
  } finally {
    // What ends on the way is no failure any more. Nodes last: a validateer says goodbye while its node is still there.
    if (!over.aborted) ended.abort();
    await Promise.all(members.slice(plan.nodes.length).map((member) => member.stop()));
    await Promise.all(members.slice(0, plan.nodes.length).map((member) => member.stop()));
  }
  return ended.signal.aborted ? 1 : 0;
}

async function untilUp(
  { up }: PlannedMember,
  over: AbortSignal,
  nowMs: () => number,
): Promise<"up" | "late" | "over"> {
  for (const deadline = nowMs() + UP_TIMEOUT_MS; nowMs() < deadline;) {
    if (over.aborted) return "over";
    if (await isUp(up)) return over.aborted ? "over" : "up";
    await new Promise((resolve) => setTimeout(resolve, LOOK_INTERVAL_MS));
  }
  return "late";
}

async function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}

function summaryOf(members: readonly PlannedMember[], width: number): string[] {
  const count = members.length === 1 ? "the process is up" : `all ${members.length} processes are up`;
  const rows = members.map(({ name, addresses }) => `  ${name.padEnd(width)}  ${addresses.join("  ")}`);
  return [`local-setup: ${count}; Ctrl-C stops ${members.length === 1 ? "it" : "them"}`, ...rows];
}
