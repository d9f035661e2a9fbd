/**
 * Disks of a size of their own, where the machine can mount them.
 *
 * @module
 */

/** Size of a disk: room for a validateer with many blocks. */
const DISK_BYTES = 128 * 1024 * 1024;

/** Why this machine cannot mount disks; `undefined` if it can. */
export async function whyNoDisks(): Promise<string | undefined> {
  const folder = await Deno.makeTempDir({ prefix: "integritee-disk-" });
  try {
    const unmount = await mountDisk(folder);
    await unmount();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : "unknown";
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Mounts an empty disk at a folder; gives how to remove it. @throws If the machine cannot. */
export async function mountDisk(folder: string): Promise<() => Promise<void>> {
  await Deno.mkdir(folder, { recursive: true });
  await command("mount", "-t", "tmpfs", "-o", `size=${DISK_BYTES}`, "tmpfs", folder);
  return () => command("umount", folder);
}

async function command(name: string, ...args: readonly string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(name, { args: [...args] }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr).trim());
}
