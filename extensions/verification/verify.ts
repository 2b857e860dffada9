// Verifies a registry: reads and checks everything.
import { isPrefix } from "../../backends/mod.ts";
import type { Ref, Registry } from "../../mod.ts";
import type { SignalOptions } from "../../registry/mod.ts";
import {
  checkToolOptions,
  forEachAtOnce,
  notFound,
  parseRef,
  parseVersion,
} from "../../core/kernel.ts";
import type { RegistryError } from "../../core/kernel.ts";
import type { VersionRecord } from "../../registry/extending.ts";
import { LAYOUT, readInput, type Records, recordsOf } from "../../registry/records.ts";
import { Readings } from "./readings.ts";
import { addProblem, asProblem } from "./report.ts";
import type {
  VerifyOptions,
  VerifyProblem,
  VerifyRecordsOptions,
  VerifyReport,
  VerifyUnseen,
} from "./report.ts";
import { checkSample, windowOfDay, windowsOf } from "./sample.ts";
import { checkShard, Selection } from "./selection.ts";
import { VerifiedFiles } from "./verified_files.ts";
import { verifyRecords } from "./verify_records.ts";

const ACTION = "verify the registry";

/** Implements `verifyRegistry` of `extensions/maintenance/mod.ts`. */
export async function verifyRegistry(
  registry: Registry,
  options: VerifyOptions = {},
): Promise<VerifyReport> {
  const { names, repairFrom, shard, sample, listed = false, signal } = options;
  const { deep = !listed || sample !== undefined } = options;
  checkOptions({ repairFrom, shard, sample, deep });
  // without the cache: the data of the store is to be verified
  const context = recordsOf(registry, ACTION).findingLost({ cached: false });
  const report = emptyReport();
  if (listed) report.listed = { objects: 0, bytes: 0 };
  const startedAt = context.system.now();
  const isNoted = names === undefined && deep;
  const open = async () => await Readings.open(context, { shard, startedAt, signal });
  let readings = isNoted && (sample ?? shard) !== undefined ? await open() : undefined;
  const windows = windowsOf(sample ?? 1);
  const window = readings?.next(windows) ?? windows[windowOfDay(windows, startedAt)]!;
  if (windows.length > 1) report.later = { runs: windows.length, bytes: 0 };
  const selection = new Selection(shard, window);
  const verified = new VerifiedFiles(context.threads, selection);
  let hasReadings: boolean;
  try {
    hasReadings = await verifyPlaces(context, report, { ...options, deep, selection, verified });
  } finally {
    await verified.end();
  }
  if (repairFrom !== undefined) await repair(context, repairFrom, report, options);
  if (isNoted && hasReadings) readings ??= await open();
  const isRight = !verified.isPartial &&
    !report.problems.some((problem) => verified.concerns(problem));
  await readings?.note(window, isRight);
  const coverage = readings?.coverage();
  if (coverage !== undefined) report.coverage = coverage;
  report.ok = report.problems.length === 0;
  return report;
}

function checkOptions(
  { repairFrom, shard, sample, deep }: VerifyOptions & { deep: boolean },
): void {
  if (repairFrom !== undefined) checkToolOptions("repair from it", repairFrom, {});
  if (shard !== undefined) checkShard(ACTION, shard);
  if (sample !== undefined) checkSample(ACTION, sample, deep);
}

function emptyReport(): VerifyReport {
  const unseen: VerifyUnseen = { names: 0, files: 0, generations: 0, auxiliary: 0, strangers: 0 };
  return { ok: true, versions: 0, records: 0, files: 0, bytes: 0, problems: [], unseen };
}

/**
 * Verifies all places of the registry, or those of the requested names. Returns true if it saw notes
 * of earlier runs.
 */
