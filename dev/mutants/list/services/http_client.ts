// Mistakes in the client of a service.
import type { Mutant } from "../../mutant.ts";

const REQUESTS = "tests/apps/http_client/requests_test.ts";
const WRITES = "tests/apps/http_client/writes_test.ts";

/** Mistakes in the client of a service. */
export const HTTP_CLIENT: readonly Mutant[] = [
  {
    name: "http_client/bytes-not-checked",
    file: "apps/http_client/read_file.ts",
    text: "if (hash !== undefined && hash.digest() !== info.sha256) throw",
    replacement: "if (false) throw",
    foundBy: { test: REQUESTS, name: "bytes that are not those that were saved are Corrupt" },
  },
  {
    name: "http_client/small-bytes-not-checked",
    file: "apps/http_client/read_file.ts",
    text: "if (bytes.byteLength !== info.size || hash.digest() !== info.sha256) throw",
    replacement: "if (false) throw",
    foundBy: { test: REQUESTS, name: "bytes that are not those that were saved are Corrupt" },
  },
  {
    name: "http_client/reads-on-of-any-commit",
    file: "apps/http_client/read_file.ts",
    text: "query: { commit }",
    replacement: "query: {}",
    foundBy: { test: REQUESTS, name: "a file is read on where the connection broke" },
  },
  {
    name: "http_client/retry-after-passed-over",
    file: "apps/http_client/connection.ts",
    text: "isPassing(error) && waitMs > 0",
    replacement: "false && waitMs > 0",
    foundBy: { test: REQUESTS, name: "what a service is asked to wait for is waited for" },
  },
  {
    name: "http_client/deletes-repeated",
    file: "apps/http_client/connection.ts",
    text: "repeats = !writes && !once",
    replacement: "repeats = !once",
    foundBy: {
      test: WRITES,
      name: "what cannot be repeated, and whose answer is lost, is Unknown",
    },
  },
  {
    name: "http_client/saves-without-a-key",
    file: "apps/http_client/save_value.ts",
    text: "const { idempotencyKey = connection.system.id() } = options;",
    replacement: "const { idempotencyKey } = options;",
    foundBy: { test: WRITES, name: "a save whose answer is lost is sent again" },
  },
  {
    name: "http_client/unknown-forgotten",
    file: "apps/http_client/connection.ts",
    text: "if (maybe !== undefined && (isPassing(error) || signal?.aborted)) throw maybe;",
    replacement: "",
    foundBy: {
      test: WRITES,
      name: "a save that may have been done before the service went is Unknown",
    },
  },
  {
    name: "http_client/pieces-from-the-start",
    file: "apps/http_client/send_content.ts",
    text: "const at = look ? await offsetOf(connection, target) : from;",
    replacement: "const at = from;",
    foundBy: {
      test: WRITES,
      name: "a large file goes in pieces, and on where the connection broke",
    },
  },
  {
    name: "http_client/altered-bytes-saved",
    file: "apps/http_client/send_content.ts",
    text: "if (received.size === sent.size && received.sha256 === sent.sha256) return received;",
    replacement: "if (received.size === sent.size) return received;",
    foundBy: { test: WRITES, name: "bytes that were altered on their way are Corrupt" },
  },
  {
    name: "http_client/refused-is-unknown",
    file: "apps/http_client/connection.ts",
    text: "writes: writes && !wasRefused(cause)",
    replacement: "writes",
    foundBy: {
      test: WRITES,
      name: "a write to a service that is not there was not done: Unavailable",
    },
  },
  {
    name: "http_client/token-for-whom-a-folder-names",
    file: "core/places/find_registry.ts",
    text: `by === "env-file" && remote === undefined ? token : system.env("HOLDFAST_TOKEN")`,
    replacement: `token ?? system.env("HOLDFAST_TOKEN")`,
    foundBy: {
      test: "tests/core/places/find_registry_test.ts",
      name: "the token of the environment is not for",
    },
  },
  {
    name: "http_client/browser-hash-of-a-full-block",
    file: "apps/http_client/sha256.ts",
    text: "restBytes + 9 > BLOCK_BYTES",
    replacement: "restBytes + 8 > BLOCK_BYTES",
    foundBy: {
      test: "tests/apps/http_client/sha256_test.ts",
      name: "what a browser hashes by itself is SHA-256",
    },
  },
];
