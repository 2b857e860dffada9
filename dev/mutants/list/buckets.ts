// Mistakes of the stores in buckets.
import type { Mutant } from "../mutant.ts";

/** Mistakes of the stores in buckets. */
export const BUCKETS: readonly Mutant[] = [
  {
    name: "s3/conflict-is-exists",
    file: "backends/s3/write/creates.ts",
    text: "const exists = status === existsReply.status &&",
    replacement: "const exists = status === 409 || status === existsReply.status &&",
    also: [{
      file: "backends/s3/write/creates.ts",
      text: ` && !isRegistryError(error, "Unavailable")`,
      replacement: "",
    }],
    foundBy: {
      test: "tests/backends/s3/creates_test.ts",
      name: "the vendors' 409 to a create means that the object exists",
    },
  },
  {
    name: "s3/create-sent-twice",
    file: "backends/s3/write/creates.ts",
    text: "return { repeat: false, creates",
    replacement: "return { repeat: true, creates",
    foundBy: { test: "tests/backends/s3/creates_test.ts", name: "a create that meets" },
  },
  {
    name: "s3/lost-reply-is-a-refusal",
    file: "backends/s3/meanings.ts",
    text: `state: "the connection broke before the reply",`,
    replacement: `state: "the connection broke before the reply",
  refused: true,`,
    foundBy: {
      test: "tests/backends/s3/creates_test.ts",
      name: "a create after others, whose reply is cut, reaches the store once",
    },
  },
  {
    name: "s3/create-without-condition",
    file: "backends/s3/write/creates.ts",
    text: "headers: { [name]: value }",
    replacement: "headers: {}",
    foundBy: {
      test: "tests/backends/s3/requests_test.ts",
      name:
        "a create in parts is conditional in its last request alone, with a checksum of each part",
    },
  },
  {
    name: "s3/versioned-bucket-trusted",
    file: "backends/s3/write/creates.ts",
    text: "if (!creates || provider.versionHeaders.every",
    replacement: "if (true || provider.versionHeaders.every",
    foundBy: {
      test: "tests/backends/s3/creates_test.ts",
      name:
        "a version in the reply to a create is refused where versioning makes the vendor overwrite",
    },
  },
  {
    name: "gcs/create-sent-twice",
    file: "backends/gcs/put.ts",
    text: "once: create,",
    replacement: "once: false,",
    foundBy: {
      test: "tests/backends/gcs/create_test.ts",
      name: "a create that is refused for its rate was not written, and is sent once",
    },
  },
  {
    name: "gcs/create-without-condition",
    file: "backends/gcs/put.ts",
    text: "ifGenerationMatch: create ? 0 : undefined",
    replacement: "ifGenerationMatch: undefined",
    foundBy: {
      test: "tests/backends/gcs/create_test.ts",
      name: "a create that loses is a value, after one request",
    },
  },
  {
    name: "gcs/damaged-bytes-kept",
    file: "backends/gcs/put.ts",
    text: "Number(resource.size) === size && resource.crc32c === checksum",
    replacement: "Number(resource.size) === size",
    foundBy: {
      test: "tests/backends/gcs/upload_test.ts",
      name: "bytes that are damaged on their way are refused, or removed again",
    },
  },
  {
    name: "gcs/lost-reply-is-a-refusal",
    file: "backends/gcs/errors.ts",
    text: `...(maybeWritten && fields.code === "Unavailable" ? { maybeWritten } : {}),`,
    replacement: "",
    foundBy: {
      test: "tests/backends/gcs/create_test.ts",
      name: "an overwrite that was lost once is maybe written, whatever the last failure was",
    },
  },
  {
    name: "buckets/any-authority-vouches",
    file: "backends/bucket/connections.ts",
    text:
      "if (trusted.some((one) => certificate.checkIssued(one) && certificate.verify(one.publicKey))) return true;",
    replacement: "if (trusted.length > 0) return true;",
    foundBy: {
      test: "tests/backends/bucket/connections_test.ts",
      name: "a server of a usual authority stays trusted beside a ca that does not vouch for it",
    },
  },
  {
    name: "buckets/own-authority-forever",
    file: "backends/bucket/connections.ts",
    text: "untrustedHint((error as { code?: unknown }).code) && (ownOnly = undefined)",
    replacement: "untrustedHint((error as { code?: unknown }).code)",
    foundBy: {
      test: "tests/backends/bucket/connections_test.ts",
      name:
        "a server whose new certificate is of a usual authority is trusted again after one failure",
    },
  },
  {
    name: "buckets/all-authorities-each-time",
    file: "backends/bucket/connections.ts",
    text: "ownOnly = tls.createSecureContext({ ca: own });",
    replacement: "{ /* all of them again */ }",
    foundBy: {
      test: "tests/backends/bucket/connections_test.ts",
      name:
        "only the first connection reads the authorities that a server with one of ca does not need",
    },
  },
];
