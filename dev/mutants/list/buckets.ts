/**
 * Mistakes of the stores in buckets.
 *
 * @module
 */
import type { Mutant } from "../mutant.ts";

/** Mistakes of the stores in buckets. */
export const BUCKETS: readonly Mutant[] = [
  {
    name: "s3/conflict-is-exists",
    file: "backends/s3/write/creates.ts",
    text: "const exists = status === existsReply.status &&",
    replacement: "const exists = status === 409 || status === existsReply.status &&",
    also: [{ file: "backends/s3/write/creates.ts", text: ` && !isRegistryError(error, "Unavailable")`, replacement: "" }],
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "s3/create-sent-twice",
    file: "backends/s3/write/creates.ts",
    text: "return { repeat: false, creates",
    replacement: "return { repeat: true, creates",
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "s3/lost-reply-is-a-refusal",
    file: "backends/s3/meanings.ts",
    text: `state: "the connection broke before the reply",`,
    replacement: `state: "the connection broke before the reply",
  refused: true,`,
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "s3/create-without-condition",
    file: "backends/s3/write/creates.ts",
    text: "headers: { [name]: value }",
    replacement: "headers: {}",
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "s3/versioned-bucket-trusted",
    file: "backends/s3/write/creates.ts",
    text: "if (!creates || provider.versionHeaders.every",
    replacement: "if (true || provider.versionHeaders.every",
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "gcs/create-sent-twice",
    file: "backends/gcs/put.ts",
    text: "once: create,",
    replacement: "once: false,",
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "gcs/create-without-condition",
    file: "backends/gcs/put.ts",
    text: "ifGenerationMatch: create ? 0 : undefined",
    replacement: "ifGenerationMatch: undefined",
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "gcs/damaged-bytes-kept",
    file: "backends/gcs/put.ts",
    text: "Number(resource.size) === size && resource.crc32c === checksum",
    replacement: "Number(resource.size) === size",
    foundBy: { equivalent: "not known yet" },
  },
  {
    name: "gcs/lost-reply-is-a-refusal",
    file: "backends/gcs/errors.ts",
    text: `...(maybeWritten && fields.code === "Unavailable" ? { maybeWritten } : {}),`,
    replacement: "",
    foundBy: { equivalent: "not known yet" },
  },
];
