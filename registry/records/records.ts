// The records of a registry, as programs see them that look at all of them or write them.
//
//   const records = recordsOf(registry, "count deletions"); // throws for a client of a service
//   for await (const { name, entries } of records.pass()) … // each name, with the keys of its objects
//   const head = await records.head(cell); // the newest record of a cell, `head.dead` if deleted
//   const found = head && await records.read(head); // undefined if it was collected meanwhile
//
// Keys come from `LAYOUT`. Reads throw `Corrupt` for damage; a program that goes on past it asks
// `asPartial` whether the store answers otherwise. Records never change: `write` adds one above the
// head.
import type { Artifact } from "../../core/artifact.ts";
import { type Backend, isPrefix, type ObjectInfo } from "../../core/backend.ts";
import type { RegistryError } from "../../core/errors.ts";
import type { Author } from "../../core/naming/author.ts";
import { decodeName, encodeNamePrefix } from "../../core/naming/names.ts";
import type { Ref } from "../../core/naming/refs.ts";
import type {
  AnyRecord,
  RegistrySettings,
  RetentionRule,
  SettingsRecord,
  StoredFile,
  VersionRecord,
} from "../../core/record.ts";
import type { CheckedOptions, SaveOptions } from "../../core/registry/operations/saving.ts";
import type { Logger, SavedArtifact, SignalOptions } from "../../core/registry.ts";
import type { System } from "../../core/system.ts";
import { removeObjects } from "../../core/work/remove_objects.ts";
import { listAgain, wrapBackend } from "../../core/work/wrap_backend.ts";
import { createArtifact } from "../cache/read.ts";
import type { KnownHead } from "../cell/cell.ts";
import { FileList, readObjects, type RecordObjects } from "../cell/file_list.ts";
import { bindingGraceMs, graceAt, readGraces } from "../cell/graces.ts";
import {
  type FoundRecord,
  type Head,
  listHeads,
  type Located,
  readHead,
  readRecord,
} from "../cell/heads.ts";
import { joinRanges, type ObjectRange, rangesOf } from "../cell/object_ranges.ts";
import { objectsOf, ownPlace, type PayloadObject } from "../cell/objects.ts";
import { type Operation, startOperation } from "../cell/operation.ts";
import { settle, settleVersion } from "../cell/settle.ts";
import { isVoid, mayBecomeVoid } from "../cell/voids.ts";
import { setAlias } from "../operations/aliases.ts";
import { checkWritable, type Context } from "../operations/context.ts";
import { lineageKeys } from "../operations/lineage/inputs.ts";
import { checkKnown } from "../operations/listing.ts";
import { orGone, payloadSource } from "../operations/load.ts";
import { locate, readVersion } from "../operations/resolve.ts";
import { saveFiles } from "../operations/save.ts";
import type { FilesOfArtifact } from "../operations/saving/attempt.ts";
import { checkSave } from "../operations/saving/check_options.ts";
import {
  checkGraceChange,
  readSettingsRecord,
  writeSettings,
} from "../operations/stored_settings.ts";
import { findingLostObjects } from "../pass/lost_objects.ts";
import { type ListedName, listInOrder, passNames, type RecordsPass } from "../pass/pass_names.ts";
import { asPartial, listReadable } from "../pass/readable.ts";
import { type PayloadSource, type ReadFilesOptions, StoreReader } from "../payload/store_reader.ts";
import type { GroupedVersion } from "./save_groups.ts";
import { NameRecords } from "./name_records.ts";
import { Notes } from "./notes.ts";
import { StoredDraft } from "./stored_draft.ts";
import { type NewRecord, type RecordWrite, writeRecord } from "./write_record.ts";

