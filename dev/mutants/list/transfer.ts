/**
 * Mistakes in direct uploads and downloads.
 *
 * @module
 */
import type { Mutant } from "../mutant.ts";

/** Mistakes in direct uploads and downloads. */
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
    foundBy: { test: "tests/registry/transfer/commit_upload_test.ts", name: "commitUpload() saves what was uploaded," },
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
];
