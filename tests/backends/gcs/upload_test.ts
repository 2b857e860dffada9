import { assert, assertEquals } from "@std/assert";
import {
  assertHolds,
  assertMissing,
  chunked,
  sampleBytes,
  text,
} from "../../conformance/backend/samples.ts";
import type { Fault, FaultMatch } from "../../support/strict_gcs/mod.ts";
import { failureOf, type StrictContext, strictTest } from "./with_strict.ts";

const UNIT = 256 * 1024;
const small = { partBytes: UNIT };
const PART = { method: "PUT", contentRange: /^bytes \d/ };
const LAST = { method: "PUT", contentRange: /^bytes \d+-\d+\/\d/ };

/** The content ranges that were sent, in order. */
function ranges({ fake }: StrictContext): string[] {
  return fake.requests.flatMap(({ headers }) => headers["content-range"] ?? []);
}
strictTest("a long stream is sent in parts, the last with a checksum", async (context) => {
  const { fake, open } = context;
  const backend = open(small);
  const bytes = sampleBytes(2 * UNIT + 1);
  for (const size of [undefined, bytes.byteLength]) {
    fake.requests.length = 0;
    await backend.put("a", chunked(bytes, 100_000), { size, contentType: "text/plain" });
    assertEquals(ranges(context), [
      "bytes 0-262143/*",
      "bytes 262144-524287/*",
      "bytes 524288-524288/524289",
    ]);
    const [start, ...parts] = fake.requests;
    assertEquals(
      start.headers["x-upload-content-length"],
      size === undefined ? undefined : String(size),
    );
    const stored = fake.objects().find("a")!;
    assertEquals(parts.map(({ headers }) => headers["x-goog-hash"]), [
      undefined,
      undefined,
      `crc32c=${stored.crc32c}`,
    ]);
    assert(parts.every(({ headers }) => headers.authorization === undefined));
    assertEquals(new Set(fake.requests.map(({ connection }) => connection)).size, 1);
    assertEquals(stored.properties.contentType, "text/plain");
    await assertHolds(backend, "a", bytes);
  }
  assertEquals(fake.openSessions(), 0);
});

strictTest("parts that end with the body leave no empty one", async (context) => {
  await context.open(small).put("a", sampleBytes(2 * UNIT));
  assertEquals(ranges(context), ["bytes 0-262143/*", "bytes 262144-524287/524288"]);
});

const PASSING: [string, FaultMatch, Fault][] = [
  ["a part is cut off before it is taken", PART, "cut"],
  ["a part is taken and its answer lost", PART, "cut-after"],
  ["a part is taken and answered with 503", PART, "fail-after"],
  ["half of a part is taken", PART, { keepBytes: UNIT }],
  ["half of the last part is taken", LAST, { keepBytes: 100 }],
  ["a part meets 429", PART, { status: 429 }],
  ["the last part is cut off before it is taken", LAST, "cut"],
  ["the last part is taken and its answer lost", LAST, "cut-after"],
  ["the last part is taken and answered with 503", LAST, "fail-after"],
  ["the session is asked in vain", { method: "PUT", contentRange: /^bytes \*/ }, "cut"],
  ["the session cannot be opened at first", { method: "POST" }, { status: 503 }],
];

for (const [what, match, fault] of PASSING) {
  for (const mode of ["create", "overwrite"] as const) {
    strictTest(`an upload (${mode}) resumes when ${what}`, async ({ fake, open, system }) => {
      const backend = open({ partBytes: 2 * UNIT });
      fake.faults.add(match, fault);
      if (match.contentRange?.source.includes("\\*")) fake.faults.add(PART, "cut-after");
      const bytes = sampleBytes(5 * UNIT + 17);
      const result = await backend.put("a", chunked(bytes, 300_000), { mode });
      assert(result.written);
      assertEquals([result.info.size, fake.faults.left(), fake.openSessions()], [
        bytes.byteLength,
        0,
        0,
      ]);
      assertEquals(fake.objects().find("a")!.generation, Number(result.info.etag));
      await assertHolds(backend, "a", bytes);
      assert(
        fake.requests.every(({ status }) => status !== 400),
        "the session was sent what it cannot take",
      );
      assert(system.slept.length <= 3);
    });
  }
}

