import { describe, expect, it } from "vitest";
import { encodeBase58 } from "../../src/primitives/base58.ts";
import { orderArguments } from "../../src/apps/cli/argument_order.ts";
import { createProgram, type RunOptions, type ValidateerOptions } from "../../src/apps/validateer/options.ts";

const SHARD = encodeBase58(new Uint8Array(32).fill(7));

interface Parsed {
  readonly action: string;
  readonly shard?: string | undefined;
  readonly options: ValidateerOptions & Partial<RunOptions>;
}

async function parse(line: string): Promise<Parsed> {
  let parsed: Parsed | undefined;
  const program = createProgram({
    run: async (shard, options) => void (parsed = { action: "run", shard, options }),
    migrateShard: async (folder, shard, options) =>
      void (parsed = { action: `migrate-shard ${folder}`, shard, options }),
    shieldingKey: async (options) => void (parsed = { action: "shielding-key", options }),
    signingKey: async (options) => void (parsed = { action: "signing-key", options }),
    mrenclave: async (options) => void (parsed = { action: "mrenclave", options }),
  }, "0.1.0");
  for (const command of [program, ...program.commands]) {
    command.exitOverride().configureOutput({ writeOut: () => {}, writeErr: () => {} });
  }
  await program.parseAsync(orderArguments(program, line.split(" ").filter((word) => word !== ""), "run"), {
    from: "user",
  });
  if (parsed === undefined) throw new Error("no action ran");
  return parsed;
}

describe("the validateer's command line", () => {
  it("has the worker's defaults", async () => {
    const { action, shard, options } = await parse("");
    expect([action, shard]).toEqual(["run", undefined]);
    expect(options).toMatchObject({
      integriteeRpcPort: 9944,
      trustedWorkerPort: 2000,
      untrustedWorkerPort: 2001,
      muRaPort: 3443,
      untrustedHttpPort: 4545,
      metricsPort: 8787,
      enableMetrics: false,
      wsExternal: false,
      cleanReset: false,
      slotDurationMs: 300,
      parentchainFinality: "proven",
      dev: false,
      skipRa: false,
    });
  });

  it.each(["--dev", "run --dev", "--dev run", "run -d"])("takes %j as development", async (line) => {
    expect(await parse(line)).toMatchObject({ action: "run", options: { dev: true, dataDir: ".data" } });
  });

  it("gives -d the meaning of its place", async () => {
    expect(await parse(`-d folder run -d ${SHARD}`)).toMatchObject({
      shard: SHARD,
      options: { dataDir: "folder", dev: true },
    });
    expect((await parse("run --skip-ra --data-dir x -P 2010 -h 4546")).options).toMatchObject({
      dataDir: "x",
      skipRa: true,
      trustedWorkerPort: 2010,
      untrustedHttpPort: 4546,
    });
  });

  it("takes options of both kinds and a shard without naming run", async () => {
    expect(await parse(`--dev --data-dir x -d y ${SHARD} --log-level debug`)).toMatchObject({
      action: "run",
      shard: SHARD,
      options: { dev: true, dataDir: "y", logLevel: "debug" },
    });
  });

  it("takes where a shard migrates to, and the options of run with it", async () => {
    expect(await parse(`--data-dir a --enclave-bundle b.js migrate-shard c ${SHARD} --dev`)).toMatchObject({
      action: "migrate-shard c",
      shard: SHARD,
      options: { dataDir: "a", enclaveBundle: "b.js", dev: true },
    });
    expect((await parse("migrate-shard c -d a")).options).toMatchObject({ dataDir: "a", dev: false });
    await expect(parse("migrate-shard")).rejects.toThrow();
  });

  it.each([
    ["--clean-reset", "nothing would be left"],
    ["--enable-metrics", "served by run"],
    ["--metrics-port 9000", "served by run"],
    ["-i 9000", "served by run"],
    ["--slot-duration-ms 100", "keeps its slots"],
  ])("refuses %s for migrate-shard, before and after it", async (option, why) => {
    const refusal = new RegExp(`${option.split(" ")[0]}.* is not taken by migrate-shard: .*${why}`, "u");
    await expect(parse(`migrate-shard c ${option}`)).rejects.toThrow(refusal);
    await expect(parse(`${option} migrate-shard c`)).rejects.toThrow(refusal);
  });

  it("shows for migrate-shard what it takes, each letter once", () => {
    const ignore = () => Promise.resolve();
    const actions = { run: ignore, migrateShard: ignore, shieldingKey: ignore, signingKey: ignore, mrenclave: ignore };
    const help = createProgram(actions, "0.1.0").commands.find((command) => command.name() === "migrate-shard")
      ?.helpInformation() as string;
    const letters = [...help.matchAll(/^ {2}-([a-zA-Z]),/gmu)].map(([, letter]) => letter);
    expect(letters).toEqual([...new Set(letters)]);
    expect(help).toMatch(/-d, --data-dir/u);
    expect(help).toMatch(/^ {2}--dev /mu);
    for (const refused of ["--clean-reset", "--enable-metrics", "--metrics-port", "--slot-duration-ms"]) {
      expect(help).not.toContain(refused);
    }
  });

  it("lets global options stand before and after the other subcommands", async () => {
    expect(await parse("--data-dir a mrenclave")).toMatchObject({ action: "mrenclave", options: { dataDir: "a" } });
    expect(await parse("signing-key --data-dir a")).toMatchObject({ action: "signing-key", options: { dataDir: "a" } });
  });

  it.each([
    "--unknown",
    "run a b",
    "--trusted-worker-port 70000",
    "-P x",
    "--parentchain-finality maybe",
    "--data-dir",
    "run nonsense",
    "migrate-shard folder nonsense",
    `run ${SHARD}a`,
    "-u 127.0.0.1",
    "-u http://127.0.0.1",
    "-u ws://127.0.0.1:9944",
    "-u wss://node.example/path",
    "-T ws://worker.example",
    "-U wss://worker.example",
    "-M wss://worker.example",
    "-M worker.example:port",
  ])(
    "refuses %j",
    async (line) => {
      await expect(parse(line)).rejects.toThrow();
    },
  );

  it.each(["ws://127.0.0.1", "wss://node.example", "ws://[::1]"])("takes %j for a node", async (url) => {
    expect((await parse(`-u ${url} -T worker.example -M worker.example:7`)).options).toMatchObject({
      integriteeRpcUrl: url,
      trustedExternalAddress: "worker.example",
      muRaExternalAddress: "worker.example:7",
    });
  });
});
