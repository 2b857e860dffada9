// Mistakes of the cache.
import type { Mutant } from "../mutant.ts";

/** Mistakes of the cache. */
export const CACHE: readonly Mutant[] = [
  {
    name: "cache/bytes-not-checked",
    file: "registry/cache/cached_reader.ts",
    text: `if (verify === "none" || sha256(bytes) === digest) return bytes;`,
    replacement: "return bytes;",
    foundBy: {
      test: "tests/registry/cache/files_test.ts",
      name: "with none a cached file is trusted",
    },
  },
  {
    name: "cache/large-files-not-checked",
    file: "registry/cache/cached_reader.ts",
    text: "if (await digestOf(object.body, signal) === file.sha256) return true;",
    replacement: `await object.body.cancel();
      return true;`,
    foundBy: {
      test: "tests/registry/cache/files_test.ts",
      name: "a damaged file is fetched again, replaced, and reported; none of it is handed out",
    },
  },
  {
    name: "cache/unchecked-bytes-kept",
    file: "registry/cache/cached_reader.ts",
    text: `return verify !== "none" || sha256(bytes) === file.sha256;`,
    replacement: "return true;",
    foundBy: {
      test: "tests/registry/cache/files_test.ts",
      name: "what the store damages, or breaks off, is never kept",
    },
  },
  {
    name: "cache/unchecked-streams-kept",
    file: "registry/cache/cached_reader.ts",
    text: "if (hash === undefined || hash.digest() === file.sha256) entry?.keep();",
    replacement: "entry?.keep();",
    foundBy: {
      test: "tests/registry/cache/files_test.ts",
      name: "what the store damages, or breaks off, is never kept",
    },
  },
  {
    name: "cache/mutable-records-cached",
    file: "registry/cache/cached_records.ts",
    text: "settings.versioned && !settings.mutable",
    replacement: "settings.versioned",
    foundBy: {
      test: "tests/registry/cache/records_test.ts",
      name: "a mutable registry caches no record",
    },
  },
  {
    name: "cache/full-does-not-ask",
    file: "registry/cache/cached_records.ts",
    text: `verify !== "full"`,
    replacement: "verify !== null",
    foundBy: {
      test: "tests/registry/cache/records_test.ts",
      name: "latest, a range and an alias always ask the store what counts",
    },
  },
  {
    name: "cache/deleted-version-from-the-cache",
    file: "registry/cache/cached_records.ts",
    text: `  if (cache.forgotten.has(cell)) return undefined;
`,
    replacement: "",
    foundBy: {
      test: "tests/registry/cache/records_test.ts",
      name: "who deletes a version never loads it again, also where the cache could not be told",
    },
  },
  {
    name: "cache/late-record-cached",
    file: "registry/cache/cached_records.ts",
    text: "isLate(context, found) || isLate(context, { ...found, info: head })",
    replacement: "false",
    foundBy: {
      test: "tests/registry/cache/records_test.ts",
      name: "a record that landed late is not cached: it may come not to count",
    },
  },
  {
    name: "cache/record-of-another-cell",
    file: "registry/cache/cached_records.ts",
    text:
      `if (record.kind === "version" && versionCell(record.name, parseVersion(record.version), true) === cell) {`,
    replacement: `if (record.kind === "version") {`,
    foundBy: {
      equivalent:
        "an entry is marked under its key, and what is kept there was read in that cell and found to belong to it",
    },
  },
  {
    name: "cache/record-trusted-for-ever",
    file: "registry/cache/cached_records.ts",
    text: "checkedAt > now || now - checkedAt > TRUSTED_MS",
    replacement: "false",
    foundBy: {
      test: "tests/registry/cache/trust_test.ts",
      name: "a version that was deleted elsewhere is served for a week at most",
    },
  },
  {
    name: "cache/forged-record-believed",
    file: "registry/cache/record_entry.ts",
    text: "if (mark !== sign(concatBytes([line, bytes]))) return undefined;",
    replacement: "",
    foundBy: {
      test: "tests/registry/cache/trust_test.ts",
      name: "a record that somebody has put into the cache is not believed, and replaced",
    },
  },
  {
    name: "cache/copies-of-a-registry-share-records",
    file: "registry/cache/entry_keys.ts",
    text: "[location, createdAt, etag, cell]",
    replacement: "[createdAt, etag, cell]",
    foundBy: {
      test: "tests/registry/cache/records_test.ts",
      name: "a copy of a registry at another place shares no records with it",
    },
  },
  {
    name: "cache/restored-registry-keeps-its-records",
    file: "registry/cache/entry_keys.ts",
    text: "[location, createdAt, etag, cell]",
    replacement: "[location, cell]",
    foundBy: {
      test: "tests/registry/cache/trust_test.ts",
      name: "a settings record with another tag is another registry's",
    },
  },
  {
    name: "cache/set-aside-by-others-ignored",
    file: "registry/cache/room.ts",
    text: "else if (key !== held?.key) reserved +=",
    replacement: "else if (false) reserved +=",
    foundBy: {
      test: "tests/registry/cache/room_test.ts",
      name: "what is being written stays set aside when more is",
    },
  },
  {
    name: "cache/never-evicts",
    file: "registry/cache/room.ts",
    text: "if (total > maxBytes && reserved <= maxBytes) total = await evict(total);",
    replacement: "",
    foundBy: {
      test: "tests/registry/cache/room_test.ts",
      name: "what a clock that was far ahead has left keeps no room",
    },
  },
  {
    name: "cache/abandoned-entry-kept",
    file: "registry/cache/entry_stream.ts",
    text: `      controller.error(error);
`,
    replacement: `      controller.close();
`,
    foundBy: {
      test: "tests/registry/cache/files_test.ts",
      name: "a file that is streamed is kept once the whole of it was read and right",
    },
  },
];
