// Finishing a run: its points become one file, their last values metadata, and its draft a version.
import { iterableStream } from "../../../core/bytes/bytes.ts";
import { invalid } from "../../../core/errors.ts";
import type { FinishStoredRunOptions, LoggedRun, RunName } from "../../../core/registry/run.ts";
import type { SavedArtifact } from "../../../core/registry/operations/saving.ts";
import { curvesWith, freeCurvePath } from "../../../core/naming/value_files.ts";
import { isJsonObject } from "../../../core/text/json_text.ts";
import { mapAtOnce } from "../../../core/work/at_once.ts";
import type { Context } from "../context.ts";
import { type DraftState, readPart, stateOf } from "../drafts/draft_state.ts";
import { openDraft } from "../drafts/open_draft.ts";
import { LastValues } from "./last_values.ts";
import { curvePart, draftIdOf, isCurvePart, spokenRun } from "./run_parts.ts";
import { describeRun, lookAtRun, noSuchRun, readPoints, type RunLook } from "./stored_run.ts";

/** Saves what a run has stored as a version, with the files of `parts`. */
export async function finishStoredRun(
  context: Context,
  run: RunName,
  { parts = [], metadata = {}, ...options }: FinishStoredRunOptions,
): Promise<SavedArtifact> {
  const { signal } = options;
  const known = await lookAtRun(context, run, signal);
  const info = await describeRun(context, run, known);
  if (info === undefined) throw noSuchRun(run, "finish");
  const draft = openDraft(context, run.name, { id: draftIdOf(run) });
  const state = await stateOf(known.draft, known.look);
  if (state.state === "committed") return await draft.commit(options);
  if (known.points.length === 0 && parts.length === 0) {
    throw invalid("finish", spokenRun(run), "it has neither points nor files", {
      hint: "Log a point before, or pass a value.",
    });
  }

  const values = new LastValues();
  const path = await curvePathOf(known, state, parts);
  const isDecided = state.state !== "open";
  const curve = isDecided || path === undefined ? undefined : curvePart(context.system.id());
  if (curve !== undefined && path !== undefined) {
    const content = iterableStream(linesOf(known, values));
    await draft.addPart(curve, [{ path, content }], { signal });
  } else {
    for await (const _ of linesOf(known, values)); // for their last values
  }
  return await draft.commit({
    ...options,
    metadata: metadataOf(info, values, metadata, path),
    ...(!isDecided && { parts: curve === undefined ? parts : [...parts, curve] }),
  });
}

/** Returns the metadata of the version: members of the caller come before those of the run. */
function metadataOf(
  { id, startedAt, points, state, reason = "", params }: LoggedRun,
  values: LastValues,
  metadata: Record<string, unknown>,
  curve: string | undefined,
): Record<string, unknown> {
  const { metrics, isCut } = values.toMetrics();
  const all = { ...metrics, ...(isJsonObject(metadata.metrics) && metadata.metrics) };
  return {
    ...(Object.keys(params).length > 0 && { params }),
    ...metadata,
    ...(curve !== undefined && { curves: curvesWith(curve, metadata.curves) }),
    run: {
      id,
      startedAt: startedAt.toISOString(),
      points,
      ...(state === "failed" && { failed: reason }),
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

/** Returns the path of the curve; that of a commit that was killed is decided. */
async function curvePathOf(
  known: RunLook,
  state: DraftState,
  parts: readonly string[],
): Promise<string | undefined> {
  if (state.state === "open") {
    return known.points.length === 0 ? undefined : freeCurvePath(await pathsOf(known, parts));
  }
  const decided = [...state.parts?.keys() ?? []].filter(isCurvePart);
  return [...await pathsOf(known, decided)][0];
}

async function pathsOf(
  { draft, look }: RunLook,
  parts: readonly string[],
): Promise<Set<string>> {
  const paths = new Set<string>();
  for (const part of parts) {
    const { note: { files } = { files: [] } } = await readPart(draft, part, look.parts.get(part)) ??
      {};
    for (const { path } of files) paths.add(path);
  }
  return paths;
}
