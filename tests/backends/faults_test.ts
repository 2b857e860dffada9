// Every row of the tables of failures, through every backend and caller that meets it.
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
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

Deno.test("a page in front of a store or service is not an answer of it", async () => {
  const location = "https://login.example/start";
  const cases: [status: number, code: string, hint: RegExp, state: string][] = [
    [302, "Unavailable", /^Sign in to the network or the proxy/, `redirects to ${location}`],
    [307, "Unavailable", /^Sign in to the network or the proxy/, `redirects to ${location}`],
    [403, "Denied", /^Let it pass requests to the store/, "a gateway in front of the store denies"],
    [407, "Denied", /^Add user name and password to the URL of the proxy/, "requires a password"],
    [413, "Invalid", /^Raise the body limit of the proxy/, "larger than a proxy in between allows"],
    [511, "Unavailable", /^Sign in to the network in a browser/, "the network requires a sign-in"],
  ];
  const headers = {
    "content-type": "text/html; charset=utf-8",
    location: `${location}?state=s3cr`,
  };
  for (const [status, code, hint, state] of cases) {
    const body = `<html><title>${status}</title></html>`;
    const $response = { statusCode: status, headers };
    const page = Object.assign(new Error("UnknownError"), {
      name: "Unknown",
      $metadata: { httpStatusCode: status },
      $response,
    });
    const call = { action: "put", key: "a", creates: true, maybeWritten: true };
    const ofS3 = (["PutObject", "HeadObject"] as const).map((request) =>
      s3Error(page, { ...call, request, bucket: "bucket", backend: BACKEND })
    );
    const chunks = [new TextEncoder().encode(body)];
    const ofGcs = replyError({ status, headers, chunks }, { ...call, backend: "gs://bucket/reg" });
    for (const error of [...ofS3, ofGcs]) {
      assertEquals([error.code, error.retry], [code, "never"], `${status}`);
      assertStringIncludes(error.message, state);
      assertMatch(error.hint!, hint);
      assert(!/<html>|s3cr/.test(Deno.inspect(error, { depth: 9 })), Deno.inspect(error));
    }
    assertEquals(ofS3.map(({ maybeWritten }) => maybeWritten), [undefined, undefined]);
    if (status < 400 || status === 403) continue; // which services answer too
    const asked = { action: "save", location: "https://service", writes: true };
    const ofService = await problemOf(new Response(body, { status, headers }), asked);
    assertEquals([ofService.code, ofService.retry], [code, "never"]);
    assertMatch(ofService.hint!, hint);
  }
});

Deno.test("a proxy that opens no tunnel is named, in the words of each runtime", () => {
  const connect = "error sending request: client error (Connect): ";
  const cases: [words: string, code: string | undefined, needsPassword: boolean][] = [
    [`${connect}proxy authentication required`, undefined, true],
    [`${connect}unsuccessful tunnel`, undefined, false],
    ["Failed to establish tunnel: HTTP/1.1 407 Proxy Authentication", "ERR_PROXY_TUNNEL", true],
    ["Failed to establish tunnel: HTTP/1.1 502 Bad Gateway", "ERR_PROXY_TUNNEL", false],
    ["Proxy response (407) !== 200 when HTTP Tunneling", "UND_ERR_ABORTED", true],
  ];
  for (const [words, code, needsPassword] of cases) {
    const cause = Object.assign(new Error(words), code === undefined ? {} : { code });
    const asked = { action: "save", location: "https://service", writes: true };
    const ofService = unanswered(asked, new TypeError("fetch failed", { cause }));
    const call = { action: "put", backend: BACKEND, bucket: "bucket", creates: true };
    for (const error of [ofService, s3Error(cause, call)]) {
      assertEquals(error.code, needsPassword ? "Denied" : "Unavailable", words);
      assertEquals(error.maybeWritten, undefined, words);
      assertMatch(error.hint!, needsPassword ? /USER:PASSWORD/ : /NO_PROXY/);
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
      cause: Object.assign(new Error("x"), { code, name: code }),
    });
    const asked = { action: "save", location: "https://service", writes: true };
    const remote = unanswered(asked, cause);
    const isHere = row.refused && code !== "ECONNREFUSED";
    assertEquals(remote.code, isHere ? row.code : "Unknown", code);
  }
  const dns = new TypeError("fetch failed", {
    cause: new Error("client error (Connect): dns error: failed to lookup address information"),
  });
  const asked = { action: "open", location: "https://typo", writes: false };
  assertStringIncludes(unanswered(asked, dns).message, "its host name does not resolve");
  const denied = Object.assign(new Error('Requires net access to "typo:443"'), {
    name: "NotCapable",
  });
  const { code, hint } = unanswered({ ...asked, writes: true }, denied);
  assertEquals([code, hint], ["Denied", 'Requires net access to "typo:443".']);
});

Deno.test("every error of a disk is known to the registry, downloads and commands", () => {
  const ofStores = ["ENOTDIR", "EEXIST", "ELOOP", "EISDIR", "ENAMETOOLONG", "ENOENT", "EXDEV"];
  const ofCommands = ["ENOENT", "ENOTDIR", "EISDIR", "EEXIST", "ELOOP"];
  for (const [code, row] of Object.entries(DISK_FAULTS)) {
    const raw = () => Object.assign(new Error("raw"), { code, path: "/data/a" });
    const stored = diskError(raw(), { action: "put", key: "a", backend: "file:///reg" });
    if (ofStores.includes(code)) assert(isRegistryError(stored) && stored.hint !== undefined);
    else checkRow(stored, row, `registry ${code}`);
    checkRow(fileError("write", "/data/a", raw()), row, `file ${code}`);
    const command = toReportable(raw());
    if (!ofCommands.includes(code)) checkRow(command, row, `command ${code}`);
  }
});
