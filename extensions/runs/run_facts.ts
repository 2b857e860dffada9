// Parameters and tags of a run: a log of changes. Each has a number, and only one program can add it.
// So it has seen all changes before, and two programs neither lose one nor both set a value.
import { authorOf, conflict, invalid, isJsonObject, shown, sortedJson } from "../../core/kernel.ts";
import type { Author } from "../../registry/mod.ts";
import type { FileToSave } from "../../materializers/mod.ts";
import type { RegistryError } from "../../core/kernel.ts";
import type { RunChange, RunFacts, RunName } from "../../core/registry/run.ts";
import type { Records } from "../../registry/records.ts";
import { metaPart, numberAfter, spokenRun } from "./run_parts.ts";
import { checkSizes } from "./check_facts.ts";
import { lookAtRun, noSuchRun, readJsonPart, type RunLook } from "./look_at_run.ts";
import { runReasons } from "./reasons.ts";

/** Changes of a run: a listing reads all of them. */
const MOST_CHANGES = 10_000;
const BEGUN_FILE = "run.json";
const META_FILE = "meta.json";
const encoder = new TextEncoder();

/** The start, parameters and tags of a run. */
export interface StoredFacts {
  startedAt?: string;
  params: Map<string, unknown>;
  tags: Map<string, unknown>;
  by?: Author;
}

interface Begun {
  startedAt: string;
  by?: Author;
}

/** Returns the first file of a writer. */
export function begunFile({ startedAt, by }: Begun): FileToSave {
  return { path: BEGUN_FILE, content: encoder.encode(JSON.stringify({ startedAt, by })) };
}

/** Reads the parameters and tags of a run by now. */
export async function readFacts(known: RunLook): Promise<StoredFacts> {
  const [begun, ...changes] = await Promise.all(
    [known.first, ...known.changes].map((part) => part && readJsonPart(known, part)),
  );
  const first = isJsonObject(begun) ? begun : {};
  const { startedAt, params, meta } = first;
  const by = authorOf(first);
  const stored: StoredFacts = {
    ...(typeof startedAt === "string" && { startedAt }),
    params: new Map(),
    tags: new Map(),
    ...(by !== undefined && { by }),
  };
  const early = meta === true ? {} : { params }; // of early programs; beside `meta`, no parameters
  for (const change of [early, ...changes]) {
    if (isJsonObject(change)) apply(stored, change);
  }
  return stored;
}

interface Difference {
  kind: "params" | "tags";
  key: string;
  present: unknown;
  given: unknown;
}

/** A change that may also remove parameters: as values they may be null. */
type Change = RunFacts & { readonly replace?: unknown; readonly without?: unknown };

/** Applies a change. Values that may not be replaced stay: returns the first of them. */
function apply(stored: StoredFacts, { without, ...change }: Change) {
  let first: Difference | undefined;
  for (const key of Array.isArray(without) ? without : []) stored.params.delete(key);
  for (const kind of ["params", "tags"] as const) {
    const values = isJsonObject(change[kind]) ? change[kind] : {};
    for (const [key, given] of Object.entries(values)) {
      const present = stored[kind].get(key);
      if (present !== undefined && change.replace !== true && !isSame(present, given)) {
        first ??= { kind, key, present, given };
      } else if (kind === "tags" && given === null) stored.tags.delete(key);
      else stored[kind].set(key, given);
    }
  }
  return first;
}

function isSame(one: unknown, other: unknown): boolean {
  return sortedJson(one) === sortedJson(other);
}

/** Changes parameters and tags of a stored run. */
export async function updateStoredRun(
  context: Records,
  run: RunName,
  { signal, ...change }: RunChange,
): Promise<void> {
  context.checkWritable(`update ${spokenRun(run)}`);
  const known = await lookAtRun(context, run, signal);
  if (known.first === undefined) throw noSuchRun(run, "update");
  await addFacts(context, run, { known, signal, ...change });
}

/** Adds parameters and tags to a run. Throws `Conflict` for other values, unless `replace`. */
export async function addFacts(
  context: Records,
  run: RunName,
  { known, signal, ...change }: RunChange & { known: RunLook; without?: readonly string[] },
): Promise<void> {
  const { params, tags, without = [] } = change;
  if (Object.keys({ ...params, ...tags }).length + without.length === 0) return;
  for (let look = known;; look = await lookAtRun(context, run, signal)) {
    const stored = await readFacts(look);
    const before = factsText(stored);
    const differs = apply(stored, change);
    if (differs !== undefined) throw hasOther(run, differs);
    if (factsText(stored) === before) return;
    checkSizes(run, stored.params, stored.tags);
    const n = numberAfter(look.changes);
    if (n > MOST_CHANGES) {
      throw invalid("update", spokenRun(run), `it was changed ${MOST_CHANGES} times`, {
        hint: "Log values that change often as points.",
      });
    }
    // The program that adds the change of this number has seen all before.
    const content = encoder.encode(JSON.stringify(change));
    const produce = () => [{ path: META_FILE, content }];
    const { added } = await look.draft.add(metaPart(n), produce, { once: true });
    if (added) return;
  }
}

function factsText({ params, tags }: StoredFacts): string {
  return sortedJson([Object.fromEntries(params), Object.fromEntries(tags)]);
}

function hasOther(run: RunName, { kind, key, present, given }: Difference): RegistryError {
  const what = kind === "params" ? "parameter" : "tag";
  const text = (value: unknown) => shown(value as string);
  const state = `its ${what} ${shown(key)} is ${text(present)}, not ${text(given)}`;
  return conflict("update", spokenRun(run), state, {
    hint: "Pass `replace: true` to change it, or open a run with another id.",
    reason: runReasons.of("run_value_differs"),
  });
}
