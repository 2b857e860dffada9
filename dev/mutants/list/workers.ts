/**
 * Mistakes in saving through workers.
 *
 * @module
 */
import type { Mutant } from "../mutant.ts";

/** Mistakes in saving through workers. */
export const WORKERS: readonly Mutant[] = [
  {
    name: "workers/unresolved-payload-removed",
    file: "workers/write_elsewhere.ts",
    text: `        if (operation.unresolved) return; // the record may be there, and refer to it
`,
    replacement: "",
    foundBy: {
      test: "tests/workers/save_test.ts",
      name: "what a worker wrote stays where nobody knows whether its record landed",
    },
  },
  {
    name: "workers/no-sign-of-life",
    file: "workers/write_elsewhere.ts",
    text: `        await job.keepAlive();
`,
    replacement: "",
    foundBy: {
      test: "tests/workers/save_test.ts",
      name: "a base that went while a worker wrote is not relied on: its files are written after all",
    },
  },
  {
    name: "workers/store-time-unheard",
    file: "workers/write_elsewhere.ts",
    text: "if (storeTime !== undefined) job",
    replacement: "if (false) job",
    foundBy: {
      test: "tests/workers/save_test.ts",
      name: "the time in the record of a save by a worker is the store's, whatever the own clock shows",
    },
  },
  {
    name: "workers/piece-used-again-too-early",
    file: "workers/supplied_files.ts",
    text: "yield passing ? piece : piece.slice();",
    replacement: "yield piece;",
    foundBy: {
      test: "tests/workers/file_supply_test.ts",
      name: "what a worker was supplied stays what it was, however long its reader keeps it",
    },
  },
  {
    name: "workers/sends-past-the-deadline",
    file: "workers/write_elsewhere.ts",
    text: `          job.operation.checkSend();
`,
    replacement: "",
    foundBy: {
      test: "tests/workers/save_test.ts",
      name: "a save by a worker that stood still past its deadline fails, and says no more that it is alive",
    },
  },
];
