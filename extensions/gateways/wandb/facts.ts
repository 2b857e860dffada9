// Facts of runs, as clients send them, and the tags that keep them.
import { isJsonObject, sortedJson } from "../../../core/kernel.ts";
import { NAME_TAG } from "../../runs/mlflow/stored_run.ts";
import type { RunKey } from "../../runs/mlflow/ids.ts";
import { tagsInText, tagsText, valueOf } from "../../runs/wandb/values.ts";
import type { KnownRun } from "./known_run.ts";
import { objectIn } from "./names.ts";
import { valuesIn } from "./points.ts";

/** The tags with the facts of a run. */
export const TAGS = {
  displayName: NAME_TAG,
  notes: "mlflow.note.content",
  user: "mlflow.user",
  tags: "wandb.tags",
  groupName: "wandb.group",
  jobType: "wandb.job_type",
  sweep: "wandb.sweep",
  commit: "mlflow.source.git.commit",
} as const;

/** Facts of a run, as clients send them. */
export interface Facts {
  readonly displayName?: string;
  readonly notes?: string;
  readonly groupName?: string;
  readonly jobType?: string;
  readonly sweep?: string;
  readonly commit?: string;
  readonly tags?: readonly string[];
  readonly config?: string;
  readonly summaryMetrics?: string;
}

/** Returns what differs. */
export function changed(present: ReadonlyMap<string, unknown>, given: Record<string, string>) {
  return Object.fromEntries(
    Object.entries(given).filter(([key, value]) => present.get(key) !== value),
  );
}

/** Returns the tags of facts; an empty one where all tags of W&B are removed. */
export function editedTags(
  facts: Facts,
  present: ReadonlyMap<string, unknown>,
): Record<string, string> {
  const isEmpty = facts.tags?.length === 0 && (present.get(TAGS.tags) ?? "") !== "";
  return { ...factTags(facts), ...(isEmpty && { [TAGS.tags]: "" }) };
}

/** Returns a configuration without what clients say about themselves. */
export function ownIn(config: string | undefined): string {
  const { _wandb: _, ...own } = valuesIn(config ?? "");
  return sortedJson(own);
}

/** Returns whether an edit changes nothing of a run. */
export function changesNothing(known: KnownRun, facts: Facts): boolean {
  const isSame = (given: string | undefined, text: string) =>
    given === undefined || sortedJson(valuesIn(given)) === sortedJson(valuesIn(text));
  return Object.keys(changed(known.tags, editedTags(facts, known.tags))).length === 0 &&
    (facts.config === undefined || ownIn(facts.config) === ownIn(known.config)) &&
    isSame(facts.summaryMetrics, known.summary);
}

export function factTags({ tags, ...facts }: Facts, user?: string): Record<string, string> {
  const all = { ...facts, tags: tags && tagsText(tags), user };
  const given = Object.entries(TAGS).map(([fact, tag]) => [tag, all[fact as keyof typeof TAGS]]);
  return Object.fromEntries(given.filter(([, value]) => value));
}

/** Returns the facts in the tags of a run. */
export function tagsIn(tags: ReadonlyMap<string, string>, { id }: RunKey) {
  return {
    displayName: tags.get(TAGS.displayName) ?? id,
    notes: tags.get(TAGS.notes) ?? null,
    username: tags.get(TAGS.user) ?? "",
    tags: tagsInText(tags.get(TAGS.tags) ?? ""),
    sweepName: tags.get(TAGS.sweep) ?? null,
    group: tags.get(TAGS.groupName) ?? null,
    jobType: tags.get(TAGS.jobType) ?? null,
    commit: tags.get(TAGS.commit) ?? null,
  };
}

/** Returns the values of a configuration by name. */
export function configEntries(config: string | undefined): [name: string, value: unknown][] {
  return Object.entries(objectIn(config, valueOf)).map(([name, each]) => [
    name,
    isJsonObject(each) && "value" in each ? each.value : each,
  ]);
}
