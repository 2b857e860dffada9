// The writer of all importers. A run is one save, whose key is that of the run here: it is saved as a
// whole or not at all, and never twice.
import type { FileToSave } from "../../../materializers/mod.ts";
import type { Registry } from "../../../mod.ts";
import { checkNewName, isRegistryError, type RegistryError, shown } from "../../../core/kernel.ts";
import { saveKeyOf } from "../../runs/mlflow/find_run.ts";
import { hasRunId, type RunKey } from "../../runs/mlflow/ids.ts";
import { hasEnded } from "../../runs/mlflow/stored_run.ts";
import { reasonToKeep } from "./alias_here.ts";
import { Annotations } from "./annotations.ts";
import { addCounts, type Counts, countsOfFiles, differences } from "./counts.ts";
import { asNewFolder, drySave, withDryVersion } from "./dry_save.ts";
import { filesOfRun } from "./files_of_run.ts";
import type {
  FoundAliases,
  FoundModel,
  FoundRun,
  FoundVersion,
  ImportRecord,
  NotImported,
  OpenedRun,
  OpenedVersion,
} from "./records.ts";
import type { ImportReport, WriteOptions } from "./report.ts";
import { versionOfRun } from "./run_version.ts";
import { importedRun, RunsHere } from "./runs_here.ts";

/** The files of a version, which may be those of a run here. */
type Opened = OpenedVersion & { readonly base?: string };

type Annotated = Pick<FoundVersion, "labels" | "notes" | "keep">;

interface Written {
  readonly version: string;
  /** False if another import saved it. */
  readonly isNew: boolean;
}

/** The version, and the files, of a run that a dry run would save. */
const NOT_SAVED = "not saved";
const OF_DRY_RUN = { files: [{ path: "file", content: new Uint8Array() }], problems: [], has: {} };

/** Errors of one record. Others end the import. */
const OF_RECORD = [
  "Corrupt",
  "Invalid",
  "Unsupported",
  "NotFound",
  "Conflict",
  "AlreadyExists",
] as const;

export class RecordWriter {
  readonly report: ImportReport = {
    runs: 0,
    versions: 0,
    aliases: 0,
    unchanged: 0,
    points: 0,
    files: 0,
    bytes: 0,
    source: {},
    notImported: [],
  };
  readonly #registry: Registry;
  readonly #options: WriteOptions;
  readonly #runs: RunsHere;
  readonly #annotations: Annotations;
  /** Runs that a dry run would save. */
  readonly #dry = new Set<string>();
  #total = 0;
  #done = 0;

  constructor(registry: Registry, options: WriteOptions) {
    this.#registry = registry;
    this.#runs = new RunsHere(registry, options.signal);
    this.#options = options;
    this.#annotations = new Annotations(registry, options);
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

  async #writeRun(found: FoundRun): Promise<void> {
    const { key, version: versionOf, open } = found, { name, id } = key;
    const { dryRun, signal, onItem } = this.#options;
    checkNewName(name);
    if (!hasRunId(key)) return this.#leave("failed", spoken(key), "name and id are too long");
    const { runs, taken, saved } = await this.#runs.of(name);
    const next = await this.#runs.next(found, this.#options);
    if (next.reason !== undefined) {
      this.#leave(next.isFailure ? "failed" : "left", spoken(key), next.reason);
    }
    if (next.instead !== undefined) return await this.#writeRun(next.instead);
    if (next.generation === undefined) {
      this.report.unchanged++;
      return await onItem?.({ action: "unchanged", name, id, version: runs.get(id)?.version });
    }
    const version = versionOf?.(taken);
    if (version !== undefined && taken.has(version)) {
      return this.#leave("failed", spoken(key), `version ${version} is there already`);
    }
    const read = await this.#readRun(key, await open());
    if (read === undefined) return;
    const { metadata, files, source, here } = read;
    const count = () => {
      this.report.runs++;
      this.report.points += here.points ?? 0;
      this.#count(files, source);
      if (version !== undefined) taken.add(version);
    };
    const options = {
      idempotencyKey: saveKeyOf(key, next.generation),
      ...version !== undefined && { version },
      metadata,
    };
    if (dryRun) {
      await drySave(name, files, { ...options, ...this.#options });
      this.#dry.add(spoken(key));
      const dry = { name, createdAt: new Date(0), metadata, files: [] };
      runs.set(id, importedRun(version ?? NOT_SAVED, dry));
      saved.add(version ?? NOT_SAVED);
      return count();
    }
    const result = await this.#registry.save(name, undefined, {
      ...options,
      ...asNewFolder(files),
      signal,
    });
    const { createdAt } = result;
    runs.set(id, importedRun(result.version, { name, createdAt, metadata, files: [] }));
    if (result.skipped) return void this.report.unchanged++; // another import saved it
    saved.add(result.version);
    count();
    const item = { action: "imported", name, id, version: result.version } as const;
    await onItem?.({ ...item, counts: { source, here } });
  }

