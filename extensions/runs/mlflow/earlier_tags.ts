// Tags of names without versions as early programs stored them (decision 152): parts of a draft like
// that of a run that never begins.
import type { Registry } from "../../../mod.ts";
import { isJsonObject, parseExactJson } from "../../../core/kernel.ts";
import { namesWithDrafts, runIdsWith } from "../listed_runs.ts";
import { openRunFiles } from "../look_at_run.ts";

/** Tags that were set at once; null removes one. */
export interface EarlierTags {
  readonly setMs: number;
  readonly tags: readonly (readonly [key: string, value: string | null])[];
}

const BEGIN = "mlflow-";
const DRAFT = /^mlflow-(experiment|model)(~\d{1,15})?$/;
const PART = /^artifact-(\d{15})-/;
const FILE = "tags.json";

/** Returns the names with a prefix that have drafts of any kind. */
export async function draftedNames(registry: Registry, prefix = ""): Promise<Set<string>> {
  return new Set(await Array.fromAsync(namesWithDrafts(registry, prefix)));
}

/** Reads what was set for a name, in order. */
export async function readEarlierTags(registry: Registry, name: string): Promise<EarlierTags[]> {
  const found: EarlierTags[] = [];
  for await (const { id } of openDrafts(registry, name)) {
    const files = await openRunFiles(registry, { name, id }, (part) => PART.test(part));
    files.sort((a, b) => Number(a.addedAt) - Number(b.addedAt) || (a.part < b.part ? -1 : 1));
    for (const file of files) {
      if (file.info.path !== FILE) continue;
      const tags = parseExactJson(await new Response(file.stream()).text());
      if (!isJsonObject(tags)) continue;
      found.push({
        setMs: Number(PART.exec(file.part)?.[1]),
        tags: Object.entries(tags).filter((entry): entry is [string, string | null] =>
          entry[1] === null || typeof entry[1] === "string"
        ),
      });
    }
  }
  return found;
}

/** Removes what was set for a name. */
export async function discardEarlierTags(registry: Registry, name: string): Promise<void> {
  for await (const { draft } of openDrafts(registry, name)) await draft.discard();
}

async function* openDrafts(registry: Registry, name: string) {
  for await (const id of runIdsWith(registry, name, BEGIN)) {
    if (!DRAFT.test(id)) continue;
    const draft = await registry.openDraft(name, { id: `run:${id}` });
    if ((await draft.info()).state === "open") yield { id, draft };
  }
}
