import { describe, expect, it } from "vitest";
import { advertisedAddresses, externalAddress } from "../../src/apps/validateer/addresses.ts";
import type { ValidateerOptions } from "../../src/apps/validateer/options.ts";

describe("externalAddress()", () => {
  it.each([
    ["example.org", "example.org:2000"],
    ["wss://example.org", "wss://example.org:2000"],
    ["wss://example.org:7", "wss://example.org:7"],
    ["example.org:7", "example.org:7"],
  ])("takes %s as %s", (given, expected) => {
    expect(externalAddress(given, 2000)).toBe(expected);
  });

  it("refuses more parts", () => {
    expect(() => externalAddress("wss://a:1:2", 2000)).toThrow(TypeError);
  });
});

describe("advertisedAddresses()", () => {
  const options = { wsExternal: false, trustedWorkerPort: 2000, untrustedWorkerPort: 2001, muRaPort: 3443 };

  it("derives addresses from the ports, and names the outside host in the certificate", () => {
    expect(advertisedAddresses(options as ValidateerOptions)).toEqual({
      trustedUrl: "wss://127.0.0.1:2000",
      untrustedUrl: "ws://127.0.0.1:2001",
      muRaUrl: "127.0.0.1:3443",
      tlsNames: ["localhost", "127.0.0.1"],
    });
    const named = { ...options, wsExternal: true, trustedExternalAddress: "wss://worker.example" };
    expect(advertisedAddresses(named as ValidateerOptions)).toMatchObject({
      trustedUrl: "wss://worker.example:2000",
      untrustedUrl: "ws://0.0.0.0:2001",
      tlsNames: ["localhost", "127.0.0.1", "worker.example"],
    });
  });
});
