// Mistakes of the janitor.
import type { Mutant } from "../mutant.ts";

/** Mistakes of the janitor. */
export const GARBAGE: readonly Mutant[] = [
  {
    name: "garbage/deletion-has-the-time-of-the-save",
    file: "registry/maintenance/garbage/known_records.ts",
    text: "{ ...remains, ...times, kind",
    replacement: "{ ...remains, since: times.since, kind",
    foundBy: {
      test: "tests/registry/history/after_garbage_test.ts",
      name: "the past of an immutable registry stays the same however often garbage is collected",
    },
  },
  {
    name: "garbage/longer-grace-binds",
    file: "registry/opening/graces.ts",
    text: "replacedAt !== undefined && replacedAt + graceMs <= now",
    replacement: "replacedAt !== undefined && replacedAt <= now",
    foundBy: {
      test: "tests/registry/opening/changed_settings_test.ts",
      name: "a shorter grace counts once the longer one has passed since it was replaced",
    },
  },
  {
    name: "garbage/writers-by-the-grace-of-creation",
    file: "core/record/record.ts",
    text: "  return leastGraceMs;",
    replacement: "  return Math.max(graceMs, leastGraceMs);",
    foundBy: { seeds: { first: 1, count: 300, schedule: "changed graces" } },
  },
  {
    name: "garbage/lowered-at-once",
    file: "registry/opening/graces.ts",
    text: "graces.filter((grace) => !hasPassed(grace, now))",
    replacement: "graces.slice(0, 1)",
    foundBy: { seeds: { first: 1, count: 300, schedule: "changed graces" } },
  },
  {
    name: "garbage/least-grace",
    file: "registry/opening/change_settings.ts",
    text: "if (graceMs >= least &&",
    replacement: "if (graceMs >= 3_600_000 &&",
    foundBy: {
      test: "tests/registry/opening/changed_settings_test.ts",
      name: "no grace is shorter than the least, whatever was set since, nor longer than a year",
    },
  },
  {
    name: "garbage/own-age-counts",
    file: "registry/maintenance/garbage_of_name.ts",
    text: "!collection.isOld(replacedAt)",
    replacement: "place === 0 || !collection.isOld(head.modifiedAt)",
    foundBy: {
      test: "tests/registry/maintenance/garbage_test.ts",
      name: "payload that a replaced but readable generation shares stays",
    },
  },
  {
    name: "garbage/late-record-replaces",
    file: "registry/maintenance/garbage_of_name.ts",
    text: "place > 0 && found[place - 1]?.late === undefined",
    replacement: "place > 0",
    foundBy: {
      test: "tests/registry/cell/void_records_test.ts",
      name:
        "what counted under a void record stays for the grace after an ordinary one replaced it",
    },
  },
  {
    name: "garbage/first-generation-of-keys-removed",
    file: "registry/maintenance/garbage_of_name.ts",
    text: "place > 0 && head.generation > 1",
    replacement: "place > 0",
    foundBy: {
      test: "tests/registry/maintenance/garbage_test.ts",
      name:
        "of the records of a young key the first stays for ever, and those between it and the head go",
    },
  },
  {
    name: "garbage/keys-forgotten-after-the-grace",
    file: "registry/maintenance/garbage_of_name.ts",
    text: "collection.isForgettable(modifiedAt)",
    replacement: "collection.isOld(modifiedAt)",
    foundBy: {
      test: "tests/registry/maintenance/garbage_test.ts",
      name: "aliases keep all their records, which are their history, and a young key its own",
    },
  },
  {
    name: "garbage/head-of-a-key-goes-first",
    file: "registry/maintenance/garbage_of_name.ts",
    text: "plan.keys.push(...generations.toReversed());",
    replacement: "plan.keys.push(...generations);",
    foundBy: {
      equivalent:
        "a key that may be forgotten promises nothing any more, whichever of its records a janitor that was killed leaves",
    },
  },
  {
    name: "garbage/history-of-aliases-removed",
    file: "registry/maintenance/garbage_of_name.ts",
    text: `if (cell.kind === "alias") return;`,
    replacement: "",
    foundBy: {
      test: "tests/registry/maintenance/garbage_test.ts",
      name: "aliases keep all their records, which are their history, and a young key its own",
    },
  },
  {
    name: "garbage/one-tombstone-where-others-write-above",
    file: "registry/maintenance/garbage_of_name.ts",
    text: "!context.settings.mutable && generations.length",
    replacement: "generations.length",
    foundBy: {
      test: "tests/registry/maintenance/garbage_test.ts",
      name: "a tombstone that is the head stays for ever where it may be written above",
    },
  },
  {
    name: "garbage/head-removed-before-its-tombstone-is-old",
    file: "registry/maintenance/garbage_of_name.ts",
    text: " || !collection.isOld(first.modifiedAt)) return;",
    replacement: ") return;",
    foundBy: {
      test: "tests/registry/maintenance/forgotten_test.ts",
      name: "the first record becomes a tombstone before the one above it goes, a grace later",
    },
  },
  {
    name: "garbage/another-janitor-is-ahead",
    file: "registry/maintenance/garbage_of_name.ts",
    text: "const isSettled = found[0] !== undefined;",
    replacement: "const isSettled = true;",
    foundBy: {
      test: "tests/registry/maintenance/meeting_garbage_test.ts",
      name: "a janitor that stood still for days between two reads brings nothing back",
    },
  },
  {
    name: "garbage/void-record-keeps-its-place",
    file: "registry/maintenance/garbage_of_name.ts",
    text:
      "for (; found[counting]?.late !== undefined && await isVoid(context, found[counting]!.late!, signal); counting++) {",
    replacement: "for (; found[counting]?.late === null; counting++) {",
    foundBy: {
      test: "tests/registry/maintenance/garbage_note_test.ts",
      name: "a record that landed late and may not count is read each time",
    },
  },
  {
    name: "garbage/sign-of-life-ignored",
    file: "registry/maintenance/garbage/listed.ts",
    text: "folder.newest = Math.max(folder.newest, entry.modifiedAt);",
    replacement: "folder.newest ||= entry.modifiedAt;",
    foundBy: {
      test: "tests/registry/maintenance/garbage_test.ts",
      name: "payload that nobody committed goes when all of its folder is old",
    },
  },
  {
    name: "garbage/files-of-other-payloads-not-counted",
    file: "registry/payload/objects.ts",
    text: "const place = placeOf(file, part) ?? own;",
    replacement: "const place = own;",
    foundBy: {
      test: "tests/registry/maintenance/garbage_test.ts",
      name: "long lists of files that refer to other folders keep those",
    },
  },
  {
    name: "garbage/place-of-a-part-not-counted",
    file: "registry/payload/objects.ts",
    text: "return part.from ?? from;",
    replacement: "return from;",
    foundBy: {
      test: "tests/registry/payload/part_places_test.ts",
      name: "ranges of one part read it once",
    },
  },
  {
    name: "garbage/list-of-files-not-counted",
    file: "registry/payload/objects.ts",
    text: "of list.concat(record.files)",
    replacement: "of record.files",
    foundBy: {
      test: "tests/registry/maintenance/garbage_test.ts",
      name: "long lists of files that refer to other folders keep those",
    },
  },
  {
    name: "garbage/missing-list-refers-to-nothing",
    file: "registry/maintenance/garbage/known_records.ts",
    text: "if (late !== undefined) return placesOf(context, late.record);",
    replacement: "return late === undefined ? [] : placesOf(context, late.record);",
    foundBy: { test: "tests/registry/maintenance/garbage_test.ts", name: "a long list that is" },
  },
  {
    name: "garbage/records-listed-before-payload",
    file: "registry/maintenance/garbage_of_name.ts",
    text: `  const folders = await listFolders(collection, name);
  const cells = await listCells(collection, name);
`,
    replacement: `  const cells = await listCells(collection, name);
  const folders = await listFolders(collection, name);
`,
    foundBy: {
      test: "tests/registry/maintenance/garbage_test.ts",
      name:
        "of each name it lists payload, then records, and reads every record before it removes anything",
    },
  },
  {
    name: "garbage/payload-of-the-young-removed",
    file: "registry/maintenance/garbage_of_name.ts",
    text: "collection.isOld(newest) && !plan.referred",
    replacement: "!plan.referred",
    foundBy: {
      test: "tests/registry/maintenance/garbage_test.ts",
      name: "payload that nobody committed goes when all of its folder is old",
    },
  },
  {
    name: "garbage/sign-of-life-removed-first",
    file: "registry/maintenance/garbage_of_name.ts",
    text: "items.filter((item) => !isMark(item))",
    replacement: "items",
    foundBy: {
      test: "tests/registry/maintenance/garbage_test.ts",
      name: "payload that nobody committed goes when all of its folder is old",
    },
  },
  {
    name: "garbage/clock-not-checked",
    file: "registry/maintenance/mark.ts",
    text: "if (skewMs <= leastGraceOf(settings) / 4) return",
    replacement: "if (skewMs >= 0) return",
    foundBy: {
      test: "tests/registry/maintenance/garbage_test.ts",
      name: "it refuses to run where the clocks differ too much:",
    },
  },
  {
    name: "garbage/dry-run-removes",
    file: "registry/maintenance/collect_garbage.ts",
    text: "report.dryRun ? [] : items.map",
    replacement: "items.map",
    foundBy: {
      test: "tests/registry/maintenance/garbage_test.ts",
      name: "a dry run changes nothing and says what a run would do",
    },
  },
  {
    name: "garbage/dry-run-scrubs",
    file: "registry/maintenance/collect_garbage.ts",
    text: "if (!report.dryRun) await backend.put",
    replacement: "await backend.put",
    foundBy: {
      test: "tests/registry/maintenance/garbage_test.ts",
      name: "a dry run changes nothing and says what a run would do",
    },
  },
  {
    name: "garbage/damaged-name-ends-the-run",
    file: "registry/maintenance/readable.ts",
    text:
      `if (!isRegistryError(error, "Corrupt", "Unsupported", "Invalid", "Denied", "Unavailable")) throw error;`,
    replacement: "throw error;",
    foundBy: { test: "tests/registry/maintenance/garbage_test.ts", name: "a record that is" },
  },
  {
    name: "garbage/young-leftovers-removed",
    file: "registry/maintenance/garbage/leftovers.ts",
    text: "if (!isOld(entry.modifiedAt)) continue;",
    replacement: "",
    foundBy: {
      test: "tests/registry/maintenance/garbage_test.ts",
      name: "what no registry has put there is left alone",
    },
  },
  {
    name: "garbage/strangers-leftovers-removed",
    file: "registry/maintenance/garbage/leftovers.ts",
    text: ": isLeftover(entry.key);",
    replacement: ": true;",
    foundBy: {
      test: "tests/registry/maintenance/garbage_keys_test.ts",
      name: "in a folder of the registry too, what strangers put there stays",
    },
  },
  {
    name: "garbage/note-of-another-time",
    file: "registry/maintenance/garbage/note.ts",
    text: "modifiedAt !== entry.modifiedAt || ",
    replacement: "",
    foundBy: {
      test: "tests/registry/maintenance/garbage_note_test.ts",
      name: "a record whose listing is another one is read, though it is as long as before",
    },
  },
  {
    name: "garbage/note-of-what-may-be-written-again",
    file: "registry/maintenance/garbage/note.ts",
    text: " || isRacy",
    replacement: "",
    foundBy: {
      test: "tests/registry/maintenance/garbage_note_test.ts",
      name: "what was written shortly before the mark is read once more: its time may not tell",
    },
  },
  {
    name: "garbage/note-of-what-may-not-count",
    file: "registry/maintenance/garbage/note.ts",
    text: "late !== undefined || ",
    replacement: "",
    foundBy: {
      test: "tests/registry/maintenance/garbage_note_test.ts",
      name: "a record that landed late and may not count is read each time",
    },
  },
  {
    name: "garbage/note-of-another-registry",
    file: "registry/maintenance/garbage/note.ts",
    text: "registry !== context.id || of",
    replacement: "of",
    foundBy: {
      test: "tests/registry/maintenance/garbage_note_test.ts",
      name: "a note that is missing, damaged or foreign costs reads and nothing else",
    },
  },
  {
    name: "garbage/note-not-summed",
    file: "core/text/noted.ts",
    text: "if (sum !== sha256(text)) return undefined;",
    replacement: "",
    foundBy: {
      test: "tests/registry/maintenance/garbage_note_test.ts",
      name: "a note that is missing, damaged or foreign costs reads and nothing else",
    },
  },
  {
    name: "garbage/name-in-use-forgotten",
    file: "registry/maintenance/garbage/forget_name.ts",
    text: "!isSame(cells, listing)",
    replacement: "false",
    foundBy: {
      test: "tests/registry/maintenance/forgotten_test.ts",
      name: "somebody saves under it",
    },
  },
  {
    name: "garbage/forgets-long-after-its-mark",
    file: "registry/maintenance/garbage/forget_name.ts",
    text: "if (collection.isLate() || !await removeAll",
    replacement: "if (!await removeAll",
    also: [{
      file: "registry/maintenance/garbage/forget_name.ts",
      text: "if (collection.isLate() || !isSame(cells, listing))",
      replacement: "if (!isSame(cells, listing))",
    }],
    foundBy: {
      test: "tests/registry/maintenance/forgotten_test.ts",
      name: "a quarter of the least grace passes",
    },
  },
  {
    name: "garbage/heads-forgotten-first",
    file: "registry/maintenance/garbage/forget_name.ts",
    text: "[older.filter((head) => !isFirst(head)), heads.filter((head) => !isFirst(head))]",
    replacement: "[heads.filter((head) => !isFirst(head)), older.filter((head) => !isFirst(head))]",
    foundBy: {
      test: "tests/registry/maintenance/meeting_garbage_test.ts",
      name:
        "a name that was overwritten and deleted, and is forgotten at once, comes back at no call",
    },
  },
  {
    name: "garbage/firsts-not-buried-before-a-name-goes",
    file: "registry/maintenance/garbage/forget_name.ts",
    text: "if (!await buryFirsts(collection, versionsOf(cells), records)) return true;",
    replacement: "",
    foundBy: {
      test: "tests/registry/maintenance/meeting_garbage_test.ts",
      name: "forgetting a name may be killed at any call and is ended by the next",
    },
  },
  {
    name: "garbage/needed-notes-removed",
    file: "registry/maintenance/garbage/lineage_notes.ts",
    text: "if (!commits.has(note.commit)) stale",
    replacement: "if (commits) stale",
    foundBy: {
      test: "tests/registry/lineage/garbage_test.ts",
      name: "one whose version is there stays",
    },
  },
  {
    name: "garbage/young-notes-removed",
    file: "registry/maintenance/garbage/lineage_notes.ts",
    text: "if (!isForgettable(entry.modifiedAt)) continue;",
    replacement: "if (!collection.isOld(entry.modifiedAt)) continue;",
    foundBy: {
      test: "tests/registry/lineage/garbage_test.ts",
      name: "a note that came to nothing goes after a month",
    },
  },
];
