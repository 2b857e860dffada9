// Mistakes in saving through workers.
import type { Mutant } from "../mutant.ts";

/** Mistakes in saving through workers. */
export const WORKERS: readonly Mutant[] = [
  {
    name: "workers/piece-used-again-too-early",
    file: "workers/pulled.ts",
    text: "yield passing ? piece : piece.slice();",
    replacement: "yield piece;",
    foundBy: {
      test: "tests/workers/ports_test.ts",
      name: "what a worker has pulled stays what it was, however long its reader keeps it",
    },
  },
  {
    name: "workers/spent-stream-is-sent-again",
    file: "workers/executor.ts",
    text: " || spent.has(job)",
    replacement: "",
    foundBy: {
      test: "tests/workers/save_test.ts",
      name:
        "what was read of a stream cannot be read again, so its entry fails when its worker is lost",
    },
  },
  {
    name: "workers/half-a-file-is-left-for-the-next",
    file: "registry/jobs/reader.ts",
    text: "          rmSync(path, { force: true }); // what was written of it\n",
    replacement: "",
    foundBy: {
      test: "tests/workers/download_test.ts",
      name: "a worker that is lost while it downloads or checks costs nothing but time",
    },
  },
];
