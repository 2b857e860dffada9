import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { RegistryError } from "../../../core/errors.ts";
import { sampleBytes, text } from "../../conformance/backend/samples.ts";
import {
  failure,
  listPage,
  outcomeOf,
  refusal,
  type StandInReply,
  standInTest,
  type StartStandIn,
  xml,
} from "./stand_in.ts";

const MIB = 2 ** 20;
const create = { mode: "create" } as const;

const put = async (start: StartStandIn, reply: StandInReply, options = {}) => {
  const store = await start(() => reply, options);
  const outcome = await outcomeOf(store.backend.put("a/b", text("x"), create));
  return { outcome, requests: store.requests.length };
};

const AMBIGUOUS: [string, StandInReply][] = [
  ["429", refusal(429, "SlowDown")],
  ["500", refusal(500, "InternalError")],
  ["502 with a page of a proxy", { status: 502, body: "<html>Bad Gateway" }],
  ["503", refusal(503, "SlowDown")],
  ["503 without words", { status: 503 }],
  ["a reply that is cut", { end: "cut" }],
  ["a reply that never comes", { end: "timeout" }],
  ["400 RequestTimeout", refusal(400, "RequestTimeout")],
];

for (const [what, reply] of AMBIGUOUS) {
  standInTest(
    `a create that meets ${what} is sent once and may have been written`,
    async (start) => {
      const { outcome, requests } = await put(start, reply);
      assert(outcome instanceof Error, "no error");
      assertEquals([outcome.code, outcome.retry, outcome.maybeWritten], [
        "Unavailable",
        "later",
        true,
      ]);
      assertEquals([requests, outcome.key, outcome.hint !== undefined], [1, "a/b", true]);
    },
  );
}
standInTest("a conflicting create was not written", async (start) => {
  const { outcome, requests } = await put(start, refusal(409, "ConditionalRequestConflict"));
  assert(outcome instanceof Error);
  assertEquals([outcome.code, outcome.retry, outcome.maybeWritten, requests], [
    "Unavailable",
    "later",
    undefined,
    1,
  ]);
});

standInTest("the vendors' 409 to a create means that the object exists", async (start) => {
  const codes = {
    oss: "FileAlreadyExists",
    cos: "FileAlreadyExists",
    tos: "Conflict",
    ks3: "Conflict",
  } as const;
  for (const provider of ["oss", "cos", "tos", "ks3"] as const) {
    assertEquals((await put(start, refusal(409, codes[provider]), { provider })).outcome, {
      written: false,
      reason: "exists",
    });
    const other = (await put(start, refusal(409, "OperationAborted"), { provider })).outcome;
    assert(other instanceof Error);
    assertEquals([other.code, other.maybeWritten], ["Unavailable", undefined]);
  }
});

standInTest("a refused create was not written", async (start) => {
  for (
    const [status, code] of [[403, "AccessDenied"], [400, "InvalidArgument"], [
      404,
      "NoSuchBucket",
    ]] as const
  ) {
    const { outcome } = await put(start, refusal(status, code));
    assert(outcome instanceof Error && outcome.maybeWritten === undefined, code);
  }
});

standInTest("a denied write is retried on MinIO only", async (start) => {
  for (
    const [provider, denials, requests] of [["minio", 2, 3], ["minio", 9, 4], ["s3", 9, 1]] as const
  ) {
    const store = await start((_, i) => i < denials ? refusal(403, "AccessDenied") : undefined, {
      provider,
    });
    const outcome = await outcomeOf(store.backend.put("a/b", text("x"), create));
    assertEquals(
      outcome instanceof Error ? outcome.code : outcome.written,
      denials < requests || "Denied",
    );
    assertEquals(store.requests.length, requests);
  }
});

standInTest("an unreachable create was not written", async (start) => {
  const { outcome } = await put(start, {}, { endpoint: "http://127.0.0.1:1" });
  assert(outcome instanceof Error);
  assertEquals([outcome.code, outcome.retry, outcome.maybeWritten], [
    "Unavailable",
    "later",
    undefined,
  ]);
  assertMatch(outcome.hint!, /endpoint/);
});

standInTest("versioning that breaks creates is Unsupported", async (start) => {
  for (const provider of ["oss", "cos", "tos", "ks3"] as const) {
    const name = `x-${provider === "ks3" ? "kss" : provider}-version-id`;
    const { outcome } = await put(start, { headers: { [name]: "v1" } }, { provider });
    assert(outcome instanceof Error);
    assertEquals([outcome.code, outcome.maybeWritten], ["Unsupported", true]);
    assertMatch(outcome.hint!, /versioning/);
  }
  const amazon = await put(start, { headers: { "x-amz-version-id": "v1" } });
  assert(
    !(amazon.outcome instanceof Error) && amazon.outcome.written,
    "S3 keeps its promise under versioning",
  );
});

