// Mistakes in saving.
import type { Mutant } from "../mutant.ts";

/** Mistakes in saving. */
export const SAVE: readonly Mutant[] = [
  {
    name: "save/base-believed-to-be-live",
    file: "registry/save.ts",
    text: "if (head?.key !== base.key) return false;",
    replacement: "",
    foundBy: {
      test: "tests/registry/cell/renewal_test.ts",
      name: "a long save that changes nothing ends in a version that is still there",
    },
  },
  {
    name: "save/unchanged-from-a-dead-base",
    file: "registry/save.ts",
    text: "same && await isLive(context, operation, same) ? same.found",
    replacement: "same ? same.found",
    foundBy: {
      test: "tests/registry/cell/renewal_test.ts",
      name: "a long save that changes nothing ends in a version that is still there",
    },
  },
  {
    name: "save/unchanged-by-another-name",
    file: "registry/save.ts",
    text: "base?.answers && ",
    replacement: "",
    foundBy: {
      test: "tests/registry/cell/kept_result_test.ts",
      name: "a save answers for its own name, whatever its base is:",
    },
  },
  {
    name: "save/shared-objects-not-settled",
    file: "registry/save.ts",
    text: `    await settle(context, sharedObjects(name, files), signal);
`,
    replacement: "",
    foundBy: {
      test: "tests/registry/cell/settle_test.ts",
      name: "files that a new version shares with one that nobody brought to the disk",
    },
  },
  {
    name: "save/what-is-returned-not-settled",
    file: "registry/save.ts",
    text: `  await settleVersion(context, found, signal);
`,
    replacement: "",
    foundBy: {
      test: "tests/registry/cell/settle_test.ts",
      name: "what a lost race returns for a key",
    },
  },
  {
    name: "save/last-number-taken",
    file: "registry/save.ts",
    text: "if (version === undefined || !hasLastNumber(parseVersion(version))) return;",
    replacement: `if (name !== "") return;`,
    foundBy: {
      test: "tests/registry/verbs/numbering_test.ts",
      name: "a number that leaves none above it is refused wherever a version is named",
    },
  },
  {
    name: "save/base-seen-when-it-was-read",
    file: "registry/save.ts",
    text: `operation.views.base = seenAt;
    return createBase`,
    replacement: `operation.views.base = operation.moment();
    return createBase`,
    foundBy: {
      test: "tests/registry/cell/renewal_test.ts",
      name: "a base is as old as the look that found it, however long reading it took",
    },
  },
  {
    name: "save/unchanged-though-damaged",
    file: "registry/save.ts",
    text: " && !base.damaged",
    replacement: "",
    foundBy: {
      test: "tests/registry/damage/damaged_base_test.ts",
      name: "a save does not share what the store has lost, and can be read",
    },
  },
  {
    name: "save/unchanged-is-saved",
    file: "registry/save.ts",
    text: "const same = skipIfUnchanged && ",
    replacement: "const same = false && ",
    foundBy: {
      test: "tests/registry/cell/kept_result_test.ts",
      name: "the key's record names the commit that was there",
    },
  },
  {
    name: "save/payload-of-a-skipped-save-left",
    file: "registry/save.ts",
    text: `    await payload.discard();
    return await`,
    replacement: "    return await",
    foundBy: {
      test: "tests/registry/cell/idempotency_test.ts",
      name: "repeats at the same time save once",
    },
  },
  {
    name: "save/payload-of-a-failed-save-left",
    file: "registry/save.ts",
    text: "    await payload.discard();\n    throw error;",
    replacement: "    throw error;",
    foundBy: {
      test: "tests/registry/payload/side_by_side_test.ts",
      name: "a file's own check is asked when all are stored, and fails the save",
    },
  },
  {
    name: "save/base-that-went-is-relied-on",
    file: "registry/save.ts",
    text: "if (payload.sharing && !await isLive(context, operation, base!)) {",
    replacement: "if (false) {",
    foundBy: {
      test: "tests/registry/cell/renewal_test.ts",
      name: "a save whose base went meanwhile is done anew without it",
    },
  },
  {
    name: "save/metadata-changes-under-way",
    file: "registry/save.ts",
    text: "structuredClone(metadata)",
    replacement: "metadata",
    foundBy: {
      test: "tests/registry/verbs/metadata_test.ts",
      name: "save() keeps metadata and inputs as they were when it was called",
    },
  },
  {
    name: "save/damaged-base-ends-the-save",
    file: "registry/save.ts",
    text:
      `if (ref !== undefined || !isRegistryError(error, "Corrupt", "Unsupported", "Conflict")) throw error;`,
    replacement: "throw error;",
    foundBy: {
      test: "tests/registry/payload/sharing_test.ts",
      name: "a damaged latest version keeps nobody from saving the next",
    },
  },
  {
    name: "save/file-list-without-its-place",
    file: "registry/save.ts",
    text: "here ? list : { ...list, from }",
    replacement: "list",
    foundBy: {
      test: "tests/registry/payload/payload_test.ts",
      name: "a long list lies where it was written, when the number went to another meanwhile",
    },
  },
  {
    name: "save/files-without-their-place",
    file: "registry/save.ts",
    text: "if (from === undefined) return files;",
    replacement: "return files;",
    foundBy: {
      test: "tests/registry/payload/payload_test.ts",
      name: "a number that is lost under an upload costs no second upload",
    },
  },
  {
    name: "save/inputs-not-noted",
    file: "registry/lineage/announce.ts",
    text: "if (version.inputs.length === 0) return;",
    replacement: "return;",
    foundBy: {
      test: "tests/registry/lineage/index_test.ts",
      name: "a save notes each of its inputs before its record",
    },
  },
  {
    name: "save/failed-note-passed-over",
    file: "registry/lineage/announce.ts",
    text: "throw isRegistryError(error) && !signal?.aborted ? notNoted(operation, error) : error;",
    replacement: "operation.checkSend();",
    foundBy: {
      test: "tests/registry/lineage/index_test.ts",
      name: "a save whose note is not acknowledged commits nothing",
    },
  },
];
