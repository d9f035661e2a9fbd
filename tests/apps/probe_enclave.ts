import { createPlatformClient } from "../../src/enclave/api/platform_client.ts";
import { isEnclaveBoot } from "../../src/enclave/api/platform_port.ts";

/** Runs each attempt and names those that were refused for want of permission. */
async function deniedAmong(attempts: Readonly<Record<string, () => unknown>>): Promise<string[]> {
  const denied: string[] = [];
  for (const [name, attempt] of Object.entries(attempts)) {
    try {
      await attempt();
    } catch (error) {
      if (error instanceof Deno.errors.NotCapable) denied.push(name);
    }
  }
  return denied;
}

const scope = globalThis as unknown as { onmessage: (event: MessageEvent) => void };
scope.onmessage = (event) => {
  if (!isEnclaveBoot(event.data)) return;
  const { ecallPort, measurement, platformPort } = event.data;
  const platform = createPlatformClient(platformPort, measurement);
  ecallPort.onmessage = async ({ data: { listen, readable } }) => {
    const [hostname, port] = listen.split(":");
    const listener = Deno.listen({ hostname, port: Number(port) });
    ecallPort.postMessage({
      sealingKey: await platform.sealingKey(),
      quote: await platform.quote(new Uint8Array(64)),
      denied: await deniedAmong({
        read: () => Deno.readFile(readable),
        write: () => Deno.writeFile(readable, new Uint8Array(0)),
        env: () => Deno.env.get("HOME"),
        run: () => new Deno.Command("true").output(),
        sys: () => Deno.hostname(),
        "listen elsewhere": () => Deno.listen({ hostname, port: 0 }).close(),
        "connect elsewhere": () => Deno.connect({ hostname, port: Number(port) + 1 }),
      }),
      listened: listener.addr.transport === "tcp",
      globals: ["caches", "CacheStorage", "Cache", "BroadcastChannel"].filter((name) => name in globalThis),
    });
    listener.close();
  };
};
