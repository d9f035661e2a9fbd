/** A validateer under an operator's own platform root, with its embedded parentchain, as a process. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readRootCertificate } from "../../src/apps/validateer/platform_root.ts";
import { createSigningRoot } from "../../src/enclave/platform/pck_chain.ts";
import { Child } from "./child.ts";
import { connectApi } from "./devnode_support.ts";
import { takePorts } from "../ports.ts";

const TIMEOUT_MS = 400_000;
let folder: string;
let rootFile: string;

beforeAll(async () => {
  folder = await Deno.makeTempDir({ prefix: "platform-root-" });
  rootFile = `${folder}/root.json`;
  await Deno.writeTextFile(rootFile, JSON.stringify(await createSigningRoot("Example operator", Date.now())));
});

afterAll(() => Deno.remove(folder, { recursive: true }));

describe("validateer --dev --platform-root", () => {
  it("registers with a quote under the operator's root", { timeout: TIMEOUT_MS }, async () => {
    const [trusted, untrusted, muRa, http, parentchain] = takePorts(5);
    const child = new Child("validateer.ts", [
      ...["run", "--dev", "--data-dir", `${folder}/data`, "--platform-root", rootFile],
      ...["-P", `${trusted}`, "-w", `${untrusted}`, "-r", `${muRa}`, "-h", `${http}`, "-p", `${parentchain}`],
    ]);
    try {
      const [, signer = ""] = await child.until(/^ +signer +(\S+)$/m);
      const api = await connectApi(`ws://127.0.0.1:${parentchain}`);
      const enclave = (await api.query["teerex"]!["sovereignEnclaves"]!(signer)).toHuman();
      await api.disconnect();
      expect(enclave).toMatchObject({
        Sgx: { status: "Ok", buildMode: "Production", attestationMethod: { Dcap: { proxied: false } } },
      });
      child.signal("SIGTERM");
      expect((await child.end()).code).toBe(0);
    } finally {
      await child.kill();
    }
  });

  it("readRootCertificate() reports PlatformRootUnusable for a file that is no root", async () => {
    const bad = `${folder}/bad.json`;
    for (const text of ["", "[]", "null", '{"certificate":1}', " ".repeat(20_000)]) {
      await Deno.writeTextFile(bad, text);
      await expect(readRootCertificate(bad)).rejects.toMatchObject({ code: "PlatformRootUnusable" });
    }
    await expect(readRootCertificate(`${folder}/missing.json`)).rejects.toMatchObject({ code: "PlatformRootUnusable" });
  });
});
