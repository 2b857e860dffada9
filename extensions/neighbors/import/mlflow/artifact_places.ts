// The places of artifacts of MLflow. Only two are read: the folder that is imported,
// and the one that `--artifacts` names. What a store names outside of them is not.
//
// A store does not say whether a run has artifacts. A place without files means "none" only if it is
// the recorded one, or if other runs of the store have theirs in the same folder.
import { existsSync, realpathSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { FileToSave } from "../../../../materializers/mod.ts";
import { shown } from "../../../../core/kernel.ts";
import type { SourceFiles } from "../source_files.ts";

/** A folder or bucket, and how the store names it. */
export interface ArtifactRoot {
  readonly files: SourceFiles;
  /** An absolute path, or the URL of a bucket. */
  readonly location: string;
}

interface Roots {
  /** The imported folder. */
  readonly own?: ArtifactRoot;
  /** The place that `--artifacts` names. */
  readonly given?: ArtifactRoot;
}

/** The artifacts of a run, a logged model or a version of a model, as a store has noted them. */
export interface Recorded {
  /** Its URIs, the first of which is the most precise. */
  readonly uris: readonly string[];
  /** The path in the imported folder at which a store has them that keeps them itself. */
  readonly own?: string;
  /** Certain to be there: the folder `own` on a disk, also without artifacts; or files. */
  readonly certain?: "folder" | "files";
}

/** A path that may have the files. */
interface Candidate {
  readonly root: ArtifactRoot;
  readonly path: string;
  /** True if it is in the imported folder, and the URI names it. */
  readonly isExact: boolean;
  /** Equal for all runs whose artifacts were in one folder, and may be in another one now. */
  readonly group?: string;
}

/** `EXPERIMENT/RUN/artifacts/…`, `EXPERIMENT/models/MODEL/artifacts/…` at the end of a URI. */
const LAST_PARTS = /(?:^|\/)((?:[^/]+\/)?(?:models\/)?[^/]+\/artifacts(?:\/[^]*)?)$/;

export class ArtifactPlaces {
  readonly #roots: Roots;
  #recorded: readonly Recorded[] = [];
  #groups: Map<string | undefined, Candidate[]> | undefined;
  readonly #confirmed = new Map<string, Promise<boolean>>();

  constructor(roots: Roots) {
    this.#roots = roots;
  }

  /** Notes what the store says of all runs, which confirms places. */
  expect(recorded: readonly Recorded[]): void {
    this.#recorded = recorded;
  }

  /** Returns the files at the first place that has some. Adds a problem if they cannot be found. */
  async files(recorded: Recorded, problems: string[]): Promise<FileToSave[]> {
    const candidates = candidatesOf(recorded, this.#roots), before = problems.length;
    const missing = new Set<Candidate>();
    for (const candidate of candidates) {
      const { root: { files }, path } = candidate;
      const entry = await files.look(path, problems);
      if (entry?.kind === "file") return [files.fileToSave(entry, path.split("/").at(-1)!)];
      const found = entry === undefined ? [] : await files.filesBelow(path, problems);
      if (found.length > 0 || problems.length > before) return found;
      if (entry === undefined) missing.add(candidate);
    }
    for (const candidate of candidates) {
      if (!await this.#isTheirs(candidate)) continue;
      const { root, path } = candidate, { certain } = recorded;
      const isOwn = root === this.#roots.own && !isUrl(root.location);
      if (certain === "files" || certain === "folder" && isOwn && missing.has(candidate)) {
        problems.push(
          `${shown(path)} ${missing.has(candidate) ? "is missing" : "has no files"}`,
        );
      }
      return [];
    }
    const more = this.#roots.given === undefined ? "" : " with a place that has them";
    problems.push(`its artifacts are at ${shown(recorded.uris[0] ?? "")}: pass --artifacts${more}`);
    return [];
  }

  /** True if artifacts that a run has would be at a place. */
  async #isTheirs({ root, path, isExact, group }: Candidate): Promise<boolean> {
    if (isExact) {
      if (isUrl(root.location)) return true;
      const above = folderAbove(path);
      return above === "" || (await root.files.look(above, []))?.kind === "folder";
    }
    if (group === undefined) return false;
    const known = this.#confirmed.get(group) ?? this.#hasOthers(group);
    this.#confirmed.set(group, known);
    return await known;
  }

  /** True if any run has files in the folder of a group. */
  async #hasOthers(group: string): Promise<boolean> {
    this.#groups ??= Map.groupBy(
      this.#recorded.flatMap((each) => candidatesOf(each, this.#roots)),
      (candidate) => candidate.group,
    );
    for (const { root, path } of this.#groups.get(group) ?? []) {
      if (await root.files.hasFiles(path)) return true;
    }
    return false;
  }
}

