// The stored parts of a run, by kind and in their order.
import { concatBytes } from "../core/bytes/bytes.ts";
import { isRegistryError, notFound, type RegistryError } from "../core/errors.ts";
import type { RunName } from "../core/registry/run.ts";
import { isJsonObject } from "../core/text/json_text.ts";
import {
  type Context,
  DraftCall,
  type DraftLook,
  lookAtDraft,
  readPart,
  readPartFile,
} from "../registry/draft_reads.ts";
import {
  begunPart,
  draftIdOf,
  failedPart,
  FIRST_AGAIN,
  parseRunPart,
  type RunPart,
  spokenRun,
} from "./run_parts.ts";

const decoder = new TextDecoder();

/** A part with points of one writer. */
export type PointsPart = Extract<RunPart, { kind: "points" }> & { part: string };

export interface RunLook {
  draft: DraftCall;
  look: DraftLook;
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
  context: Context,
  run: RunName,
  signal?: AbortSignal,
): Promise<RunLook> {
  const draft = new DraftCall(context, { name: run.name, id: draftIdOf(run) }, signal);
  const look = await lookAtDraft(draft);
  const begun: StoredPart[] = [], failed: StoredPart[] = [], changes: string[] = [];
  const points: (PointsPart & StoredPart)[] = [];
  for (const [part, [{ commit, info: { modifiedAt } }]] of look.parts) {
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
    look,
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
  { draft, look }: Pick<RunLook, "draft" | "look">,
  name: string,
): Promise<unknown> {
  const part = await readPart(draft, name, look.parts.get(name));
  const [file] = part?.note.files ?? [];
  if (part === undefined || file === undefined) return undefined;
  try {
    return JSON.parse(decoder.decode(await readPartFile(draft, part, file)));
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
  { draft, look }: RunLook,
  { part: name }: PointsPart,
): Promise<Uint8Array> {
  const part = await readPart(draft, name, look.parts.get(name));
  if (part === undefined) return new Uint8Array();
  const files = part.note.files.map((file) => readPartFile(draft, part, file));
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
  try {
    const point: unknown = JSON.parse(line);
    return isJsonObject(point) && typeof point.step === "number" ? point.step : undefined;
  } catch {
    return undefined; // half a line of another program
  }
}

export function noSuchRun(run: RunName, action = "read"): RegistryError {
  return notFound(action, spokenRun(run), "no such run", {
    hint: "List open runs: readLoggedRuns(registry). Finished runs are versions.",
    reason: { kind: "logged_run_missing", name: run.name },
  });
}