standInTest("an overwrite is retried until it succeeds", async (start) => {
  const store = await start((_request, i) =>
    i < 3
      ? [refusal(503, "SlowDown"), { end: "cut" as const }, refusal(500, "InternalError")][i]
      : { headers: { etag: '"e"' } }
  );
  const result = await store.backend.put("a", text("x"));
  assert(result.written);
  assertEquals(result.info, {
    key: "a",
    size: 1,
    modifiedAt: Date.UTC(2026, 0, 1, 0, 0, 10),
    etag: "e",
  });
  assertEquals([store.requests.length, store.system.slept.length], [4, 3]);
});

/** Answers an upload in parts; `complete` answers its last request. */
const upload = (complete: (times: number) => StandInReply) => {
  let completes = 0;
  return ({ line, query }: { line: string; query: URLSearchParams }): StandInReply => {
    if (query.has("uploads")) return xml("InitiateMultipartUploadResult", "<UploadId>u</UploadId>");
    if (query.has("partNumber")) return { headers: { etag: '"0123456789abcdef0123456789abcdef"' } };
    if (line.startsWith("POST")) return complete(++completes);
    return { status: line.startsWith("HEAD") ? 404 : 204 };
  };
};
const DONE = xml("CompleteMultipartUploadResult", "<ETag>whole</ETag>");
const LARGE = sampleBytes(9 * MIB);
const verbs = (lines: string[]) =>
  lines.filter((line) => !/partNumber/.test(line)).map((line) => line.split(" ")[0]);

standInTest("a create in parts with a lost reply is maybe written", async (start) => {
  for (const reply of [{ end: "cut" } as const, refusal(503, "SlowDown"), { body: "" }]) {
    const store = await start(upload(() => reply));
    const error = await failure(store.backend.put("a", LARGE, create));
    assertEquals([error.code, error.maybeWritten], ["Unavailable", true]);
    assertEquals(verbs(store.lines()), ["POST", "POST"]);
  }
});

standInTest("a create in parts that loses leaves no upload", async (start) => {
  const lost = await start(upload(() => refusal(412, "PreconditionFailed")));
  assertEquals(await lost.backend.put("a", LARGE, create), { written: false, reason: "exists" });
  assertEquals(verbs(lost.lines()), ["POST", "POST", "DELETE"]);
  const conflict = await start(upload(() => refusal(409, "ConditionalRequestConflict")));
  const error = await failure(conflict.backend.put("a", LARGE, create));
  assertEquals([error.code, error.maybeWritten], ["Unavailable", undefined]);
  assertEquals(verbs(conflict.lines()), ["POST", "POST", "DELETE"]);
});

standInTest("an error in a reply of status 200 is an error", async (start) => {
  const inside = xml("Error", "<Code>InternalError</Code><Message>later</Message>");
  const store = await start(upload((times) => times === 1 ? inside : DONE));
  assert((await store.backend.put("a", LARGE)).written);
  assertEquals(verbs(store.lines()), ["POST", "POST", "POST"]);
  const once = await start(upload(() => inside));
  const error = await failure(once.backend.put("a", LARGE, create));
  assertEquals([error.code, error.maybeWritten], ["Unavailable", true]);
});

standInTest("an overwrite in parts with a lost reply checks the object", async (start) => {
  const { createHash } = await import("node:crypto");
  const part = "0123456789abcdef0123456789abcdef";
  const etag = `${createHash("md5").update(part + part, "hex").digest("hex")}-2`;
  for (const [found, expected] of [[etag, "written"], ["of-another", "NotWritten"]]) {
    const answer = upload((times) => times === 1 ? { end: "cut" } : refusal(404, "NoSuchUpload"));
    const store = await start((request) =>
      request.line.startsWith("HEAD")
        ? {
          headers: {
            etag: `"${found}"`,
            "content-length": String(LARGE.byteLength),
            "last-modified": "Thu, 01 Jan 2026 00:00:07 GMT",
          },
        }
        : answer(request)
    );
    const outcome = await outcomeOf(store.backend.put("a", LARGE));
    if (expected === "written") {
      assert(!(outcome instanceof Error) && outcome.written);
      assertEquals(outcome.info, {
        key: "a",
        size: LARGE.byteLength,
        modifiedAt: Date.UTC(2026, 0, 1, 0, 0, 7),
        etag,
      });
    } else assert(outcome instanceof Error && outcome.code === "Unavailable");
    assertEquals(verbs(store.lines()), ["POST", "POST", "POST", "HEAD"]);
  }
});

