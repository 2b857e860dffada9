// The stored parts of a run, by kind and in their order, and their files.
import {
  concatBytes,
  isJsonObject,
  isRegistryError,
  notFound,
  parsedJson,
} from "../../core/kernel.ts";
import type { Registry } from "../../mod.ts";
import type { RegistryError } from "../../core/kernel.ts";
import type { ArtifactFile } from "../../materializers/mod.ts";
import type { RunName } from "../../core/registry/run.ts";
import { type Records, recordsOf, type StoredDraft } from "../../registry/records.ts";
import {
  begunPart,
  draftIdOf,
  failedPart,
  FIRST_AGAIN,
  parseRunPart,
  type RunPart,
  spokenRun,
} from "./run_parts.ts";
import { runReasons } from "./reasons.ts";

export { checkFacts } from "./check_facts.ts";

const decoder = new TextDecoder();

/** A part with points of one writer. */
export type PointsPart = Extract<RunPart, { kind: "points" }> & { part: string };

export interface RunLook {
  draft: StoredDraft;
  /** Ids of all writers, the earliest first. */
  writers: string[];
  /** The part of the first writer; undefined if no program began it. */
  first?: string;
  /** Parts with parameters and tags, in their order. */
  changes: string[];
  /** Writers that failed, and whose failure is that of the run, the last one first. */
  failed: string[];
  /** In the order of writers and of their points. */
  points: PointsPart[];
}

/** Lists what a run has stored. */
export async function lookAtRun(
  context: Records,
  run: RunName,
  signal?: AbortSignal,
): Promise<RunLook> {
  return lookIn(await context.draft({ name: run.name, id: draftIdOf(run) }, signal));
}

/** Returns what a run has stored: what its draft listed, and what was added by it since. */
export function lookIn(draft: StoredDraft): RunLook {
  const begun: StoredPart[] = [], failed: StoredPart[] = [], changes: string[] = [];
  const points: (PointsPart & StoredPart)[] = [];
  for (const [part, [{ commit, info: { modifiedAt } }]] of draft.parts) {
    const parsed = parseRunPart(part);
    const at = { commit, modifiedAt };
    if (parsed?.kind === "points") points.push({ ...parsed, ...at, part });
    else if (parsed?.kind === "meta") changes.push(part);
    else if (parsed?.kind === "failed") failed.push({ ...parsed, ...at });
    else if (parsed && parsed.writer !== FIRST_AGAIN) begun.push({ ...parsed, ...at });
  }
  const byWriter = (a: StoredPart, b: StoredPart) => a.writer < b.writer ? -1 : 1;
  // Many stores tell time in seconds. Commits begin with the milliseconds of their machine.
  const byTime = (a: StoredPart, b: StoredPart) =>
    a.modifiedAt - b.modifiedAt || (a.commit < b.commit ? -1 : 1);
  points.sort((a, b) => a.writer === b.writer ? a.first - b.first : byWriter(a, b));
  const writers = begun.sort(byWriter).map(({ writer }) => writer);
  // A failure counts until another writer begins or logs.
  const goesOn = (failure: StoredPart) =>
    [...begun, ...points].some((other) =>
      other.writer !== failure.writer && byTime(other, failure) > 0
    );
  return {
    draft,
    writers,
    first: writers[0] && begunPart(writers[0]),
    changes: changes.sort(),
    failed: failed.filter((part) => !goesOn(part)).sort(byTime).reverse()
      .map(({ writer }) => writer),
    points,
  };
}

interface StoredPart {
  writer: string;
  commit: string;
  /** By the clock of the store. */
  modifiedAt: number;
}

export function countOf(points: readonly PointsPart[]): number {
  return points.reduce((sum, { count }) => sum + count, 0);
}

/** Reads the only file of a part as JSON; undefined if it is not there or is none. */
export async function readJsonPart(
  { draft }: Pick<RunLook, "draft">,
  name: string,
): Promise<unknown> {
  const part = await draft.read(name);
  const [file] = part?.note.files ?? [];
  if (part === undefined || file === undefined) return undefined;
  try {
    return JSON.parse(decoder.decode(await draft.open(part, file).bytes()));
  } catch (error) {
    if (isRegistryError(error)) throw error;
    return undefined;
  }
}

/** Returns why a run failed; undefined if it did not, or went on. */
export async function failureOf(known: RunLook): Promise<string | undefined> {
  const [writer] = known.failed;
  if (writer === undefined) return undefined;
  const failure = await readJsonPart(known, failedPart(writer));
  return isJsonObject(failure) ? String(failure.reason) : "";
}

/** Returns the lines of a part with points. */
export async function readPoints(
  { draft }: RunLook,
  { part: name }: PointsPart,
): Promise<Uint8Array> {
  const part = await draft.read(name);
  if (part === undefined) return new Uint8Array();
  const files = part.note.files.map((file) => draft.open(part, file).bytes());
  return concatBytes(await Promise.all(files));
}

/** Returns the last step of a run; undefined if no point has a number. */
export async function lastStep(known: RunLook): Promise<number | undefined> {
  for (const part of known.points.toReversed()) {
    const lines = decoder.decode(await readPoints(known, part)).split("\n");
    for (const line of lines.reverse()) {
      const step = stepOf(line);
      if (step !== undefined) return step;
    }
  }
}

function stepOf(line: string): number | undefined {
  const point = parsedJson(line); // or half a line of another program
  return isJsonObject(point) && typeof point.step === "number" ? point.step : undefined;
}

export function noSuchRun(run: RunName, action = "read"): RegistryError {
  return notFound(action, spokenRun(run), "no such run", {
    hint: "List open runs: readLoggedRuns(registry). Finished runs are versions.",
    reason: runReasons.of("logged_run_missing", { name: run.name }),
  });
}

/** A file of a run that goes on. Several parts may have files with the same path. */
export interface RunFile extends ArtifactFile {
  readonly part: string;
  /** By the clock of the store. */
  readonly addedAt: Date;
}

/**
 * Opens the files of some parts of a run.
 *
 * @throws {RegistryError} `Unsupported` for a registry without a store
 */
export async function openRunFiles(
  registry: Registry,
  run: RunName,
  isWanted: (part: string) => boolean,
): Promise<RunFile[]> {
  return await openDraftFiles(registry, { name: run.name, id: draftIdOf(run) }, isWanted);
}

/** Opens the files of some parts of a draft, as those of a run. */
export async function openDraftFiles(
  registry: Registry,
  of: { name: string; id: string },
  isWanted: (part: string) => boolean,
): Promise<RunFile[]> {
  const draft = await recordsOf(registry, "read files of a draft").draft(of);
  const found = await draft.readWanted(isWanted);
  return found.flatMap((part) =>
    part.note.files.map((file) => ({
      ...draft.open(part, file),
      part: part.note.part,
      addedAt: new Date(part.addition.info.modifiedAt),
    }))
  );
}
