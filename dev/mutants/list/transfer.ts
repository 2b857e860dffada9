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
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "transfer/size-not-checked",
    file: "registry/transfer/commit_upload.ts",
    text: "if (size !== undefined && info.size !== size) throw",
    replacement: "if (false) throw",
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "transfer/repeat-saves-again",
    file: "registry/transfer/commit_upload.ts",
    text: "idempotencyKey = upload.id",
    replacement: "idempotencyKey = context.system.id()",
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "transfer/upload-left-behind",
    file: "registry/transfer/commit_upload.ts",
    text: "await removeObjects(context.backend, keys)",
    replacement: "await removeObjects(context.backend, [])",
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "transfer/url-of-a-part",
    file: "registry/transfer/presign_download.ts",
    text: "if (info.size === file.size) return key;",
    replacement: "return key;",
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "transfer/copy-described-by-its-source",
    file: "registry/payload/write.ts",
    text: "await drain(file, copied(file, String(object)), true);",
    replacement: "await drain(file, content.chunks(), true);",
    foundBy: { equivalent: "not known yet" },
  },
];
