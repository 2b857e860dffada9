/**
 * Mistakes in retention, deleting, aliases, and from a ref to a version.
 *
 * @module
 */
import type { Mutant } from "../mutant.ts";

/** Mistakes in retention, deleting, aliases, and from a ref to a version. */
export const VERBS: readonly Mutant[] = [
  {
    name: "prune/aliased-versions-go",
    file: "registry/maintenance/prune_name.ts",
    text: "new Set([...newest, ...aliased])",
    replacement: "newest",
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "prune/keeps-what-does-not-count",
    file: "registry/maintenance/prune_name.ts",
    text: "looks[place].counts && newest.add",
    replacement: "newest.add",
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "prune/young-overwrite-goes",
    file: "registry/maintenance/prune_name.ts",
    text: "modifiedAt! < youngFrom || keep()",
    replacement: "true",
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "prune/kept-version-not-looked-at-again",
    file: "registry/maintenance/prune_name.ts",
    text: `if (stays.has(found.version.canonical)) keep();
          else await`,
    replacement: "await",
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "prune/own-clock",
    file: "registry/maintenance/prune.ts",
    text: `report.clock = context.readOnly ? "own" : "store";`,
    replacement: `report.clock = "own";`,
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "prune/deletes-what-was-written-since",
    file: "registry/delete.ts",
    text: `outcome = head.generation === listed.generation && head.found !== undefined ? "deleted" : "changed";`,
    replacement: `outcome = "deleted";`,
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "prune/keeps-one-less",
    file: "registry/maintenance/prune_name.ts",
    text: "if (newest.size >= keepLast) break;",
    replacement: "if (newest.size >= keepLast - 1) break;",
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "delete/aliased-version-goes",
    file: "registry/delete.ts",
    text: `    if (!force) await refuseAliased(context, ref.name, [version.canonical], signal);
`,
    replacement: "",
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "delete/aliased-name-goes",
    file: "registry/delete.ts",
    text: "  if (!force) await refuseAliased(context, ref.name, heads",
    replacement: "  if (false) await refuseAliased(context, ref.name, heads",
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "delete/another-commit-goes",
    file: "registry/delete.ts",
    text: "if (ifCommit !== undefined && head.found?.record.commit !== ifCommit)",
    replacement: "if (false)",
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "delete/deletes-twice",
    file: "registry/delete.ts",
    text: `gone = head?.found?.info.key;
    if (head === undefined || head.dead)`,
    replacement: `gone = head?.found?.info.key;
    if (head === undefined)`,
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "delete/deleted-elsewhere-not-settled",
    file: "registry/delete.ts",
    text: `  if (gone !== undefined) await settle(context, [gone], signal);
`,
    replacement: "",
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "alias/expected-ignored",
    file: "registry/aliases.ts",
    text: "wanted !== undefined && wanted !== (now ?? null)",
    replacement: "false",
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "alias/expects-nothing-ignored",
    file: "registry/aliases.ts",
    text: "wanted !== (now ?? null)",
    replacement: "wanted !== null && wanted !== now",
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "alias/deleted-alias-still-names",
    file: "registry/aliases.ts",
    text: "head === undefined || head.dead || head.found === undefined",
    replacement: "head === undefined || head.found === undefined",
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "alias/removed-twice",
    file: "registry/aliases.ts",
    text: "      if (head === undefined || head.dead) return undefined;",
    replacement: "      if (head === undefined) return undefined;",
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "resolve/misplaced-alias-trusted",
    file: "registry/resolve.ts",
    text: "if (record.name !== name || record.alias !== alias) throw misplaced(head.key, record);",
    replacement: "",
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "resolve/void-record-read",
    file: "registry/resolve.ts",
    text: `      if (await isVoid(context, found, signal)) continue; // what counts now
`,
    replacement: "",
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "resolve/place-not-checked",
    file: "registry/resolve.ts",
    text: `      checkPlace(context, record, head.key, cell);
`,
    replacement: "",
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "resolve/vanished-at-once",
    file: "registry/resolve.ts",
    text: `    if (head.key === key) {
      if (scrubbed)`,
    replacement: `    if (found === undefined || head.key === key) {
      if (scrubbed)`,
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "resolve/scrubbed-head-is-absent",
    file: "registry/resolve.ts",
    text: `    if (head.key === key) {
      if (scrubbed)`,
    replacement: `    if (scrubbed || head.key === key) {
      if (scrubbed)`,
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "resolve/vanished-alias-at-once",
    file: "registry/resolve.ts",
    text: "if (head.key === key) throw vanished(context, key);",
    replacement: "throw vanished(context, head.key);",
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "resolve/other-versions-where-none-are-kept",
    file: "registry/resolve.ts",
    text: "if (!versioned && version.canonical !== FIRST_VERSION.canonical) return undefined;",
    replacement: "",
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "load/missing-object-not-explained",
    file: "registry/load.ts",
    text: "if (head?.key !== found.info.key) {",
    replacement: "if (false) {",
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "load/superseded-ends-the-load",
    file: "registry/load.ts",
    text: "restarts >= MAX_RESTARTS",
    replacement: "restarts >= 0",
    foundBy: { equivalent: "not known yet" },
  },
];
