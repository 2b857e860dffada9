// The writer of all importers. A run is one save, whose key is that of the run here: it is saved as a
// whole or not at all, and never twice.
import {
  checkNewName,
  type FileToSave,
  isRegistryError,
  type Registry,
  type RegistryError,
  shown,
} from "../../core/kernel.ts";
import { hasRunId, type RunKey } from "../../runs/mlflow/ids.ts";
import { hasEnded, runIdIn } from "../../runs/mlflow/stored_run.ts";
import { annotateMissing } from "./annotate_missing.ts";
import { filesOfRun } from "./files_of_run.ts";
import type {
  FoundAliases,
  FoundModel,
  FoundRun,
  FoundVersion,
  ImportRecord,
  NotImported,
  OpenedVersion,
} from "./records.ts";
import { versionOfRun } from "./run_version.ts";

export interface WriteOptions {
  readonly dryRun?: boolean;
  /** Saves runs without what cannot be read. */
  readonly partial?: boolean;
  /** Saves running runs as `KILLED`. */
  readonly running?: boolean;
  readonly signal?: AbortSignal;
  onItem?(item: { action: "imported" | "unchanged"; name: string; version?: string }): void;
  onProgress?(progress: { bytes: number; done: number; total: number }): void;
}

export interface ImportReport {
  runs: number;
  versions: number;
  aliases: number;
  /** Runs and versions that were there already. */
  unchanged: number;
  points: number;
  files: number;
  bytes: number;
  notImported: NotImported[];
}

/** The files of a version, which may be those of a run here. */
type Opened = OpenedVersion & { readonly base?: string };

/** Errors of one record. Others end the import. */
const OF_RECORD = ["Corrupt", "Invalid", "Unsupported", "NotFound", "Conflict"] as const;

export class RecordWriter {
  readonly report: ImportReport = {
    runs: 0,
    versions: 0,
    aliases: 0,
    unchanged: 0,
    points: 0,
    files: 0,
    bytes: 0,
    notImported: [],
  };
  readonly #registry: Registry;
  readonly #options: WriteOptions;
  /** The version of each run of a name; undefined if it was deleted. */
  readonly #runs = new Map<string, Map<string, string | undefined>>();
  /** All versions of each name, also deleted ones, and those that this import saved. */
  readonly #taken = new Map<string, Set<string>>();
  readonly #saved = new Map<string, Set<string>>();
  /** Runs that a dry run would save. */
  readonly #dry = new Set<string>();
  #total = 0;
  #done = 0;

  constructor(registry: Registry, options: WriteOptions) {
    this.#registry = registry;
    this.#options = options;
  }

  async write(records: AsyncIterable<ImportRecord>): Promise<ImportReport> {
    for await (const record of records) {
      this.#options.signal?.throwIfAborted();
      if (record.kind === "total") this.#total = record.count;
      else if (record.kind === "run") {
        await this.#try(spoken(record.key), () => this.#writeRun(record));
        this.#progress(1);
      } else if (record.kind === "model") await this.#writeModel(record);
      else if (record.kind === "aliases") await this.#writeAliases(record);
      else this.report.notImported.push(record);
    }
    return this.report;
  }

