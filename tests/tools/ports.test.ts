import { describe, expect, it } from "vitest";
import { takePorts, takeServicePorts } from "../ports.ts";

/** Where Linux begins to give out ports by itself, as most others do far above. */
const FIRST_OF_SYSTEM = 32_768;

describe("takePorts()", () => {
  it("gives ports of this worker's range, all different, none that something listens on, also after a round", () => {
    const [taken = 0, ...others] = takePorts(400);
    const listener = Deno.listen({ hostname: "127.0.0.1", port: taken });
    try {
      const ports = [taken, ...others, ...takePorts(400)];
      expect(new Set(ports).size).toBe(800);
      expect(Math.max(...ports)).toBeLessThan(FIRST_OF_SYSTEM);
      const worker = Number(Deno.env.get("VITEST_POOL_ID"));
      expect(worker).toBeGreaterThanOrEqual(1);
      expect(new Set(ports.map((port) => Math.floor(port / 1_000)))).toEqual(new Set([20 + worker % 12]));
      expect(takePorts(400)).not.toContain(taken);
    } finally {
      listener.close();
    }
    expect(new Set(Object.values(takeServicePorts())).size).toBe(6);
  });

  it("says that it finds too few instead of giving one twice", () => {
    expect(() => takePorts(1_001)).toThrow(RangeError);
  });
});
