/**
 * Mistakes in saving.
 *
 * @module
 */
import type { Mutant } from "../mutant.ts";

/** Mistakes in saving. */
export const SAVE: readonly Mutant[] = [
  {
    name: "save/base-believed-to-be-live",
    file: "registry/save.ts",
    text: "if (head?.key !== base.key) return false;",
    replacement: "",
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "save/unchanged-from-a-dead-base",
    file: "registry/save.ts",
    text: "same && await isLive(context, operation, same) ? same.found",
    replacement: "same ? same.found",
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "save/unchanged-by-another-name",
    file: "registry/save.ts",
    text: "base?.answers && ",
    replacement: "",
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "save/shared-objects-not-settled",
    file: "registry/save.ts",
    text: `    await settle(context, sharedObjects(written), signal);
`,
    replacement: "",
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "save/what-is-returned-not-settled",
    file: "registry/save.ts",
    text: `  await settleVersion(context, found, signal);
`,
    replacement: "",
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "save/last-number-taken",
    file: "registry/save.ts",
    text: "if (version === undefined || !hasLastNumber(parseVersion(version))) return;",
    replacement: `if (name !== "") return;`,
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "save/base-seen-when-it-was-read",
    file: "registry/save.ts",
    text: `operation.views.base = seenAt;
    return createBase`,
    replacement: `operation.views.base = operation.moment();
    return createBase`,
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "save/unchanged-though-damaged",
    file: "registry/save.ts",
    text: " && !base.damaged",
    replacement: "",
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "save/unchanged-is-saved",
    file: "registry/save.ts",
    text: "const same = skipIfUnchanged && ",
    replacement: "const same = false && ",
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "save/payload-of-a-skipped-save-left",
    file: "registry/save.ts",
    text: `    await payload.discard();
    return await`,
    replacement: "    return await",
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "save/payload-of-a-failed-save-left",
    file: "registry/save.ts",
    text: `    await payload.discard();
    if (error instanceof Existing)`,
    replacement: "    if (error instanceof Existing)",
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "save/metadata-changes-under-way",
    file: "registry/save.ts",
    text: "structuredClone(userFields(options))",
    replacement: "userFields(options)",
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "save/damaged-base-ends-the-save",
    file: "registry/save.ts",
    text: `if (ref !== undefined || !isRegistryError(error, "Corrupt", "Unsupported", "Conflict")) throw error;`,
    replacement: "throw error;",
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "save/file-list-without-its-place",
    file: "registry/save.ts",
    text: "here ? list : { ...list, from }",
    replacement: "list",
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "save/files-without-their-place",
    file: "registry/save.ts",
    text: "if (here || from === undefined) return { files };",
    replacement: "return { files };",
    foundBy: { equivalent: "not known yet" },
  },
];
