// Reads a folder or bucket whose paths match a pattern. A listing finds names and versions; the files
// of a version are listed when it is saved.
import {
  compareVersions,
  folderOf,
  isRegistryError,
  joinPath,
  nameOf,
  notFound,
  parseVersion,
  shown,
} from "../../../../core/kernel.ts";
import type { FileEntry } from "../../../../files/mod.ts";
import { countsOfFiles } from "../counts.ts";
import type { FoundModel, FoundVersion, ImportRecord, ReadOptions } from "../records.ts";
import { below, type SourceFiles } from "../source_files.ts";
import type { Keeps, KeptBeside } from "./beside.ts";
import { type Matched, type Part, splitQuery, versionIn } from "./pattern.ts";

/** Entries that do not fit, which are listed one by one. */
const MOST_LISTED = 100;

export interface FilesSource {
  readonly files: SourceFiles;
  readonly parts: readonly Part[];
  /** The name of a pattern without `{name}`. */
  readonly name?: string;
  readonly keeps?: Keeps;
}

interface Place {
  readonly entry: FileEntry;
  readonly version: string;
}

/** The places of a name. */
interface Places {
  readonly versions: Map<string, Place>;
  /** Links to versions, by the texts in place of their numbers. */
  readonly links: Map<string, FileEntry>;
}

export class FilesReader {
  readonly #source: FilesSource;
  readonly #options: ReadOptions;
  readonly #found = new Map<string, Places>();
  readonly #notImported: ImportRecord[] = [];
  #unlisted = 0;

  constructor(source: FilesSource, options: ReadOptions) {
    this.#source = source;
    this.#options = options;
  }

  async *records(): AsyncGenerator<ImportRecord> {
    const { name, files: { store: { location } } } = this.#source;
    await this.#visit("", 0, { names: name === undefined ? [] : [name] });
    const models = [...this.#found].sort(([one], [other]) => one < other ? -1 : 1)
      .map(([name, places]) => this.#model(name, places));
    const count = models.reduce((sum, { versions }) => sum + versions.length, 0);
    if (count === 0 && this.#notImported.length === 0) {
      throw notFound("import from", location, "no file and no folder matches the pattern");
    }
    yield { kind: "total", count };
    yield* this.#notImported;
    if (this.#unlisted > 0) {
      const reason = "does not match the pattern";
      yield { kind: "left", what: `${this.#unlisted} more`, reason };
    }
    yield* models.filter(({ versions }) => versions.length > 0);
  }

  /** Matches the entries of a folder with a part of the pattern. */
  async #visit(folder: string, at: number, before: Matched): Promise<void> {
    const { files, parts } = this.#source;
    const { literal, match } = parts[at]!, isLast = at === parts.length - 1;
    if (literal !== undefined && !isLast) {
      return await this.#visit(joinPath(folder, literal), at + 1, before);
    }
    const entries = await files.list(folder);
    for (const reason of files.unlisted(folder, entries)) {
      this.#notImported.push({ kind: "failed", what: shown(folder || "."), reason });
    }
    for (const entry of entries) {
      this.#options.signal?.throwIfAborted();
      const own = match(nameOf(entry.path));
      if (own === undefined) {
        if (literal === undefined) this.#leave(entry.path, "it does not match the pattern");
        continue;
      }
      const all = {
        names: [...before.names, ...own.names],
        version: own.version ?? before.version,
      };
      if (isLast) this.#add(entry, all);
      else if (entry.kind === "folder") await this.#visit(entry.path, at + 1, all);
      else this.#leave(entry.path, `it is a ${entry.kind}`);
    }
  }

  #leave(path: string, reason: string): void {
    if (this.#notImported.length >= MOST_LISTED) this.#unlisted++;
    else this.#notImported.push({ kind: "left", what: shown(path), reason });
  }

  #add(entry: FileEntry, { names, version: text = "1" }: Matched): void {
    const name = this.#options.nameOf(names.join("/"));
    if (name === undefined) return;
    const known = this.#found.get(name) ?? { versions: new Map(), links: new Map() };
    this.#found.set(name, known);
    if (entry.kind === "link") {
      known.links.set(text, entry);
      return;
    }
    try {
      const version = parseVersion(versionIn(text)).canonical;
      const other = known.versions.get(version);
      if (other === undefined) known.versions.set(version, { entry, version });
      else this.#fail(entry.path, `${version} is also ${shown(other.entry.path)}`);
    } catch (error) {
      if (!isRegistryError(error, "Invalid")) throw error;
      this.#fail(entry.path, `${shown(text)} is not a version`);
    }
  }

  #fail(path: string, reason: string): void {
    this.#notImported.push({ kind: "failed", what: shown(path), reason });
  }

  #model(name: string, { versions, links }: Places): FoundModel {
    const aliases = new Map<string, string>();
    const ordered = [...versions.values()].sort((one, other) =>
      compareVersions(parseVersion(one.version), parseVersion(other.version))
    );
    for (const [alias, { path, target }] of links) {
      const place = ordered.find(({ entry }) => entry.path === target);
      if (place === undefined) this.#fail(path, "it is a link");
      else if (alias !== "latest") aliases.set(alias, place.version);
      else if (place !== ordered.at(-1)) {
        this.#leave(path, `it is a link to ${place.version}: latest is the newest version here`);
      }
    }
    const labels = new Map<string, string>();
    return {
      kind: "model",
      name,
      labels,
      aliases,
      versions: ordered.map((each) => this.#version(each)),
    };
  }

  #version({ entry, version }: Place): FoundVersion {
    const { files, keeps } = this.#source;
    const { path, query } = splitQuery(files.store.location);
    const source = `${path.replace(/\/+$/, "")}/${entry.path}${query}`;
    let beside: KeptBeside | undefined;
    const open = async () => {
      const problems: string[] = [];
      const found = entry.kind === "file" ? [entry] : await files.walk(entry.path, problems);
      const own = entry.kind === "file" ? folderOf(entry.path) : entry.path;
      const all = found.map((file) => files.fileToSave(file, below(file.path, own)));
      if (entry.kind === "folder") beside = await keeps?.({ path: entry.path, files: all });
      const kept = beside?.files ?? all;
      return { files: kept, problems, has: countsOfFiles(kept), metadata: modifiedIn(found) };
    };
    return {
      version,
      labels: new Map(),
      metadata: { source },
      open,
      async keep(registry, saved) {
        if (keeps === undefined) return;
        if (beside === undefined) await open(); // it was saved before
        await beside?.after({ registry, ...saved });
      },
    };
  }
}

function modifiedIn(files: readonly FileEntry[]) {
  const newest = files.reduce((most, { modifiedAt = 0 }) => Math.max(most, modifiedAt), 0);
  return newest === 0 ? {} : { modified: new Date(newest).toISOString() };
}
