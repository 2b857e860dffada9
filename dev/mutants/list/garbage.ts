/**
 * Mistakes of the janitor.
 *
 * @module
 */
import type { Mutant } from "../mutant.ts";

/** Mistakes of the janitor. */
export const GARBAGE: readonly Mutant[] = [
  {
    name: "garbage/own-age-counts",
    file: "registry/maintenance/garbage_of_name.ts",
    text: "collection.isOld(cell[place - 1].modifiedAt)",
    replacement: "collection.isOld(head.modifiedAt)",
    foundBy: { test: "tests/registry/maintenance/garbage_test.ts", name: "payload that a replaced but readable generation shares stays" },
  },
  {
    name: "garbage/first-generation-of-keys-removed",
    file: "registry/maintenance/garbage_of_name.ts",
    text: "({ generation }: Head) => generation === 1",
    replacement: `({ generation, key }: Head) => generation === 1 && !key.includes("/keys/")`,
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "garbage/sign-of-life-ignored",
    file: "registry/maintenance/garbage_of_name.ts",
    text: "folder.newest = Math.max(folder.newest, entry.modifiedAt);",
    replacement: "folder.newest ||= entry.modifiedAt;",
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "garbage/files-of-other-payloads-not-counted",
    file: "registry/payload/objects.ts",
    text: "const place = placeOf(file, part) ?? own;",
    replacement: "const place = own;",
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "garbage/place-of-a-part-not-counted",
    file: "registry/payload/objects.ts",
    text: "return part.from ?? from;",
    replacement: "return from;",
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "garbage/list-of-files-not-counted",
    file: "registry/payload/objects.ts",
    text: "of list.concat(record.files)",
    replacement: "of record.files",
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "garbage/late-record-hides-what-counts",
    file: "registry/maintenance/garbage_of_name.ts",
    text: "while (found[kept] !== undefined && mayBecomeVoid(context, found[kept]!)) kept++;",
    replacement: "",
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "garbage/void-record-keeps-its-place",
    file: "registry/maintenance/garbage_of_name.ts",
    text: "found[counting] !== undefined && await isVoid(context, found[counting]!, signal)",
    replacement: "found[counting] !== undefined && false",
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "garbage/missing-list-refers-to-nothing",
    file: "registry/maintenance/garbage_of_name.ts",
    text: `throw new RegistryError({
    code: "Corrupt",
    message: \`Cannot read record "\${found.info.key}": the list`,
    replacement: `return []; throw new RegistryError({
    code: "Corrupt",
    message: \`Cannot read record "\${found.info.key}": the list`,
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "garbage/records-listed-before-payload",
    file: "registry/maintenance/garbage_of_name.ts",
    text: `  const folders = await listFolders(collection, \`\${OBJECTS}\${name}/\`);
  const cells = await listCells(collection, \`\${NAMES}\${name}/\`);
`,
    replacement: `  const cells = await listCells(collection, \`\${NAMES}\${name}/\`);
  const folders = await listFolders(collection, \`\${OBJECTS}\${name}/\`);
`,
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "garbage/clock-not-checked",
    file: "registry/maintenance/mark.ts",
    text: "if (skewMs <= settings.graceMs / 4) return",
    replacement: "if (skewMs >= 0) return",
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "garbage/sign-of-life-removed-first",
    file: "registry/maintenance/garbage_of_name.ts",
    text: "items.filter((item) => !isAlive(item))",
    replacement: "items",
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "garbage/dry-run-removes",
    file: "registry/maintenance/collect_garbage.ts",
    text: "report.dryRun ? [] : items.map",
    replacement: "items.map",
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "garbage/dry-run-scrubs",
    file: "registry/maintenance/collect_garbage.ts",
    text: "if (!report.dryRun) await backend.put",
    replacement: "await backend.put",
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "garbage/young-uploads-removed",
    file: "registry/maintenance/collect_garbage.ts",
    text: "isPrefix(entry) || !isOld(entry.modifiedAt)",
    replacement: "isPrefix(entry)",
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "garbage/damaged-name-ends-the-run",
    file: "registry/maintenance/collect_garbage.ts",
    text: `if (!isRegistryError(error, "Corrupt", "Unsupported")) throw error;`,
    replacement: "throw error;",
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "garbage/payload-of-the-young-removed",
    file: "registry/maintenance/garbage_of_name.ts",
    text: "collection.isOld(newest) && !referred.has(place)",
    replacement: "!referred.has(place)",
    foundBy: { equivalent: "not known yet" },
  },
];
