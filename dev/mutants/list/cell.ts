// Mistakes in deciding what became of a create.
import type { Mutant } from "../mutant.ts";

/** Mistakes in deciding what became of a create. */
export const CELL: readonly Mutant[] = [
  {
    name: "cell/exists-is-another",
    file: "registry/cell/cell.ts",
    text: "const own = found.record.commit === operation.commit;",
    replacement: "const own = false;",
    foundBy: {
      test: "tests/registry/cell/cell_test.ts",
      name: "a hidden repeat of an automatic save does not take a second number",
    },
  },
  {
    name: "cell/exists-is-own",
    file: "registry/cell/cell.ts",
    text: "const own = found.record.commit === operation.commit;",
    replacement: "const own = true;",
    foundBy: {
      test: "tests/registry/cell/cell_test.ts",
      name: `an "exists" with another commit there is a loss`,
    },
  },
  {
    name: "cell/lost-reply-is-a-refusal",
    file: "registry/cell/cell.ts",
    text: `if (error.maybeWritten) return "lost";`,
    replacement: "",
    foundBy: {
      test: "tests/registry/cell/cell_test.ts",
      name: "a refusal for good is reported as it is, unless a lost request came before",
    },
  },
  {
    name: "cell/abort-after-send-is-an-abort",
    file: "registry/cell/cell.ts",
    text: "if (operation.signal?.aborted) throw unknownOutcome(backend, operation, error);",
    replacement: "if (operation.signal?.aborted) throw operation.signal.reason;",
    foundBy: {
      test: "tests/registry/cell/operation_test.ts",
      name: "an abort while a create is in flight is Unknown, landed or not",
    },
  },
  {
    name: "cell/fenced-tries-again",
    file: "registry/cell/cell.ts",
    text: `return "fenced";`,
    replacement: `return "lost";`,
    foundBy: {
      test: "tests/registry/cell/cell_test.ts",
      name: "a writer whom the store gave up never tries again",
    },
  },
  {
    name: "cell/patience-ten-times-as-long",
    file: "registry/cell/cell.ts",
    text: "+ waitMs > retryForMs",
    replacement: "+ waitMs > retryForMs * 10",
    foundBy: {
      test: "tests/registry/cell/cell_test.ts",
      name: "an unreadable outcome is Unknown after retryForMs, with the commit",
    },
  },
  {
    name: "cell/give-up-is-a-failure",
    file: "registry/cell/cell.ts",
    text: "if (operation.unresolved) throw unknownOutcome(backend, operation, failure);",
    replacement: "",
    foundBy: {
      test: "tests/registry/cell/cell_test.ts",
      name: `an unreadable "exists" is Unknown too, never a loss`,
    },
  },
  {
    name: "cell/landing-not-checked",
    file: "registry/cell/cell.ts",
    text: `  await checkLanding(context, operation, result.info);
`,
    replacement: "",
    foundBy: {
      test: "tests/registry/cell/cell_test.ts",
      name: "a record with payload that landed too late is no success, though it is the head",
    },
  },
  {
    name: "cell/landing-of-read-back-not-checked",
    file: "registry/cell/cell.ts",
    text: `          await checkLanding(context, operation, found.info);
`,
    replacement: "",
    foundBy: {
      test: "tests/registry/cell/cell_test.ts",
      name: "a record that landed too late is no success:",
    },
  },
  {
    name: "cell/read-back-success-not-settled",
    file: "registry/cell/cell.ts",
    text: `          await settleOwn(context, operation, key);
`,
    replacement: "",
    foundBy: {
      test: "tests/registry/cell/settle_test.ts",
      name: "what a save finds that it had written itself",
    },
  },
  {
    name: "cell/late-below-the-head-counts",
    file: "registry/cell/cell.ts",
    text:
      "if (byOwnClock && (await readHead(context, cell, operation.signal))?.key === info.key) return;",
    replacement: "if (byOwnClock) return;",
    foundBy: {
      test: "tests/registry/cell/cell_test.ts",
      name: "a record that landed too late is no success:",
    },
  },
  {
    name: "cell/refusal-forgets-what-was-sent",
    file: "registry/cell/cell.ts",
    text: "operation.unresolved = wasUnresolved;",
    replacement: "operation.unresolved = false;",
    foundBy: {
      test: "tests/registry/cell/cell_test.ts",
      name:
        "an operation commits at most once, and says truly what became of it, whatever goes wrong",
    },
  },
  {
    name: "cell/only-the-first-send-is-checked",
    file: "registry/cell/cell.ts",
    text: `  for (;;) {
    operation.checkCommit();`,
    replacement: `  operation.checkCommit();
  for (;;) {`,
    foundBy: {
      test: "tests/registry/cell/operation_test.ts",
      name: "a create that may have been sent is not repeated past the deadline",
    },
  },
  {
    name: "cell/stale-listing-lowers-the-head",
    file: "registry/cell/cell.ts",
    text: "head.generation <= (known?.generation ?? 0)",
    replacement: "false",
    foundBy: {
      test: "tests/registry/cell/contention_test.ts",
      name: "knowledge of a head rises against a stale list: overwriting",
    },
  },
  {
    name: "cell/damaged-head-ends-writing",
    file: "registry/cell/cell.ts",
    text: "return { generation: head.generation, dead: head.dead };",
    replacement: "throw error;",
    foundBy: {
      test: "tests/registry/cell/cell_test.ts",
      name: "a damaged head can be overwritten and deleted, never rewritten",
    },
  },
  {
    name: "cell/damage-read-back-once",
    file: "registry/cell/cell.ts",
    text: "++damaged >= 3",
    replacement: "++damaged >= 1",
    foundBy: {
      test: "tests/registry/cell/cell_test.ts",
      name: "what was lost and comes back damaged is read twice more",
    },
  },
  {
    name: "cell/read-back-is-not-repeated",
    file: "registry/cell/cell.ts",
    text: `if (error.retry !== "later" && ++damaged >= 3)`,
    replacement: "if (++damaged >= 1)",
    foundBy: {
      test: "tests/registry/cell/cell_test.ts",
      name: "what was lost is read until the store answers",
    },
  },
  {
    name: "cell/unknown-is-not-maybe-written",
    file: "registry/cell/operation.ts",
    text: `    maybeWritten: true,
`,
    replacement: "",
    foundBy: {
      test: "tests/registry/cell/cell_test.ts",
      name: "a writer whom the store gave up never tries again",
    },
  },
];
