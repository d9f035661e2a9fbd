/**
 * The data directory of a validateer: its lock, and sealed files that are replaced as a whole or not at all.
 *
 * Source: worker `service/src/main_impl.rs` (839eda024)
 * Differs: a second instance is refused at once instead of waiting for the first; the lock goes with its process.
 *
 * @module
 */
import { dirname, join } from "node:path";

/** Why the data directory cannot be used. */
export class DataDirError extends Error {
  override readonly name = "DataDirError";
  /** `InUse`: another validateer runs on it; `InvalidName`: no plain file name; `Failed`: the file system refused. */
  readonly code: "InUse" | "InvalidName" | "Failed";

  constructor(code: "InUse" | "InvalidName" | "Failed", message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }
}

/** An open data directory, held by this process alone. */
export interface DataDir {
  /** Its path. */
  readonly path: string;
  /** Path of an entry. */
  readonly entry: (name: string) => string;
  /** Replaces a sealed file as a whole and durably: temporary file, sync, rename, sync of the folder. */
  readonly writeSealed: (name: string, bytes: Uint8Array) => Promise<void>;
  /** A sealed file, or `undefined`. */
  readonly readSealed: (name: string) => Promise<Uint8Array | undefined>;
  /** Names of the sealed files, in order. */
  readonly sealedNames: () => Promise<readonly string[]>;
  /** Removes a sealed file if it is there. */
  readonly removeSealed: (name: string) => Promise<void>;
  /** Gives the lock back. */
  readonly close: () => void;
}

/** Folder of the sealed files. */
export const SEALED_FOLDER = "sealed";
/** Parts of a name; what starts with a dot is refused, so no name leaves the folder. */
const NAME = /^[a-z0-9][a-z0-9._-]*(?:\/[a-z0-9][a-z0-9._-]*)*$/;
/** Longest name of a sealed file, as the enclave bounds it. */
const MAX_NAME_LENGTH = 128;
/** Ending of a file that is still being written. */
const TEMPORARY = ".tmp";

/** Opens or creates a data directory and locks it. @throws {DataDirError} */
export async function openDataDir(path: string): Promise<DataDir> {
  const sealed = join(path, SEALED_FOLDER);
  await attempt(`create "${sealed}"`, () => ensureFolder(sealed));
  const lock = await attempt(
    "open the lock",
    () => Deno.open(join(path, "worker.lock"), { create: true, write: true }),
  );
  if (!lock.tryLockSync(true)) {
    lock.close();
    throw new DataDirError("InUse", `Cannot use "${path}": another validateer runs on it`);
  }
  // What a crash left half written was never acknowledged.
  const left = await attempt("list the sealed files", () => filesBelow(sealed, ""));
  for (const name of left.filter((name) => name.endsWith(TEMPORARY))) await removeIfThere(join(sealed, name));
  const fileOf = (name: string): string => {
    if (!NAME.test(name) || name.length > MAX_NAME_LENGTH || name.endsWith(TEMPORARY)) {
      throw new DataDirError("InvalidName", `Cannot use "${name}" as the name of a sealed file`);
    }
    return join(sealed, name);
  };
  return {
    path,
    entry: (name) => join(path, name),
    writeSealed: (name, bytes) => attempt(`write "${name}"`, () => replaceFile(fileOf(name), bytes)),
    readSealed: (name) => attempt(`read "${name}"`, () => readIfThere(fileOf(name))),
    sealedNames: () => attempt("list the sealed files", async () => (await filesBelow(sealed, "")).sort()),
    removeSealed: (name) =>
      attempt(`remove "${name}"`, async () => {
        await removeIfThere(fileOf(name));
        // A folder goes with its last file: there is one for every snapshot.
        if (name.includes("/")) await Deno.remove(dirname(fileOf(name))).catch(() => {});
      }),
    close: () => lock.close(),
  };
}

async function filesBelow(folder: string, prefix: string): Promise<string[]> {
  const names: string[] = [];
  for await (const entry of Deno.readDir(join(folder, prefix))) {
    const name = `${prefix}${entry.name}`;
    if (entry.isDirectory) names.push(...await filesBelow(folder, `${name}/`));
    else names.push(name);
  }
  return names;
}

/** Creates a folder and what is missing above it so that it is still there after a crash. */
async function ensureFolder(folder: string): Promise<void> {
  try {
    await Deno.mkdir(folder, { mode: 0o700 });
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists) return;
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    await ensureFolder(dirname(folder));
    // Tried once more and no oftener: below a link to nowhere a folder stays impossible.
    await Deno.mkdir(folder, { mode: 0o700 });
  }
  await syncFolder(dirname(folder));
}

/** Makes what was created, renamed or removed in a folder durable. */
export async function syncFolder(path: string): Promise<void> {
  // Windows cannot open a folder; there the rename itself is durable enough.
  if (Deno.build.os === "windows") return;
  const folder = await Deno.open(path);
  try {
    await folder.sync();
  } finally {
    folder.close();
  }
}

/** Writes `bytes` to `file` so that after a crash there is either the old or the new content. */
export async function replaceFile(file: string, bytes: Uint8Array): Promise<void> {
  const folder = dirname(file);
  await ensureFolder(folder);
  const temporary = `${file}${TEMPORARY}`;
  const handle = await Deno.open(temporary, { create: true, write: true, truncate: true, mode: 0o600 });
  try {
    for (let at = 0; at < bytes.length;) at += await handle.write(bytes.subarray(at));
    await handle.syncData();
  } finally {
    handle.close();
  }
  await Deno.rename(temporary, file);
  await syncFolder(folder);
}

async function readIfThere(file: string): Promise<Uint8Array | undefined> {
  try {
    return await Deno.readFile(file);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** Removes a file, or with `recursive` a folder as well, unless there is none. */
export async function removeIfThere(path: string, options?: Deno.RemoveOptions): Promise<void> {
  try {
    await Deno.remove(path, options);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

async function attempt<T>(action: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (cause) {
    if (cause instanceof DataDirError) throw cause;
    throw new DataDirError("Failed", `Cannot ${action}: ${cause instanceof Error ? cause.message : cause}`, cause);
  }
}
