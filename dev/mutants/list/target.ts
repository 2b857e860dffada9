// Mistakes in choosing where a save commits, with and without an idempotency key.
import type { Mutant } from "../mutant.ts";

/** Mistakes in choosing where a save commits, with and without an idempotency key. */
export const TARGET: readonly Mutant[] = [
  {
    name: "target/number-of-a-lost-race-taken-again",
    file: "registry/target/automatic.ts",
    text:
      `      if (highest === undefined || compareVersions(highest, target.version) < 0) highest = target.version;
`,
    replacement: "",
    foundBy: {
      test: "tests/registry/cell/contention_test.ts",
      name: "knowledge of a head rises against a stale list: automatic numbers",
    },
  },
  {
    name: "target/numbered-below-what-is-known",
    file: "registry/target/automatic.ts",
    text: "if (highest === undefined || compareVersions(highest, listed) < 0) highest = listed;",
    replacement: "highest = listed;",
    foundBy: {
      test: "tests/registry/cell/contention_test.ts",
      name: "knowledge of a head rises against a stale list: automatic numbers",
    },
  },
  {
    name: "target/strangers-file-restarts-numbers",
    file: "registry/target/automatic.ts",
    text: `      if (entries < limit) return undefined;
`,
    replacement: `      return undefined;
`,
    foundBy: {
      test: "tests/registry/damage/misplaced_test.ts",
      name: "strangers' files before all versions of a name do not make its numbers begin again",
    },
  },
  {
    name: "target/overwrites-another-commit-after-a-loss",
    file: "registry/target/explicit.ts",
    text: `      if (ifCommit !== undefined) throw changed();
      if (overwrite)`,
    replacement: "      if (overwrite)",
    foundBy: {
      equivalent:
        "the target is chosen again from a new look, which finds the other commit and refuses as well, one list later",
    },
  },
  {
    name: "target/overwrites-another-commit",
    file: "registry/target/explicit.ts",
    text:
      "if (ifCommit !== undefined && (known?.dead || known?.found?.record.commit !== ifCommit)) throw changed();",
    replacement: "",
    foundBy: {
      test: "tests/registry/verbs/save_conflict_test.ts",
      name: "save() with ifCommit overwrites only that commit",
    },
  },
  {
    name: "target/skip-returns-what-was-deleted",
    file: "registry/target/explicit.ts",
    text: `onConflict === "skip" && head.found?.record.kind === "version"`,
    replacement: `onConflict === "skip" && head.found`,
    foundBy: {
      test: "tests/registry/verbs/save_conflict_test.ts",
      name: "save() refuses a version that was deleted, and says so",
    },
  },
  {
    name: "target/overwrite-leaves-a-gap",
    file: "registry/target/explicit.ts",
    text: "generation: generation + 1",
    replacement: "generation: generation + 2",
    foundBy: {
      test: "tests/registry/cell/contention_test.ts",
      name: "overwriting looks again after each lost race, and ends above all of them",
    },
  },
  {
    name: "keyed/race-saves-twice",
    file: "registry/target/keyed.ts",
    text: "if (outcome.won) return choice;",
    replacement: "return choice;",
    foundBy: {
      test: "tests/registry/cell/idempotency_test.ts",
      name:
        "of two at the same time only one saves, also where the other is about to take another number",
    },
  },
  {
    name: "keyed/no-record-before-the-create",
    file: "registry/target/keyed.ts",
    text: `if (undecided && "target" in choice) return choice;`,
    replacement: `if ("target" in choice) return choice;`,
    foundBy: {
      test: "tests/registry/cell/idempotency_test.ts",
      name: "a repeat returns the first result and writes nothing",
    },
  },
  {
    name: "keyed/undecided-target-kept",
    file: "registry/target/keyed.ts",
    text: `if (undecided && "target" in choice) return choice;`,
    replacement: "",
    foundBy: {
      test: "tests/registry/cell/kept_result_test.ts",
      name: "a keyed save that changes nothing is repeated as such:",
    },
  },
  {
    name: "keyed/nothing-saved-is-not-kept",
    file: "registry/target/keyed.ts",
    text: `if (undecided && "target" in choice) return choice;`,
    replacement: `if (undecided || "existing" in choice) return choice;`,
    foundBy: {
      test: "tests/registry/cell/idempotency_test.ts",
      name: "a keyed save of a version that exists fails, or skips, each time the same",
    },
  },
  {
    name: "keyed/result-not-settled",
    file: "registry/target/keyed.ts",
    text:
      "if (record.commit !== operation.commit) await settle(context, [found.info.key], operation.signal);",
    replacement: "",
    foundBy: {
      test: "tests/registry/cell/settle_test.ts",
      name: "a key's record, before its target is created for it",
    },
  },
  {
    name: "keyed/kept-result-replaced-since",
    file: "registry/target/keyed.ts",
    text: " || !isKept",
    replacement: " || false",
    foundBy: {
      test: "tests/registry/cell/kept_result_test.ts",
      name: "a kept result in whose place another commit is, as after a restore, is a conflict",
    },
  },
  {
    name: "keyed/other-generation",
    file: "registry/target/keyed.ts",
    text: "target: { version: version.canonical, generation } }",
    replacement: "target: { version: version.canonical, generation: 1 } }",
    foundBy: {
      test: "tests/registry/cell/idempotency_test.ts",
      name: "a repeat whose target lands between its two looks returns it",
    },
  },
  {
    name: "keyed/anybodys-record-is-its-result",
    file: "registry/target/keyed.ts",
    text: "existing === undefined ? record.key === key : record.commit === existing",
    replacement: "existing === undefined || record.commit === existing",
    foundBy: {
      test: "tests/registry/cell/idempotency_test.ts",
      name: "a keyed save that lost its explicit version to another fails each time",
    },
  },
  {
    name: "keyed/void-result-counts",
    file: "registry/target/keyed.ts",
    text: "return meant && !await isVoid(context, found, signal);",
    replacement: "return meant;",
    foundBy: {
      test: "tests/registry/cell/idempotency_test.ts",
      name: "what landed when its payload was gone is not the result of a repeat:",
    },
  },
  {
    name: "keyed/landed-between-two-looks",
    file: "registry/target/keyed.ts",
    text: "      there = await read();",
    replacement: "",
    foundBy: {
      test: "tests/registry/cell/idempotency_test.ts",
      name: "a repeat whose target lands between its two looks returns it",
    },
  },
  {
    name: "keyed/scrubbed-result-is-absent",
    file: "registry/target/keyed.ts",
    text: "there === undefined || isEmptied(there.record)",
    replacement: "there === undefined",
    foundBy: {
      test: "tests/registry/cell/idempotency_test.ts",
      name: "a key whose version was replaced and collected is a conflict",
    },
  },
  {
    name: "keyed/misplaced-key-record-trusted",
    file: "registry/target/keyed.ts",
    text:
      "if (record.name !== name || record.key !== key) throw misplaced(found.info.key, record);",
    replacement: "",
    foundBy: {
      test: "tests/registry/cell/idempotency_test.ts",
      name: "a key's record in the cell of another key is Corrupt, and nobody's result",
    },
  },
  {
    name: "keyed/damaged-key-record-is-none",
    file: "registry/target/keyed.ts",
    text: `if (found === undefined) throw spent("its record is damaged");`,
    replacement: "if (found === undefined) return undefined;",
    foundBy: {
      test: "tests/registry/cell/idempotency_test.ts",
      name: "a damaged key record is a conflict, never a second save",
    },
  },
  {
    name: "target/removes-through-a-link",
    file: "core/disk/surplus_files.ts",
    text: "realpathSync.native(above) !== above",
    replacement: "above !== above",
    foundBy: {
      test: "tests/core/disk/write_again_test.ts",
      name: "nothing is removed through a link that took the place of a folder meanwhile",
    },
  },
  {
    name: "target/removes-what-patterns-leave-out",
    file: "core/disk/surplus_files.ts",
    text: " || !selects(`${folder}/`)",
    replacement: "",
    foundBy: {
      test: "tests/core/disk/write_again_test.ts",
      name: "of what patterns leave out nothing is removed, nor is its folder",
    },
  },
  {
    name: "target/takes-what-others-may-write",
    file: "core/disk/stage/folders.ts",
    text: " && (stats.mode & 0o077) === 0",
    replacement: "",
    foundBy: {
      test: "tests/core/disk/stage/resume_test.ts",
      name:
        "what was left for another target stays for that, and what others may write to is not touched",
    },
  },
  {
    name: "target/takes-what-is-for-another",
    file: "core/disk/stage/folders.ts",
    text: "const isSame = id === targetId(target);",
    replacement: "const isSame = true;",
    foundBy: {
      test: "tests/core/disk/stage/resume_test.ts",
      name:
        "what was left for another target stays for that, and what others may write to is not touched",
    },
  },
  {
    name: "target/believes-a-process-elsewhere-gone",
    file: "core/disk/stage/process.ts",
    text: "place !== thisMachine() || ",
    replacement: "",
    foundBy: {
      test: "tests/core/disk/stage/resume_test.ts",
      name: "nobody knows of a process of another machine, whether it is there",
    },
  },
];
