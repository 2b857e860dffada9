// Mistakes in garbage collection, prune and delete.
import type { Mutant } from "../mutant.ts";

/** Mistakes in garbage collection, prune and delete. */
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
    name: "garbage/lowered-at-once",
    file: "registry/opening/graces.ts",
    text: "graces.filter((grace) => !hasPassed(grace, now))",
    replacement: "graces.slice(0, 1)",
    foundBy: { seeds: { "first": 1, "count": 300, "schedule": "changed graces" } },
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
    file: "registry/maintenance/garbage/known.ts",
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
    name: "garbage/dry-run-removes",
    file: "registry/maintenance/collection.ts",
    text: "this.dryRun ? [] : items.map",
    replacement: "items.map",
    foundBy: {
      test: "tests/registry/maintenance/garbage_test.ts",
      name: "a dry run changes nothing and says what a run would do",
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
    name: "prune/deletes-what-was-written-since",
    file: "registry/delete.ts",
    text:
      `outcome = head.generation === listed.generation && head.found !== undefined ? "deleted" : "changed";`,
    replacement: `outcome = "deleted";`,
    foundBy: {
      test: "tests/registry/maintenance/prune_counting_test.ts",
      name: "prune() leaves what was overwritten since it looked",
    },
  },
  {
    name: "delete/aliased-version-goes",
    file: "registry/delete.ts",
    text: "    if (!force) await refuseAliased(context, ref.name, [version.canonical], signal);\n",
    replacement: "",
    foundBy: {
      test: "tests/registry/verbs/versions_test.ts",
      name: "delete() refuses a version that an alias names, unless forced",
    },
  },
  {
    name: "delete/another-commit-goes",
    file: "registry/delete.ts",
    text: "if (ifCommit !== undefined && head.found?.record.commit !== ifCommit)",
    replacement: "if (false)",
    foundBy: {
      test: "tests/registry/verbs/versions_test.ts",
      name: "delete() with ifCommit removes only that commit",
    },
  },
  {
    name: "garbage/clock-not-checked",
    file: "registry/maintenance/collection.ts",
    text: "if (skewMs <= settings.leastGraceMs / 4) return",
    replacement: "if (skewMs >= 0) return",
    foundBy: {
      test: "tests/registry/maintenance/garbage_test.ts",
      name: "it refuses to run where the clocks differ too much:",
    },
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
      test: "tests/registry/maintenance/garbage_keys_test.ts",
      name: "of each name it lists payload, then records",
    },
  },
  {
    name: "garbage/young-leftovers-removed",
    file: "registry/maintenance/garbage/leftovers.ts",
    text: "if (!collection.isOld(entry.modifiedAt)) continue;",
    replacement: "",
    foundBy: {
      test: "tests/registry/maintenance/garbage_test.ts",
      name: "what is left behind in uploads/ and scratch/ goes when it is old",
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
    name: "garbage/head-removed-before-its-tombstone-is-old",
    file: "registry/maintenance/garbage_of_name.ts",
    text: " || !collection.isOld(first.modifiedAt)) {",
    replacement: ") {",
    foundBy: {
      test: "tests/registry/maintenance/forgotten_test.ts",
      name: "the first record becomes a tombstone before the one above it goes, a grace later",
    },
  },
  {
    name: "prune/aliased-versions-go",
    file: "registry/maintenance/prune_name.ts",
    text: "new Set([...newest, ...aliased])",
    replacement: "newest",
    foundBy: {
      test: "tests/registry/maintenance/prune_test.ts",
      name: "prune() keeps a version that got an alias meanwhile",
    },
  },
];
