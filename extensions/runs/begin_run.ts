// Beginning a run, or continuing it.
import type { OpenRunOptions, RunName, RunWriter } from "../../core/registry/run.ts";
import type { Records } from "../../registry/records.ts";
import { addFacts, begunFile, readFacts } from "./run_facts.ts";
import { alreadyFinished, begunPart, spokenRun, writerId } from "./run_parts.ts";
import { countOf, lastStep, lookAtRun } from "./look_at_run.ts";
import { presentSender } from "../../core/kernel.ts";

/** Adds a writer to a run, which need not exist. */
export async function beginRun(
  context: Records,
  run: RunName,
  { params = {}, tags = {}, signal }: Omit<OpenRunOptions, "id">,
): Promise<RunWriter> {
  context.checkWritable(`open ${spokenRun(run)}`);
  const known = await lookAtRun(context, run, signal);
  const state = await known.draft.state();
  if (state.state === "committed") throw alreadyFinished(run, state.version);
  await addFacts(context, run, { known, params, tags, signal });

  const writer = writerId(known.writers, context.system.id());
  const startedAt = new Date(context.system.now());
  const by = presentSender() ?? context.author;
  const begun = begunFile({ startedAt: startedAt.toISOString(), by });
  await known.draft.add(begunPart(writer), () => [begun]);
  const began = known.first === undefined ? undefined : (await readFacts(known)).startedAt;
  const step = await lastStep(known);
  return {
    writer,
    startedAt: began === undefined ? startedAt : new Date(began),
    points: countOf(known.points),
    ...(step !== undefined && { step }),
  };
}
