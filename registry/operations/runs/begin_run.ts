// Beginning a run, or continuing it.
import { checkMetadata } from "../../../core/calls/metadata.ts";
import { invalid } from "../../../core/errors.ts";
import type { OpenRunOptions, RunName, RunWriter } from "../../../core/registry/run.ts";
import { isJsonObject } from "../../../core/text/json_text.ts";
import type { Context } from "../context.ts";
import { stateOf } from "../drafts/draft_state.ts";
import { openDraft } from "../drafts/open_draft.ts";
import { alreadyFinished, begunPart, draftIdOf, spokenRun, writerId } from "./run_parts.ts";
import { countOf, lastStep, lookAtRun, readJsonPart } from "./stored_run.ts";

/** Characters of parameters: metadata also has the metrics. */
const MOST_PARAMS = 32 * 1024;
const BEGUN_FILE = "run.json";
const encoder = new TextEncoder();

/** Adds a writer to a run, which need not exist. */
export async function beginRun(
  context: Context,
  run: RunName,
  { params = {}, signal }: Omit<OpenRunOptions, "id">,
): Promise<RunWriter> {
  checkMetadata(params, "params");
  if (JSON.stringify(params).length > MOST_PARAMS) {
    throw invalid("open", spokenRun(run), `params have more than ${MOST_PARAMS} characters`, {
      hint: "Save larger parameters as an artifact, and pass its ref.",
    });
  }
  const known = await lookAtRun(context, run, signal);
  const state = await stateOf(known.draft, known.look);
  if (state.state === "committed") throw alreadyFinished(run, state.version);
  const first = known.writers[0] && await readJsonPart(known, begunPart(known.writers[0]));
  const writer = writerId(known.writers, context.system.id());
  const startedAt = new Date(context.system.now());
  const began = isJsonObject(first) ? first : { startedAt: startedAt.toISOString(), params };
  const draft = openDraft(context, run.name, { id: draftIdOf(run) });
  const content = encoder.encode(JSON.stringify({ startedAt: startedAt.toISOString(), params }));
  await draft.addPart(begunPart(writer), [{ path: BEGUN_FILE, content }], { signal });
  const points = countOf(known.points);
  const step = await lastStep(known);
  const about = { writer, startedAt: new Date(String(began.startedAt)), points };
  return step === undefined ? about : { ...about, step };
}
