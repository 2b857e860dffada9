// The names that a prune is about.
import type { Registry } from "../../../mod.ts";
import { notFound, shown } from "../../../core/kernel.ts";
import type { NamesOptions } from "../../../registry/mod.ts";
import { globOf, isPattern } from "../../../core/naming/name_patterns.ts";
import { cellsIn, type ListedName } from "../../../registry/extending.ts";
import { checkHasName, knownRecords, LAYOUT } from "../../../registry/records.ts";

/** A name to prune, and what a pass over many names listed of it. */
export interface PrunedName {
  name: string;
  pass?: ListedName;
  /** Its place in a report: the number of the name or pattern that was given, then its key. */
  at: { argument: number; key: string };
}

/** Compares the places of two names in a report. */
export function comparePlaces({ at: a }: PrunedName, { at: b }: PrunedName): number {
  return a.argument - b.argument || (a.key < b.key ? -1 : 1);
}

/** Yields each name once, in any order. Throws `NotFound` for a given one that never existed. */
export async function* listPruned(
  registry: Registry,
  names: Iterable<string> | undefined,
  signal?: AbortSignal,
): AsyncGenerator<PrunedName> {
  if (names === undefined) return yield* listMany(registry, 0, { signal });
  const listed = new Set<string>();
  let argument = 0;
  for (const text of names) {
    for await (const pruned of namesMeant(registry, text, argument, signal)) {
      if (listed.has(pruned.name)) continue;
      listed.add(pruned.name);
      yield pruned;
    }
    argument++;
  }
}

/** Yields a name, or the names that match a pattern which is not the name of something. */
async function* namesMeant(
  registry: Registry,
  text: string,
  argument: number,
  signal?: AbortSignal,
): AsyncGenerator<PrunedName> {
  if (!isPattern(text) || await registry.has(text, { signal })) {
    await checkHasName(registry, text, signal);
    return yield { name: text, at: { argument, key: LAYOUT.nameFolder(text) } };
  }
  const { prefix, test } = globOf(text);
  let count = 0;
  for await (const pruned of listMany(registry, argument, { prefix, signal })) {
    if (!test(pruned.name)) continue;
    count++;
    yield pruned;
  }
  if (count > 0) return;
  throw notFound("find", shown(text), "no name matches", {
    hint: "List the names: registry.names(). * matches anything but /, and **/ any folders.",
    reason: { kind: "pattern_unmatched" },
  });
}

/** Yields the names with a version: those of a store in one pass over its records. */
async function* listMany(
  registry: Registry,
  argument: number,
  options: Pick<NamesOptions, "prefix" | "signal">,
): AsyncGenerator<PrunedName> {
  const context = knownRecords(registry);
  if (context === undefined) {
    for await (const name of registry.names(options)) {
      yield { name, at: { argument, key: LAYOUT.nameFolder(name) } };
    }
    return;
  }
  for await (const pass of context.pass(options)) {
    const name = nameWithVersion(pass);
    if (name !== undefined) yield { name, pass, at: { argument, key: LAYOUT.nameFolder(name) } };
  }
}

/** Returns the name if it has a version that is not deleted, as `names()` lists them. */
function nameWithVersion({ name, entries }: ListedName): string | undefined {
  const versions = `${LAYOUT.NAMES}${name}/versions/`;
  for (const cell of cellsIn(entries.filter(({ key }) => key.startsWith(versions)))) {
    if (cell.kind === "version" && !cell.head.dead) return cell.name;
  }
}
