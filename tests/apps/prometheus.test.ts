/**
 * The alert rules against the metrics that are really served: by the enclave and the host as the validateer joins them,
 * and by a development node. With Debian's `prometheus` package installed, by Prometheus itself.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type RunningDevnode, startDevnode } from "../../src/devnode/deno/run_devnode.ts";
import { type RunningServer, serveHttp } from "../../src/host/deno/servers.ts";
import { createMetricsApp } from "../../src/host/http_app.ts";
import { countLog, WATCHED_CODES } from "../../src/host/log_metrics.ts";
import { createHostMetrics, renderEnclaveMetrics } from "../../src/host/metrics.ts";
import { unwrap } from "../../src/primitives/result.ts";
import { readSourceFiles, ROOT } from "../../tools/source_files.ts";
import { TestHost } from "../enclave/harness.ts";
import { TestChain } from "../parentchain/builders.ts";
import { takePorts } from "../ports.ts";

const FOLDER = `${ROOT}/docs/operations`;
const rules = await Deno.readTextFile(`${FOLDER}/alerts.yml`);
const cases = await Deno.readTextFile(`${FOLDER}/alerts.test.yml`);
const config = await Deno.readTextFile(`${FOLDER}/prometheus.yml`);
const manual = await Deno.readTextFile(`${ROOT}/docs/OPERATIONS.md`);

/** The alerts with their expressions; folded lines are joined. */
const alerts = rules.split("- alert: ").slice(1).map((part) => {
  const expr = /expr: (?:>-)?\s*([\s\S]*?)\n\s+(?:for|labels):/.exec(part)?.[1] ?? "";
  return { name: part.slice(0, part.indexOf("\n")), expr: expr.replace(/\s+/g, " ") };
});

function metricsIn(expr: string): string[] {
  const bare = expr.replace(/"[^"]*"/g, "");
  return [...bare.matchAll(/\b(?:integritee_worker|substrate|process|nodejs)_\w+|\bup\b/g)].map(([name]) => name);
}

