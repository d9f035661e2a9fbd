/**
 * The file of the platform secret: the fuse key of an emulated processor.
 *
 * @module
 */
import { join } from "node:path";
import { randomBytes } from "../../crypto/random.ts";
import { PLATFORM_SECRET_LENGTH } from "../platform/emulated_processor.ts";

/** Name of the file inside the data folder. */
export const PLATFORM_SECRET_FILE = "platform_secret.bin";
/** Permission bits of group and others, of which none may be set. */
const FOREIGN_BITS = 0o077;

/** The platform secret cannot be had. */
export class PlatformSecretError extends Error {
  override readonly name = "PlatformSecretError";
  /** `Unreadable`: I/O; `WrongLength`: not 32 bytes; `OpenToOthers`: the file's mode lets other users in. */
  readonly code: "Unreadable" | "WrongLength" | "OpenToOthers";

  /** Makes the error of one code. */
  constructor(code: "Unreadable" | "WrongLength" | "OpenToOthers", options?: ErrorOptions) {
    super(`Cannot use the platform secret: ${code}`, options);
    this.code = code;
  }
}

/**
 * Reads the secret of a data folder; draws and stores one, for its owner only, if there is none yet.
 *
 * @throws {PlatformSecretError}
 */
export async function loadPlatformSecret(dataDir: string): Promise<Uint8Array> {
  const path = join(dataDir, PLATFORM_SECRET_FILE);
  try {
    return await readSecret(path);
  } catch (cause) {
    if (cause instanceof PlatformSecretError) throw cause;
    if (!(cause instanceof Deno.errors.NotFound)) throw new PlatformSecretError("Unreadable", { cause });
  }
  return await createSecret(dataDir, path);
}

async function readSecret(path: string): Promise<Uint8Array> {
  const { mode } = await Deno.stat(path);
  if (mode !== null && (mode & FOREIGN_BITS) !== 0) throw new PlatformSecretError("OpenToOthers");
  const secret = await Deno.readFile(path);
  if (secret.length !== PLATFORM_SECRET_LENGTH) throw new PlatformSecretError("WrongLength");
  return secret;
}

async function createSecret(dataDir: string, path: string): Promise<Uint8Array> {
  const secret = randomBytes(PLATFORM_SECRET_LENGTH);
  const temporary = `${path}.tmp`;
  try {
    await writeDurably(temporary, secret);
    // Renamed into place: half a secret would be refused at every later start.
    await Deno.rename(temporary, path);
    // Keys are sealed under it at once: it must outlive a power cut that they outlive.
    await syncFolder(dataDir);
  } catch (cause) {
    throw new PlatformSecretError("Unreadable", { cause });
  }
  return secret;
}

async function writeDurably(path: string, bytes: Uint8Array): Promise<void> {
  // One that a crash left behind may have any mode and content.
  await Deno.remove(path).catch(() => {});
  const file = await Deno.open(path, { write: true, createNew: true, mode: 0o600 });
  try {
    for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
    await file.sync();
  } finally {
    file.close();
  }
}

async function syncFolder(path: string): Promise<void> {
  // Windows cannot open a folder; there the rename itself is durable enough.
  if (Deno.build.os === "windows") return;
  const folder = await Deno.open(path);
  try {
    await folder.sync();
  } finally {
    folder.close();
  }
}
