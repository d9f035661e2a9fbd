import { describe, expect, it } from "vitest";
import { createLog } from "../../src/host/log.ts";
import { countLog, MAX_COUNTED_CODES } from "../../src/host/log_metrics.ts";
import { createHostMetrics, renderEnclaveMetrics } from "../../src/host/metrics.ts";

describe("renderEnclaveMetrics()", () => {
  it("writes the type of each family once, prefixes names and quotes labels", () => {
    const text = renderEnclaveMetrics([
      { name: "enclave_sidechain_block_height", kind: 0, labels: [], value: "7" },
      { name: "enclave_rpc_requests", kind: 1, labels: [["method", 'a"b']], value: "1" },
      { name: "enclave_rpc_requests", kind: 1, labels: [["method", "c"]], value: "2" },
      { name: "enclave_stf_state_update_execution_duration_bucket", kind: 2, labels: [["le", "0.1"]], value: "3" },
      { name: "enclave_stf_state_update_execution_duration_count", kind: 2, labels: [], value: "3" },
    ]);
    expect(text).toBe(
      `# TYPE integritee_worker_enclave_sidechain_block_height gauge
integritee_worker_enclave_sidechain_block_height 7
# TYPE integritee_worker_enclave_rpc_requests counter
integritee_worker_enclave_rpc_requests{method="a\\"b"} 1
integritee_worker_enclave_rpc_requests{method="c"} 2
# TYPE integritee_worker_enclave_stf_state_update_execution_duration histogram
integritee_worker_enclave_stf_state_update_execution_duration_bucket{le="0.1"} 3
integritee_worker_enclave_stf_state_update_execution_duration_count 3
`,
    );
  });
});

describe("createHostMetrics()", () => {
  it("serves the host's own metrics with the worker's prefix", async () => {
    const metrics = createHostMetrics(false);
    metrics.missedSlots.inc();
    expect(await metrics.registry.metrics()).toContain("integritee_worker_sidechain_missed_slots 1");
  });
});

describe("countLog()", () => {
  it("serves watched codes as 0, counts warnings and errors whatever is printed, and bounds the codes", async () => {
    const metrics = createHostMetrics(false);
    const lines: string[] = [];
    const log = countLog(createLog((line) => lines.push(line), () => new Date(0), "error"), metrics.logEvents);
    const served = async (code: string) =>
      new RegExp(`log_events\\{level="(\\w+)",code="${code}"\\} (\\d+)`).exec(await metrics.registry.metrics())?.slice(
        1,
      );
    expect(await served("SnapshotFailed")).toEqual(["error", "0"]);
    log("error", "SnapshotFailed", { file: "a" });
    log("warn", "PeerLost");
    log("info", "BlockAuthored");
    expect(await served("SnapshotFailed")).toEqual(["error", "1"]);
    expect(await served("PeerLost")).toEqual(["warn", "1"]);
    expect(await served("BlockAuthored")).toBeUndefined();
    expect(lines).toEqual(["1970-01-01T00:00:00.000Z ERROR SnapshotFailed file=a"]);
    for (let i = 0; i <= MAX_COUNTED_CODES; i++) log("warn", `Code${i}`);
    expect(await served("Code1")).toEqual(["warn", "1"]);
    expect(await served(`Code${MAX_COUNTED_CODES}`)).toBeUndefined();
    expect(Number((await served("other"))?.[1])).toBeGreaterThan(0);
  });
});

describe("createLog()", () => {
  it("writes a line per event up to its level, and quotes what would break the line", () => {
    const lines: string[] = [];
    const log = createLog((line) => lines.push(line), () => new Date(0), "info");
    log("info", "BlockAuthored", { number: 7n, reason: 'two\n"words"', missing: undefined });
    log("debug", "Hidden");
    expect(lines).toEqual(['1970-01-01T00:00:00.000Z INFO  BlockAuthored number=7 reason="two\\n\\"words\\""']);
  });
});
