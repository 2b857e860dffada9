/**
 * Mistakes in reading cells, and in telling what counts there.
 *
 * @module
 */
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
    text: "if (!head.dead || deleted) {",
    replacement: "if (true) {",
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
  {
    name: "spans/not-waited-for",
    file: "registry/maintenance/garbage/note_spans.ts",
    text:
      "const versions = await isDrained(collection) ? await listCells(collection, name) : undefined;",
    replacement: "const versions = await listCells(collection, name);",
    foundBy: {
      test: "tests/registry/dead/races_test.ts",
      name: "who looked before a note was begun is waited for",
    },
  },
  {
    name: "spans/decided-by-the-first-listing",
    file: "registry/maintenance/garbage/note_spans.ts",
    text: "if (versions === undefined || hasLiving(versions, spans)) {",
    replacement: "if (versions === undefined) {",
    foundBy: {
      test: "tests/registry/dead/races_test.ts",
      name: "who looked before a note was begun is waited for",
    },
  },
  {
    name: "spans/living-among-the-dead",
    file: "registry/maintenance/garbage/note_spans.ts",
    text: "else open = undefined;",
    replacement: "",
    foundBy: {
      test: "tests/registry/dead/spans_test.ts",
      name: "what is alive between two long stretches of the dead is seen",
    },
  },
  {
    name: "spans/ended-by-whoever-comes-too-late",
    file: "registry/cell/dead_spans.ts",
    text: "else await backend.put(decided, encodeSpans(context, name, []), { signal });",
    replacement:
      'else await backend.put(decided, encodeSpans(context, name, []), { mode: "create", signal });',
    foundBy: {
      test: "tests/registry/dead/spans_test.ts",
      name: "a version that is saved among the dead is seen at once",
    },
  },
  {
    name: "spans/of-a-copy-believed",
    file: "registry/cell/dead_spans.ts",
    text: "if (!isOfStore(context, note) || note?.name !== name) return undefined;",
    replacement: "if (note?.name !== name) return undefined;",
    foundBy: {
      test: "tests/registry/dead/spans_test.ts",
      name: "a copy of the folder does not go by the notes in it",
    },
  },
  {
    name: "spans/guard-not-asked",
    file: "backends/local/put.ts",
    text: "if (guard !== undefined && mayHold(guard.prefix)) await guard.found();",
    replacement: "",
    foundBy: {
      test: "tests/registry/dead/spans_test.ts",
      name: "a version that is saved among the dead is seen at once",
    },
  },
  {
    name: "spans/decided-removed-first",
    file: "registry/maintenance/garbage/note_spans.ts",
    text: "for (const key of [begun, decided]) {",
    replacement: "for (const key of [decided, begun]) {",
    foundBy: {
      test: "tests/registry/dead/races_test.ts",
      name: "a note that cannot be removed as a whole is never decided again",
    },
  },
  {
    name: "spans/ended-note-not-settled",
    file: "registry/cell/settle.ts",
    text: ", ...await endedNotes(context, info.key, signal)",
    replacement: "",
    foundBy: {
      test: "tests/registry/dead/spans_test.ts",
      name:
        "who is told of a version that another writer saved among the dead may rely on being shown it",
    },
  },
  {
    name: "spans/two-notes-stay",
    file: "registry/maintenance/garbage/note_spans.ts",
    text: "(lacking >= MIN_DEAD || counting.size > 1)",
    replacement: "lacking >= MIN_DEAD",
    foundBy: {
      test: "tests/registry/dead/spans_test.ts",
      name: "of two notes that count one is left",
    },
  },
  {
    name: "spans/unknown-end-is-an-unknown-save",
    file: "registry/cell/dead_spans.ts",
    text: "return retold(cause, { message, cause, ...lost });",
    replacement: "return retold(cause, { message, cause });",
    foundBy: {
      test: "tests/registry/dead/spans_test.ts",
      name: "a save that cannot tell whether it ended a note has written nothing, and tries again",
    },
  },
];
