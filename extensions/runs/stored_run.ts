// Runs as they are stored: begun, listed, and read while they go on.
import { checkName, isJsonObject, mapAtOnce } from "../../core/kernel.ts";
import type {
  LoggedRun,
  LoggedRunPage,
  ReadRunOptions,
  ReadRunsOptions,
  RunName,
} from "../../core/registry/run.ts";
import { LAYOUT, type Records, type StoredDraft } from "../../registry/records.ts";
import { readFacts } from "./run_facts.ts";
import { countOf, failureOf, lookAtRun, noSuchRun, readPoints } from "./look_at_run.ts";
import type { PointsPart, RunLook } from "./look_at_run.ts";
import { storedRunIds } from "./listed_runs.ts";
import { cursorOf, parseCursor } from "./run_parts.ts";

/** After this time without a new part, a run is `silent`. */
const SILENT_MS = 120_000;
/** Bytes of points in a page: a page ends with the part that exceeds them. */
const PAGE_BYTES = 4 * 1024 * 1024;
const decoder = new TextDecoder();

/** Describes a run; undefined if no program began it. */
export async function describeRun(
  context: Records,
  run: RunName,
  known: RunLook,
): Promise<LoggedRun | undefined> {
  const { draft, points } = known;
  if (known.first === undefined) return undefined;
  const [stored, facts, failure] = await Promise.all([
    draft.state(),
    readFacts(known),
    failureOf(known),
  ]);
  const reason = stored.state === "committed" ? failureIn(stored.metadata) : failure;
  const lastAt = new Date(draft.newest ?? 0);
  const nowMs = context.now();
  const isSilent = nowMs - lastAt.getTime() > SILENT_MS;
  const isDeleted = stored.state === "committing" && await draft.isSpent();
  const { startedAt = lastAt, params, tags, by } = facts;
  return {
    name: run.name,
    id: run.id,
    state: isDeleted ? "finished" : stateIn(stored, { reason, isSilent }),
    ...(reason !== undefined && { reason }),
    ...(stored.state === "committed" && { version: stored.version }),
    params: Object.fromEntries(params),
    tags: Object.fromEntries(tags),
    ...(by !== undefined && { by }),
    startedAt: new Date(startedAt),
    lastAt,
    points: countOf(points),
  };
}

/** Returns why the run of a version failed. */
function failureIn({ run }: Record<string, unknown>): string | undefined {
  return isJsonObject(run) && Object.hasOwn(run, "failed") ? String(run.failed) : undefined;
}

type DraftState = Awaited<ReturnType<StoredDraft["state"]>>;

const STATES: Readonly<Partial<Record<DraftState["state"], LoggedRun["state"]>>> = {
  committing: "finishing",
  discarded: "discarded",
};

function stateIn(
  { state }: DraftState,
  { reason, isSilent }: { reason?: string; isSilent: boolean },
): LoggedRun["state"] {
  if (state === "committed" && reason === undefined) return "finished";
  return STATES[state] ?? (reason !== undefined ? "failed" : isSilent ? "silent" : "running");
}

/** Reads a run, with the points after those of an earlier page. */
export async function readStoredRun(
  context: Records,
  run: RunName,
  { after = "", lines: hasLines = true, signal }: ReadRunOptions,
): Promise<LoggedRunPage> {
  const read = parseCursor(after);
  const known = await lookAtRun(context, run, signal);
  const info = await describeRun(context, run, known);
  if (info === undefined) throw noSuchRun(run);
  const isUnread = ({ writer, first }: PointsPart) => first >= (read.get(writer) ?? 0);
  const unread = hasLines ? known.points.filter(isUnread) : [];
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

/** Lists the runs that are not finished, by name and id in the order of their encoding. */
export async function* listStoredRuns(
  context: Records,
  { name, names = () => true, signal }: ReadRunsOptions,
): AsyncGenerator<LoggedRun> {
  if (name !== undefined) checkName(name);
  const all = name === undefined ? context.names(LAYOUT.DRAFTS, { signal }) : [name];
  for await (const own of all) if (names(own)) yield* runsIn(context, own, signal);
}

async function* runsIn(
  context: Records,
  name: string,
  signal?: AbortSignal,
): AsyncGenerator<LoggedRun> {
  const infos = mapAtOnce(storedRunIds(context, name, { signal }), async (id) => {
    const run = { name, id };
    const known = await lookAtRun(context, run, signal);
    if (known.draft.isDiscarded) return undefined;
    const info = await describeRun(context, run, known);
    return info?.state === "finished" || info?.version !== undefined ? undefined : info;
  });
  for await (const info of infos) if (info !== undefined) yield info;
}
