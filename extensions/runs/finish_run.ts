// Finishing a run: from then on no program logs to it. Its points become one file, their last values
// metadata, and its draft a version.
import {
  checkMaterializer,
  invalid,
  isJsonObject,
  isRegistryError,
  iterableStream,
  mapAtOnce,
} from "../../core/kernel.ts";
import type { SavedArtifact } from "../../mod.ts";
import type { Draft } from "../transfers/mod.ts";
import type { FinishStoredRunOptions, RunName } from "../../core/registry/run.ts";
import type { Records, StoredDraft } from "../../registry/records.ts";
import { curvesWith, freeCurvePath, freePath } from "./curve_file.ts";
import { LastValues } from "./last_values.ts";
import { countOf, failureOf, lookAtRun, noSuchRun, readPoints } from "./look_at_run.ts";
import type { RunLook } from "./look_at_run.ts";
import { readFacts } from "./run_facts.ts";
import { curvePart, isCurvePart, isValuePart, parseRunPart } from "./run_parts.ts";
import { loaderOf, spokenRun } from "./run_parts.ts";
import { STREAM, streamedFiles } from "./wandb/streamed_files.ts";

/** A run and its draft. */
interface RunOfDraft extends RunName {
  draft: Draft;
}

/** Saves what a run has stored as a version, with the files of `parts`. */
export async function finishStoredRun(
  context: Records,
  run: RunOfDraft,
  options: FinishStoredRunOptions,
): Promise<SavedArtifact> {
  const closed = await closeRun(context, run, options);
  try {
    return await saveRun(context, run, { ...options, closed });
  } catch (error) {
    if (closed.state.parts !== undefined || !isRegistryError(error, "Conflict")) throw error;
    // Another call may have decided on the same files, such as the one that this repeats.
    const known = await lookAtRun(context, run, options.signal);
    const state = await known.draft.state();
    if (state.parts === undefined) throw error;
    return await saveRun(context, run, { ...options, closed: { ...closed, state } });
  }
}

interface ClosedRun {
  known: RunLook;
  state: Awaited<ReturnType<StoredDraft["state"]>>;
  /** Parts with the files of the value, unless others are decided. */
  files: readonly string[];
}

/** Closes a run, and lists it then: it has every point that was ever acknowledged. */
async function closeRun(
  context: Records,
  run: RunName,
  { parts, as, ...options }: FinishStoredRunOptions,
): Promise<ClosedRun> {
  const { signal } = options;
  const known = await lookAtRun(context, run, signal);
  const { draft } = known;
  if (known.first === undefined) throw noSuchRun(run, "finish");
  const state = await draft.state();
  if (state.state === "discarded") throw draft.ended(state);
  const isOpen = state.state === "open";
  const files = parts ?? (isOpen ? [] : newestValue(known));
  if (state.parts === undefined && state.state !== "committed") {
    refuseLeftFiles(draft, [...draft.parts.keys()], files);
  }
  if (!isOpen) return { known, state, files };

  if (known.points.length === 0 && files.length === 0) {
    throw invalid("finish", spokenRun(run), "it has neither points nor files", {
      hint: "Log a point before, or pass a value.",
    });
  }
  context.checkSave(run.name, options);
  if (as !== undefined) checkMaterializer(as);
  await draft.close(files);
  const closed = await lookAtRun(context, run, signal);
  const now = await closed.draft.state();
  if (now.state === "discarded") throw draft.ended(now);
  return { known: closed, state: now, files };
}

/** Throws `Conflict` if other programs added files, and none of them would be in the version. */
function refuseLeftFiles(
  draft: RunLook["draft"],
  added: readonly string[],
  files: readonly string[],
): void {
  const left = added.filter((part) => isForeign(part) && !STREAM.test(part));
  if (left.length === 0 || files.some(isForeign)) return;
  const state = "another program added files that its version would lack";
  throw draft.refusal(state, left, "Finish it with that program, or discard it.");
}

function isForeign(part: string): boolean {
  return parseRunPart(part) === undefined && !isValuePart(part) && !isCurvePart(part);
}

/** Returns the value that a killed call of `finish` has sent before it closed the run. */
function newestValue({ draft }: RunLook): string[] {
  const values = [...draft.parts].filter(([part]) => isValuePart(part))
    .sort(([, [a]], [, [b]]) =>
      b.info.modifiedAt - a.info.modifiedAt || (a.commit < b.commit ? 1 : -1)
    );
  return values.slice(0, 1).map(([part]) => part);
}