/** The records of a registry, its payload, and the facts of its store. */
export class Records {
  static readonly #known = new WeakMap<Context, Records>();
  readonly backend: Backend;
  readonly system: System;
  readonly logger: Logger;
  readonly id: string;
  readonly settings: Readonly<RegistrySettings>;
  readonly readOnly: boolean;
  /** The author of records that no sender of a request causes, if known. */
  readonly author?: Author;
  /** How long an unanswered request is retried, milliseconds. */
  readonly retryForMs: number;
  /** Number of threads that read and verify a large file. */
  readonly threads: number;
  /** Notes that runs leave for later ones. */
  readonly notes: Notes;
  readonly #context: Context;

  private constructor(context: Context) {
    this.#context = context;
    this.notes = new Notes(context);
    ({ backend: this.backend, system: this.system, logger: this.logger } = context);
    ({ id: this.id, settings: this.settings, readOnly: this.readOnly } = context);
    ({ author: this.author, retryForMs: this.retryForMs, threads: this.threads } = context);
  }

  /** Returns the records in a context: always the same for that of a registry. */
  static of(context: Context): Records {
    const known = Records.#known.get(context) ?? new Records(context);
    Records.#known.set(context, known);
    return known;
  }

  /** Returns the time of the store, milliseconds, as far as it is known. */
  now(): number {
    const { system, clockOffset } = this.#context;
    return system.now() + (clockOffset?.ms ?? 0);
  }

