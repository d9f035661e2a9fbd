import { describe, expect, it } from "vitest";
import { advertisedAddresses, externalAddress, unreachableAddresses } from "../../src/apps/validateer/addresses.ts";
import type { ValidateerOptions } from "../../src/apps/validateer/options.ts";

describe("externalAddress()", () => {
  it.each(
    [
      ["example.org", "wss://", "wss://example.org:2000"],
      ["wss://example.org", "wss://", "wss://example.org:2000"],
      ["wss://example.org:7", "wss://", "wss://example.org:7"],
      ["example.org:7", "ws://", "ws://example.org:7"],
      ["news.example", "", "news.example:2000"],
      ["compute.amazonaws.com:3443", "", "compute.amazonaws.com:3443"],
    ] as const,
  )("takes %s for %j as %s", (given, scheme, expected) => {
    expect(externalAddress(given, scheme, 2000)).toBe(expected);
  });

  it.each(
    [
      ["wss://a:1:2", "wss://"],
      ["ws://a", "wss://"],
      ["wss://a", ""],
      ["http://a", "ws://"],
      ["a:65536", "ws://"],
      ["a/b", "wss://"],
      ["", "wss://"],
    ] as const,
  )("refuses %j for %j", (given, scheme) => {
    expect(() => externalAddress(given, scheme, 2000)).toThrow(TypeError);
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
    expect(unreachableAddresses(named as ValidateerOptions)).toEqual(["ws://0.0.0.0:2001", "0.0.0.0:3443"]);
    expect(unreachableAddresses(options as ValidateerOptions)).toEqual([]);
  });
});