const named = [...new Set(alerts.flatMap(({ expr }) => metricsIn(expr)))].filter((name) => name !== "up");
const watched = [...new Set([...rules.matchAll(/code=~?"([^"]+)"/g)].flatMap(([, codes = ""]) => codes.split("|")))];

/** Whether both programs of the package are there. */
const hasPrometheus = await Promise.all(["prometheus", "promtool"].map(async (program) => {
  try {
    return (await new Deno.Command(program, { args: ["--version"], stdout: "null", stderr: "null" }).output()).success;
  } catch {
    return false;
  }
})).then((found) => found.every(Boolean));
if (!hasPrometheus) console.warn('SKIPPED: checks by Prometheus itself; "apt-get install prometheus" makes them run');

let node: RunningDevnode | undefined;
let validateer: RunningServer | undefined;

async function serveValidateer(): Promise<RunningServer> {
  const host = await new TestHost(new TestChain()).start();
  await host.slots(3);
  const metrics = createHostMetrics(true);
  countLog(() => {}, metrics.logEvents);
  metrics.freeBalance.set({ parentchain: "Integritee", role: "EnclaveSigner(5G)" }, 20);
  const app = createMetricsApp(async () =>
    `${await metrics.registry.metrics()}\n${renderEnclaveMetrics(unwrap(await host.call("metrics", undefined)))}`
  );
  return serveHttp("127.0.0.1", 0, (request) => app.fetch(request));
}

async function served(url: string): Promise<string> {
  return await (await fetch(url)).text();
}

beforeAll(async () => {
  node = await startDevnode({ rpcPort: 0, prometheusPort: 0, blockTimeMs: 500 }, () => {});
  validateer = await serveValidateer();
});

afterAll(async () => {
  await node?.stop();
  await validateer?.stop();
});

describe("docs/operations/alerts.yml", () => {
  it("names only metrics that a validateer or a node serves", async () => {
    const text = await served(`http://127.0.0.1:${validateer?.port}/metrics`) + await served(`${node?.prometheusUrl}`);
    const names = new Set([...text.matchAll(/^(\w+)[{ ]/gm)].map(([, name]) => name));
    expect(named.length).toBeGreaterThan(10);
    expect(named.filter((name) => !names.has(name))).toEqual([]);
  });

  it("names only codes that are logged and are served as 0 from the start", async () => {
    const source = (await readSourceFiles(["src"])).filter(({ path }) => path !== "src/host/log_metrics.ts");
    const codes: readonly string[] = Object.values(WATCHED_CODES).flat();
    expect(watched.length).toBeGreaterThan(5);
    expect(watched.filter((code) => !codes.includes(code))).toEqual([]);
    expect(codes.filter((code) => !source.some(({ text }) => text.includes(`"${code}"`)))).toEqual([]);
    const text = await served(`http://127.0.0.1:${validateer?.port}/metrics`);
    for (const code of watched) expect(text).toMatch(new RegExp(`log_events\\{level="\\w+",code="${code}"\\} 0`));
  });

  it("is explained alert by alert, with a case that fires and one that stays silent each", () => {
    for (const { name, expr } of alerts) {
      expect(expr, name).not.toBe("");
      expect(manual, name).toContain(`| \`${name}\` |`);
      expect(cases, name).toMatch(new RegExp(`alertname: ${name}, .*exp_alerts: \\[\\]`));
      expect(cases, name).toMatch(new RegExp(`- alertname: ${name}\\n.*\\n\\s+exp_alerts:\\n\\s+- exp_labels`));
    }
    const explained = [...manual.matchAll(/^\| `([A-Z][A-Za-z]+)` \|.*\|.*\|$/gm)].map(([, name]) => name);
    expect(alerts.map(({ name }) => name).filter((name) => !explained.includes(name))).toEqual([]);
  });
});

describe.skipIf(!hasPrometheus)("Prometheus itself (skipped where it is not installed)", () => {
  it.each([["config", "prometheus.yml"], ["rules", "alerts.yml"]])("promtool check %s takes %s", async (what, file) => {
    expect(await promtool("check", what, `${FOLDER}/${file}`)).toContain("SUCCESS");
  });

  it("promtool test rules sees each alert fire when it must and only then", async () => {
    expect(await promtool("test", "rules", `${FOLDER}/alerts.test.yml`)).toContain("SUCCESS");
  });

  it("scrapes validateer and node with the configuration and evaluates every rule on what they serve", async () => {
    const folder = await Deno.makeTempDir({ prefix: "prometheus-" });
    const [port = 0] = takePorts(1);
    // The configuration itself, with the addresses of this test and without waiting five seconds.
    const targets = [`127.0.0.1:${validateer?.port}`, new URL(`${node?.prometheusUrl}`).host];
    let job = 0;
    const own = config.replace(/_interval: 5s/g, "_interval: 1s").replace(
      /static_configs:\n(?: {6,}.*\n?)+/g,
      () => `static_configs:\n      - targets: ["${targets[job++]}"]\n        labels: { site: w1 }\n`,
    );
    await Deno.writeTextFile(`${folder}/prometheus.yml`, own);
    await Deno.copyFile(`${FOLDER}/alerts.yml`, `${folder}/alerts.yml`);
    const child = new Deno.Command("prometheus", {
      args: [
        `--config.file=${folder}/prometheus.yml`,
        `--storage.tsdb.path=${folder}/data`,
        `--web.listen-address=127.0.0.1:${port}`,
      ],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    // deno-lint-ignore no-explicit-any
    const api = async (path: string): Promise<any> => {
      const response = await fetch(`http://127.0.0.1:${port}/api/v1/${path}`);
      const text = await response.text();
      // It listens before it is ready.
      if (response.status === 503) throw new NotReady(text);
      return JSON.parse(text).data;
    };
    try {
      await until("both are scraped", async () => {
        const { result } = await api("query?query=up");
        return result.length === 2 && result.every(({ value }: { value: string[] }) => value[1] === "1");
      });
      for (const name of named) expect((await api(`query?query=${name}`)).result, name).not.toEqual([]);
      await until("every rule is evaluated", async () => {
        const { groups } = await api("rules");
        const found = groups.flatMap((group: { rules: { name: string; health: string }[] }) => group.rules);
        const bad = found.filter(({ health }: { health: string }) => health === "err");
        expect(bad).toEqual([]);
        return found.length === alerts.length && found.every(({ health }: { health: string }) => health === "ok");
      });
      expect((await api("alerts")).alerts.filter(({ state }: { state: string }) => state === "firing")).toEqual([]);
    } finally {
      child.kill("SIGTERM");
      await child.status;
      await Deno.remove(folder, { recursive: true });
    }
  });
});

async function promtool(...args: readonly string[]): Promise<string> {
  const { stdout, stderr } = await new Deno.Command("promtool", { args: [...args] }).output();
  return new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
}

class NotReady extends Error {}

async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + 30_000; Date.now() < deadline;) {
    // While it starts, it does not listen, and then serves nothing yet.
    const isEarly = (error: unknown) => error instanceof TypeError || error instanceof NotReady;
    if (await isSo().catch((error) => isEarly(error) ? false : Promise.reject(error))) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`Prometheus does not come so far that ${what}`);
}