async function verifyPlaces(
  context: Records,
  report: VerifyReport,
  options: Omit<VerifyRecordsOptions, "onRecord">,
): Promise<boolean> {
  const { names, selection, deep = true, signal } = options;
  const { unseen } = report;
  const lineage = new LineageCheck(context, selection);
  const counting = { selection, unseen, signal };
  const onRecord = names === undefined
    ? (record: VersionRecord) => lineage.learn(record)
    : undefined;
  const verify = (prefix: string) =>
    verifyRecords(context, prefix, report, { ...options, deep, onRecord });
  await verify(LAYOUT.SETTINGS);
  if (names === undefined) {
    await verify(LAYOUT.NAMES);
    await countStrangers(context, LAYOUT.OBJECTS, counting);
    const hasReadings = await countOthers(context, counting);
    await lineage.check(report, options);
    return hasReadings;
  } else {
    const requested = new Set<string>();
    for await (const ref of names) {
      const { name, selector } = parseRef(ref);
      await context.checkName(name, signal);
      requested.add(name);
      if (selector.kind !== "latest" || ref.includes("@")) {
        await verify(await cellOfRef(context, parseRef(ref), signal));
        continue;
      }
      await verify(LAYOUT.nameFolder(name));
      await countStrangers(context, LAYOUT.objectsFolder(name), counting);
    }
    for await (const name of context.names(LAYOUT.NAMES, { signal })) {
      if (selection.owns(LAYOUT.nameFolder(name)) && !requested.has(name)) unseen.names++;
    }
    return false;
  }
}

/** Repairs damaged files and missing lineage notes. */
async function repair(
  to: Records,
  copy: Registry,
  report: VerifyReport,
  { signal }: VerifyOptions,
): Promise<void> {
  to.checkWritable("repair it");
  const from = recordsOf(copy, "repair from it").findingLost({ cached: false });
  const { FileRepair } = await import("./repair.ts");
  const isLineage = ({ key }: VerifyProblem) =>
    key.startsWith(LAYOUT.LINEAGE) || LAYOUT.parseReleasedMark(key) !== undefined;
  const { notes = [], files = [], others = [] } = Object.groupBy(
    report.problems,
    (problem) => isLineage(problem) ? "notes" : problem.path === undefined ? "others" : "files",
  );
  const reason = "a mirror has records and lists of files of its own";
  report.problems = others.map((other) => other.code === "Corrupt" ? { ...other, reason } : other);
  report.repaired = notes;
  for (const { key } of notes) await to.backend.put(key, new Uint8Array(), { signal });
  for (const [name, its] of Map.groupBy(files, ({ record }) => LAYOUT.parseCellKey(record)!.name)) {
    const failures = await new FileRepair(to, from, signal).repair(name, its);
    for (const problem of its) {
      const reason = failures.get(problem)?.message;
      if (reason === undefined) report.repaired.push(problem);
      else report.problems.push({ ...problem, reason });
    }
  }
}

/** Returns the cell of a version, which may be damaged. */
async function cellOfRef(context: Records, ref: Ref, signal?: AbortSignal): Promise<string> {
  const { name, selector } = ref;
  const { versioned } = context.settings;
  const cell = selector.kind === "version" && LAYOUT.versionCell(name, selector.version, versioned);
  if (cell && await context.head(cell, signal) !== undefined) return cell;
  return (await context.find(ref, { signal })).cell;
}

interface Counting extends SignalOptions {
  selection: Selection;
  unseen: VerifyUnseen;
}

/** Counts an object or a folder that is not verified, if it belongs to the shard. */
function count(
  { selection, unseen }: Counting,
  kind: "auxiliary" | "strangers",
  key: string,
): void {
  if (selection.owns(key)) unseen[kind]++;
}

async function countStrangers(context: Records, prefix: string, counting: Counting): Promise<void> {
  const { signal } = counting;
  const onFailure = (_: unknown, key: string) => count(counting, "strangers", key);
  for await (const { key } of context.list(prefix, { signal, onFailure })) {
    if (LAYOUT.parsePayloadKey(key) === undefined) count(counting, "strangers", key);
  }
}

