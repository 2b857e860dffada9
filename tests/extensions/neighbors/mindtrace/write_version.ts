// Writes versions of a registry as mindtrace 0.16 does, so that tests can have what its package would never write.
import { createHash } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "@std/path";
import { compareUtf8 } from "../../../../core/bytes/bytes.ts";

export interface VersionToWrite {
  name: string;
  version?: string;
  class?: string;
  materializer?: string;
  files: Record<string, string | Uint8Array>;
  /** YAML of the metadata. */
  metadata?: string;
  /** The hash. @default the right one; null: none */
  hash?: string | null;
  /** `_files`. @default those that there are */
  listed?: string[];
}

const BUILT_IN = "mindtrace.registry.archivers.builtin_materializers";
export const PATH = "mindtrace.registry.archivers.path_archiver.PathArchiver";

export async function writeSettings(folder: string, settings: object = {}): Promise<void> {
  await mkdir(folder, { recursive: true });
  const all = { materializers: {}, version_objects: true, mutable: false, version_digits: 3 };
  await writeFile(join(folder, "registry_metadata.json"), JSON.stringify({ ...all, ...settings }));
}

export async function writeVersion(folder: string, given: VersionToWrite): Promise<string> {
  const { name, version = "1.0.0", files, metadata = "{}" } = given;
  const hash = createHash("sha256");
  for (const path of Object.keys(files).sort(compareUtf8)) {
    const target = join(folder, name, version, path);
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, files[path]!);
    hash.update(`P\0${path}\0C\0`).update(files[path]!).update("\0F\0");
  }
  const digest = given.hash === undefined ? hash.digest("hex") : given.hash;
  const lines = [
    `_files: ${JSON.stringify(given.listed ?? Object.keys(files))}`,
    `class: ${given.class ?? "builtins.dict"}`,
    ...(digest === null ? [] : [`hash: ${JSON.stringify(digest)}`]),
    "init_params: {}",
    `materializer: ${given.materializer ?? `${BUILT_IN}.BuiltInContainerMaterializer`}`,
    `metadata: ${metadata}`,
    `path: /registry/${name}/${version}`,
  ];
  const meta = join(folder, `_meta_${name.replaceAll(":", "%3A")}@${version}.yaml`);
  await mkdir(dirname(meta), { recursive: true });
  await writeFile(meta, lines.join("\n") + "\n");
  return meta;
}
