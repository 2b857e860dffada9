// Mistakes in writing and sharing files.
import type { Mutant } from "../mutant.ts";

/** Mistakes in writing and sharing files. */
export const PAYLOAD: readonly Mutant[] = [
  {
    name: "payload/unresolved-payload-removed",
    file: "registry/payload/write.ts",
    text: "if (!operation.unresolved) await uploads",
    replacement: "await uploads",
    foundBy: {
      test: "tests/registry/cell/operation_test.ts",
      name: "an abort while a create is in flight is Unknown, landed or not",
    },
  },
  {
    name: "payload/no-sign-of-life",
    file: "registry/payload/writing/keep_alive.ts",
    text: "if (operation.ageMs(aliveAt) < graceMs / 16) return;",
    replacement: "if (graceMs > 0) return;",
    foundBy: {
      test: "tests/registry/payload/payload_test.ts",
      name:
        "an upload that the store gave up, or whose renewal is lost, is no Unknown: nothing was sent",
    },
  },
  {
    name: "payload/sign-of-life-does-not-renew",
    file: "registry/payload/writing/keep_alive.ts",
    text: `    if (info !== undefined) operation.renew(info, sentAt);
`,
    replacement: "",
    foundBy: {
      test: "tests/registry/cell/renewal_test.ts",
      name: "a stale base that is still live is shared",
    },
  },
  {
    name: "payload/sent-past-the-deadline",
    file: "registry/payload/writing/uploads.ts",
    text: `    operation.checkSend();
    try {`,
    replacement: "    try {",
    foundBy: {
      test: "tests/registry/cell/renewal_test.ts",
      name: "without a renewal in time nothing is committed",
    },
  },
  {
    name: "payload/shares-what-is-lost",
    file: "registry/payload/base.ts",
    text: "if (objects.get(key)! >= offset + size) return true;",
    replacement: "if (size >= 0) return true;",
    foundBy: {
      test: "tests/registry/damage/damaged_base_test.ts",
      name: "a save does not share what the store has cut short, and can be read",
    },
  },
  {
    name: "payload/shares-with-a-late-record",
    file: "registry/payload/base.ts",
    text: "!isLate(context, found) && (!copies",
    replacement: "(!copies",
    foundBy: {
      test: "tests/registry/cell/void_records_test.ts",
      name: "nothing is shared with a record that landed late, though it counts",
    },
  },
  {
    name: "payload/shares-across-names",
    file: "registry/payload/base.ts",
    text: "const copies = record.name !== name;",
    replacement: "const copies = false;",
    foundBy: {
      test: "tests/registry/payload/sharing_test.ts",
      name: "a base of another name is not looked into, and not taken for damaged",
    },
  },
  {
    name: "payload/shared-file-loses-its-place",
    file: "registry/payload/base.ts",
    text: "const { encoding, parts, from = own } = same;",
    replacement: "const { encoding, parts, from } = { ...same, from: own };",
    foundBy: {
      test: "tests/registry/payload/sharing_test.ts",
      name: "overwriting shares with what it overwrites",
    },
  },
  {
    name: "payload/shared-file-loses-its-encoding",
    file: "registry/payload/base.ts",
    text: "{ ...file, ...(encoding === undefined ? {} : { encoding }) }",
    replacement: "{ ...file }",
    foundBy: {
      test: "tests/registry/payload/sharing_test.ts",
      name: "a compressed file is shared as it is stored",
    },
  },
  {
    name: "payload/change-while-saving-unnoticed",
    file: "registry/jobs/store_file.ts",
    text: "if (seen !== undefined && seen.sha256 !== reply.sha256)",
    replacement: "if (false)",
    foundBy: {
      test: "tests/registry/payload/sharing_test.ts",
      name: "content that changes between its digest and its upload is a conflict",
    },
  },
  {
    name: "payload/part-unchecked",
    file: "registry/payload/part_runs.ts",
    text: "if (hash.digest() !== part.digest) fail(part.part);",
    replacement: "hash.digest();",
    foundBy: {
      test: "tests/registry/payload/large/large_files_test.ts",
      name: "a piece that is damaged or cut fails the download, and nothing stays",
    },
  },
  {
    name: "payload/piece-at-the-wrong-place",
    file: "core/disk/write_file.ts",
    text: "let position = offset;",
    replacement: "let position = 0 * offset;",
    foundBy: {
      test: "tests/registry/payload/large/large_files_test.ts",
      name: "a large file comes down in pieces, several at once and in any order",
    },
  },
  {
    name: "payload/pieces-without-digests",
    file: "registry/payload/part_runs.ts",
    text: "if (verified && parts.some(({ sha256 }) => sha256 === undefined)) return [];",
    replacement: "",
    foundBy: {
      test: "tests/registry/payload/large/large_files_test.ts",
      name: "a file whose parts have no digests is read in order, and verified as a whole",
    },
  },
  {
    name: "payload/list-measured-by-files-alone",
    file: "registry/save.ts",
    text: "sum + 1 + parts.length",
    replacement: "sum + 1 + 0 * parts.length",
    foundBy: {
      test: "tests/registry/payload/large/large_files_test.ts",
      name: "a list of few files with many parts is kept apart from the record",
    },
  },
  {
    name: "payload/large-file-that-is-lost-is-not-stored",
    file: "registry/payload/writing/sender.ts",
    text: "else if (!await share(file)) await storeLarge(file, { ...job, known: undefined });",
    replacement: "else await share(file);",
    foundBy: {
      test: "tests/registry/damage/damaged_base_test.ts",
      name: "a save does not share what the store has cut short, and can be read",
    },
  },
  {
    name: "payload/small-file-that-is-lost-is-not-stored",
    file: "registry/payload/writing/sender.ts",
    text: "else if (!await share(file)) again.push(files[i]);",
    replacement: "else await share(file);",
    foundBy: {
      test: "tests/registry/damage/damaged_base_test.ts",
      name: "small files of an object that is lost are stored again, beside those that are new",
    },
  },
  {
    name: "payload/lost-thread-writes-under-the-next",
    file: "registry/payload/writing/uploads.ts",
    text: "      again: make,\n",
    replacement: "",
    foundBy: {
      test: "tests/registry/payload/uploads_test.ts",
      name: "what a lost thread may still send lands where nothing is",
    },
  },
  {
    name: "payload/upload-that-moves-says-nothing",
    file: "registry/payload/writing/uploads.ts",
    text: "        return keepAlive();\n",
    replacement: "",
    foundBy: {
      test: "tests/workers/save_test.ts",
      name:
        "a long upload is kept alive from the caller's side, also while a worker only reads what is shared",
    },
  },
  {
    name: "payload/store-time-unheard",
    file: "registry/payload/writing/uploads.ts",
    text: "    if (reply.info !== undefined) operation.noteReply(reply.info);\n",
    replacement: "",
    foundBy: {
      test: "tests/workers/save_test.ts",
      name:
        "the time in the record of a save by a worker is the store's, whatever the own clock shows",
    },
  },
  {
    name: "payload/unanswered-upload-is-unknown",
    file: "registry/payload/writing/uploads.ts",
    text:
      `if (!isRegistryError(error) || (!error.maybeWritten && error.code !== "Unknown")) throw error;`,
    replacement: "throw error;",
    foundBy: { test: "tests/registry/payload/payload_test.ts", name: "an upload that is" },
  },
  {
    name: "payload/what-hears-last-is-not-waited-for",
    file: "registry/jobs/telling.ts",
    text: "      await Promise.all(hearing);\n",
    replacement: "",
    foundBy: {
      test: "tests/registry/payload/telling_test.ts",
      name: "storing a value ends as what hears of its bytes ends",
    },
  },
];