  /** Notes the error of a record, which does not end the import. */
  async #try(what: string, write: () => Promise<void>): Promise<void> {
    try {
      await write();
    } catch (error) {
      this.#options.signal?.throwIfAborted();
      if (!isRegistryError(error, ...OF_RECORD)) throw error;
      this.#leave("failed", what, worded(error));
    }
  }

  #leave(kind: NotImported["kind"], what: string, reason: string): void {
    this.report.notImported.push({ kind, what, reason });
  }

  #progress(done: number): void {
    this.#done += done;
    const { bytes } = this.report;
    const total = Math.max(this.#total, this.#done);
    this.#options.onProgress?.({ bytes, done: this.#done, total });
  }

  async #writeRun({ key, version: versionOf, open }: FoundRun): Promise<void> {
    const { dryRun, running, signal, onItem } = this.#options;
    const { name, id } = key;
    checkNewName(name);
    if (!hasRunId(key)) return this.#leave("failed", spoken(key), "name and id are too long");
    const known = await this.#runsOf(name);
    if (known.has(id)) {
      this.report.unchanged++;
      return onItem?.({ action: "unchanged", name, version: known.get(id) });
    }
    const taken = added(this.#taken, name);
    const version = versionOf?.(taken);
    if (version !== undefined && taken.has(version)) {
      return this.#leave("failed", spoken(key), `version ${version} is there already`);
    }
    const opened = await open();
    if (opened.left !== undefined) return this.#leave("left", spoken(key), opened.left);
    const goesOn = !hasEnded(opened.status);
    if (goesOn && !running) return this.#leave("left", spoken(key), "it is still running");
    const run = goesOn ? { ...opened, status: "KILLED" as const } : opened;
    const { metadata, files, points, moved } = await versionOfRun(key, run);
    if (this.#isDamaged(spoken(key), run.problems)) return;
    if (moved.length > 0) {
      const reason = `too long for metadata: ${moved.join(", ")}. See .mlflow/long.json`;
      this.#leave("left", spoken(key), reason);
    }
    const count = () => {
      this.report.runs++;
      this.report.points += points;
      this.#count(files);
      if (version !== undefined) taken.add(version);
    };
    if (dryRun) {
      this.#dry.add(spoken(key));
      return count();
    }
    const saved = await this.#registry.save(name, undefined, {
      as: folderOf(files),
      idempotencyKey: `draft:run:${id}`,
      ...version !== undefined && { version },
      metadata,
      signal,
    });
    known.set(id, saved.version);
    added(this.#saved, name).add(saved.version);
    count();
    onItem?.({ action: "imported", name, version: saved.version });
  }

  /** Reports what cannot be read. Returns true if the record is not saved without it. */
  #isDamaged(what: string, problems: readonly string[]): boolean {
    if (this.#options.partial) {
      for (const problem of problems) this.#leave("left", what, problem);
      return false;
    }
    const [first, ...more] = problems;
    if (first === undefined) return false;
    this.#leave("failed", what, more.length === 0 ? first : `${first}, and ${more.length} more`);
    return true;
  }

  #count(files: readonly FileToSave[]): void {
    this.report.files += files.length;
    for (const { content } of files) {
      if ("size" in content) this.report.bytes += content.size;
      else if (content instanceof Uint8Array) this.report.bytes += content.byteLength;
    }
  }

  async #runsOf(name: string): Promise<Map<string, string | undefined>> {
    const before = this.#runs.get(name);
    if (before !== undefined) return before;
    const found = new Map<string, string | undefined>();
    for (const deleted of [true, false]) {
      const { signal } = this.#options;
      for await (
        const { version, info } of this.#registry.versions(name, { deleted, details: true, signal })
      ) {
        added(this.#taken, name).add(version);
        const id = info && runIdIn(info);
        if (id !== undefined && !(deleted && found.has(id))) {
          found.set(id, deleted ? undefined : version);
        }
      }
    }
    this.#runs.set(name, found);
    return found;
  }

  async #writeModel(model: FoundModel): Promise<void> {
    const { name } = model;
    try {
      checkNewName(name);
    } catch (error) {
      if (!isRegistryError(error, "Invalid")) throw error;
      this.#progress(model.versions.length);
      return this.#leave("failed", name, worded(error));
    }
    const { known, deleted } = await this.#versionsOf(model), isNew = new Set<string>();
    for (const found of model.versions) {
      await this.#try(`${name}@${found.version}`, async () => {
        const before = known.get(found.version);
        if (before !== undefined) {
          this.report.unchanged++;
          // It may have been stopped between the version and its labels.
          if (!deleted.has(before) && !this.#options.dryRun) {
            await annotateMissing(this.#registry, `${name}@${before}`, found);
          }
          return;
        }
        const version = await this.#writeVersion(model, found);
        if (version === undefined) return;
        known.set(found.version, version);
        isNew.add(version);
      });
      this.#progress(1);
    }
    if (!this.#options.dryRun && known.size > 0) {
      await this.#try(name, () => this.#describe(model, { known, isNew }));
    }
  }

  /** Returns the versions of a name, also deleted ones, by their keys if they have any. */
  async #versionsOf({ name, key }: FoundModel) {
    const known = new Map<string, string>(), deleted = new Set<string>();
    const { signal } = this.#options;
    for (const areDeleted of [true, false]) {
      const listed = this.#registry.versions(name, {
        deleted: areDeleted,
        details: key !== undefined,
        signal,
      });
      for await (const { version, info } of listed) {
        const id = key === undefined ? version : info?.metadata[key];
        if (typeof id === "string") known.set(id, version);
        if (areDeleted) deleted.add(version);
        else deleted.delete(version);
      }
    }
    return { known, deleted };
  }

  /** Returns the version that was saved; undefined if it was not. */
  async #writeVersion(model: FoundModel, found: FoundVersion): Promise<string | undefined> {
    const { version, from } = found;
    if (from !== undefined && this.#dry.has(spoken(from.run))) {
      this.report.versions++;
      return version;
    }
    const opened: Opened = (from && await this.#filesOf(from)) ?? await found.open();
    const { files, problems, base } = opened;
    const what = `${model.name}@${version}`;
    if (files.length === 0) {
      this.#leave("failed", what, problems[0] ?? "it has no files");
      return undefined;
    }
    if (this.#isDamaged(what, problems)) return undefined;
    const saved = this.#options.dryRun ? version : await this.#saveVersion(model, found, opened);
    if (saved === undefined) return void this.report.unchanged++; // another import saved it
    this.report.versions++;
    if (base === undefined) this.#count(files);
    if (this.#options.dryRun) return saved;
    this.#options.onItem?.({ action: "imported", name: model.name, version: saved });
    await annotateMissing(this.#registry, `${model.name}@${saved}`, found);
    return saved;
  }

  /** Returns the version; undefined if it is there already. */
  async #saveVersion(
    { name, key }: FoundModel,
    { version, metadata }: FoundVersion,
    { files, base, metadata: own }: Opened,
  ): Promise<string | undefined> {
    const save = this.#registry.save(name, undefined, {
      as: folderOf(files),
      ...key === undefined ? { version } : { idempotencyKey: `import:${key}:${version}` },
      ...base !== undefined && { base, inputs: [{ ref: base }] },
      metadata: { ...metadata, ...own },
      signal: this.#options.signal,
    });
    const saved = await save.catch((error) => {
      if (!isRegistryError(error, "AlreadyExists")) throw error;
    });
    return saved?.version;
  }

  async #filesOf({ run: { name, id }, folder }: NonNullable<FoundVersion["from"]>) {
    const version = (await this.#runsOf(name)).get(id);
    if (version === undefined) return undefined;
    return await filesOfRun(this.#registry, { name, version, folder });
  }

  /** Sets aliases, labels and notes, unless others were set here. */
  async #describe(
    { name, labels, notes, aliases }: FoundModel,
    { known, isNew }: { known: ReadonlyMap<string, string>; isNew: ReadonlySet<string> },
  ): Promise<void> {
    await annotateMissing(this.#registry, name, { labels, notes });
    const found = [...aliases].flatMap(([alias, id]): [string, string][] => {
      const version = known.get(id);
      if (version !== undefined) return [[alias, version]];
      this.#leave("left", `${name}@${alias}`, `${id} was not imported`);
      return [];
    });
    await this.#setAliases(name, found, isNew);
  }

  async #writeAliases({ name, runs }: FoundAliases): Promise<void> {
    const known = await this.#runsOf(name);
    const aliases = [...runs].flatMap(([alias, id]): [string, string][] => {
      const version = known.get(id);
      return version === undefined ? [] : [[alias, version]];
    });
    if (!this.#options.dryRun) {
      await this.#setAliases(name, aliases, added(this.#saved, name));
    }
  }

  async #setAliases(
    name: string,
    aliases: Iterable<[alias: string, version: string]>,
    isNew: ReadonlySet<string>,
  ): Promise<void> {
    const present = new Map<string, string>();
    for await (const { alias, version } of this.#registry.aliases(name)) {
      present.set(alias, version);
    }
    for (const [alias, version] of aliases) {
      const now = present.get(alias);
      if (now === version) continue;
      if (now !== undefined && !isNew.has(version)) {
        this.#leave("left", `${name}@${alias}`, `it is ${now} here, and ${version} there`);
        continue;
      }
      await this.#try(`${name}@${alias}`, async () => {
        await this.#registry.setAlias(name, alias, version);
        this.report.aliases++;
      });
    }
  }
}

/** Returns a materializer that saves files as a folder. */
function folderOf(files: readonly FileToSave[]) {
  return { id: "folder", formatVersion: 1, save: () => files, load: () => undefined };
}

function added(sets: Map<string, Set<string>>, name: string): Set<string> {
  const set = sets.get(name) ?? new Set();
  sets.set(name, set);
  return set;
}

function spoken({ name, id }: RunKey): string {
  return `run ${id} of ${shown(name)}`;
}

function worded({ message, hint }: RegistryError): string {
  return hint === undefined ? message : `${message}. ${hint}`;
}
