// Registries that releases of mindtrace wrote, from tests/fixtures/mindtrace: 37 objects each, and a manifest of them. The
// only change made: the absolute root in their `path` entries reads `/registry`.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "@std/path";
import { bytesFile } from "../../formats/content/content.ts";
import { parsePythonJson } from "../../extensions/neighbors/mindtrace/python_json.ts";
import { tgz } from "../../formats/archive.ts";
import { REPOSITORY } from "./run_deno.ts";

export const RELEASES = ["0.9.0", "0.12.0", "0.16.0"] as const;
export const MODES = ["versioned", "unversioned"] as const;

/** The manifest's entry for one object. */
export interface FixtureObject {
  name: string;
  version: string;
  kind: string;
  class: string;
  materializer: string;
  metadata: Record<string, unknown>;
  hash: string;
  meta_file: string;
  artifact_dir: string;
  files: Record<string, { bytes: number; sha256: string }>;
  value?: unknown;
  sha256?: string;
  file_name?: string;
  folder_name?: string;
  tree?: Record<string, string>;
  shape?: number[];
  dtype?: string;
}

/** Writes the registries of a release to a folder. Returns their manifests. */
export async function unpackFixture(
  release: string,
  folder: string,
): Promise<Record<typeof MODES[number], FixtureObject[]>> {
  const path = join(REPOSITORY, `tests/fixtures/mindtrace/${release}.tar.gz`);
  for (const entry of await tgz().decode(bytesFile(path, await readFile(path)))) {
    const target = join(folder, entry.path);
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, await entry.bytes());
  }
  const manifest = parsePythonJson(await readFile(join(folder, "manifest.json"), "utf8"));
  const { registries } = manifest as {
    registries: Record<typeof MODES[number], { objects: FixtureObject[] }>;
  };
  return {
    versioned: registries.versioned.objects,
    unversioned: registries.unversioned.objects,
  };
}
