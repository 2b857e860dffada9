// The names that a prune is about.
import { notFound } from "../../core/errors.ts";
import { globOf, isPattern } from "../../core/naming/name_patterns.ts";
import { shown } from "../../core/naming/names.ts";
import type { Registry } from "../../core/registry.ts";
import { knownContext } from "../operations/context.ts";
import { checkHas, checkKnown } from "../operations/listing.ts";

/** Yields each name once. Throws `NotFound` for a given one that never existed. */
export async function* listPruned(
  registry: Registry,
  names: Iterable<string> | undefined,
  signal?: AbortSignal,
): AsyncGenerator<string> {
  if (names === undefined) return yield* registry.names({ signal });
  const listed = new Set<string>();
  for (const text of names) {
    for await (const name of namesMeant(registry, text, signal)) {
      if (listed.has(name)) continue;
      listed.add(name);
      yield name;
    }
  }
}

/** Yields a name, or the names that match a pattern which is not the name of something. */
async function* namesMeant(
  registry: Registry,
  text: string,
  signal?: AbortSignal,
): AsyncGenerator<string> {
  const context = knownContext(registry);
  if (!isPattern(text) || await registry.has(text, { signal })) {
    await (context ? checkKnown(context, text, signal) : checkHas(registry, text, signal));
    return yield text;
  }
  const { prefix, test } = globOf(text);
  let count = 0;
  for await (const name of registry.names({ prefix, signal })) {
    if (!test(name)) continue;
    count++;
    yield name;
  }
  if (count > 0) return;
  throw notFound("find", shown(text), "no name matches", {
    hint: "List the names: registry.names(). * matches anything but /, and **/ any folders.",
    reason: { kind: "pattern_unmatched" },
  });
}
