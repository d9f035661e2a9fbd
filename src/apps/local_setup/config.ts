/**
 * The file that describes a network on one machine.
 *
 * Source: worker `local-setup/config/*.json` (839eda024)
 * Differs: programs are named by what they are instead of by paths; health is waited for instead of fixed times.
 *
 * @module
 */

/** A development parentchain node. */
export interface NodeConfig {
  /** Prefix of its log lines. */
  readonly name: string;
  /** Options of `devnode`. */
  readonly flags: readonly string[];
}

/** A validateer. */
export interface ValidateerConfig {
  /** Prefix of its log lines. */
  readonly name: string;
  /** Options of `validateer run`. */
  readonly flags: readonly string[];
}

/** A network on one machine. */
export interface LocalSetup {
  readonly nodes: readonly NodeConfig[];
  readonly validateers: readonly ValidateerConfig[];
}

/** Most processes of one setup: each takes a few hundred megabytes. */
export const MAX_PROCESSES = 32;

/** The file is no description of a network. */
export class LocalSetupError extends Error {
  override readonly name = "LocalSetupError";
  readonly code = "InvalidConfig";
}

/** Reads the text of a configuration. @throws {LocalSetupError} With the place of what is wrong. */
export function parseLocalSetup(text: string): LocalSetup {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new LocalSetupError(`Cannot read configuration: ${cause instanceof Error ? cause.message : cause}`, {
      cause,
    });
  }
  const root = objectAt(json, "configuration", ["nodes", "validateers"]);
  const nodes = listAt(root["nodes"], "nodes").map((node, i) => programAt(node, `nodes[${i}]`));
  const validateers = listAt(root["validateers"], "validateers").map((one, i) => programAt(one, `validateers[${i}]`));
  const names = [...nodes, ...validateers].map(({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw new LocalSetupError(`Cannot use the name "${twice}" twice`);
  if (names.length === 0) throw new LocalSetupError("Cannot start a network of nothing: want a node or a validateer");
  if (names.length > MAX_PROCESSES) {
    throw new LocalSetupError(`Cannot start ${names.length} processes: at most ${MAX_PROCESSES}`);
  }
  return { nodes, validateers };
}

function programAt(value: unknown, place: string): NodeConfig {
  const { name, flags } = objectAt(value, place, ["name", "flags"]);
  if (typeof name !== "string" || !/^[\w-]{1,24}$/.test(name)) {
    throw new LocalSetupError(`Cannot use ${place}.name: want 1 to 24 letters, digits, "_" or "-"`);
  }
  const words = listAt(flags, `${place}.flags`).map((flag) => {
    if (typeof flag !== "string") throw new LocalSetupError(`Cannot use ${place}.flags: want strings`);
    return flag;
  });
  return { name, flags: words };
}

function objectAt(value: unknown, place: string, fields: readonly string[]): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new LocalSetupError(`Cannot use ${place}: want an object with ${fields.join(" and ")}`);
  }
  const unknown = Object.keys(value).find((key) => !fields.includes(key));
  if (unknown !== undefined) throw new LocalSetupError(`Cannot use ${place}.${unknown}: it is not known`);
  return value as Record<string, unknown>;
}

function listAt(value: unknown, place: string): readonly unknown[] {
  if (!Array.isArray(value)) throw new LocalSetupError(`Cannot use ${place}: want a list`);
  return value;
}
