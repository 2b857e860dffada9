// Looking for what notices a mutant.
import { editsOf } from "./mutant.ts";
import type { Mutant } from "./mutant.ts";
import { runSeeds, runTests } from "./run.ts";
import type { SourceCopy } from "./source_copy.ts";

/** The tests that a file's mistakes are looked for in, by the beginning of its path: the first that fits. */
const LIKELY: readonly [prefix: string, tests: readonly string[]][] = [
  ["registry/maintenance/prune_by_contract", ["tests/registry/contract"]],
  ["registry/mirror/by_contract/", ["tests/registry/contract"]],
  ["registry/opening/announcer", ["tests/registry/events"]],
  ["registry/maintenance/", ["tests/registry/maintenance", "tests/registry/cell"]],
  ["registry/mirror", ["tests/registry/mirror"]],
  ["registry/cache/", ["tests/registry/cache"]],
  ["registry/transfer/", ["tests/registry/transfer"]],
  ["registry/payload/", ["tests/registry/payload", "tests/registry/cell", "tests/registry/verbs"]],
  ["registry/", [
    "tests/registry/cell",
    "tests/registry/verbs",
    "tests/registry/damage",
    "tests/registry/payload",
  ]],
  ["backends/local", ["tests/backends"]],
  ["backends/memory", ["tests/backends/memory_test.ts"]],
  ["backends/s3", ["tests/backends/s3"]],
  ["backends/gcs", ["tests/backends/gcs"]],
  ["core/", ["tests/core"]],
  ["operators/runner/", ["tests/operators/runner"]],
  ["operators/config/", ["tests/operators/config"]],
  ["operators/graph/", ["tests/operators/graph", "tests/operators/config"]],
  ["operators/engines/", ["tests/operators/engines"]],
  ["operators/", ["tests/operators"]],
  ["queues/", ["tests/queues"]],
  ["workers/", ["tests/workers"]],
  ["plugins/", ["tests/plugins"]],
  ["apps/server", ["tests/apps/server"]],
  ["apps/http_client", ["tests/apps/http_client"]],
];

/** Where to look. */
export interface SearchOptions {
  /** Tests. @default those beside the file */
  tests?: readonly string[];
  /** How many seeds of the simulation. */
  seeds: number;
  /** Ends the search. */
  signal?: AbortSignal;
}

/** What notices a mutant, as lines to print: of the tests those of the first file or folder where one does. */
export async function searchFinders(
  copy: SourceCopy,
  mutant: Mutant,
  options: SearchOptions,
): Promise<string[]> {
  const likely = LIKELY.find(([prefix]) => mutant.file.startsWith(prefix))?.[1] ?? [];
  const { tests = likely, seeds, signal } = options;
  return await copy.changed(editsOf(mutant), async () => {
    const lines: string[] = [];
    for (const path of tests) {
      const { passed, failed, hung, output } = await runTests(copy.path, [path], { signal });
      for (const { file, name } of failed) lines.push(`  ${file}: ${name}`);
      if (hung) lines.push(`  ${path}: does not end`);
      if (passed + failed.length === 0) lines.push(`  ${path}: nothing ran: ${output}`);
      if (failed.length > 0 || hung) break;
    }
    if (seeds > 0) {
      const { broken, ran, hung, output } = await runSeeds(
        copy.path,
        { first: 1, count: seeds },
        signal,
      );
      if (broken) {
        lines.push(
          `  seed ${broken.seed} (${broken.schedule}): ${broken.promise}: ${broken.message}`,
        );
      } else if (hung) lines.push("  seeds that do not end");
      else if (!ran) lines.push(`  no seed ran: ${output}`);
    }
    return lines.length > 0 ? lines : ["  ALIVE"];
  });
}
