// Mistakes in direct uploads and downloads, in drafts, and in steps that write drafts.
import type { Mutant } from "../mutant.ts";

/** Mistakes in direct uploads and downloads, in drafts, and in steps that write drafts. */
export const TRANSFER: readonly Mutant[] = [
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
    name: "transfer/size-not-checked",
    file: "registry/transfer/commit_upload.ts",
    text: "if (size !== undefined && info.size !== size) throw",
    replacement: "if (false) throw",
    foundBy: {
      test: "tests/registry/transfer/commit_upload_test.ts",
      name: "content that is not what was said is refused,",
    },
  },
  {
    name: "transfer/repeat-saves-again",
    file: "registry/transfer/commit_upload.ts",
    text: "idempotencyKey = upload.id",
    replacement: "idempotencyKey = context.system.id()",
    foundBy: {
      test: "tests/registry/transfer/commit_upload_test.ts",
      name: "a commit whose end nobody heard of is repeated without saving twice",
    },
  },
  {
    name: "transfer/upload-left-behind",
    file: "registry/transfer/commit_upload.ts",
    text: "await removeObjects(context.backend, keys)",
    replacement: "await removeObjects(context.backend, [])",
    foundBy: {
      test: "tests/registry/transfer/commit_upload_test.ts",
      name: "commitUpload() saves what was uploaded,",
    },
  },
  {
    name: "transfer/url-of-a-part",
    file: "registry/transfer/presign_download.ts",
    text: "if (info.size === file.size) return key;",
    replacement: "return key;",
    foundBy: {
      test: "tests/registry/transfer/presign_download_test.ts",
      name: "a file without an object of its own is Unsupported, and the hint says which have one",
    },
  },
  {
    name: "transfer/copy-described-by-its-source",
    file: "registry/jobs/store_file.ts",
    text: "measured(copied.body, moved",
    replacement: "measured(content.chunks(), moved",
    foundBy: {
      test: "tests/registry/transfer/commit_upload_test.ts",
      name: "the digest in the record is that of the copy, whatever the store made of it",
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
    name: "drafts/unlisted-is-not-needed",
    file: "registry/maintenance/garbage/drafts.ts",
    text: "if (error !== undefined) throw error;",
    replacement: "",
    foundBy: {
      test: "tests/registry/drafts/draft_age_test.ts",
      name: "drafts that cannot be listed keep everything of their name",
    },
  },
  {
    name: "drafts/end-removed-with-the-rest",
    file: "registry/maintenance/garbage/drafts.ts",
    text: "if (!await collection.remove(items.filter((item) => !isEnd(item)))) return;",
    replacement: "await collection.remove(items.filter((item) => !isEnd(item)));",
    foundBy: {
      test: "tests/registry/drafts/draft_age_test.ts",
      name: "what is left of a draft after an interrupted janitor looks like none",
    },
  },
  {
    name: "drafts/used-until-it-is-collected",
    file: "registry/drafts/draft_age.ts",
    text: " - 2 * graceMs;",
    replacement: ";",
    foundBy: {
      test: "tests/registry/drafts/draft_age_test.ts",
      name: "a draft that was left alone is refused first, and collected two graces later",
    },
  },
  {
    name: "drafts/late-part-counts",
    file: "registry/drafts/read_parts.ts",
    text: "if (!isLate(context, found.note, found.addition)) return",
    replacement: "if (found !== undefined) return",
    foundBy: {
      test: "tests/registry/drafts/draft_age_test.ts",
      name: "a part that landed late does not count: its payload may be gone",
    },
  },
  {
    name: "drafts/look-of-any-age",
    file: "registry/cell/operation.ts",
    text: "[start, head, base, draft]",
    replacement: "[start, head, base]",
    foundBy: {
      test: "tests/registry/drafts/draft_age_test.ts",
      name: "a commit relies on a look that is not too old, whatever was renewed since",
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
    name: "drafts/added-after-the-end",
    file: "registry/drafts/add_part.ts",
    text: "operation.ageMs(operation.views.draft!) > operation.deadlineMs / 2",
    replacement: "((operation.views.draft = operation.moment()), false)",
    foundBy: {
      test: "tests/registry/drafts/draft_age_test.ts",
      name: "an upload that takes days is renewed, and asks whether the draft is open still",
    },
  },
  {
    name: "drafts/part-is-read-again",
    file: "registry/drafts/add_part.ts",
    text: "if (there !== undefined) {",
    replacement: "if (there !== undefined && there.note.files.length === 0) {",
    foundBy: {
      test: "tests/registry/drafts/draft_test.ts",
      name:
        "a part that is there is not read again, and of two at the same moment one counts whole",
    },
  },
  {
    name: "drafts/every-commit-is-another",
    file: "registry/drafts/commit_draft.ts",
    text: "{ ...given as SaveOptions, idempotencyKey }",
    replacement: "{ ...given as SaveOptions, idempotencyKey: context.system.id() }",
    foundBy: {
      test: "tests/registry/drafts/draft_test.ts",
      name: "a draft is committed once: a repeat, and others at the same moment, give that version",
    },
  },
  {
    name: "drafts/part-of-another",
    file: "registry/drafts/note.ts",
    text: "if (!isOf || ",
    replacement: "if (",
    foundBy: { test: "tests/format_test.ts", name: "FORMAT.md: what is stored of drafts" },
  },
  {
    name: "drafts/acknowledged-unseen",
    file: "registry/drafts/add_part.ts",
    text: 'if (state.state === "open" || isOwn)',
    replacement: 'if (state.state !== "discarded" || isOwn)',
    foundBy: {
      test: "tests/registry/drafts/ended_draft_test.ts",
      name:
        "a part that others add while a commit runs is acknowledged only if it is in the version",
    },
  },
  {
    name: "drafts/listed-once",
    file: "registry/drafts/commit_draft.ts",
    text: "if (!sameParts(look, closed)) parts =",
    replacement: "if (closed.parts.size === 0) parts =",
    foundBy: {
      test: "tests/registry/drafts/ended_draft_test.ts",
      name: "a part that is acknowledged at any moment of a commit is in its version",
    },
  },
  {
    name: "drafts/any-parts-again",
    file: "registry/drafts/commit_draft.ts",
    text: "named.size === parts.size",
    replacement: "named.size >= 0",
    foundBy: {
      test: "tests/registry/drafts/ended_draft_test.ts",
      name: "a committed draft gives its version for its own parts, and for no others",
    },
  },
  {
    name: "drafts/part-overwritten",
    file: "registry/drafts/add_part.ts",
    text: '{ mode: "create", size: bytes.byteLength, signal }',
    replacement: "{ size: bytes.byteLength, signal }",
    foundBy: {
      test: "tests/registry/drafts/ended_draft_test.ts",
      name: "a request that is repeated a day later changes no part",
    },
  },
  {
    name: "drafts/committed-forgotten",
    file: "registry/drafts/state.ts",
    text: "ending === undefined && parts.size > 0",
    replacement: "ending === undefined && parts.size >= 0",
    foundBy: {
      test: "tests/registry/drafts/draft_age_test.ts",
      name: "a draft that was committed stays so when the janitor was there, and takes no more",
    },
  },
  {
    name: "shards/given-up-never",
    file: "operators/runner/shards/shared_step.ts",
    text: '"Conflict", "Corrupt", "TaskFailed")) await giveUp();',
    replacement: '"Conflict", "Corrupt")) await Promise.resolve();',
    foundBy: {
      test: "tests/operators/runner/shards_test.ts",
      name: "two shards that write one file are told, and can be done again when that was mended",
    },
  },
  {
    name: "shards/done-again",
    file: "operators/runner/step/execute_step.ts",
    text: "if (shared.done.has(context.shard!.index)) return",
    replacement: "if (shared.done.has(-1)) return",
    foundBy: {
      test: "tests/operators/runner/shards_test.ts",
      name: "after a failure only the shards that are not done are run again",
    },
  },
  {
    name: "shards/abandoned-used",
    file: "operators/runner/shards/shared_step.ts",
    text: 'if (state === "abandoned" || ',
    replacement: "if (",
    foundBy: {
      test: "tests/operators/runner/shards/left_alone_test.ts",
      name: "shards that nobody completed for days are done again, whether or not a janitor came",
    },
  },
  {
    name: "shards/late-delivery-fails",
    file: "operators/runner/shards/shared_step.ts",
    text: "if (!isLate) throw error;",
    replacement: "throw error;",
    foundBy: {
      test: "tests/operators/runner/shards/left_alone_test.ts",
      name: "a shard that ends when another delivery of it was committed ends well",
    },
  },
];