/** Counts objects other than records and payload. Returns true if there are notes of `verify`. */
async function countOthers(context: Records, counting: Counting): Promise<boolean> {
  const { signal } = counting;
  let hasReadings = false;
  for await (const top of context.backend.list("", { delimiter: "/", signal })) {
    if (!isPrefix(top)) count(counting, "strangers", top.key);
    else if (
      ![
        LAYOUT.SETTINGS,
        LAYOUT.NAMES,
        LAYOUT.OBJECTS,
        LAYOUT.LINEAGE,
      ].includes(top.prefix)
    ) {
      const kind = LAYOUT.AUXILIARY.includes(top.prefix) ? "auxiliary" : "strangers";
      const onFailure = (_: unknown, key: string) => count(counting, "strangers", key);
      for await (const { key } of context.list(top.prefix, { signal, onFailure })) {
        if (key.startsWith(LAYOUT.READINGS)) hasReadings = true;
        else count(counting, kind, key);
      }
    }
  }
  return hasReadings;
}

/** Compares the inputs in records with the lineage notes. */
export class LineageCheck {
  readonly #context: Records;
  readonly #selection: Selection;
  readonly #expected = new Map<string, { ref: string; record: string }>();
  readonly #inputs = new Set<string>();

  constructor(context: Records, selection: Selection) {
    this.#context = context;
    this.#selection = selection;
  }

  learn(record: VersionRecord): void {
    const { settings } = this.#context;
    const { name, generation, inputs } = record;
    if (inputs === undefined) return;
    const version = parseVersion(record.version);
    const cell = LAYOUT.versionCell(name, version, settings.versioned);
    const from = {
      ref: `${name}@${version.canonical}`,
      record: LAYOUT.recordKey(cell, generation),
    };
    for (const key of this.#context.lineageKeys({ ...record, version, inputs })) {
      this.#expected.set(key, from);
    }
    for (const input of inputs) {
      const { name, version } = readInput(this.#context, input);
      if (name === undefined || version === undefined) continue;
      this.#inputs.add(LAYOUT.versionCell(name, version, settings.versioned));
    }
  }

  async check(report: VerifyReport, options: Omit<VerifyOptions, "names">): Promise<void> {
    const { signal } = options;
    const context = this.#context, expected = this.#expected;
    const lineage = report.lineage = { notes: 0, stale: 0, dangling: 0 };
    const onFailure = (error: RegistryError, key: string) =>
      addProblem(report, asProblem("lineage", key, error), options);
    for await (
      const { key } of context.list(LAYOUT.LINEAGE, { signal, onFailure })
    ) {
      const note = LAYOUT.parseLineageKey(key);
      const cell = note && LAYOUT.versionCell(note.name, note.version, context.settings.versioned);
      if (!this.#selection.owns(cell ?? key)) continue;
      if (note === undefined) report.unseen.strangers++;
      else if (++lineage.notes && !expected.delete(key)) lineage.stale++;
    }
    await forEachAtOnce(this.#inputs, async (cell) => {
      const head = await context.head(cell, signal);
      if (head === undefined || head.dead) lineage.dangling++;
    });
    for (const [key, { ref, record }] of expected) {
      if (await context.backend.head(record, { signal }) === undefined) continue; // collected
      if (await isMarked(context, key, signal)) continue;
      addProblem(report, asProblem(ref, key, missing(ref, key)), options);
    }
  }
}

/** Returns true if a key is a mark of a release and there, or an early program wrote its mark. */
async function isMarked(
  { backend }: Records,
  key: string,
  signal?: AbortSignal,
): Promise<boolean> {
  const mark = LAYOUT.parseReleasedMark(key);
  if (mark === undefined) return false;
  if (await backend.head(key, { signal }) !== undefined) return true;
  return (await backend.head(LAYOUT.earlyReleasedMark(mark.name), { signal }))?.size === 0;
}

function missing(ref: string, key: string): RegistryError {
  const state = "it was deleted by another program or lost in a power failure";
  const hint = `Write an empty object with the key ${key}.`;
  return notFound("read the lineage note of", `"${ref}"`, state, { hint, key });
}