standInTest("a failed part is resent, a rejected one aborts", async (start) => {
  const answer = upload(() => DONE);
  let failures = 2;
  const store = await start((request) =>
    request.query.get("partNumber") === "2" && failures-- > 0
      ? refusal(503, "SlowDown")
      : answer(request)
  );
  assert((await store.backend.put("a", LARGE)).written);
  const parts = store.requests.flatMap(({ query }) => query.get("partNumber") ?? []);
  assertEquals([
    parts.filter((part) => part === "1").length,
    parts.filter((part) => part === "2").length,
  ], [1, 3]);

  const denied = await start((request) =>
    request.query.get("partNumber") === "2" ? refusal(403, "AccessDenied") : answer(request)
  );
  let cancelled = false;
  const endless = new ReadableStream({
    pull: (controller) => controller.enqueue(new Uint8Array(MIB)),
    cancel: () => void (cancelled = true),
  }, { highWaterMark: 0 });
  const error = await failure(denied.backend.put("a", endless));
  assertEquals(error.code, "Denied");
  assertEquals(cancelled, true);
  assertEquals(verbs(denied.lines()), ["POST", "DELETE"]);
});

standInTest("a race with a folder is retried, a folder is Invalid", async (start) => {
  const folder = refusal(409, "ExistingObjectIsDirectory");
  for (const below of [false, true]) {
    const listing = listPage(below ? ["a/b"] : []);
    const answer = ({ line }: { line: string }, i: number) =>
      line.startsWith("GET") ? listing : i === 0 ? folder : {};
    const overwritten = await start(answer);
    const outcome = await outcomeOf(overwritten.backend.put("a", text("x")));
    assertEquals(
      outcome instanceof Error ? outcome.code : outcome.written,
      below ? "Invalid" : true,
    );
    const created = await start(answer);
    const error = await failure(created.backend.put("a", text("x"), create));
    assertEquals([error.code, error.maybeWritten], [
      below ? "Invalid" : "Unavailable",
      undefined,
    ]);
    assertEquals(created.requests.length, 2);
  }
});

standInTest("a rejected part ends an upload from a silent source", async (start) => {
  const answer = upload(() => DONE);
  const store = await start((request) =>
    request.query.has("partNumber") ? refusal(403, "AccessDenied") : answer(request)
  );
  let given = 0;
  let cancelled: unknown;
  const stalling = new ReadableStream<Uint8Array>({
    pull: (controller) =>
      given++ < 20 ? controller.enqueue(new Uint8Array(MIB)) : new Promise(() => {}),
    cancel: (reason) => void (cancelled = reason),
  }, { highWaterMark: 0 });
  const error = await failure(store.backend.put("a", stalling));
  assertEquals(error.code, "Denied");
  assertEquals(cancelled, error);
});

standInTest("a large object is copied in parts with its metadata", async (start) => {
  const size = 600 * MIB;
  const store = await start(({ line, query }) => {
    if (line.startsWith("HEAD")) {
      const about = {
        etag: '"e"',
        "content-type": "text/x",
        "x-amz-meta-by": "me",
        "content-length": String(size),
      };
      return { headers: about };
    }
    if (query.has("uploads")) {
      return xml("InitiateMultipartUploadResult", "<UploadId>u</UploadId>");
    }
    return query.has("partNumber") ? xml("CopyPartResult", "<ETag>p</ETag>") : DONE;
  });
  assertEquals((await store.backend.copy!("a/é", "b")).size, size);
  const [, begin, ...parts] = store.requests;
  assertEquals([begin.headers["content-type"], begin.headers["x-amz-meta-by"]], ["text/x", "me"]);
  const copies = parts.slice(0, -1).map(({ headers }) => headers);
  assertEquals(copies.map((headers) => headers["x-amz-copy-source-range"]).sort(), [
    "bytes=0-268435455",
    "bytes=268435456-536870911",
    "bytes=536870912-629145599",
  ]);
  for (const headers of copies) {
    assertEquals(headers["x-amz-copy-source"], "bucket/a/%C3%A9");
    assertEquals(headers["x-amz-copy-source-if-match"], '"e"');
  }
});

standInTest("a create with a cut reply arrives once", async (start) => {
  const store = await start((_request, i) => i < 3 ? {} : { end: "cut" });
  for (const key of ["a", "b", "c"]) {
    assert((await store.backend.put(key, text("x"), create)).written);
  }
  const error = await assertRejects(() => store.backend.put("d", text("x"), create), RegistryError);
  assertEquals([error.code, error.maybeWritten], ["Unavailable", true]);
  assertEquals(store.lines().filter((line) => line === "PUT /bucket/d").length, 1);
});
