/**
 * Damage as a disk does it.
 *
 * @module
 */
import { join, relative } from "@std/path";
import { walkFiles } from "./walk_files.ts";

/** Alters one byte of each version record of a name; returns their keys. */
export async function damageRecords(registry: string, name: string): Promise<string[]> {
  const paths = await Array.fromAsync(walkFiles(join(registry, "names", name, "versions")));
  for (const path of paths) {
    const bytes = await Deno.readFile(path);
    bytes[20] ^= 1;
    await Deno.writeFile(path, bytes);
  }
  return paths.map((path) => relative(registry, path));
}
