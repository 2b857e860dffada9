// Ids of drafts. The run `7` of a name is its draft `run:7`, and errors about it name the run.
import { shown } from "./names.ts";

/** The beginning of the ids of drafts that are runs. */
export const RUN_PREFIX = "run:";

/** Returns the id of a run; undefined for the id of another draft. */
export function runIdOf(draftId: string): string | undefined {
  return draftId.startsWith(RUN_PREFIX) ? draftId.slice(RUN_PREFIX.length) : undefined;
}

/** Returns a draft as errors name it: `draft "2026-11" of "data"`, `run "7" of "model"`. */
export function spokenDraft({ name, id }: { name: string; id: string }): string {
  const run = runIdOf(id);
  return `${run === undefined ? `draft ${shown(id)}` : `run ${shown(run)}`} of ${shown(name)}`;
}
