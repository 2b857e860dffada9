// Writes versions into a mindtrace registry in a folder, in the layout of 0.13 to 0.16.
import { existsSync } from "node:fs";
import { mkdir, readdir, utimes } from "node:fs/promises";
import { resolve } from "node:path";
import type { SignalOptions } from "../../../registry/mod.ts";
import {
  checkToolOptions,
  conflict,
  fault,
  isJsonObject,
  isRegistryError,
  itemAt,
  joinPath,
  orMissing,
  parsedJson,
  shown,
} from "../../../core/kernel.ts";
import type { Artifact, Registry } from "../../../mod.ts";
import type { FileStore } from "../../../formats/zarr.ts";
import type { FileToSave } from "../../../materializers/mod.ts";
import type { Fault, OptionNames, RegistryError } from "../../../core/kernel.ts";
import { checkLocalPath } from "../../../core/urls/local_path.ts";
import { yaml } from "../../../formats/yaml.ts";
import { parsePyYaml } from "../../../formats/yaml/pyyaml.ts";
import { ORIGIN_KEY } from "./description.ts";
import { pythonValue } from "./python_value.ts";
import { FolderFiles, META, SETTINGS_FILE } from "./source.ts";
import { hashArtifact } from "./verify.ts";
import { exportReasons } from "./reasons.ts";

/** Options of {@linkcode exportMindtrace}. */
export interface ExportMindtraceOptions extends SignalOptions {
  /** The folder of the mindtrace registry, created if it is missing. */
  to: string;
  /** Exports all versions of bare names. @default false: the latest */
  allVersions?: boolean;
  /** Returns the name in mindtrace, which cannot have `/`. @default the same name */
  rename?: (name: string) => string;
  /**
   * Restores the Python classes that an import recorded, such as pydantic models and pickles.
   * Python imports a recorded class when it loads the version, so trust who saved it.
   *
   * @default false: models become dicts, other objects a `Path` to their files
   */
  keepClasses?: boolean;
  /** Checks everything and writes nothing. @default false */
  dryRun?: boolean;
  onItem?: (item: ExportedVersion) => void;
}

const OPTIONS: OptionNames<ExportMindtraceOptions> = {
  to: true,
  allVersions: true,
  rename: true,
  keepClasses: true,
  dryRun: true,
  onItem: true,
  signal: true,
};

/** A version and what the export did with it. */
export interface ExportedVersion {
  name: string;
  version: string;
  action: "exported" | "skipped" | "failed";
  /** The Python class of the value, if it was exported. */
  class?: string;
  error?: RegistryError;
}

/** The result of {@linkcode exportMindtrace}. */
export interface ExportReport {
  dryRun: boolean;
  versions: number;
  exported: number;
  /** Versions that the folder had already. */
  skipped: number;
  failures: { name: string; version: string; error: RegistryError }[];
}

/** Member of a description that tells which version of Holdfast it is. */
const MARK = "holdfast";
const SETTINGS = { materializers: {}, version_objects: true, mutable: false, version_digits: 3 };

/** Implements `exportMindtrace`. */
export async function exportMindtrace(
  registry: Registry,
  refs: Iterable<string>,
  options: ExportMindtraceOptions,
): Promise<ExportReport> {
  const checked = checkToolOptions("export to mindtrace", registry, options, OPTIONS, ["to"]);
  const { dryRun = false, allVersions = false, signal, onItem } = checked;
  const report: ExportReport = { dryRun, versions: 0, exported: 0, skipped: 0, failures: [] };
  checkLocalPath(checked.to, "export to");
  const target = new Target(checked.to);
  await target.prepare(dryRun);
  for (const ref of refs) {
    for (const versionRef of await expand(registry, ref, allVersions, signal)) {
      signal?.throwIfAborted();
      const [name = "", version = ""] = versionRef.split("@");
      const item = await exportOne(registry, target, versionRef, checked).catch((error) => {
        signal?.throwIfAborted();
        if (!isRegistryError(error)) throw error;
        return { action: "failed" as const, error };
      });
      report.versions++;
      if (item.action === "failed") report.failures.push({ name, version, error: item.error });
      else report[item.action]++;
      onItem?.({ name, version, ...item });
    }
  }
  return report;
}

/** Returns the exact refs that a ref means, oldest first. */
async function expand(
  registry: Registry,
  ref: string,
  allVersions: boolean,
  signal?: AbortSignal,
): Promise<string[]> {
  if (!allVersions || ref.includes("@")) {
    const { name, version } = await registry.info(ref, { signal });
    return [`${name}@${version.split("+")[0]}`];
  }
  await registry.info(ref, { signal }); // throws for an unknown name
  const versions = registry.versions(ref, { signal });
  return (await Array.fromAsync(versions, ({ version }) => `${ref}@${version}`)).reverse();
}

async function exportOne(
  registry: Registry,
  target: Target,
  ref: string,
  options: ExportMindtraceOptions,
): Promise<Pick<ExportedVersion, "class"> & { action: "exported" | "skipped" }> {
  const { rename = (name: string) => name, keepClasses = false, dryRun, signal } = options;
  const artifact = await registry.open(ref, { signal });
  const { info } = artifact;
  const version = itemAt(info.version.split("+"), 0);
  const name = rename(info.name);
  checkFits(name, version);
  const exportedDigest = await target.digestOf(name, version);
  if (exportedDigest === info.digest) return { action: "skipped" };
  if (exportedDigest !== undefined) {
    const state = "the folder has another value for this version";
    throw conflict("export", shown(`${name}@${version}`), state, {
      hint: "Export to another folder, or under another name (rename).",
      reason: exportReasons.of("export_exists"),
    });
  }
  const { materializers } = registry;
  const value = await pythonValue(artifact, { materializers, keepClasses, signal });
  if (dryRun) return { action: "exported", class: value.class };
  await target.write(artifact, { name, version }, value, options);
  return { action: "exported", class: value.class };
}

