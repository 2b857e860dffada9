// Mistakes of the mirror.
import type { Mutant } from "../mutant.ts";

/** Mistakes of the mirror. */
export const MIRROR: readonly Mutant[] = [
  {
    name: "mirror/note-of-an-older-source",
    file: "registry/mirror/ledger.ts",
    text: "modifiedAt === head.modifiedAt &&",
    replacement: "true &&",
    foundBy: {
      test: "tests/registry/mirror/again_test.ts",
      name: "a record that was cut to the size of a tombstone deletes nothing in the target",
    },
  },
  {
    name: "mirror/note-of-another-target",
    file: "registry/mirror/ledger.ts",
    text: "left(source, there.head.generation);",
    replacement: "true;",
    foundBy: {
      test: "tests/registry/mirror/again_test.ts",
      name: "aliases follow the source; those of the target's own stay",
    },
  },
  {
    name: "mirror/note-survives-a-restore",
    file: "registry/mirror/ledger.ts",
    text: "entry !== undefined && head.modifiedAt < until",
    replacement: "entry !== undefined",
    foundBy: {
      test: "tests/registry/mirror/again_test.ts",
      name: "a target that went back to an older copy and on from there is seen to differ",
    },
  },
  {
    name: "mirror/verify-trusts-notes",
    file: "registry/mirror/ledger.ts",
    text: "!run.verify && ",
    replacement: "",
    foundBy: {
      test: "tests/registry/mirror/again_test.ts",
      name: "verify trusts no notes, and damaged ones are not trusted anyway",
    },
  },
  {
    name: "mirror/deletes-what-is-foreign",
    file: "registry/mirror/mirror_deletion.ts",
    text:
      "present !== undefined && !await isMirrorOf(run, pair, present.record, { tombstone, ledger })",
    replacement: "false",
    foundBy: {
      test: "tests/registry/mirror/again_test.ts",
      name: "what is the mirror of another name stays when the number was deleted in this one",
    },
  },
  {
    name: "mirror/deletes-another-commit",
    file: "registry/mirror/mirror_deletion.ts",
    text: "head.found?.record.commit !== above?.commit",
    replacement: "false",
    foundBy: {
      test: "tests/registry/mirror/again_test.ts",
      name: "a deletion takes no value that was put in the place of the mirrored one a moment ago",
    },
  },
  {
    name: "mirror/number-of-the-deleted-free",
    file: "registry/mirror/mirror_deletion.ts",
    text: "const generation = await bury(",
    replacement: `if (head === undefined) return { action: "skipped" };
    const generation = await bury(`,
    foundBy: {
      test: "tests/registry/mirror/again_test.ts",
      name: "what is unchanged costs lists and one small read a name, however many versions it has",
    },
  },
  {
    name: "mirror/replaces-in-an-immutable-target",
    file: "registry/mirror/mirror_version.ts",
    text: "if (head !== undefined && !mutable && above === undefined) throw",
    replacement: "if (false) throw",
    foundBy: {
      test: "tests/registry/mirror/again_test.ts",
      name: "a source that went back to an older copy and on from there is seen to differ",
    },
  },
  {
    name: "mirror/void-in-the-target-is-a-conflict",
    file: "registry/mirror/mirror_version.ts",
    text: "return head.dead ? undefined : await newestOwnVoid(to",
    replacement: `return head.key !== "" ? undefined : await newestOwnVoid(to`,
    foundBy: {
      test: "tests/registry/mirror/void_target_test.ts",
      name: "so is one above several of them",
    },
  },
  {
    name: "mirror/writes-above-what-counts",
    file: "registry/mirror/own_voids.ts",
    text: `    if (!await isVoid(context, found, signal)) return undefined;
`,
    replacement: "",
    foundBy: {
      test: "tests/registry/mirror/void_target_test.ts",
      name: "what counts in an immutable registry is never written above, whatever its origin says",
    },
  },
  {
    name: "mirror/writes-above-anothers-void",
    file: "registry/mirror/own_voids.ts",
    text: "|| !isSame(found.record.origin, origin)",
    replacement: "",
    foundBy: {
      test: "tests/registry/mirror/void_target_test.ts",
      name: "a void record of another origin keeps its number in an immutable registry",
    },
  },
  {
    name: "mirror/overwrites-another-commit",
    file: "registry/mirror/mirror_version.ts",
    text: `    ifCommit: present?.record.commit,
`,
    replacement: "",
    foundBy: {
      equivalent:
        "a mutable target follows its source: what was saved there meanwhile is replaced, by this try or by the next one, which the conflict would bring",
    },
  },
  {
    name: "mirror/alias-before-its-version",
    file: "registry/mirror/mirror_alias.ts",
    text:
      `if (!versions.has(version) && !await isDeleted(run, pair, version)) return { action: "skipped" };`,
    replacement: "",
    foundBy: {
      test: "tests/registry/mirror/again_test.ts",
      name: "another value under the same version of an immutable mirror is a conflict, and stays",
    },
  },
  {
    name: "mirror/removes-aliases-of-its-own",
    file: "registry/mirror/mirror_alias.ts",
    text: "(!related || present.record.origin === undefined)",
    replacement: "!related",
    foundBy: {
      test: "tests/registry/mirror/again_test.ts",
      name:
        "an alias stays in the registry that set it, though a mirror of it was removed elsewhere",
    },
  },
  {
    name: "mirror/alias-of-the-time-of-the-run",
    file: "registry/mirror/mirror_alias.ts",
    text: "{ ...base, createdAt: inUtc(change.record.createdAt) }",
    replacement: "base",
    foundBy: {
      test: "tests/registry/history/in_mirror_test.ts",
      name: "a mirror of an immutable registry has its past, however often it runs",
    },
  },
  {
    name: "mirror/earlier-values-forgotten",
    file: "registry/mirror/copy_files.ts",
    text: "...(since && { since }),",
    replacement: "",
    foundBy: {
      test: "tests/registry/history/in_mirror_test.ts",
      name: "a mirror of a mutable registry has its past, however often it runs",
    },
  },
  {
    name: "mirror/listing-believed-for-ever",
    file: "registry/mirror/mirror_version.ts",
    text: "head: first ? source.head : undefined",
    replacement: "head: source.head",
    foundBy: {
      test: "tests/registry/mirror/faults_test.ts",
      name: "a version that is deleted and collected while it is read is gone",
    },
  },
  {
    name: "mirror/older-generation-taken-for-the-head",
    file: "registry/mirror/cells.ts",
    text: "if (cells.at(-1)?.path === path) continue;",
    replacement: "",
    foundBy: {
      test: "tests/registry/mirror/aliases_test.ts",
      name: "an alias whose version was deleted names it in the mirror too",
    },
  },
];
