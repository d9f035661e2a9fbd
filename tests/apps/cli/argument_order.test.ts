import { describe, expect, it } from "vitest";
import { orderArguments } from "../../../src/apps/cli/argument_order.ts";
import { buildProgram } from "../../../src/apps/cli/program.ts";

const program = buildProgram({ print: () => {}, note: () => {} });
const order = (line: string): string => orderArguments(program, line.split(" ")).join(" ");

describe("orderArguments()", () => {
  it("leaves arguments alone that are in order", () => {
    const line = "-p 1 -P 2 trusted -d -m X transfer //A //B 5 --nonce 3";
    expect(order(line)).toBe(line);
  });

  it("moves long options in front of the command that owns them, wherever they stand", () => {
    expect(order("trusted transfer //A //B 5 --direct --node-port 1 --nonce=3"))
      .toBe("--node-port 1 trusted --direct transfer //A //B 5 --nonce=3");
    expect(order("--direct --shard S trusted balance //A")).toBe("trusted --direct --shard S balance //A");
  });

  it("moves short options up when the subcommand has no such letter", () => {
    expect(order("trusted balance //A -P 7 -d -p8")).toBe("-P 7 -p8 trusted -d balance //A");
  });

  it("gives a letter with two meanings to the subcommand behind which it stands", () => {
    expect(order("trusted get-shard -a")).toBe("trusted get-shard -a");
    expect(order("trusted -a //Bob get-shard -a")).toBe("trusted -a //Bob get-shard -a");
  });

  it("does not take the value of an option for a command or an option", () => {
    expect(order("-u trusted balance //A")).toBe("-u trusted balance //A");
    expect(order("trusted -a transfer balance //A")).toBe("trusted -a transfer balance //A");
    expect(order("--xt-signer trusted trusted balance //A")).toBe("trusted --xt-signer trusted balance //A");
  });

  it("leaves unknown options, lone dashes and what follows -- where they are", () => {
    expect(order("trusted balance --nope - //A -- --direct -P 1")).toBe(
      "trusted balance --nope - //A -- --direct -P 1",
    );
    expect(order("balance //A -d")).toBe("balance //A -d");
  });
});