  /** Throws `Denied` if the registry was opened read-only. */
  checkWritable(action: string): void {
    checkWritable(this.#context, action);
  }

  /**
   * Returns them as folders were listed before. Records may have been replaced and collected since:
   * then reading one throws `Corrupt`, and so may reading others.
   */
  asListed(folders: readonly { folder: string; entries: readonly ObjectInfo[] }[]): Records {
    const { backend } = this;
    const list: Backend["list"] = (prefix, options = {}) => {
      const within = folders.find(({ folder }) => prefix.startsWith(folder));
      return within === undefined || options.delimiter !== undefined
        ? backend.list(prefix, options)
        : listAgain(within.entries, prefix, options);
    };
    const listed = wrapBackend(backend, { list, getFirst: undefined });
    return new Records({ ...this.#context, backend: listed });
  }

  /**
   * Returns them so that an object which the store cannot return, although it answers, is `Corrupt`.
   *
   * @param cached false reads only the store, also what is cached here
   */
  findingLost({ cached }: { cached: boolean }): Records {
    const context = this.#context;
    return new Records(findingLostObjects(cached ? context : { ...context, cache: undefined }));
  }

  /** Lists the objects below a prefix. Reports places that cannot be listed, and skips them. */
  list(prefix: string, options: Parameters<typeof listReadable>[2]): AsyncGenerator<ObjectInfo> {
    return listReadable(this.#context, prefix, options);
  }

  /** Returns the failure of one place. Throws others, and if the settings are unreadable too. */
  asPartial(error: unknown, signal?: AbortSignal): Promise<RegistryError> {
    return asPartial(this.#context, error, signal);
  }

  /** Yields every name that has a record, with the keys of its objects. */
  pass({ folder, ...options }: RecordsPass = {}): AsyncGenerator<ListedName> {
    return folder === undefined
      ? passNames(this.#context, options)
      : listInOrder(this.#context, folder, options);
  }

  /** Yields the names of the folders in a folder, decoded, that begin so. */
  async *names(
    folder: string,
    { prefix = "", signal }: SignalOptions & { prefix?: string } = {},
  ): AsyncGenerator<string> {
    const options = { delimiter: "/", signal } as const;
    for await (const entry of this.backend.list(folder + encodeNamePrefix(prefix), options)) {
      const name = isPrefix(entry) ? decodeName(entry.prefix.slice(folder.length, -1)) : undefined;
      if (name !== undefined) yield name;
    }
  }

  /** Reads the head of a cell; undefined if none was ever written. */
  head(cell: string, signal?: AbortSignal): Promise<Head | undefined> {
    return readHead(this.#context, cell, signal);
  }

  /** Returns what the registry has of one name. */
  ofName(name: string): NameRecords {
    return new NameRecords(this.#context, name);
  }

  /** Reads a record; undefined if it is not there. Throws `Corrupt` for damage. */
  read(at: string | Head, signal?: AbortSignal): Promise<FoundRecord | undefined> {
    return readRecord(this.#context, at, signal);
  }

  /** Yields the records of a cell, newest first, without those that are collected meanwhile. */
  async *history(
    cell: string,
    { after, signal }: { after?: string; signal?: AbortSignal } = {},
  ): AsyncGenerator<FoundRecord & { head: Head }> {
    for await (const head of listHeads(this.#context, cell, { after, signal })) {
      const found = await this.read(head, signal);
      if (found !== undefined) yield { ...found, head };
    }
  }

  /** Reads the version of a cell; undefined if it is deleted, expired, or was never written. */
  version(
    cell: string,
    options: { head?: Head; signal?: AbortSignal } = {},
  ): Promise<Located | undefined> {
    return readVersion(this.#context, cell, options);
  }

  /** Reads the version of a ref. Throws `NotFound`, naming the missing part. */
  find(ref: Ref, options?: SignalOptions): Promise<Located> {
    return locate(this.#context, ref, options);
  }

  /** Throws `NotFound` for a name that never had a version. */
  checkName(name: string, signal?: AbortSignal): Promise<void> {
    return checkKnown(this.#context, name, signal);
  }

  /** True for a record that landed late, and has lost payload: it does not count. */
  isVoid(found: FoundRecord, signal?: AbortSignal): Promise<boolean> {
    return isVoid(this.#context, found, signal);
  }

  /** True for a record that was found void before. */
  isKnownVoid(key: string): boolean {
    return this.#context.voids.has(key);
  }

  /** True for a record that landed late and has payload: it becomes void once that is gone. */
  mayBecomeVoid(found: FoundRecord, signal?: AbortSignal): Promise<boolean> {
    return mayBecomeVoid(this.#context, found, signal);
  }

  /** Returns the place of the payload of a version, as in `from` of its files. */
  placeOf(record: VersionRecord): string {
    return ownPlace(this.#context, record);
  }

  /** Returns the payload objects that a record names itself: of a long list of files, only the list. */
  objects(record: AnyRecord | undefined): PayloadObject[] {
    return objectsOf(this.#context, record);
  }

  /** Returns all payload objects that a record keeps. Reads a long list of files. */
  async readObjects(
    record: VersionRecord,
    { ranges: isAsked = false, signal }: {
      /** Also return what of them its files use. @default false */
      ranges?: boolean;
      signal?: AbortSignal;
    } = {},
  ): Promise<RecordObjects & { ranges: ObjectRange[] }> {
    const own = this.placeOf(record);
    const ranges: ObjectRange[] = [];
    const onFiles = (files: readonly StoredFile[]) => {
      for (const range of rangesOf(files, own)) ranges.push(range);
    };
    const options = { onFiles: isAsked ? onFiles : undefined, signal };
    return { ...await readObjects(this.#context, record, options), ranges: joinRanges(ranges) };
  }

  /** Returns the files of a version, which are read when they are asked for. */
  files(record: VersionRecord, options: SignalOptions): FileList {
    return new FileList(this.#context, record, options);
  }

  /** Reads where the files of a version are; with `only`, that of this one. */
  source(located: Located, signal?: AbortSignal, only?: string): Promise<PayloadSource> {
    return payloadSource(this.#context, located, signal, only);
  }

  /** Throws an error of reading the files of a version, or why an object of their list is missing. */
  orGone(located: Located, error: unknown): Promise<never> {
    return orGone(this.#context, located, error);
  }

  /** Returns a reader of stored bytes, which it verifies. */
  reader(source: PayloadSource, options: ReadFilesOptions): StoreReader {
    return new StoreReader(this.#context, source, options);
  }

  /** Returns files as an artifact. */
  artifact(source: PayloadSource, options: ReadFilesOptions): Artifact {
    return createArtifact(this.#context, source, options);
  }

  /** Returns the keys of the lineage notes of a version with inputs. */
  lineageKeys(version: Parameters<typeof lineageKeys>[1]): string[] {
    return lineageKeys(this.#context, version);
  }

  /**
   * Returns how long data that was replaced at `moment` is kept, milliseconds; by default, how long
   * data is that was replaced at any time.
   */
  async graceMs(
    { now, moment }: { now: number; moment?: undefined } | { moment: number; now?: undefined },
    signal?: AbortSignal,
  ): Promise<number> {
    const graces = await readGraces(this.#context, signal);
    return moment === undefined ? bindingGraceMs(graces, now) : graceAt(graces, moment);
  }

  /** Makes a record durable that another program may have left unsynced, and all it refers to. */
  async settle(written: FoundRecord | string, signal?: AbortSignal): Promise<void> {
    await (typeof written === "string"
      ? settle(this.#context, [written], signal)
      : settleVersion(this.#context, written, signal));
  }

  /** Begins an operation, whose deadline starts with its first request. */
  begin(action: string, signal?: AbortSignal): Pick<Operation, "checkSend" | "checkCommit"> {
    return startOperation(this.#context, action, signal);
  }

  /** Removes objects. Returns the errors of those it could not remove, by key. Throws on aborts. */
  remove(keys: readonly string[], signal?: AbortSignal): Promise<Map<string, Error>> {
    return removeObjects(this.backend, keys, signal);
  }

  /**
   * Writes a record above the head of a cell, and tries again after each lost race.
   *
   * @param next returns the record above this head; undefined leaves the cell as it is. May throw
   * @returns the written generation, or undefined if the cell was left as it is
   */
  write(
    cell: string,
    options: RecordWrite,
    next: (head: KnownHead | undefined) => NewRecord | undefined,
  ): Promise<number | undefined> {
    return writeRecord(this.#context, { cell, ...options }, next);
  }

  /** Retention rules when they were last read. */
  get rules(): readonly RetentionRule[] {
    return this.#context.rules;
  }

  /** Reads the settings of the registry by now. */
  readSettings(signal?: AbortSignal): Promise<SettingsRecord> {
    return readSettingsRecord(this.#context, signal);
  }

  /** Writes settings with some members changed; undefined leaves them as they are. */
  async writeSettings(
    action: string,
    change: (record: SettingsRecord) => Partial<SettingsRecord["settings"]> | undefined,
    signal?: AbortSignal,
  ): Promise<void> {
    await writeSettings(this.#context, action, (record) => {
      const changed = change(record);
      if (changed?.graceMs !== undefined) checkGraceChange(this.#context, changed.graceMs);
      return changed;
    }, signal);
    this.#context.rulesReadAtMs = -Infinity; // so that the next write reads them
  }

  /** Sets an alias as a mirror does, with the origin of the change. */
  setAlias(names: Parameters<typeof setAlias>[1], options: SignalOptions): Promise<void> {
    return setAlias(this.#context, names, options);
  }

  /** Lists the objects of a draft, which need not exist. */
  draft(of: { name: string; id: string }, signal?: AbortSignal): Promise<StoredDraft> {
    return StoredDraft.list(this.#context, of, signal);
  }

  /** Throws for options that no save takes. */
  checkSave(name: string, options: SaveOptions): void {
    checkSave(this.#context, name, options);
  }

  /** True if a list of files of so many bytes is stored in pages. */
  storesPages(bytes: number): boolean {
    return bytes > this.#context.pageLimits.listBytes;
  }

  /** Saves a version some files at a time. */
  async saveGroups(
    version: GroupedVersion,
    options: SaveOptions & CheckedOptions,
  ): Promise<SavedArtifact> {
    const { saveGroups } = await import("./save_groups.ts"); // rarely used
    return await saveGroups(this.#context, version, options);
  }

  /** Saves files as a version. */
  save(artifact: FilesOfArtifact, options: SaveOptions & CheckedOptions): Promise<SavedArtifact> {
    return saveFiles(this.#context, artifact, options);
  }
}
