import { describe, expect, it } from "vitest";
import { TypeRegistry } from "@polkadot/types";
import { Metadata } from "@polkadot/types/metadata";
import { accountId } from "../../src/primitives/branded.ts";
import { toHex } from "../../src/primitives/hex.ts";
import { ParentchainMetadata } from "../../src/parentchain/metadata.ts";
import { integriteeRuntime } from "../../src/devnode/runtime/definitions/integritee.ts";
import { permutedRuntime } from "../../src/devnode/runtime/definitions/permuted.ts";
import { buildMetadataV14 } from "../../src/devnode/runtime/metadata/metadata.ts";
import { createModel } from "../../src/devnode/runtime/model.ts";

const ALICE = accountId(new Uint8Array(32).fill(7));

describe("ParentchainMetadata beside @polkadot/types", () => {
  it("encodeCall() gives the bytes that @polkadot/types gives", () => {
    for (const definition of [integriteeRuntime, permutedRuntime]) {
      const bytes = buildMetadataV14(createModel(definition));
      const metadata = new ParentchainMetadata(bytes);
      const registry = new TypeRegistry();
      registry.setMetadata(new Metadata(registry, toHex(bytes)));
      const call = metadata.encodeCall("Balances", "transfer_keep_alive", {
        dest: metadata.address("Balances", "transfer_keep_alive", "dest", ALICE),
        value: 10n ** 18n,
      });
      const theirs = registry.createType("Call", toHex(call)).toHuman() as { section: string; method: string };
      expect([theirs.section, theirs.method]).toEqual(["balances", "transferKeepAlive"]);
      expect(metadata.callName(call)).toEqual({ pallet: "Balances", call: "transfer_keep_alive" });
      const nested = metadata.encodeCall("Utility", "batch", { calls: [metadata.decodeCall(call)] });
      const batch = registry.createType("Call", toHex(nested)).toHuman() as { args: { calls: unknown[] } };
      expect(batch.args.calls).toHaveLength(1);
    }
  });
});
