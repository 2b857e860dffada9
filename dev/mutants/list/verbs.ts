// Mistakes in retention, deleting, aliases, and from a ref to a version.
import type { Mutant } from "../mutant.ts";

/** Mistakes in retention, deleting, aliases, and from a ref to a version. */
export const VERBS: readonly Mutant[] = [
  {
    name: "prune/aliased-versions-go",
    file: "registry/maintenance/prune_name.ts",
    text: "new Set([...newest, ...aliases.map(([, version]) => version)])",
    replacement: "newest",
    foundBy: {
      test: "tests/registry/maintenance/prune_test.ts",
      name: "prune() keeps a version that got an alias meanwhile",
    },
  },
  {
    name: "prune/keeps-what-does-not-count",
    file: "registry/maintenance/prune_name.ts",
    text: "looks[place].counts && newest.add",
    replacement: "newest.add",
    foundBy: {
      test: "tests/registry/maintenance/prune_counting_test.ts",
      name: "a version that cannot be read is kept, not counted, and named",
    },
  },
  {
    name: "prune/young-overwrite-goes",
    file: "registry/maintenance/prune_name.ts",
    text: "modifiedAt! < youngFrom || keep()",
    replacement: "true",
    foundBy: {
      test: "tests/registry/maintenance/prune_counting_test.ts",
      name: "prune() deletes below a void head what the rules let go",
    },
  },
  {
    name: "prune/kept-version-not-looked-at-again",
    file: "registry/maintenance/prune_name.ts",
    text: `if (stays.has(found.version.canonical)) keep();
          else await`,
    replacement: "await",
    foundBy: {
      test: "tests/registry/maintenance/prune_counting_test.ts",
      name: "prune() beside a delete of what it keeps leaves one more",
    },
  },
  {
    name: "prune/own-clock",
    file: "registry/maintenance/prune.ts",
    text: `report.clock = context === undefined || context.readOnly ? "own" : "store";`,
    replacement: `report.clock = "own";`,
    foundBy: {
      test: "tests/registry/maintenance/prune_counting_test.ts",
      name: "prune() by age refuses a clock that is",
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
    name: "prune/keeps-one-less",
    file: "registry/maintenance/prune_name.ts",
    text: "if (newest.size >= keepLast) break;",
    replacement: "if (newest.size >= keepLast - 1) break;",
    foundBy: {
      test: "tests/registry/maintenance/prune_counting_test.ts",
      name: "a version that cannot be read is kept, not counted, and named",
    },
  },
  {
    name: "delete/aliased-version-goes",
    file: "registry/delete.ts",
    text: `    if (!force) await refuseAliased(context, ref.name, [version.canonical], signal);
`,
    replacement: "",
    foundBy: {
      test: "tests/registry/verbs/delete_test.ts",
      name: "delete() refuses a version that an alias names, unless forced",
    },
  },
  {
    name: "delete/aliased-name-goes",
    file: "registry/delete.ts",
    text: "  if (!force) await refuseAliased(context, ref.name, heads",
    replacement: "  if (false) await refuseAliased(context, ref.name, heads",
    foundBy: {
      test: "tests/registry/verbs/delete_test.ts",
      name: "delete() refuses a version that an alias names, unless forced",
    },
  },
  {
    name: "delete/another-commit-goes",
    file: "registry/delete.ts",
    text: "if (ifCommit !== undefined && head.found?.record.commit !== ifCommit)",
    replacement: "if (false)",
    foundBy: {
      test: "tests/registry/verbs/delete_test.ts",
      name: "delete() with ifCommit removes only that commit",
    },
  },
  {
    name: "delete/deletes-twice",
    file: "registry/delete.ts",
    text: `gone = head?.found?.info.key;
    if (head === undefined || head.dead)`,
    replacement: `gone = head?.found?.info.key;
    if (head === undefined)`,
    foundBy: {
      test: "tests/registry/verbs/delete_test.ts",
      name: "delete() by many at once succeeds for one, and fails for nobody",
    },
  },
  {
    name: "delete/deleted-elsewhere-not-settled",
    file: "registry/delete.ts",
    text: `  if (gone !== undefined) await settle(context, [gone], signal);
`,
    replacement: "",
    foundBy: {
      test: "tests/registry/cell/settle_test.ts",
      name: "a deletion that another program was faster with",
    },
  },
  {
    name: "alias/expected-ignored",
    file: "registry/aliases.ts",
    text: "wanted === undefined || wanted === now",
    replacement: "true",
    foundBy: {
      test: "tests/registry/verbs/aliases_test.ts",
      name: "setAlias() with expected has one winner among many at once",
    },
  },
  {
    name: "alias/expects-nothing-ignored",
    file: "registry/aliases.ts",
    text: "wanted === undefined || wanted === now",
    replacement: "wanted === undefined || wanted === null || wanted === now",
    foundBy: {
      test: "tests/registry/verbs/aliases_test.ts",
      name: "setAlias() with expected has one winner among many at once",
    },
  },
  {
    name: "alias/deleted-alias-still-names",
    file: "registry/aliases.ts",
    text: "head === undefined || head.dead || head.found === undefined",
    replacement: "head === undefined || head.found === undefined",
    foundBy: {
      test: "tests/registry/verbs/aliases_test.ts",
      name: "setAlias() changes an alias only from what is expected",
    },
  },
  {
    name: "alias/removed-twice",
    file: "registry/aliases.ts",
    text: "      if (head === undefined || head.dead) return undefined;",
    replacement: "      if (head === undefined) return undefined;",
    foundBy: {
      test: "tests/registry/verbs/aliases_test.ts",
      name: "deleteAlias() removes an alias and says whether there was one",
    },
  },
  {
    name: "resolve/misplaced-alias-trusted",
    file: "registry/resolve.ts",
    text: "if (record.name !== name || record.alias !== alias) throw misplaced(head.key, record);",
    replacement: "",
    foundBy: {
      test: "tests/registry/damage/misplaced_test.ts",
      name: "an alias's record in another alias's place names nothing",
    },
  },
  {
    name: "resolve/void-record-read",
    file: "registry/resolve.ts",
    text:
      `      if (isSuspect(context, found) && await isVoid(context, found, signal)) continue; // what counts now
`,
    replacement: "",
    foundBy: {
      test: "tests/registry/cell/void_records_test.ts",
      name: "a late record is void where what it shares is missing",
    },
  },
  {
    name: "resolve/place-not-checked",
    file: "registry/resolve.ts",
    text: `      checkPlace(context, record, head.key, cell);
`,
    replacement: "",
    foundBy: {
      test: "tests/registry/damage/damage_test.ts",
      name: "a record in the place of another version is not trusted",
    },
  },
  {
    name: "resolve/vanished-at-once",
    file: "registry/resolve.ts",
    text: `    if (head.key === key) {
      if (scrubbed)`,
    replacement: `    if (found === undefined || head.key === key) {
      if (scrubbed)`,
    foundBy: {
      test: "tests/registry/maintenance/interrupted_garbage_test.ts",
      name: "a record that vanishes between list and get is looked for again, by every reader",
    },
  },
  {
    name: "resolve/scrubbed-head-is-absent",
    file: "registry/resolve.ts",
    text: `    if (head.key === key) {
      if (scrubbed)`,
    replacement: `    if (scrubbed || head.key === key) {
      if (scrubbed)`,
    foundBy: {
      test: "tests/registry/maintenance/interrupted_garbage_test.ts",
      name:
        "a first record whose content goes between list and get is looked for again, by every reader",
    },
  },
  {
    name: "resolve/vanished-alias-at-once",
    file: "registry/resolve.ts",
    text: "if (head.key === key) throw vanished(context, key);",
    replacement: "throw vanished(context, head.key);",
    foundBy: {
      test: "tests/registry/maintenance/interrupted_garbage_test.ts",
      name: "an alias's record that somebody removes between list and get is looked for again",
    },
  },
  {
    name: "resolve/other-versions-where-none-are-kept",
    file: "registry/resolve.ts",
    text: "if (!versioned && version.canonical !== FIRST_VERSION.canonical) return undefined;",
    replacement: "",
    foundBy: {
      test: "tests/registry/verbs/versions_test.ts",
      name: "without versions there is the first alone: any other is NotFound",
    },
  },
  {
    name: "load/missing-object-not-explained",
    file: "registry/load.ts",
    text: "if (head?.key !== found.info.key) {",
    replacement: "if (false) {",
    foundBy: {
      test: "tests/registry/cell/void_records_test.ts",
      name: "an open handle on a record that turned void says that it was superseded",
    },
  },
  {
    name: "load/superseded-ends-the-load",
    file: "registry/load.ts",
    text: "restarts >= MAX_RESTARTS",
    replacement: "restarts >= 0",
    foundBy: {
      test: "tests/registry/maintenance/interrupted_garbage_test.ts",
      name:
        "a load that began before an overwrite ends well within the grace, and begins anew after it",
    },
  },
  {
    name: "lineage/marker-of-a-copy-believed",
    file: "registry/opening/stamp.ts",
    text: " && settingsAt === own.settingsAt",
    replacement: "",
    foundBy: {
      test: "tests/registry/lineage/index_test.ts",
      name: "a copy of the store, and a marker",
    },
  },
  {
    name: "lineage/whole-beside-damage",
    file: "registry/lineage/rebuild.ts",
    text: "if (report.unreadable.length === 0) await",
    replacement: "await",
    foundBy: {
      test: "tests/registry/lineage/index_test.ts",
      name: "claims nothing while a record cannot be read",
    },
  },
  {
    name: "log/out-of-order",
    file: "registry/look/log.ts",
    text: "RANKS[b.entry.event] - RANKS[a.entry.event]",
    replacement: "RANKS[a.entry.event] - RANKS[b.entry.event]",
    foundBy: {
      test: "tests/registry/log_test.ts",
      name: "what happened in one millisecond is told in its order",
    },
  },
  {
    name: "log/stops-at-damage",
    file: "registry/look/log.ts",
    text: `if (!isRegistryError(error, "Corrupt", "Unsupported")) throw error;
    return [{ event: "saved", name, version: canonical`,
    replacement: `throw error;
    return [{ event: "saved", name, version: canonical`,
    foundBy: {
      test: "tests/registry/log_test.ts",
      name:
        "a version whose record is damaged is in the log as the store knows it, and hides nothing",
    },
  },
  {
    name: "diff/does-not-see-who-wrote",
    file: "registry/look/diff.ts",
    text: " && wrote(a.version) === wrote(b.version)",
    replacement: "",
    foundBy: {
      test: "tests/registry/diff_test.ts",
      name:
        "the same files by another materializer, and the same input with another digest, are a difference",
    },
  },
];
