// Mistakes in reading cells, and in telling what counts there.
import type { Mutant } from "../mutant.ts";

/** Mistakes in reading cells, and in telling what counts there. */
export const HEADS: readonly Mutant[] = [
  {
    name: "heads/strangers-file-hides-the-head",
    file: "registry/cell/heads.ts",
    text: `"generation" in newest ? newest : await headBehind(context, cell, signal)`,
    replacement: `"generation" in newest ? newest : undefined`,
    foundBy: {
      test: "tests/registry/damage/misplaced_test.ts",
      name: "a stranger's file that is listed before the records of a cell hides none of them",
    },
  },
  {
    name: "heads/old-tombstones-are-live",
    file: "registry/cell/heads.ts",
    text: "if (size === OLD_TOMBSTONE_BYTES || size",
    replacement: "const isOpen = size",
    foundBy: {
      test: "tests/registry/first_format_test.ts",
      name: "tombstones of the first format have 512 bytes and are known",
    },
  },
  {
    name: "heads/first-records-of-that-size-are-dead",
    file: "registry/cell/heads.ts",
    text: " || size === TOMBSTONE_BYTES && !isOfVersion(key)",
    replacement: "",
    foundBy: {
      test: "tests/registry/first_format_test.ts",
      name: "aliases and keys of the first format may have the size that tombstones have now",
    },
  },
  {
    name: "heads/sector-is-a-tombstone",
    file: "registry/cell/heads.ts",
    text: `return (await readRecord(context, key, signal))?.record.kind === "deleted";`,
    replacement: "return true;",
    foundBy: {
      test: "tests/registry/damage/damage_test.ts",
      name: "a version whose record is cut at a sector can be deleted",
    },
  },
  {
    name: "heads/long-record-is-read",
    file: "registry/cell/heads.ts",
    text: "if (object.info.size > MAX_RECORD_BYTES) {",
    replacement: "if (false) {",
    foundBy: {
      test: "tests/registry/damage/sizes_test.ts",
      name: "an object in the place of a record that is too long for one is not read",
    },
  },
  {
    name: "heads/older-generations-listed",
    file: "registry/cell/heads.ts",
    text: `cell !== "" && entry.key.startsWith(cell)`,
    replacement: "false",
    foundBy: {
      test: "tests/registry/verbs/versions_test.ts",
      name: "versions() of a registry without versions is the one that there is",
    },
  },
  {
    name: "heads/generation-not-checked",
    file: "registry/cell/heads.ts",
    text: "if (record.generation !== generationOf",
    replacement: "if (false && record.generation !== generationOf",
    foundBy: {
      test: "tests/registry/damage/misplaced_test.ts",
      name: "a record that was copied to another generation is Corrupt",
    },
  },
  {
    name: "heads/deleted-listed",
    file: "registry/cell/heads.ts",
    text: "if (!head.dead || deleted) yield head;",
    replacement: "yield head;",
    foundBy: {
      test: "tests/registry/verbs/versions_test.ts",
      name: "versions() of a registry without versions is the one that there is",
    },
  },
  {
    name: "heads/older-version-first",
    file: "registry/cell/heads.ts",
    text: "compareVersions(a.version, b.version) < 0) ? 1 : 0",
    replacement: "compareVersions(a.version, b.version) > 0) ? 1 : 0",
    foundBy: {
      test: "tests/registry/verbs/versions_test.ts",
      name: "versions() and latest order any versions as semantic versioning does",
    },
  },
  {
    name: "heads/kind-not-checked",
    file: "registry/cell/heads.ts",
    text: "if (found.record.kind === kind) return found",
    replacement: "if (true) return found",
    foundBy: {
      test: "tests/registry/damage/misplaced_test.ts",
      name: "an alias's record in a version's place is Corrupt, though it says which version",
    },
  },
  {
    name: "voids/restored-records-are-late",
    file: "registry/cell/voids.ts",
    text: "context.createdAt <= startedAt && ",
    replacement: "",
    foundBy: {
      test: "tests/registry/cell/void_records_test.ts",
      name: "in a registry that is younger than its records nothing is void: it was copied",
    },
  },
  {
    name: "voids/half-a-payload-is-enough",
    file: "registry/cell/voids.ts",
    text: "!== undefined) continue;",
    replacement: "!== undefined) return false;",
    foundBy: {
      test: "tests/registry/cell/void_records_test.ts",
      name: "a late record with a long list of files is void where its",
    },
  },
  {
    name: "voids/late-after-twice-the-grace",
    file: "registry/cell/voids.ts",
    text: "leastGraceOf(context.settings) / 2",
    replacement: "leastGraceOf(context.settings) * 2",
    foundBy: {
      test: "tests/registry/cell/void_records_test.ts",
      name: "latest passes over a version that is void",
    },
  },
  {
    name: "voids/void-head-hides-the-version-below",
    file: "registry/cell/voids.ts",
    text: "if (head === undefined || !context.voids.has(head.key)) return head;",
    replacement: `if (head === undefined || !context.voids.has(head.key)) return head;
  if (context.voids.size > 0) return undefined;`,
    foundBy: {
      test: "tests/registry/cell/void_records_test.ts",
      name: "verify ends where what counts below a void record is damaged, and says so",
    },
  },
  {
    name: "heads/aliases-left-out",
    file: "registry/cell/heads.ts",
    text: "return saysDead(entry) === true &&",
    replacement: "return saysDead(entry) !== false &&",
    foundBy: {
      test: "tests/registry/first_format_test.ts",
      name: "aliases and keys of the first format may have the size that tombstones have now",
    },
  },
  {
    name: "heads/strangers-left-out",
    file: "registry/cell/heads.ts",
    text: "saysDead(entry) === true && generationOf(entry.key) !== undefined;",
    replacement: "saysDead(entry) === true;",
    foundBy: {
      test: "tests/registry/damage/misplaced_test.ts",
      name: "a stranger's file that is listed before the records of a cell hides none of them",
    },
  },
];
