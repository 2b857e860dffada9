// A registry in a folder, as mindtrace stores it in a bucket.
import { readdir, readFile } from "node:fs/promises";
import { join } from "@std/path";
import { type Backend, createMemoryBackend } from "../../../../mod.ts";
import { parsePyYaml, type PyYamlValue } from "../../../../formats/yaml/pyyaml.ts";
import type { FixtureObject } from "../../../support/mindtrace_fixtures.ts";

export const CREATED_AT = "2026-11-20T07:29:00.863704Z";

export async function inBucket(
  folder: string,
  objects: readonly FixtureObject[],
): Promise<Backend> {
  const backend = createMemoryBackend();
  const settings = await readFile(join(folder, "registry_metadata.json"));
  await backend.put("registry_metadata.json", settings);
  for (const [i, object] of objects.entries()) {
    const uuid = `00000000-0000-4000-8000-${String(i).padStart(12, "0")}`;
    const place = `objects/${object.name}/${object.version}/${uuid}`;
    for (const path of await readdir(join(folder, object.artifact_dir), { recursive: true })) {
      const bytes = await readFile(join(folder, object.artifact_dir, path)).catch(() => undefined);
      if (bytes !== undefined) await backend.put(`${place}/${path}`, bytes);
    }
    const found = parsePyYaml(await readFile(join(folder, object.meta_file), "utf8"));
    if (!("value" in found)) throw new Error(found.state);
    const meta = {
      ...found.value as { [key: string]: PyYamlValue },
      path: `s3://bucket/${place}`,
      _storage: { uuid, created_at: CREATED_AT },
    };
    const key = object.meta_file.replace(/\.yaml$/, ".json");
    await backend.put(key, new TextEncoder().encode(JSON.stringify(meta)));
  }
  await backend.put("_staging/a/1/x.json", new TextEncoder().encode("{}"));
  return backend;
}
