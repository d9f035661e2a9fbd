import { beforeEach, describe, expect, it } from "vitest";
import { toHex } from "../../../src/primitives/hex.ts";
import { Network } from "./network.ts";

const TIMEOUT_MS = 60_000;

let network: Network;

beforeEach(async () => {
  network = await Network.ofTwo();
}, TIMEOUT_MS);

describe("Two validateers", () => {
  it("author in turn, and have the same head and root", async () => {
    const outcomes = [];
    for (let i = 0; i < 8; i++) outcomes.push(await network.slot());
    const authored = outcomes.map((both) => both.map((outcome) => outcome?.code).join());
    expect(new Set(authored)).toEqual(new Set(["Authored,NotMyTurn", "NotMyTurn,Authored"]));
    const { first, second } = network;
    expect(toHex(second.head.hash)).toBe(toHex(first.head.hash));
    expect(second.head.snapshot.root).toEqual(first.head.snapshot.root);
    expect(first.wishes).toEqual([]);
  }, TIMEOUT_MS);
});