async function saveRun(
  { system }: Records,
  run: RunOfDraft,
  { closed, parts, writer, metadata = {}, as, ...options }: FinishStoredRunOptions & {
    closed: ClosedRun;
  },
): Promise<SavedArtifact> {
  const { known, state, files } = closed;
  if (state.parts !== undefined) {
    checkFiles(known, [...state.parts.keys()], parts ?? (writer === undefined ? undefined : []));
  }
  if (state.state === "committed") return await run.draft.commit({ ...options, as, metadata });
  const values = new LastValues();
  const { named, path, streamed } = state.parts === undefined
    ? await addCurve(known, { files, part: curvePart(system.id()) }, values)
    : await decidedCurve(known, state.parts, values);
  const failure = writer === undefined ? await failureOf(known) : undefined;
  return await run.draft.commit({
    ...options,
    as: as ?? loaderOf(named),
    metadata: await metadataOf(run, { known, values, metadata, path, streamed, failure }),
    parts: named,
  });
}

/** Throws `Conflict` if a run was finished with other files than those of this call. */
function checkFiles(
  { draft }: RunLook,
  decided: readonly string[],
  given: readonly string[] | undefined,
): void {
  if (given === undefined) return;
  const files = decided.filter((part) => !isCurvePart(part));
  if (files.length === new Set(given).size && files.every((part) => given.includes(part))) return;
  const state = files.length === 0 ? "without files" : "with other files";
  const hint = "Load its version, or open a run with another id.";
  throw draft.refusal(`it was finished ${state}`, files, hint);
}

interface Curve {
  /** All parts of the version. */
  named: readonly string[];
  /** The file of the curve; undefined without points. */
  path?: string;
  /** The files with the console and system metrics, which came in parts. */
  streamed?: readonly string[];
}

/** Adds a part with the files of a run: all points, the console and system metrics. Also adds the values of points. */
async function addCurve(
  known: RunLook,
  { files, part }: { files: readonly string[]; part: string },
  values: LastValues,
): Promise<Curve> {
  const { draft, points } = known;
  // A gateway that passes files has added the console and system metrics to them.
  const contents = files.some(isForeign) ? [] : [...await streamedFiles(known)];
  if (points.length === 0 && contents.length === 0) return { named: files };
  const present = (await draft.readAll(files)).flatMap(({ note }) => note.files);
  const taken = new Set(present.map(({ path }) => path.replace(/\/[^]*/, "")));
  const path = points.length === 0 ? undefined : freeCurvePath(taken);
  const streamed = contents.map(([file, content]) => ({ path: freePath(file, taken), content }));
  const added = path === undefined
    ? streamed
    : [{ path, content: iterableStream(linesOf(known, values)) }, ...streamed];
  await draft.add(part, () => added, { byCommit: true });
  return { named: [...files, part], path, streamed: streamed.map(({ path }) => path) };
}

/** Returns the curve of a run whose parts are decided, and adds the values of its points. */
async function decidedCurve(
  known: RunLook,
  decided: NonNullable<ClosedRun["state"]["parts"]>,
  values: LastValues,
): Promise<Curve> {
  for await (const _ of linesOf(known, values)); // for their values
  const named = [...decided.keys()];
  const curve = [...decided].filter(([part]) => isCurvePart(part));
  const [found] = await known.draft.readDecided(new Map(curve));
  const paths = found?.note.files.map(({ path }) => path) ?? [];
  const path = known.points.length === 0 ? undefined : paths[0];
  return { named, path, streamed: paths.filter((each) => each !== path) };
}

interface RunMetadata {
  known: RunLook;
  values: LastValues;
  metadata: Record<string, unknown>;
  path?: string;
  streamed?: readonly string[];
  failure?: string;
}

/** Returns the metadata of the version: members of the caller come before those of the run. */
async function metadataOf(
  { id }: RunName,
  { known, values, metadata, path, streamed = [], failure }: RunMetadata,
): Promise<Record<string, unknown>> {
  const { metrics, isCut } = values.toMetrics();
  const { startedAt, params, tags } = await readFacts(known);
  const all = { ...metrics, ...(isJsonObject(metadata.metrics) && metadata.metrics) };
  return {
    ...(params.size > 0 && { params: Object.fromEntries(params) }),
    ...(tags.size > 0 && { tags: Object.fromEntries(tags) }),
    ...metadata,
    ...(path !== undefined && { curves: curvesWith(path, metadata.curves) }),
    run: {
      id,
      startedAt,
      points: countOf(known.points),
      ...(values.step !== undefined && { step: values.step }),
      ...(failure !== undefined && { failed: failure }),
      ...(streamed.length > 0 && { files: streamed }),
      ...(isCut && { metricsLeftOut: true }),
      ...(isJsonObject(metadata.run) && metadata.run),
    },
    ...(Object.keys(metrics).length > 0 && { metrics: all }),
  };
}

const decoder = new TextDecoder();
const NEWLINE = 10;

/** Yields the lines of all points, and adds their values. */
async function* linesOf(known: RunLook, values: LastValues): AsyncGenerator<Uint8Array> {
  for await (const bytes of mapAtOnce(known.points, (part) => readPoints(known, part))) {
    for (const line of decoder.decode(bytes).split("\n")) if (line !== "") values.add(line);
    yield bytes;
    if (bytes.byteLength > 0 && bytes.at(-1) !== NEWLINE) yield new Uint8Array([NEWLINE]);
  }
}