strictTest("a create by a session may lose at its start", async ({ fake, open }) => {
  const backend = open(small);
  await backend.put("a", text("first"));
  let cancelled = false;
  let given = 0;
  const endless = new ReadableStream<Uint8Array>({
    pull: (controller) =>
      given++ < 100 ? controller.enqueue(sampleBytes(100_000)) : controller.error("not heard"),
    cancel: () => void (cancelled = true),
  });
  assertEquals(await backend.put("a", endless, { mode: "create" }), {
    written: false,
    reason: "exists",
  });
  assert(cancelled);
  await assertHolds(backend, "a", text("first"));
  assertEquals(fake.openSessions(), 0);
});
strictTest("a create by a session may lose at its end", async ({ fake, open }) => {
  const backend = open(small);
  fake.faults.add(LAST, async () => void await open().put("a", text("first")));
  const result = await backend.put("a", sampleBytes(3 * UNIT), { mode: "create" });
  assertEquals(result, { written: false, reason: "exists" });
  await assertHolds(backend, "a", text("first"));
  assertEquals(fake.openSessions(), 0);
});

strictTest("a create whose end is in doubt is not lost", async ({ fake, open }) => {
  fake.faults.add(LAST, "cut-after");
  fake.faults.add({ method: "PUT", contentRange: /^bytes \*/ }, { status: 412 });
  const error = await failureOf(open(small).put("a", sampleBytes(2 * UNIT), { mode: "create" }));
  assertEquals([error.code, error.maybeWritten], ["Unavailable", true]);
});

strictTest("an upload without its session is Unavailable", async ({ fake, open }) => {
  fake.faults.add(PART, { status: 410 });
  const backend = open(small);
  const error = await failureOf(backend.put("a", sampleBytes(4 * UNIT)));
  assertEquals([error.code, error.retry, error.maybeWritten], [
    "Unavailable",
    "later",
    undefined,
  ]);
  await assertMissing(backend, "a");
});

strictTest("an upload that never succeeds cancels its session", async ({ fake, open }) => {
  fake.faults.add({ method: "PUT", times: Infinity }, { status: 503 });
  const backend = open({ ...small, retryForMs: 5000 });
  const error = await failureOf(backend.put("a", sampleBytes(4 * UNIT)));
  assertEquals([error.code, error.maybeWritten], ["Unavailable", undefined]);
  assertEquals([fake.openSessions(), fake.requests.at(-1)!.method], [0, "DELETE"]);
  await assertMissing(backend, "a");
});

strictTest("an interrupted upload cancels its session", async ({ fake, open }) => {
  const backend = open(small);
  const failure = new Error("the source failed");
  const bytes = sampleBytes(4 * UNIT);
  assertEquals(
    await backend.put("a", chunked(bytes, UNIT, failure)).catch((error) => error),
    failure,
  );
  for (const size of [bytes.byteLength - 1, bytes.byteLength + 1]) {
    assertEquals(
      (await failureOf(backend.put("a", chunked(bytes, UNIT), { size }))).code,
      "Invalid",
    );
  }
  const abort = new AbortController();
  fake.faults.add({ ...PART, contentRange: /^bytes 262144/ }, () => abort.abort(failure));
  assertEquals(
    await backend.put("a", bytes, { signal: abort.signal }).catch((error) => error),
    failure,
  );
  assertEquals(fake.requests.filter(({ method }) => method === "DELETE").length, 4);
  assertEquals([fake.openSessions(), fake.objects().names()], [0, []]);
});

strictTest("a failed part ends an upload from a silent source", async ({ fake, open }) => {
  fake.faults.add(PART, { status: 403 });
  const stalled = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(sampleBytes(2 * UNIT)),
    pull: () => new Promise(() => {}),
  });
  assertEquals((await failureOf(open(small).put("a", stalled))).code, "Denied");
});

strictTest("damaged bytes are rejected or deleted again", async ({ fake, open }) => {
  fake.faults.add(PART, (request) => void (request.body[5] ^= 1));
  assertEquals((await failureOf(open(small).put("a", sampleBytes(2 * UNIT)))).code, "Invalid");
  assertEquals(fake.objects().names(), []);
  // A server that ignores the checksum of the last part still reports the checksum that it keeps.
  fake.faults.add(PART, (request) => void (request.body[5] ^= 1));
  fake.faults.add(
    LAST,
    ({ headers }) => void delete (headers as Record<string, string>)["x-goog-hash"],
  );
  const error = await failureOf(open(small).put("a", sampleBytes(2 * UNIT)));
  assertEquals([error.code, error.maybeWritten, fake.objects().names()], [
    "Unavailable",
    true,
    [],
  ]);
});

strictTest("at most two parts are read ahead of the store", async ({ fake, open }) => {
  let given = 0;
  let most = 0;
  const taken = () =>
    [...fake.requests].reduce(
      (sum, { body, method }) => sum + (method === "PUT" ? body.byteLength : 0),
      0,
    );
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (given >= 40 * UNIT) return controller.close();
      controller.enqueue(sampleBytes(UNIT / 4));
      given += UNIT / 4;
      most = Math.max(most, given - taken());
    },
  }, { highWaterMark: 0 });
  assert((await open(small).put("a", body)).written);
  assert(most <= 3 * UNIT, `${most / UNIT} parts`);
});
