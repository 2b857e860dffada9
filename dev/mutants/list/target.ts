/**
 * Mistakes in choosing where a save commits, with and without an idempotency key.
 *
 * @module
 */
import type { Mutant } from "../mutant.ts";

/** Mistakes in choosing where a save commits, with and without an idempotency key. */
export const TARGET: readonly Mutant[] = [
  {
    name: "target/number-of-a-lost-race-taken-again",
    file: "registry/target/automatic.ts",
    text: `      if (highest === undefined || compareVersions(highest, target.version) < 0) highest = target.version;
`,
    replacement: "",
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "target/numbered-below-what-is-known",
    file: "registry/target/automatic.ts",
    text: "if (highest === undefined || compareVersions(highest, listed) < 0) highest = listed;",
    replacement: "highest = listed;",
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "target/strangers-file-restarts-numbers",
    file: "registry/target/automatic.ts",
    text: `      if (entries < limit) return undefined;
`,
    replacement: `      return undefined;
`,
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "target/overwrites-another-commit-after-a-loss",
    file: "registry/target/explicit.ts",
    text: `      if (ifCommit !== undefined) throw changed();
      if (overwrite)`,
    replacement: "      if (overwrite)",
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "target/overwrites-another-commit",
    file: "registry/target/explicit.ts",
    text: "if (ifCommit !== undefined && (known?.dead || known?.found?.record.commit !== ifCommit)) throw changed();",
    replacement: "",
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "target/skip-returns-what-was-deleted",
    file: "registry/target/explicit.ts",
    text: `onConflict === "skip" && head.found?.record.kind === "version"`,
    replacement: `onConflict === "skip" && head.found`,
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "target/overwrite-of-the-first-generation",
    file: "registry/target/explicit.ts",
    text: "generation: generation + 1",
    replacement: "generation: 1",
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "keyed/race-saves-twice",
    file: "registry/target/keyed.ts",
    text: "if (outcome.won) return choice;",
    replacement: "return choice;",
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "keyed/no-record-before-the-create",
    file: "registry/target/keyed.ts",
    text: `if (undecided && "target" in choice) return choice;`,
    replacement: `if ("target" in choice) return choice;`,
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "keyed/undecided-target-kept",
    file: "registry/target/keyed.ts",
    text: `if (undecided && "target" in choice) return choice;`,
    replacement: "",
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "keyed/nothing-saved-is-not-kept",
    file: "registry/target/keyed.ts",
    text: `if (undecided && "target" in choice) return choice;`,
    replacement: `if (undecided || "existing" in choice) return choice;`,
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "keyed/result-not-settled",
    file: "registry/target/keyed.ts",
    text: "if (record.commit !== operation.commit) await settle(context, [found.info.key], operation.signal);",
    replacement: "",
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "keyed/kept-result-replaced-since",
    file: "registry/target/keyed.ts",
    text: " || !isKept",
    replacement: " || false",
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "keyed/other-generation",
    file: "registry/target/keyed.ts",
    text: "target: { version: version.canonical, generation } }",
    replacement: "target: { version: version.canonical, generation: 1 } }",
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "keyed/anybodys-record-is-its-result",
    file: "registry/target/keyed.ts",
    text: "existing === undefined ? record.key === key : record.commit === existing",
    replacement: "existing === undefined || record.commit === existing",
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "keyed/void-result-counts",
    file: "registry/target/keyed.ts",
    text: "return meant && !await isVoid(context, found, signal);",
    replacement: "return meant;",
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "keyed/landed-between-two-looks",
    file: "registry/target/keyed.ts",
    text: "      there = await read();",
    replacement: "",
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "keyed/scrubbed-result-is-absent",
    file: "registry/target/keyed.ts",
    text: `there === undefined || there.record.kind === "scrubbed"`,
    replacement: "there === undefined",
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "keyed/misplaced-key-record-trusted",
    file: "registry/target/keyed.ts",
    text: "if (record.name !== name || record.key !== key) throw misplaced(found.info.key, record);",
    replacement: "",
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "keyed/damaged-key-record-is-none",
    file: "registry/target/keyed.ts",
    text: `if (found === undefined) throw spent("its record is damaged");`,
    replacement: "if (found === undefined) return undefined;",
    foundBy: { equivalent: "not known yet" },
  },
];