/** Throws `Unsupported` for names and versions that mindtrace accepts and then cannot find. */
function checkFits(name: string, version: string): void {
  const subject = shown(`${name}@${version}`);
  const unsupported = (state: string, hint: string, reason?: Fault["reason"]) =>
    fault({ code: "Unsupported", action: "export", subject, state, hint, reason });
  if (!/^\d+\.\d+\.\d+$/.test(version)) {
    const hint = "Copy it to a version of three numbers, and export that.";
    throw unsupported("mindtrace has no prereleases", hint);
  }
  const bad = /[/*?[\]\\]/.exec(name);
  if (bad !== null) {
    throw unsupported(
      `mindtrace cannot find names with ${bad[0]}`,
      "Pass rename, such as (name) => name.replaceAll('/', ':').",
      exportReasons.of("export_name", { before: name.slice(0, bad.index), sign: bad[0] }),
    );
  }
}

class Target {
  readonly #folder: string;
  readonly #files: FolderFiles;

  constructor(folder: string) {
    this.#folder = resolve(folder);
    this.#files = new FolderFiles(this.#folder, "disk");
  }

  /** Creates the registry, or checks that it is one that keeps versions. */
  async prepare(dryRun: boolean): Promise<void> {
    const path = SETTINGS_FILE;
    const settings = await this.#read(path);
    if (settings !== undefined) return this.#checkSettings(settings);
    if (existsSync(this.#folder) && (await readdir(this.#folder)).length > 0) {
      throw this.#refused("the folder has other files", "Pass a new folder.");
    }
    if (dryRun) return;
    await mkdir(this.#folder, { recursive: true });
    await this.#write(path, new TextEncoder().encode(JSON.stringify(SETTINGS)));
  }

  #checkSettings(text: string): void {
    const settings = parsedJson(text);
    const isOurs = isJsonObject(settings) && settings.version_digits === 3 &&
      settings.version_objects === true;
    if (isOurs) return;
    const state = "its registry has other settings";
    throw this.#refused(
      state,
      "Pass a new folder, or a registry with version_objects=True and version_digits=3.",
    );
  }

  #refused(state: string, hint: string): RegistryError {
    return conflict("export to", this.#folder, state, { hint });
  }

  async digestOf(name: string, version: string): Promise<string | undefined> {
    const text = await this.#read(this.#metaPath(name, version));
    if (text === undefined) return undefined;
    const result = parsePyYaml(text);
    const value = "value" in result ? result.value : undefined;
    const mark = isJsonObject(value) ? value[MARK] : undefined;
    return isJsonObject(mark) && typeof mark.digest === "string" ? mark.digest : "another";
  }

  /** Writes the files, then the description: with it, the version exists. */
  async write(
    { info }: Artifact,
    { name, version }: { name: string; version: string },
    value: Awaited<ReturnType<typeof pythonValue>>,
    { signal }: ExportMindtraceOptions,
  ): Promise<void> {
    const folder = `${name}/${version}`;
    const [store, storePath] = this.#files.at(folder);
    await removeFiles(store, storePath); // left by an interrupted export
    const paths: string[] = [];
    for (const { path, content } of value.files) {
      await this.#write(joinPath(folder, path), content, signal);
      paths.push(path);
    }
    const exportedFiles = await Promise.all(paths.map(async (path) => {
      const file = await store.open(joinPath(storePath, path));
      const { size } = file;
      return { path, size, bytes: () => file.bytes(), stream: () => file.stream() };
    }));
    const { hashes: [hash] } = await hashArtifact(exportedFiles, signal);
    const { [ORIGIN_KEY]: _, ...metadata } = info.metadata;
    const described = {
      _files: paths.sort(),
      class: value.class,
      hash: hash!,
      [MARK]: { commit: info.commit, digest: info.digest },
      init_params: value.initParams ?? {},
      materializer: value.materializer,
      metadata,
      path: `${this.#folder}/${name}/${version}`,
    };
    const meta = this.#metaPath(name, version);
    await this.#write(meta, await yaml().encode(described as never) as Uint8Array);
    await utimes(resolve(this.#folder, meta), info.createdAt, info.createdAt);
  }

  async #read(path: string): Promise<string | undefined> {
    const [store, storePath] = this.#files.at(path);
    const file = await orMissing(store.open(storePath));
    return file && new TextDecoder().decode(await file.bytes());
  }

  async #write(path: string, content: FileToSave["content"], signal?: AbortSignal): Promise<void> {
    const [store, storePath] = this.#files.at(path);
    await store.write(storePath, content, { signal });
  }

  #metaPath(name: string, version: string): string {
    return `${META}${name.replaceAll(":", "%3A")}@${version}.yaml`;
  }
}

async function removeFiles(store: FileStore, folder: string): Promise<void> {
  for (const { path, kind } of await orMissing(Array.fromAsync(store.list(folder))) ?? []) {
    if (kind === "folder") await removeFiles(store, path);
    else await store.remove(path);
  }
}
