// The places of artifacts of MLflow. Only two are read: the folder that is imported,
// and the one that `--artifacts` names. What a store names outside of them is not.
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { type FileToSave, shown } from "../../../core/kernel.ts";
import type { SourceFiles } from "../source_files.ts";

/** A folder or bucket, and how the store names it. */
export interface ArtifactRoot {
  readonly files: SourceFiles;
  /** An absolute path, or the URL of a bucket. */
  readonly location: string;
}

export class ArtifactPlaces {
  readonly #own: ArtifactRoot | undefined;
  readonly #given: ArtifactRoot | undefined;

  constructor({ own, given }: { own?: ArtifactRoot; given?: ArtifactRoot }) {
    this.#own = own;
    this.#given = given;
  }

  /**
   * Returns the files at the first place that can be read. In the imported folder, this is `beside`
   * if its top folder is there, else `usual`.
   */
  async files(
    uris: readonly string[],
    { usual, beside, problems }: { usual?: string; beside?: string; problems: string[] },
  ): Promise<FileToSave[]> {
    const path = await this.#hasTopFolder(beside) ? beside : usual;
    const own = path === undefined ? undefined : await this.#ownFiles(uris, path, problems);
    if (own !== undefined) return own;
    for (const uri of uris) {
      for (const [root, path] of this.#placesOf(uri)) {
        const found = await root.files.look(path, problems);
        if (found?.kind === "file") return [root.files.fileToSave(found, path.split("/").at(-1)!)];
        return found === undefined ? [] : await root.files.filesBelow(path, problems);
      }
    }
    problems.push(`its artifacts are at ${shown(uris[0] ?? "")}: pass --artifacts`);
    return [];
  }

  /** Returns true if the imported folder has the top folder of a path. */
  async #hasTopFolder(path: string | undefined): Promise<boolean> {
    if (this.#own === undefined || path === undefined || !isPlain(path)) return false;
    const [top = ""] = path.split("/");
    return (await this.#own.files.stat(top))?.kind === "folder";
  }

  /** Returns the files of a path in the own folder; undefined if the URIs lead elsewhere. */
  async #ownFiles(
    uris: readonly string[],
    path: string,
    problems: string[],
  ): Promise<FileToSave[] | undefined> {
    if (this.#own === undefined) return undefined;
    const isOwn = uris.length === 0 ||
      uris.some((uri) => !isProxied(uri) && uri.endsWith(`/${path}`));
    const before = problems.length, files = await this.#own.files.filesBelow(path, problems);
    return files.length > 0 || isOwn || problems.length > before ? files : undefined;
  }

  *#placesOf(uri: string): Generator<[ArtifactRoot, path: string]> {
    const [, proxied] = /^mlflow-artifacts:\/+(?:[^/]+:\d+\/)?([^]*)$/.exec(uri) ?? [];
    if (proxied !== undefined) {
      if (this.#given !== undefined && isPlain(proxied)) yield [this.#given, proxied];
      return;
    }
    for (const root of [this.#given, this.#own]) {
      if (root === undefined) continue;
      const path = pathBelow(uri, root.location);
      if (path !== undefined) yield [root, path];
    }
  }
}

function isProxied(uri: string): boolean {
  return uri.startsWith("mlflow-artifacts:");
}

/** Returns the path of a URI below a location; undefined if it is not there. */
function pathBelow(uri: string, location: string): string | undefined {
  const isUrl = /^[a-z][a-z0-9+.-]+:/i.test(location);
  const full = isUrl ? uri : localPath(uri, location);
  if (full === undefined) return undefined;
  const root = location.replace(/\/+$/, "");
  if (full === root) return "";
  const path = full.startsWith(`${root}/`) ? full.slice(root.length + 1).replace(/\/+$/, "") : "";
  return path !== "" && isPlain(path) ? path : undefined;
}

function localPath(uri: string, location: string): string | undefined {
  if (/^file:/i.test(uri)) {
    try {
      return fileURLToPath(uri);
    } catch {
      return undefined;
    }
  }
  if (/^[a-z][a-z0-9+.-]+:/i.test(uri)) return undefined;
  return existsSync(location) ? resolve(location, uri) : undefined;
}

function isPlain(path: string): boolean {
  return path.split("/").every((part) => part !== "" && part !== "." && part !== "..");
}
