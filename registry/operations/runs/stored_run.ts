// Runs as they are stored: begun, listed, and read while they go on.
import { isPrefix } from "../../../core/backend.ts";
import { concatBytes } from "../../../core/bytes/bytes.ts";
import { invalid, isRegistryError, notFound } from "../../../core/errors.ts";
import { checkName, decodeName, encodeName, encodeNamePrefix } from "../../../core/naming/names.ts";
import type {
  LoggedRun,
  LoggedRunPage,
  ReadRunOptions,
  ReadRunsOptions,
  RunName,
} from "../../../core/registry/run.ts";
import { isJsonObject } from "../../../core/text/json_text.ts";
import { mapAtOnce } from "../../../core/work/at_once.ts";
import { DRAFTS } from "../../format/layout.ts";
import type { Context } from "../context.ts";
import { RUN_PREFIX, runIdOf } from "../drafts/draft_id.ts";
import {
  DraftCall,
  type DraftLook,
  lookAtDraft,
  readPart,
  stateOf,
} from "../drafts/draft_state.ts";
import { readPartFile } from "../drafts/read_part.ts";
import {
  begunPart,
  cursorOf,
  draftIdOf,
  failedPart,
  parseCursor,
  parseRunPart,
  type RunPart,
  spokenRun,
} from "./run_parts.ts";

/** After this time without a new part, a run is `silent`. */
const SILENT_MS = 120_000;
/** Bytes of points in a page: a page ends with the part that exceeds them. */
const PAGE_BYTES = 4 * 1024 * 1024;
const FAILED_FILE = "failed.json";
const decoder = new TextDecoder();
const encoder = new TextEncoder();

/** A part with points of one writer. */
export type PointsPart = Extract<RunPart, { kind: "points" }> & { part: string };

export interface RunLook {
  draft: DraftCall;
  look: DraftLook;
  /** Ids of all writers, the earliest first. */
  writers: string[];
  failed: ReadonlySet<string>;
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
  const writers: string[] = [], failed = new Set<string>(), points: PointsPart[] = [];
  for (const part of look.parts.keys()) {
    const parsed = parseRunPart(part);
    if (parsed?.kind === "begun") writers.push(parsed.writer);
    else if (parsed?.kind === "failed") failed.add(parsed.writer);
    else if (parsed?.kind === "points") points.push({ ...parsed, part });
  }
  points.sort((a, b) => a.writer < b.writer ? -1 : a.writer > b.writer ? 1 : a.first - b.first);
  return { draft, look, writers: writers.sort(), failed, points };
}

/** Returns the file that says why a run failed. */
export function failedFile(reason: string): { path: string; content: Uint8Array<ArrayBuffer> } {
  return { path: FAILED_FILE, content: encoder.encode(JSON.stringify({ reason })) };
}

export function countOf(points: readonly PointsPart[]): number {
  return points.reduce((sum, { count }) => sum + count, 0);
}

/** Reads the only file of a part as JSON; undefined if it is not there or is none. */
export async function readJsonPart({ draft, look }: RunLook, name: string): Promise<unknown> {
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

/** Describes a run; undefined if no program began it. */
export async function describeRun(
  context: Context,
  run: RunName,
  known: RunLook,
): Promise<LoggedRun | undefined> {
  const { draft, look, writers, failed, points } = known;
  const last = writers.at(-1);
  if (last === undefined) return undefined;
  const state = await stateOf(draft, look);
  const isFailed = failed.has(last);
  const [begun, failure] = await Promise.all([
    readJsonPart(known, begunPart(writers[0]!)),
    isFailed ? readJsonPart(known, failedPart(last)) : undefined,
  ]);
  const lastAt = new Date(look.newest ?? 0);
  const nowMs = context.system.now() + (context.clockOffset?.ms ?? 0);
  const isSilent = nowMs - lastAt.getTime() > SILENT_MS;
  const { startedAt, params } = isJsonObject(begun) ? begun : {};
  const reason = isJsonObject(failure) ? String(failure.reason) : undefined;
  return {
    name: run.name,
    id: run.id,
    state: isFailed
      ? "failed"
      : state.state === "committed"
      ? "finished"
      : isSilent
      ? "silent"
      : "running",
    ...(reason !== undefined && { reason }),
    ...(state.state === "committed" && { version: state.version }),
    params: isJsonObject(params) ? params : {},
    startedAt: new Date(typeof startedAt === "string" ? startedAt : lastAt),
    lastAt,
    points: countOf(points),
  };
}

/** Reads a run, with the points after those of an earlier page. */
export async function readStoredRun(
  context: Context,
  run: RunName,
  { after = "", signal }: ReadRunOptions,
): Promise<LoggedRunPage> {
  const read = parseCursor(after);
  const known = await lookAtRun(context, run, signal);
  const info = await describeRun(context, run, known);
  if (info === undefined) throw noSuchRun(run);
  const unread = known.points.filter(({ writer, first }) => first >= (read.get(writer) ?? 0));
  let lines = "", count = 0;
  const texts = mapAtOnce(unread, async (part) => ({ part, bytes: await readPoints(known, part) }));
  for await (const { part: { writer, first, count: own }, bytes } of texts) {
    lines += decoder.decode(bytes);
    read.set(writer, first + own);
    count++;
    if (lines.length > PAGE_BYTES) break;
  }
  return { ...info, lines, next: cursorOf(read), more: count < unread.length };
}

export function noSuchRun(run: RunName, action = "read") {
  return notFound(action, spokenRun(run), "no such run", {
    hint: "List open runs: readLoggedRuns(registry). Finished runs are versions.",
    reason: { kind: "logged_run_missing", name: run.name },
  });
}

/** Lists the runs that are not finished, by name and id in the order of their encoding. */
export async function* listStoredRuns(
  context: Context,
  { name, names = () => true, signal }: ReadRunsOptions,
): AsyncGenerator<LoggedRun> {
  if (name !== undefined) checkName(name);
  const folders = name === undefined
    ? foldersIn(context, DRAFTS, signal)
    : [`${DRAFTS}${encodeName(name)}/`];
  for await (const folder of folders) {
    const own = decodeName(folder.slice(DRAFTS.length, -1));
    if (own !== undefined && names(own)) yield* runsIn(context, own, { folder, signal });
  }
}

async function* runsIn(
  context: Context,
  name: string,
  { folder, signal }: { folder: string; signal?: AbortSignal },
): AsyncGenerator<LoggedRun> {
  const drafts = foldersIn(context, `${folder}${encodeNamePrefix(RUN_PREFIX)}`, signal);
  const infos = mapAtOnce(drafts, async (draft) => {
    const id = runIdOf(decodeName(draft.slice(folder.length, -1)) ?? "");
    if (id === undefined) return undefined;
    const run = { name, id };
    const known = await lookAtRun(context, run, signal);
    return known.look.end === undefined ? await describeRun(context, run, known) : undefined;
  });
  for await (const info of infos) if (info !== undefined) yield info;
}

async function* foldersIn(
  { backend }: Context,
  prefix: string,
  signal?: AbortSignal,
): AsyncGenerator<string> {
  for await (const entry of backend.list(prefix, { delimiter: "/", signal })) {
    if (isPrefix(entry)) yield entry.prefix;
  }
}

export function checkReason(run: RunName, reason: string): void {
  if (typeof reason === "string" && reason.isWellFormed()) return;
  throw invalid("fail", spokenRun(run), "its reason is not a string", {
    hint: 'Write run.fail("out of memory").',
  });
}
