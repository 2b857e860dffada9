// The test files that passed in a run in which others failed: those of modules of tests, rooms, that ended without a failure.
import { basename } from "@std/path";
import type { GreenRuns } from "../held_over.ts";

/** Lines of `deno test --parallel` about a failure, with its module. A failed step is a failure of its test, too. */
const FAILURE = /^(?:Uncaught error from )?(\S+_test\.ts)(?: => .* \.\.\.)? FAILED\b/;
/** The last line of a run with failures. */
const SUMMARY = /^FAILED \| .*\| (\d+) failed\b/;

/** Finds the modules with failures in the output of a run. */
export class FailedModules {
  readonly #names = new Set<string>();
  #failures = 0;
  #count: number | undefined;
  #rest = "";

  /** Adds a part of the output. */
  add(text: string): void {
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop()!;
    for (const line of lines) this.#read(line);
  }

  #read(line: string): void {
    const [, module] = FAILURE.exec(line) ?? [];
    if (module !== undefined) {
      this.#failures++;
      this.#names.add(basename(module));
    }
    const [, count] = SUMMARY.exec(line) ?? [];
    if (count !== undefined) this.#count = Number(count);
  }

  /** The names of these modules; undefined unless the output has the module of each failure. */
  get names(): ReadonlySet<string> | undefined {
    const areAllKnown = this.#count !== undefined && this.#count <= this.#failures;
    return areAllKnown ? this.#names : undefined;
  }
}

/**
 * Returns the runs to note after a run with failures: without the files of a module that failed, or that did not run to its
 * end, as after an error of a timer.
 *
 * @param rooms the files of each module, by its name
 * @param ended the names of modules whose last test ended
 */
export function withoutFailedRooms(
  passed: GreenRuns,
  rooms: ReadonlyMap<string, readonly string[]>,
  failed: ReadonlySet<string>,
  ended: ReadonlySet<string>,
): GreenRuns {
  const lost = new Set(
    [...rooms].flatMap(([name, files]) => failed.has(name) || !ended.has(name) ? files : []),
  );
  return Object.fromEntries(Object.entries(passed).filter(([file]) => !lost.has(file)));
}
