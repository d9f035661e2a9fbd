import { afterAll, beforeAll, describe, it } from "vitest";
import { ROOT, startParentchain, startService, type TestService } from "./harness.ts";
import { inProcessCli } from "./in_process_cli.ts";
import { runShardVaultScenario } from "./shard_vault_scenario.ts";

const SCENARIO_TIMEOUT_MS = 600_000;

/** Parentchains on which the scenario is the same: the embedded one, and one with other pallet indexes. */
const PARENTCHAINS: readonly { readonly name: string; readonly devnode: readonly string[] | undefined }[] = [
  { name: "the embedded parentchain", devnode: undefined },
  { name: "a runtime with permuted pallets", devnode: ["--tmp", "--runtime", "permuted", "--no-prometheus"] },
];

describe.each(PARENTCHAINS)("S2 on $name: shield, transfer and unshield through the shard vault", ({ devnode }) => {
  let parentchain: TestService | undefined;
  let service: TestService;
  let commands: Pick<TestService, "ask" | "cli">;
  let keys: string | undefined;
  beforeAll(async () => {
    parentchain = devnode === undefined ? undefined : await startParentchain(...devnode);
    service = await startService(parentchain?.ports.parentchain);
    commands = inProcessCli(service.ports);
    keys = await Deno.makeTempDir({ prefix: "integritee-keys-" });
    Deno.chdir(keys);
  }, SCENARIO_TIMEOUT_MS);
  afterAll(async () => {
    await service?.stop();
    await parentchain?.stop();
    Deno.chdir(ROOT);
    if (keys !== undefined) await Deno.remove(keys, { recursive: true });
  });

  it.each(["first", "second"] as const)(
    "%s run ends with exact balances and nonces",
    (run) => runShardVaultScenario(commands, run),
    SCENARIO_TIMEOUT_MS,
  );
});
