// Damage as a disk does it.
import { createLocalBackend } from "../../backends/local.ts";
import { keyFile } from "../backends/local/key_file.ts";
import { keysOf } from "../registry/registries.ts";

/** Alters one byte of each version record of a name; returns their keys. */
export async function damageRecords(registry: string, name: string): Promise<string[]> {
  const keys = await keysOf(createLocalBackend({ path: registry }), `names/${name}/versions/`);
  for (const key of keys) {
    const path = keyFile(registry, key);
    const bytes = await Deno.readFile(path);
    bytes[20] ^= 1;
    await Deno.writeFile(path, bytes);
  }
  return keys;
}