function candidatesOf({ uris, own }: Recorded, roots: Roots): Candidate[] {
  const found: Candidate[] = [];
  const add = (root: ArtifactRoot | undefined, path: string | undefined, uri = "") => {
    if (root === undefined || path === undefined || path !== "" && !isPlain(path)) return;
    if (found.some((each) => each.root === root && each.path === path)) return;
    const above = folderAbove(path), last = path.slice(above.length).replace(/^\//, "");
    const isMoved = last !== "" && uri.endsWith(`/${last}`);
    found.push({
      root,
      path,
      isExact: root === roots.own && (uri === "" || pathBelow(uri, root.location) === path),
      group: isMoved
        ? JSON.stringify([root === roots.given, above, uri.slice(0, -last.length)])
        : undefined,
    });
  };
  for (const uri of uris) {
    const proxied = proxiedIn(uri);
    if (proxied !== undefined) add(roots.given, proxied || undefined, uri);
    else {
      for (const root of [roots.given, roots.own]) {
        add(root, root && pathBelow(uri, root.location), uri);
      }
    }
  }
  add(roots.own, own, uris[0]);
  for (const uri of uris) {
    if (proxiedIn(uri) !== undefined) continue;
    const [, last] = LAST_PARTS.exec(uri) ?? [];
    add(roots.given, last, uri);
    add(roots.given, last?.replace(/^[^/]+\/(?=(models\/)?[^/]+\/artifacts)/, ""), uri);
  }
  return found;
}

/** Returns the folder of a path that the experiments are in. */
function folderAbove(path: string): string {
  const [, last = path] = LAST_PARTS.exec(path) ?? [];
  return path.slice(0, path.length - last.length).replace(/\/$/, "");
}

/** Returns the path of a URI of artifacts that a server hands out. */
function proxiedIn(uri: string): string | undefined {
  return /^mlflow-artifacts:\/+(?:[^/]+:\d+\/)?([^]*)$/.exec(uri)?.[1];
}

function isUrl(location: string): boolean {
  return /^[a-z][a-z0-9+.-]+:/i.test(location);
}

/** Returns the path of a URI below a location; undefined if it is not there. */
function pathBelow(uri: string, location: string): string | undefined {
  if (isUrl(location)) return below(uri, location);
  const full = localPath(uri, location);
  return full && (below(full, location) ?? below(realPath(full), location));
}

function below(full: string, location: string): string | undefined {
  const root = location.replace(/\/+$/, "");
  if (full === root) return "";
  const path = full.startsWith(`${root}/`) ? full.slice(root.length + 1).replace(/\/+$/, "") : "";
  return path !== "" && isPlain(path) ? path : undefined;
}

/** Returns a path without the links in it, which may be those of a home folder. */
function realPath(path: string): string {
  try {
    return realpathSync.native(path);
  } catch {
    const above = dirname(path);
    return above === path ? path : join(realPath(above), basename(path));
  }
}

function localPath(uri: string, location: string): string | undefined {
  if (/^file:/i.test(uri)) {
    try {
      return fileURLToPath(uri);
    } catch {
      return undefined;
    }
  }
  if (isUrl(uri)) return undefined;
  return existsSync(location) ? resolve(location, uri) : undefined;
}

function isPlain(path: string): boolean {
  return path.split("/").every((part) => part !== "" && part !== "." && part !== "..");
}
