// Trying one mutant: does what should notice it do so?
import { editsOf } from "./mutant.ts";
import type { Mutant } from "./mutant.ts";
import { runSeeds, runTests } from "./run.ts";
import type { SourceCopy } from "./source_copy.ts";

/** What became of a mutant. `broken` is a mutant, or a finder, that does not run. */
export type Verdict = "killed" | "alive" | "equivalent" | "broken";

/** What became of a mutant, and by what. */
export interface Outcome {
  /** Its name. */
  name: string;
  /** What became of it. */
  verdict: Verdict;
  /** What noticed it, or why nothing did. */
  by: string;
  /** How long that took, milliseconds. */
  ms: number;
}

/** Tries a mutant with what is said to find it. */
export async function tryMutant(
  copy: SourceCopy,
  mutant: Mutant,
  signal?: AbortSignal,
): Promise<Outcome> {
  const began = performance.now();
  const judged = (verdict: Verdict, by: string): Outcome => (
    { name: mutant.name, verdict, by, ms: Math.round(performance.now() - began) }
  );
  const { foundBy } = mutant;
  if ("equivalent" in foundBy) return judged("equivalent", foundBy.equivalent);
  try {
    return await copy.changed(editsOf(mutant), async () => {
      if ("seeds" in foundBy) {
        const { broken, hung, ran, output } = await runSeeds(copy.path, foundBy.seeds, signal);
        if (broken) {
          return judged("killed", `seed ${broken.seed} (${broken.schedule}): ${broken.promise}`);
        }
        if (hung) return judged("killed", "seeds that do not end");
        const { first, count, schedule = "all schedules" } = foundBy.seeds;
        return ran
          ? judged("alive", `${count} seeds from ${first}, ${schedule}`)
          : judged("broken", output);
      }
      const { test, name } = foundBy;
      const { passed, failed, hung, output } = await runTests(copy.path, [test], {
        filter: name,
        signal,
      });
      if (failed.length > 0) return judged("killed", `${test}: ${failed[0].name}`);
      if (hung) return judged("killed", `${test}: does not end`);
      return passed > 0 ? judged("alive", `${test}: ${name}`) : judged("broken", output);
    });
  } catch (error) {
    signal?.throwIfAborted();
    return judged("broken", (error as Error).message);
  }
}

/** The tests that should notice mutants, tried without any: those that fail say nothing. */
export async function tryWithout(
  copy: SourceCopy,
  mutants: readonly Mutant[],
  signal?: AbortSignal,
): Promise<string[]> {
  const finders = mutants.flatMap(({ foundBy }) => "test" in foundBy ? [foundBy] : []);
  if (finders.length === 0) return [];
  const names = [...new Set(finders.map(({ name }) => name))];
  const filter = `/${names.map((name) => name.replace(/[/\\^$.*+?()[\]{}|]/g, "\\$&")).join("|")}/`;
  const files = [...new Set(finders.map(({ test }) => test))];
  const { passed, failed, hung, output } = await runTests(copy.path, files, { filter, signal });
  if (hung || passed + failed.length === 0) {
    return [`the tests do not run without a mutant: ${output}`];
  }
  return failed.map(({ file, name }) => `${file}: ${name}: fails without a mutant`);
}
