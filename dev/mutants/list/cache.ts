/**
 * Mistakes of the cache.
 *
 * @module
 */
import type { Mutant } from "../mutant.ts";

/** Mistakes of the cache. */
export const CACHE: readonly Mutant[] = [
  {
    name: "cache/bytes-not-checked",
    file: "registry/cache/cached_reader.ts",
    text: `if (verify === "none" || sha256(bytes) === digest) return bytes;`,
    replacement: "return bytes;",
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "cache/large-files-not-checked",
    file: "registry/cache/cached_reader.ts",
    text: "if (await digestOf(object.body, signal) === file.sha256) return true;",
    replacement: `await object.body.cancel();
      return true;`,
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "cache/unchecked-bytes-kept",
    file: "registry/cache/cached_reader.ts",
    text: `return verify !== "none" || sha256(bytes) === file.sha256;`,
    replacement: "return true;",
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "cache/unchecked-streams-kept",
    file: "registry/cache/cached_reader.ts",
    text: "if (hash === undefined || hash.digest() === file.sha256) entry?.keep();",
    replacement: "entry?.keep();",
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "cache/mutable-records-cached",
    file: "registry/cache/cached_records.ts",
    text: "settings.versioned && !settings.mutable",
    replacement: "settings.versioned",
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "cache/full-does-not-ask",
    file: "registry/cache/cached_records.ts",
    text: `verify !== "full"`,
    replacement: "verify !== null",
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "cache/deleted-version-from-the-cache",
    file: "registry/cache/cached_records.ts",
    text: `  if (cache.forgotten.has(cell)) return undefined;
`,
    replacement: "",
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "cache/late-record-cached",
    file: "registry/cache/cached_records.ts",
    text: "isLate(context, found) || isLate(context, { ...found, info: head })",
    replacement: "false",
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "cache/record-of-another-cell",
    file: "registry/cache/cached_records.ts",
    text: "if (versionCell(record.name, parseVersion(record.version), true) !== cell) return undefined;",
    replacement: "",
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "cache/copies-of-a-registry-share-records",
    file: "registry/cache/entry_keys.ts",
    text: "`${location}\\n${cell}`",
    replacement: "cell",
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "cache/set-aside-by-others-ignored",
    file: "registry/cache/room.ts",
    text: "else if (key !== held?.key) reserved +=",
    replacement: "else if (false) reserved +=",
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "cache/never-evicts",
    file: "registry/cache/room.ts",
    text: "if (total > maxBytes && reserved <= maxBytes) total = await evict(total);",
    replacement: "",
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "cache/abandoned-entry-kept",
    file: "registry/cache/entry_stream.ts",
    text: `      controller.error(error);
`,
    replacement: `      controller.close();
`,
    foundBy: { equivalent: "not known yet" },
  },
];
