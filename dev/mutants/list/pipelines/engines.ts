// Mistakes of engines and queues.
import type { Mutant } from "../../mutant.ts";

/** Mistakes of engines and queues. */
export const ENGINES: readonly Mutant[] = [
  {
    name: "engine/same-name-runs-twice",
    file: "operators/engines/local.ts",
    text: "        if (!isNew) continue;\n",
    replacement: "",
    foundBy: {
      test: "tests/operators/engines/conformance_test.ts",
      name: "local engine: the same name again",
    },
  },
  {
    name: "engine/shard-without-number",
    file: "operators/engines/local.ts",
    text: "shards === 1 ? {} : { HOLDFAST_SHARD: `${index}/${shards}` }",
    replacement: "shards === 1 ? {} : {}",
    foundBy: {
      test: "tests/operators/engines/conformance_test.ts",
      name: "local engine: shards are",
    },
  },
  {
    name: "engine/jobs-of-other-runs",
    file: "operators/engines/local.ts",
    text: "if (note.run === run) ids.add(note.id);",
    replacement: "ids.add(note.id);",
    foundBy: {
      test: "tests/operators/engines/conformance_test.ts",
      name: "local engine: the jobs of a run",
    },
  },
  {
    name: "engine/failed-shard-is-lost",
    file: "operators/engines/queue.ts",
    text: 'job.state === "done" && exitCode !== 0 ? "failed"',
    replacement: 'job.state === "done" && exitCode === 0 ? "failed"',
    foundBy: {
      test: "tests/operators/engines/conformance_test.ts",
      name: "queue engine: a step that fails says",
    },
  },
  {
    name: "engine/word-of-a-shell",
    file: "operators/process/shell_words.ts",
    text: "word.replaceAll(\"'\", `'\\\\''`)",
    replacement: "word",
    foundBy: {
      test: "tests/operators/process/shell_words_test.ts",
      name: "a shell takes each word",
    },
  },
];
