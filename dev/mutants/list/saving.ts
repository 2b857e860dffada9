// Mistakes in saving: targets, shared files, drafts, mirrors.
import type { Mutant } from "../mutant.ts";

/** Mistakes in saving: targets, shared files, drafts, mirrors. */
export const SAVING: readonly Mutant[] = [
  {
    name: "target/numbered-below-what-is-known",
    file: "registry/target/target.ts",
    text: "if (highest === undefined || compareVersions(highest, listed) < 0) highest = listed;",
    replacement: "highest = listed;",
    foundBy: {
      test: "tests/registry/cell/contention_test.ts",
      name: "knowledge of a head rises against a stale list: automatic numbers",
    },
  },
  {
    name: "keyed/race-saves-twice",
    file: "registry/target/keyed.ts",
    text: "if (outcome.won) return choice;",
    replacement: "return choice;",
    foundBy: {
      test: "tests/registry/cell/idempotency_test.ts",
      name:
        "of two at the same time only one saves, also where the other is about to take another number",
    },
  },
  {
    name: "keyed/void-result-counts",
    file: "registry/target/keyed.ts",
    text: "return meant && !await isVoid(context, found, signal);",
    replacement: "return meant;",
    foundBy: {
      test: "tests/registry/cell/idempotency_test.ts",
      name: "what landed when its payload was gone is not the result of a repeat:",
    },
  },
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
    name: "save/shared-objects-not-settled",
    file: "registry/save.ts",
    text: "    await settle(context, sharedObjects(name, files), signal);\n",
    replacement: "",
    foundBy: {
      test: "tests/registry/cell/settle_test.ts",
      name: "files that a new version shares with one that nobody brought to the disk",
    },
  },
  {
    name: "payload/unresolved-payload-removed",
    file: "registry/payload/write.ts",
    text: "if (!this.#operation.unresolved) await this.#uploads",
    replacement: "await this.#uploads",
    foundBy: {
      test: "tests/registry/cell/operation_test.ts",
      name: "an abort while a create is in flight is Unknown, landed or not",
    },
  },
  {
    name: "payload/sent-past-the-deadline",
    file: "registry/payload/writing/uploads.ts",
    text: "    operation.checkSend();\n    try {",
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
      test: "tests/registry/damage/damage_test.ts",
      name: "a save does not share what the store has cut short, and can be read",
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
    name: "drafts/lost-payload-committed",
    file: "registry/drafts/commit_draft.ts",
    text: "if (lost === undefined) return;",
    replacement: "return;",
    foundBy: {
      test: "tests/registry/drafts/draft_age_test.ts",
      name: "payload that is gone keeps a draft from being committed",
    },
  },
  {
    name: "drafts/late-part-counts",
    file: "registry/drafts/read_parts.ts",
    text: "if (!isLate(draft, found)) return found;",
    replacement: "return found;",
    foundBy: {
      test: "tests/registry/drafts/draft_age_test.ts",
      name: "a part that landed late does not count: its payload may be gone",
    },
  },
  {
    name: "drafts/payload-is-not-needed",
    file: "registry/maintenance/garbage/drafts.ts",
    text: "return needed.get(name) ?? NONE;",
    replacement: "return NONE;",
    foundBy: {
      test: "tests/registry/drafts/draft_age_test.ts",
      name: "payload of a draft outlives the grace, while somebody may commit it",
    },
  },
  {
    name: "transfer/digest-not-checked",
    file: "registry/transfer/commit_upload.ts",
    text: "if (said !== sha256) throw",
    replacement: "if (false) throw",
    foundBy: {
      test: "tests/registry/transfer/commit_upload_test.ts",
      name: "the digest in the record is that of the copy, whatever the store made of it",
    },
  },
  {
    name: "mirror/replaces-in-an-immutable-target",
    file: "registry/mirror/mirror_version.ts",
    text: "if (head !== undefined && !mutable && above === undefined) {",
    replacement: "if (false) {",
    foundBy: {
      test: "tests/registry/mirror/again_test.ts",
      name: "a source that went back to an older copy and on from there is seen to differ",
    },
  },
  {
    name: "payload/no-sign-of-life",
    file: "registry/payload/writing/uploads.ts",
    text: "if (operation.ageMs(aliveAt) < settings.leastGraceMs / 16) return;",
    replacement: "if (aliveAt) return;",
    foundBy: {
      test: "tests/registry/payload/payload_test.ts",
      name:
        "an upload that the store gave up, or whose renewal is lost, is no Unknown: nothing was sent",
    },
  },
  {
    name: "alias/expected-ignored",
    file: "registry/aliases.ts",
    text: "wanted === undefined || wanted === now",
    replacement: "true",
    foundBy: {
      test: "tests/registry/conformance/registries_test.ts",
      name: "setAlias() with expected has one winner among many at once",
    },
  },
];