  /** Returns the version of a run, and the counts; undefined if it is left out. */
  async #readRun(key: RunKey, opened: OpenedRun) {
    const { status, left, has: source, problems: found } = opened;
    if (left !== undefined) return this.#leave("left", spoken(key), left);
    const goesOn = !hasEnded(status);
    if (goesOn && !this.#options.running) {
      return this.#leave("left", spoken(key), "it is still running");
    }
    const run = goesOn ? { ...opened, status: "KILLED" as const } : opened;
    const { metadata, files, counts: here, moved } = await versionOfRun(key, run);
    const uncounted = differences(source, here), problems = found.length || uncounted.length;
    if (this.#isDamaged(spoken(key), found, uncounted)) return;
    metadata.imported = { ...here, ...problems > 0 && { problems } };
    if (moved.length > 0) {
      const reason = `too long for metadata: ${moved.join(", ")}. See .mlflow/long.json`;
      this.#leave("left", spoken(key), reason);
    }
    return { metadata, files, source, here };
  }

  /**
   * Reports what cannot be read or, if all could be read, what the source has beyond that. Returns true
   * if the record is not saved without it.
   */
  #isDamaged(what: string, found: readonly string[], uncounted: readonly string[]): boolean {
    const problems = found.length > 0 ? found : uncounted;
    if (this.#options.partial) {
      for (const problem of problems) this.#leave("left", what, problem);
      return false;
    }
    const [first, ...more] = problems;
    if (first === undefined) return false;
    this.#leave("failed", what, more.length === 0 ? first : `${first}, and ${more.length} more`);
    return true;
  }

  #count(saved: readonly FileToSave[], source: Counts): void {
    const { files = 0, bytes = 0 } = countsOfFiles(saved);
    this.report.files += files;
    this.report.bytes += bytes;
    addCounts(this.report.source, source);
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
          if (!deleted.has(before)) await this.#annotate(name, before, found);
          return;
        }
        const written = await this.#writeVersion(model, found);
        if (written === undefined) return;
        known.set(found.version, written.version);
        if (written.isNew) isNew.add(written.version);
      });
      this.#progress(1);
    }
    if (known.size > 0) {
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

  /** Returns the version that is here now; undefined if it could not be saved. */
  async #writeVersion(model: FoundModel, found: FoundVersion): Promise<Written | undefined> {
    const { name } = model, opened = await this.#opened(found);
    const { files, problems, base, has: source } = opened;
    const what = `${name}@${found.version}`, here = countsOfFiles(files);
    if (files.length === 0) {
      this.#leave("failed", what, problems[0] ?? "it has no files");
      return undefined;
    }
    if (this.#isDamaged(what, problems, differences(source, here))) return undefined;
    const written = await this.#saveVersion(model, found, opened), { version, isNew } = written;
    if (isNew) {
      this.report.versions++;
      if (base === undefined) this.#count(files, source);
      if (!this.#options.dryRun) {
        await this.#options.onItem?.({
          action: "imported",
          name,
          version,
          counts: { source, here },
        });
      }
    } else this.report.unchanged++; // another import saved it
    await this.#annotate(name, version, found);
    return written;
  }

  async #opened({ from, open }: FoundVersion): Promise<Opened> {
    if (from === undefined) return await open();
    if (this.#dry.has(spoken(from.run))) return { ...OF_DRY_RUN, base: from.run.name };
    return await this.#filesOf(from) ?? await open();
  }

  async #saveVersion(
    { name, key }: FoundModel,
    { version, metadata }: FoundVersion,
    { files, base, metadata: own }: Opened,
  ): Promise<Written> {
    const { dryRun, signal } = this.#options;
    const options = {
      ...key === undefined ? { version } : { idempotencyKey: `import:${key}:${version}` },
      metadata: { ...metadata, ...own },
    };
    if (dryRun) {
      await drySave(name, files, { ...options, ...this.#options });
      return { version, isNew: true };
    }
    const save = this.#registry.save(name, undefined, {
      ...options,
      ...asNewFolder(files),
      ...base !== undefined && { base, inputs: [{ ref: base }] },
      signal,
    });
    const saved = await save.catch((error) => {
      if (!isRegistryError(error, "AlreadyExists")) throw error;
    });
    return { version: saved?.version ?? version, isNew: saved?.skipped === false };
  }

  async #annotate(name: string, version: string | undefined, found: Annotated): Promise<void> {
    const of = version === undefined ? name : `${name}@${version}`;
    for (const reason of await this.#annotations.add(name, version, found)) {
      this.#leave("left", of, reason);
    }
    if (version === undefined || this.#options.dryRun) return;
    await found.keep?.(this.#registry, { name, version });
  }

  async #filesOf({ run, folder }: NonNullable<FoundVersion["from"]>) {
    const version = (await this.#runs.of(run.name)).runs.get(run.id)?.version;
    if (version === undefined || this.#runs.lacks(run)) return undefined;
    return await filesOfRun(this.#registry, { name: run.name, version, folder });
  }

  /** Sets aliases, labels and notes, unless others were set here. */
  async #describe(
    { name, labels, notes, aliases }: FoundModel,
    { known, isNew }: { known: ReadonlyMap<string, string>; isNew: ReadonlySet<string> },
  ): Promise<void> {
    await this.#annotate(name, undefined, { labels, notes });
    const found = [...aliases].flatMap(([alias, id]): [string, string][] => {
      const version = known.get(id);
      if (version !== undefined) return [[alias, version]];
      this.#leave("left", `${name}@${alias}`, `${id} was not imported`);
      return [];
    });
    await this.#setAliases(name, found, isNew);
  }

  async #writeAliases({ name, runs }: FoundAliases): Promise<void> {
    const { runs: here, saved } = await this.#runs.of(name);
    const aliases = [...runs].flatMap(([alias, { id, commit }]): [string, string][] => {
      const found = [here.get(id), here.get(commit)].find((run) => run?.commit === commit);
      return found === undefined ? [] : [[alias, found.version]];
    });
    await this.#setAliases(name, aliases, saved);
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
      if (present.get(alias) === version) continue;
      await this.#try(`${name}@${alias}`, async () => {
        const reason = isNew.has(version)
          ? undefined
          : await reasonToKeep(this.#registry, name, { alias, version });
        if (reason !== undefined) return this.#leave("left", `${name}@${alias}`, reason);
        if (this.#options.dryRun) {
          await withDryVersion(name, (registry) => registry.setAlias(name, alias, "1.0.0"));
        } else await this.#registry.setAlias(name, alias, version);
        this.report.aliases++;
      });
    }
  }
}

function spoken({ name, id }: RunKey): string {
  return `run ${id} of ${shown(name)}`;
}

function worded({ message, hint }: RegistryError): string {
  return hint === undefined ? message : `${message}. ${hint}`;
}
