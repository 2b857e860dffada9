// Mistakes of uploads, and of what a service saves of them.
import type { Mutant } from "../../mutant.ts";

/** Mistakes of uploads, and of what a service saves of them. */
export const UPLOADS: readonly Mutant[] = [
  {
    name: "server/saves-uploads-of-others",
    file: "apps/server/saving/sent_files.ts",
    text: "      if (!access.owns(source.owner)) throw noUpload(upload);\n",
    replacement: "",
    foundBy: {
      test: "tests/apps/server/uploads/presigned_test.ts",
      name: "an upload belongs to its token",
    },
  },
  {
    name: "server/said-size-of-uploads",
    file: "apps/server/saving/sent_files.ts",
    text: "size !== undefined && source.size !== size",
    replacement: "false",
    foundBy: {
      test: "tests/apps/server/routes/saves_test.ts",
      name: "a large file comes by an upload",
    },
  },
  {
    name: "server/said-digest-of-uploads",
    file: "apps/server/saving/sent_files.ts",
    text: "if (found !== sha256) controller.error(",
    replacement: "if (found === undefined) controller.error(",
    foundBy: {
      test: "tests/apps/server/routes/saves_test.ts",
      name: "a large file comes by an upload",
    },
  },
  {
    name: "server/said-digest-of-data",
    file: "apps/server/saving/sent_files.ts",
    text: "if (found !== sha256) throw",
    replacement: "if (found === null as unknown) throw",
    foundBy: {
      test: "tests/apps/server/routes/saves_test.ts",
      name: "what cannot be saved is refused",
    },
  },
  {
    name: "server/uploads-are-left",
    file: "apps/server/saving/sent_files.ts",
    text: "for (const id of ids) await (await uploads()).remove(id);",
    replacement: "void ids;",
    foundBy: {
      test: "tests/apps/server/routes/saves_test.ts",
      name: "a large file comes by an upload",
    },
  },
  {
    name: "server/repeat-needs-its-uploads",
    file: "apps/server/saving/save_sent.ts",
    text: "options.idempotencyKey !== undefined",
    replacement: "options.idempotencyKey === null as unknown",
    foundBy: {
      test: "tests/apps/server/routes/saves_test.ts",
      name: "a save whose answer was lost",
    },
  },
  {
    name: "server/tus-removes-of-others",
    file: "apps/server/uploads/tus.ts",
    text: "    await this.getUpload(id);\n",
    replacement: "",
    foundBy: {
      test: "tests/apps/server/uploads/presigned_test.ts",
      name: "an upload belongs to its token",
    },
  },
  {
    name: "server/two-write-at-once",
    file: "apps/server/uploads/tus_locks.ts",
    text: "            await other.gone;\n",
    replacement: "            break;\n",
    foundBy: {
      test: "tests/apps/server/uploads/tus_test.ts",
      name: "a client that comes again ends",
    },
  },
  {
    name: "server/one-job-for-all-uploads",
    file: "apps/server/uploads/next_step.ts",
    text: "`upload-${commit}`",
    replacement: "`upload-${name}`",
    foundBy: {
      test: "tests/apps/server/uploads/upload_test.ts",
      name: "a file is saved as it comes",
    },
  },
  {
    name: "server/cut-fields",
    file: "apps/server/uploads/multipart.ts",
    text: "if (isCut) came.fail(",
    replacement: 'if (isCut && value === "") came.fail(',
    foundBy: {
      test: "tests/apps/server/uploads/upload_test.ts",
      name: "what cannot be uploaded is refused",
    },
  },
  {
    name: "server/content-digest-unread",
    file: "apps/server/routes/uploads.ts",
    text: "announced === undefined ? undefined : parseContentDigest(announced)",
    replacement: "undefined as ReturnType<typeof parseContentDigest>",
    foundBy: {
      test: "tests/apps/server/uploads/contents_test.ts",
      name: "of a body that breaks off",
    },
  },
  {
    name: "uploads/more-than-said",
    file: "registry/transfer/resumable/write_pieces.ts",
    text: "next.value.byteLength > room",
    replacement: "next.value.byteLength < 0",
    foundBy: {
      test: "tests/registry/transfer/resumable_test.ts",
      name: "more than was said is refused",
    },
  },
  {
    name: "uploads/counted-before-verified",
    file: "registry/transfer/resumable/write_pieces.ts",
    text: "pieceKey(aside, at)",
    replacement: "pieceKey(id, options.offset + at)",
    foundBy: {
      test: "tests/registry/transfer/verified_pieces_test.ts",
      name: "bytes of a killed request",
    },
  },
  {
    name: "uploads/any-piece-is-ours",
    file: "registry/transfer/resumable/pieces.ts",
    text: "if (sameBytes(there, bytes)) return;",
    replacement: "if (there !== undefined) return;",
    foundBy: {
      test: "tests/registry/transfer/resumable_test.ts",
      name: "of two clients that send one upload",
    },
  },
  {
    name: "uploads/behind-where-it-is",
    file: "registry/transfer/resumable/uploads.ts",
    text: "if (at.offset !== offset) throw",
    replacement: "if (at.offset > offset) throw",
    foundBy: {
      test: "tests/registry/transfer/resumable_test.ts",
      name: "of two clients that send one upload",
    },
  },
  {
    name: "uploads/half-of-it-is-saved",
    file: "registry/transfer/resumable/uploads.ts",
    text: "if (offset !== size) throw notWhole",
    replacement: "if (offset > size) throw notWhole",
    foundBy: {
      test: "tests/registry/transfer/resumable_test.ts",
      name: "an upload goes on where it broke off",
    },
  },
  {
    name: "uploads/short-ones-are-taken",
    file: "registry/transfer/resumable/uploads.ts",
    text: "size !== undefined && arrived !== size",
    replacement: "size !== undefined && arrived > size",
    foundBy: {
      test: "tests/registry/transfer/resumable_test.ts",
      name: "a stream of unknown size is taken in",
    },
  },
  {
    name: "uploads/no-byte-of-what-broke",
    file: "registry/transfer/resumable/write_pieces.ts",
    text:
      "    if (held.size > 0) yield { bytes: held.bytes(), isLast: true };\n    if (broken !== undefined) throw broken.error;",
    replacement:
      "    if (broken !== undefined) throw broken.error;\n    if (held.size > 0) yield { bytes: held.bytes(), isLast: true };",
    foundBy: {
      test: "tests/registry/transfer/resumable_test.ts",
      name: "an upload goes on where it broke off",
    },
  },
];
