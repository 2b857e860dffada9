// Verifies the newest record of a version, with the list of its files and their bytes.
import type { Version } from "../../mod.ts";
import { corrupt, isRegistryError, notFound } from "../../core/kernel.ts";
import type { createLimit, RegistryError } from "../../core/kernel.ts";
import type { Head } from "../../registry/extending.ts";
import { corruptRecord, LAYOUT, readThrough } from "../../registry/records.ts";
import type { Located, PayloadSource, Records } from "../../registry/records.ts";
import { groupedFiles } from "./file_groups.ts";
import type { ObjectsOfName } from "./listed_objects.ts";
import type { VerifyRecordsOptions, VerifyReport } from "./report.ts";
import type { Amounts } from "./selection.ts";

/** A problem of a version or of one of its files. */
export interface Damage {
  error: RegistryError;
  path?: string;
}

interface ListedVersion {
  name: string;
  version: Version;
  head: Head;
  /** False for a version of another shard. */
  isOwn: boolean;
  /** The listed payload of its name, if sizes are compared. */
  objects?: ObjectsOfName;
}

interface VerifyVersionOptions extends VerifyRecordsOptions {
  /** Limits how many versions are read. */
  inTurn: ReturnType<typeof createLimit>;
}

/** Verifies a version, and counts it in the report. Returns its problems. */
export async function verifyVersion(
  context: Records,
  listed: ListedVersion,
  report: VerifyReport,
  options: VerifyVersionOptions,
): Promise<Damage[]> {
  return await new VersionCheck(context, listed, report, options).run();
}

/** Bytes and files that a version adds to the report. */
interface Total {
  bytes: number;
  later: number;
  files: number;
  unseen: number;
}

class VersionCheck {
  readonly #context: Records;
  readonly #listed: ListedVersion;
  readonly #report: VerifyReport;
  readonly #options: VerifyVersionOptions;
  readonly #cell: string;

  constructor(
    context: Records,
    listed: ListedVersion,
    report: VerifyReport,
    options: VerifyVersionOptions,
  ) {
    this.#context = context;
    this.#listed = listed;
    this.#report = report;
    this.#options = options;
    this.#cell = LAYOUT.cellOf(listed.head.key);
  }

  async run(): Promise<Damage[]> {
    const context = this.#context;
    const { head, isOwn } = this.#listed;
    const { verified, inTurn, signal, onRecord } = this.#options;
    let listed: Head | undefined = head;
    for (;; listed = undefined) { // the listing is used in the first attempt only
      try {
        const located = await context.version(this.#cell, { head: listed, signal });
        const problem = context.isKnownVoid(head.key) ? expiredRecord(head.key) : undefined;
        if (located === undefined) {
          return damageBy(problem ?? await scrubbedHead(context, head, signal));
        }
        if (isOwn) onRecord?.(located.record);
        return await inTurn(() => this.#checkFiles(located, problem));
      } catch (error) {
        if (isRegistryError(error, "Conflict")) continue; // overwritten or expired meanwhile
        verified.isPartial = true;
        return this.#counted(await context.asPartial(error, signal));
      }
    }
  }

  /** @param problem that of the record, which damage of its files explains */
  async #checkFiles(located: Located, problem?: RegistryError): Promise<Damage[]> {
    const { isOwn, objects } = this.#listed;
    const { deep, verified, signal } = this.#options;
    const { count, digest, groups } = await groupedFiles(this.#context, located, signal);
    if (isOwn && await digest() !== located.record.digest) {
      const { key } = located.found.info;
      verified.isPartial = true;
      return this.#counted(corruptRecord(key, "its digest does not match its files"));
    }
    if (!deep && objects === undefined) {
      this.#report.unseen.files += count;
      return this.#counted(problem);
    }
    const damaged = await this.#readFiles(groups());
    return [...damaged, ...this.#counted(damaged.length === 0 ? problem : undefined)];
  }

  async #readFiles(groups: AsyncIterable<PayloadSource>): Promise<Damage[]> {
    const report = this.#report;
    const { head, isOwn, objects } = this.#listed;
    const { deep, verified } = this.#options;
    const damaged: Damage[] = [];
    const total: Total = { bytes: 0, later: 0, files: 0, unseen: 0 };
    for await (const source of groups) {
      const differing = await objects?.check(source, isOwn);
      for (const [file, error] of differing ?? []) {
        if (isOwn) damaged.push({ path: file.path, error });
        verified.passOver(source, file, { cell: this.#cell, record: head.key, isOwn });
      }
      const rest = source.files.filter((file) => !differing?.has(file));
      if (deep) await this.#readGroup({ ...source, files: rest }, damaged, total);
      else total.unseen += source.files.length;
    }
    report.bytes += total.bytes;
    report.files += total.files;
    report.unseen.files += total.unseen;
    if (report.later !== undefined) report.later.bytes += total.later;
    return damaged.sort((a, b) => a.path! < b.path! ? -1 : 1);
  }

  async #readGroup(source: PayloadSource, damaged: Damage[], total: Total): Promise<void> {
    const { verified, signal } = this.#options;
    const reading = { verify: "integrity" as const, signal };
    const reader = this.#context.reader(source, reading);
    const artifact = this.#context.artifact(source, reading);
    const amounts = new Map<string, Amounts>();
    const onFile = (path: string, its: Amounts) => void amounts.set(path, its);
    const verify = verified.reading(source, reader, { cell: this.#cell, onFile, signal });
    await readThrough(artifact, undefined, async (file, readAll) => {
      try {
        await verify(file, readAll);
      } catch (error) {
        if (!isRegistryError(error, "Corrupt")) throw error;
        damaged.push({ error, path: file.path });
        amounts.delete(file.path);
      }
    });
    for (const { first, now, later } of amounts.values()) {
      total.bytes += now;
      total.later += later;
      if (first === "now") total.files++;
      if (first === "later") total.unseen++;
    }
  }

  #counted(problem: RegistryError | undefined): Damage[] {
    const { name, version, isOwn } = this.#listed;
    const report = this.#report;
    if (isOwn) report.versions++;
    this.#options.onProgress?.({
      versions: report.versions,
      bytes: report.bytes,
      ref: `${name}@${version.canonical}`,
    });
    return damageBy(problem);
  }
}

function damageBy(error: RegistryError | undefined): Damage[] {
  return error === undefined ? [] : [{ error }];
}

/** Makes the error of a record without content that is the newest: records above it are lost. */
async function scrubbedHead(
  context: Records,
  { key }: Head,
  signal?: AbortSignal,
): Promise<RegistryError | undefined> {
  const record = (await context.read(key, signal))?.record;
  if (
    record?.kind !== "scrubbed" ||
    (await context.head(LAYOUT.cellOf(key), signal))?.key !== key
  ) {
    return undefined;
  }
  const state = "its content was collected as garbage, so a newer record is missing";
  const hint = "Restore the newer records of this version from a backup.";
  return corrupt("find records above", `"${key}"`, state, { hint, key });
}

function expiredRecord(key: string): RegistryError {
  const state =
    "the record is expired: its payload was collected as garbage before the record was written";
  const hint = "The save failed. Save it again if you need it; earlier records are valid.";
  return notFound("use record", `"${key}"`, state, { hint, key });
}
