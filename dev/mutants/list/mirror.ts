/**
 * Mistakes of the mirror.
 *
 * @module
 */
import type { Mutant } from "../mutant.ts";

/** Mistakes of the mirror. */
export const MIRROR: readonly Mutant[] = [
  {
    name: "mirror/note-of-an-older-source",
    file: "registry/mirror/ledger.ts",
    text: "modifiedAt === head.modifiedAt &&",
    replacement: "true &&",
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "mirror/note-of-another-target",
    file: "registry/mirror/ledger.ts",
    text: "left(source, there.head.generation);",
    replacement: "true;",
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "mirror/note-not-summed",
    file: "registry/mirror/ledger.ts",
    text: "sum === sha256(text) ?",
    replacement: "true ?",
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "mirror/note-survives-a-restore",
    file: "registry/mirror/ledger.ts",
    text: "(there.get(path)?.head.modifiedAt ?? Infinity) < until",
    replacement: "there.has(path)",
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "mirror/verify-trusts-notes",
    file: "registry/mirror/ledger.ts",
    text: "!run.verify && ",
    replacement: "",
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "mirror/deletes-what-is-foreign",
    file: "registry/mirror/mirror_deletion.ts",
    text: "present !== undefined && !await isMirrorOf(run, pair, present.record, { tombstone, ledger })",
    replacement: "false",
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "mirror/deletes-another-commit",
    file: "registry/mirror/mirror_deletion.ts",
    text: ", ifCommit: present.record.commit",
    replacement: "",
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "mirror/number-of-the-deleted-free",
    file: "registry/mirror/mirror_deletion.ts",
    text: "if (present === undefined) return await bury(run, pair, cell);",
    replacement: `if (present === undefined) return { action: "skipped" };`,
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "mirror/replaces-in-an-immutable-target",
    file: "registry/mirror/mirror_version.ts",
    text: "if (head !== undefined && !mutable) throw",
    replacement: "if (false) throw",
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "mirror/overwrites-another-commit",
    file: "registry/mirror/mirror_version.ts",
    text: `    ifCommit: present?.record.commit,
`,
    replacement: "",
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "mirror/alias-before-its-version",
    file: "registry/mirror/mirror_alias.ts",
    text: `if (!versions.has(version)) return { action: "skipped" };`,
    replacement: "",
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "mirror/removes-aliases-of-its-own",
    file: "registry/mirror/mirror_alias.ts",
    text: "present?.origin === undefined || ",
    replacement: "present === undefined || ",
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "mirror/listing-believed-for-ever",
    file: "registry/mirror/mirror_version.ts",
    text: "head: first ? source.head : undefined",
    replacement: "head: source.head",
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "mirror/keys-are-versions",
    file: "registry/mirror/cells.ts",
    text: "if (cells.has(path)) continue;",
    replacement: "",
    foundBy: { equivalent: "not known yet" },
  },
];
