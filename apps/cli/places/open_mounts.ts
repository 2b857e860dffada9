// Registries that a mounts file names: JSON with a location for each prefix of names.
import { readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { mountRegistries, type Registry } from "../../../mod.ts";
import { isJsonObject } from "../../../core/text/json_text.ts";
import type { FoundRegistry } from "../../../registry/places/mod.ts";
import { invalid } from "../program/hints.ts";
import type { CliIo } from "../terminal/cli_io.ts";
import { findRegistry } from "./find_registry.ts";

/** Opens the registries of a mounts file as one. Locations are relative to the file. */
export async function openMounts(
  path: string,
  { system }: Pick<CliIo, "system">,
  open: (found: FoundRegistry) => Promise<Registry>,
): Promise<Registry> {
  const mounts = await readMounts(path);
  const opened: Record<string, Registry> = {};
  const close = async () => {
    for (const each of Object.values(opened)) await each[Symbol.asyncDispose]();
  };
  try {
    for (const [prefix, location] of mounts) {
      opened[prefix] = await open(findRegistry(location, { cwd: dirname(path), system }));
    }
    return Object.assign(mountRegistries(opened), { [Symbol.asyncDispose]: close });
  } catch (error) {
    await close();
    throw error;
  }
}

async function readMounts(path: string): Promise<[prefix: string, location: string][]> {
  const hint = 'Write locations by prefix: { "": "./registry", "team:": "s3://bucket/team" }';
  let value: unknown;
  try {
    value = JSON.parse(await readFile(path, "utf8"));
  } catch (error) {
    throw invalid(`read mounts file ${path}`, (error as Error).message, hint);
  }
  const entries = isJsonObject(value) ? Object.entries(value) : [];
  const isMount = (entry: [string, unknown]): entry is [string, string] =>
    typeof entry[1] === "string" && !entry[1].endsWith(".json");
  if (entries.length > 0 && entries.every(isMount)) return entries;
  throw invalid(`read mounts file ${path}`, "expected locations of registries by prefix", hint);
}
