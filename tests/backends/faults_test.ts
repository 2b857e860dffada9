// Every row of the tables of failures, through every backend and caller that meets it.
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { problemOf, unanswered } from "../../apps/client/problem.ts";
import { toReportable } from "../../apps/cli/terminal/exit_code.ts";
import { STORE_CODES, storeFault } from "../../backends/bucket/store_faults.ts";
import { replyError } from "../../backends/gcs/errors.ts";
import { diskError } from "../../backends/local/errors.ts";
import { MEANINGS as R2_CODES, r2Error } from "../../backends/r2/binding.ts";
import { s3Error } from "../../backends/s3/errors.ts";
import { isRegistryError, type RegistryError } from "../../core/errors.ts";
import {
  CONNECTION_FAULTS,
  DISK_FAULTS,
  type Meaning,
  STATUS_FAULTS,
} from "../../core/faults/meanings.ts";
import { fileError } from "../../disk/file_errors.ts";
import { exitCodeOf } from "../../operators/exit_codes.ts";

const SENTENCE = "arn:aws:iam::1:user/x may not do this";
const BACKEND = "s3://bucket/reg?endpoint=http://127.0.0.1:9000";

function checkRow(error: unknown, row: Meaning, what: string): asserts error is RegistryError {
  assert(isRegistryError(error), what);
  const { code, hint, retry } = row;
  const usual = { Unavailable: "later", Unknown: "unknown" } as Record<string, string>;
  assertEquals(
    [error.code, error.hint, error.retry],
    [code, hint, retry ?? usual[code] ?? "never"],
    what,
  );
  assertStringIncludes(error.message, row.state, what);
}

const s3 = (name: string, status: number | undefined, message = SENTENCE) =>
  s3Error(
    Object.assign(new Error(message), {
      name,
      ...(status === undefined ? { code: name } : { $metadata: { httpStatusCode: status } }),
    }),
    { action: "put", key: "a", backend: BACKEND, bucket: "bucket", request: "PutObject" },
  );

const gcs = (status: number, reason: string, message = SENTENCE) =>
  replyError({
    status,
    headers: {},
    chunks: [
      new TextEncoder().encode(JSON.stringify({ error: { errors: [{ reason }], message } })),
    ],
  }, { action: "put", key: "a", backend: "gs://bucket/reg" });

Deno.test("every code of a store means the same on S3 and GCS", () => {
  for (const [code, row] of Object.entries(STORE_CODES)) {
    checkRow(s3(code, 400), row, `s3 ${code}`);
    const reason = code.replace(/[^A-Za-z0-9]/g, "");
    if (reason === code && code !== "AccessDenied") checkRow(gcs(403, reason), row, `gcs ${code}`);
  }
});

Deno.test("every error of R2 has its row, and its words", () => {
  for (const [code, row] of Object.entries(R2_CODES)) {
    const error = new Error(`put: ${SENTENCE} (${code})`);
    const told = r2Error(error, { action: "put", key: "a", backend: "r2:", writes: true });
    const facts = [told.code, told.hint, told.maybeWritten];
    assertEquals(facts, [row.code, row.hint, undefined], `r2 ${code}`);
    assertStringIncludes(told.message, SENTENCE);
  }
});

Deno.test("a refusal for all reasons is known by the store's words", () => {
  const cases: [sentence: string, like: keyof typeof STORE_CODES][] = [
    ["Cannot upload files, storage cap exceeded. See the Caps & Alerts page.", "QuotaExceeded"],
    ["Your request was denied due to quota exceeded.", "QuotaExceeded"],
    [
      "not authorized to perform: kms:GenerateDataKey on resource: arn:aws:kms:x",
      "KMSAccessDenied",
    ],
    ["There is a problem with your AWS account", "AccountProblem"],
    ["The account is suspended", "AccountProblem"],
    ["The billing account for the owning project is disabled", "AccountProblem"],
    ["no space left on device", "StorageFull"],
  ];
  for (const [sentence, like] of cases) {
    const row = STORE_CODES[like]!;
    checkRow(s3("AccessDenied", 403, sentence), row, sentence);
    checkRow(gcs(403, "forbidden", sentence), row, sentence);
  }
  for (const sentence of ["Access Denied", "no capital letters", "the account may not write"]) {
    const refusal = storeFault({ code: "AccessDenied", status: 403, sentence });
    assertEquals(refusal, STORE_CODES.AccessDenied, sentence);
  }
  assertEquals(
    storeFault({ code: "SlowDown", status: 503, sentence: "quota exceeded" })?.retry,
    undefined,
  );
});

Deno.test("every status that means the same everywhere does so", async () => {
  for (const [text, row] of Object.entries(STATUS_FAULTS)) {
    const status = Number(text);
    checkRow(s3("Whatever", status), row, `s3 ${status}`);
    checkRow(gcs(status, "whatever"), row, `gcs ${status}`);
    for (const writes of [false, true]) {
      const asked = { action: "save", location: "https://service", writes };
      const error = await problemOf(new Response("<html>", { status }), asked);
      const mayBe = writes && status === 499; // a proxy gave up, not the service
      assertEquals(error.code, mayBe ? "Unknown" : row.code, `client ${status}`);
      if (row.retry === "never") {
        assertEquals([error.retry, error.hint], ["never", row.hint]);
        assertStringIncludes(error.message, row.state);
      }
    }
  }
});

Deno.test("every error of a connection is known, by its code or its number", () => {
  for (const [code, row] of Object.entries(CONNECTION_FAULTS)) {
    const error = s3(code, undefined, "x");
    checkRow(error, row, code);
    const creates = { action: "put", key: "a", backend: BACKEND, bucket: "bucket", creates: true };
    const created = s3Error(Object.assign(new Error("x"), { code }), creates);
    assertEquals(created.maybeWritten, row.refused ? undefined : true, code);
    const cause = new Error("error sending request", {
      cause: Object.assign(new Error("x"), { code }),
    });
    const asked = { action: "save", location: "https://service", writes: true };
    const remote = unanswered(asked, cause);
    const isHere = row.refused && code !== "ECONNREFUSED";
    assertEquals(remote.code, isHere ? "Unavailable" : "Unknown", code);
  }
  const dns = new TypeError("fetch failed", {
    cause: new Error("client error (Connect): dns error: failed to lookup address information"),
  });
  const asked = { action: "open", location: "https://typo", writes: false };
  assertStringIncludes(unanswered(asked, dns).message, "its host name does not resolve");
});

Deno.test("every error of a disk is known to the registry, downloads, commands and operators", () => {
  const ofStores = ["ENOTDIR", "EEXIST", "ELOOP", "EISDIR", "ENAMETOOLONG", "ENOENT", "EXDEV"];
  const ofCommands = ["ENOENT", "ENOTDIR", "EISDIR", "EEXIST", "ELOOP"];
  const exits: Record<string, number> = { NotFound: 2, Unavailable: 4, Denied: 5 };
  for (const [code, row] of Object.entries(DISK_FAULTS)) {
    const raw = () => Object.assign(new Error("raw"), { code, path: "/data/a" });
    const stored = diskError(raw(), { action: "put", key: "a", backend: "file:///reg" });
    if (ofStores.includes(code)) assert(isRegistryError(stored) && stored.hint !== undefined);
    else checkRow(stored, row, `registry ${code}`);
    checkRow(fileError("write", "/data/a", raw()), row, `file ${code}`);
    const command = toReportable(raw());
    if (!ofCommands.includes(code)) checkRow(command, row, `command ${code}`);
    assertEquals(exitCodeOf(raw()), exits[row.code] ?? 3, `operator ${code}`);
  }
});
