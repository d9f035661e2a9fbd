/**
 * Runs the benchmarks, prints a table, writes `results.json` and fails when a figure is beyond three times its budget:
 * `deno task bench [block_time] [broadcast] [catch_up] [network] [parentchain] [quotes] [service]`.
 *
 * @module
 */
import { installFastCrypto } from "../src/crypto/fast.ts";
import { startService } from "../tests/e2e/harness.ts";
import { emptyBlock, stateGrowth } from "./block_time.ts";
import { broadcast } from "./broadcast.ts";
import budgets from "./budgets.json" with { type: "json" };
import { catchUp } from "./catch_up.ts";
import { closedLoop } from "./closed_loop.ts";
import type { Figure } from "./measure.ts";
import { parentchainCalls } from "./parentchain_calls.ts";
import { quoteVerification } from "./quote_verification.ts";
import { rsaPath } from "./rsa_path.ts";
import { twoValidateers } from "./two_validateers.ts";

/** A figure fails beyond this multiple of its goal: less is noise of a shared machine. */
const TOLERANCE = 3;

interface Budget {
  readonly goal: number;
  readonly better: string;
  readonly unit: string;
}

type Verdict = "met" | "missed" | "failed";

function budgetOf(name: string): Budget {
  const budget = (budgets as Record<string, Budget>)[name];
  if (budget === undefined) throw new TypeError(`Cannot judge "${name}": budgets.json has no such name`);
  return budget;
}

function judge({ value }: Figure, { goal, better }: Budget): Verdict {
  const excess = better === "lower" ? value / goal : goal / value;
  return excess <= 1 ? "met" : excess <= TOLERANCE ? "missed" : "failed";
}

async function measureService(): Promise<Figure[]> {
  const service = await startService();
  try {
    return [...await closedLoop(service), ...await rsaPath(service)];
  } catch (cause) {
    throw new Error(`Cannot measure the service: ${cause}\n${service.log()}`, { cause });
  } finally {
    await service.stop();
  }
}

const SUBJECTS: Readonly<Record<string, () => Figure[] | Promise<Figure[]>>> = {
  block_time: () => [...emptyBlock(), ...stateGrowth()],
  broadcast,
  catch_up: catchUp,
  network: twoValidateers,
  parentchain: parentchainCalls,
  quotes: quoteVerification,
  service: measureService,
};

const wanted = Deno.args.length === 0 ? Object.keys(SUBJECTS) : Deno.args;
const unknown = wanted.find((name) => SUBJECTS[name] === undefined);
if (unknown !== undefined) {
  console.error(`Cannot run "${unknown}": want ${Object.keys(SUBJECTS).join(", ")}`);
  Deno.exit(2);
}
await installFastCrypto();
const rows: (Figure & Budget & { readonly verdict: Verdict })[] = [];
for (const name of wanted) {
  for (const figure of await SUBJECTS[name]?.() ?? []) {
    const budget = budgetOf(figure.name);
    const verdict = judge(figure, budget);
    rows.push({ ...figure, ...budget, verdict });
    const sign = budget.better === "lower" ? "≤" : "≥";
    console.log(
      `${figure.name.padEnd(28)} ${figure.value.toFixed(2).padStart(8)} ${sign} ${budget.goal} ${budget.unit}`.padEnd(
        68,
      ) +
        `${verdict.padEnd(8)}${figure.detail}`,
    );
  }
}
await Deno.writeTextFile(new URL("results.json", import.meta.url), JSON.stringify(rows, undefined, 2) + "\n");
Deno.exit(rows.some(({ verdict }) => verdict === "failed") ? 1 : 0);
