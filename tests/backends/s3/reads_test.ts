import { assert, assertEquals, assertRejects } from "@std/assert";
import { setImmediate } from "node:timers";
import { concatBytes, readAll } from "../../../core/bytes/bytes.ts";
import { RegistryError } from "../../../core/errors.ts";
import { assertBytes, passed, sampleBytes } from "../../conformance/backend/samples.ts";
import {
  failure,
  listPage,
  objectReply,
  refusal,
  type StandInRequest,
  standInTest,
  xml,
} from "./stand_in.ts";
import { rowsOfRun } from "../../support/seeds.ts";

const MIB = 2 ** 20;
const LARGE = sampleBytes(20 * MIB);
const rangeOf = ({ headers }: StandInRequest) => headers.range;
standInTest("a large object is read in ranges, each once", async (start) => {
  for (const use of ["bytes", "body"] as const) {
    const store = await start((request) => objectReply(request, LARGE));
    const object = await store.backend.get("a");
    assertBytes(use === "bytes" ? await object!.bytes() : await readAll(object!.body), LARGE);
    assertEquals(store.requests.map(rangeOf).sort(), [
      "bytes=0-8388607",
      "bytes=16777216-20971519",
      "bytes=8388608-16777215",
    ]);
  }
});

standInTest("reading ahead is bounded and ends with the reader", async (start) => {
  for (const parallel of [1, 4]) {
    const store = await start((request) => objectReply(request, LARGE), {
      partBytes: 5 * MIB,
      parallel,
    });
    const reader = (await store.backend.get("a"))!.body.getReader();
    assert(!(await reader.read()).done);
    assert(
      store.requests.length <= Math.ceil(parallel / 2) + 1,
      `${store.requests.length} requests`,
    );
    await reader.cancel();
    assert(store.requests.length < 4);
  }
});

standInTest("a broken body is resumed", async (start) => {
  let broken = 0;
  const store = await start((request) => {
    const reply = objectReply(request, LARGE);
    return broken++ < 3
      ? { ...reply, body: (reply.body as Uint8Array).slice(0, 100_000), end: "cut" }
      : reply;
  });
  assertBytes(await readAll((await store.backend.get("a"))!.body), LARGE);
  const asked = store.requests.map(rangeOf);
  assert(asked.some((range) => range.startsWith("bytes=100000-")), String(asked));
  assertEquals(store.requests.length, 6);
});

standInTest(
  "bytes that are passed on are read in order, and resumed after a cut",
  async (start) => {
    const store = await start((request) => {
      const reply = objectReply(request, LARGE);
      return request.headers.range.startsWith("bytes=0-")
        ? { ...reply, body: (reply.body as Uint8Array).slice(0, 100_000), end: "cut" }
        : reply;
    });
    const object = await store.backend.get("a", { passing: true });
    assertBytes(await passed(object!), LARGE);
    assertEquals(store.requests.map(rangeOf).sort(), [
      "bytes=0-8388607",
      "bytes=100000-8388607",
      "bytes=16777216-20971519",
      "bytes=8388608-16777215",
    ]);
    assertBytes(await (await store.backend.get("a", { passing: true }))!.bytes(), LARGE);
    assertBytes(await readAll((await store.backend.get("a", { passing: true }))!.body), LARGE);
  },
);

standInTest("a stalled body that is passed on is resumed, each byte once", async (start) => {
  const stored = LARGE.subarray(0, 3 * MIB);
  const store = await start((request) => {
    const reply = objectReply(request, stored);
    const first = request.headers.range.startsWith("bytes=0-");
    return first ? { ...reply, body: stored.slice(0, 50_000), end: "stall" } : reply;
  });
  const chunks: Uint8Array[] = [];
  let received = 0;
  await (await store.backend.get("a", { passing: true }))!.passTo!((chunk) => {
    chunks.push(chunk.slice());
    received += chunk.byteLength;
    if (received === 50_000) store.passTimeouts();
  });
  assertBytes(concatBytes(chunks), stored);
});

standInTest("the next part arrives while one is passed on", async (start) => {
  for (const end of rowsOfRun([undefined, "cut", "stall"] as const)) {
    const asked = Promise.withResolvers<void>();
    let replies = 0;
    const store = await start((request) => {
      const reply = objectReply(request, LARGE);
      if (!request.headers.range.startsWith("bytes=8388608-") || replies++ > 0) return reply;
      asked.resolve();
      return end === undefined
        ? reply
        : { ...reply, body: (reply.body as Uint8Array).slice(0, 100_000), end };
    });
    const object = await store.backend.get("a", { passing: true });
    const chunks: Uint8Array[] = [];
    let received = 0;
    await object!.passTo!(async (chunk) => {
      chunks.push(chunk.slice());
      received += chunk.byteLength;
      if (end === "stall" && received === 8_388_608 + 100_000) store.passTimeouts();
      if (chunks.length > 1) return;
      await asked.promise;
      for (let turn = 0; turn < 100; turn++) {
        await new Promise<void>((resolve) => setImmediate(resolve));
      }
    });
    assertBytes(concatBytes(chunks), LARGE);
  }
});

standInTest("a reader that fails ends the read with its error, without a retry", async (start) => {
  const store = await start((request) => objectReply(request, LARGE));
  const failures = [
    new Error("the disk is full"),
    new RegistryError({ code: "Unavailable", message: "later", retry: "later" }),
  ];
  for (const failure of failures) {
    for (const late of [false, true]) {
      store.requests.length = 0;
      const object = await store.backend.get("a", { passing: true });
      let calls = 0;
      const passing = object!.passTo!(() => {
        calls++;
        if (late) return Promise.reject(failure);
        throw failure;
      });
      assertEquals(await passing.then(() => undefined, (error) => error), failure);
      const again = store.requests.slice(1).map(rangeOf);
      assert(again.every((range) => range === "bytes=8388608-16777215"), String(again));
      assertEquals(calls, 1);
    }
  }
});

standInTest("the next chunk waits for a reader that is not ready", async (start) => {
  const store = await start((request) => objectReply(request, LARGE));
  const object = await store.backend.get("a", { passing: true });
  let busy = false, bytes = 0;
  await object!.passTo!(async (chunk) => {
    assert(!busy);
    busy = true;
    await new Promise<void>((resolve) => setImmediate(resolve));
    bytes += chunk.byteLength;
    busy = false;
  });
  assertEquals(bytes, LARGE.byteLength);
});

standInTest("the memory of a chunk that was passed on is freed", async (start) => {
  const store = await start((request) => objectReply(request, LARGE));
  const object = await store.backend.get("a", { passing: true });
  const chunks: Uint8Array[] = [];
  await object!.passTo!((chunk) => void chunks.push(chunk));
  const heldBytes = chunks.reduce((sum, { byteLength }) => sum + byteLength, 0);
  assert(heldBytes < LARGE.byteLength / 2, `${heldBytes} bytes are held`);
});

standInTest("an abort ends bytes that are passed on", async (start) => {
  const abort = new AbortController();
  const reason = new Error("enough");
  const store = await start((request) => {
    const reply = objectReply(request, LARGE);
    return { ...reply, body: (reply.body as Uint8Array).slice(0, 100_000), end: "stall" };
  });
  const object = await store.backend.get("a", { passing: true, signal: abort.signal });
  const passing = object!.passTo!(() => abort.abort(reason));
  assertEquals(await passing.then(() => undefined, (error) => error), reason);
  assert(store.requests.length <= 2, "the next part may have been requested");
});

standInTest("a stalled body is resumed over a new connection", async (start) => {
  const stored = LARGE.subarray(0, 200_000);
  const store = await start((request) => {
    const reply = objectReply(request, stored);
    const first = request.headers.range.startsWith("bytes=0-");
    return first ? { ...reply, body: stored.slice(0, 50_000), end: "silence" } : reply;
  });
  assertBytes(await (await store.backend.get("a"))!.bytes(), stored);
  assertEquals(store.requests.map(rangeOf), ["bytes=0-8388607", "bytes=50000-199999"]);
});

standInTest("an object that changes during a read is a Conflict", async (start) => {
  const later = {
    replaced: (request: StandInRequest) => objectReply(request, LARGE, "e2"),
    deleted: () => refusal(404, "NoSuchKey"),
  };
  for (const [what, reply] of Object.entries(later)) {
    for (const use of ["bytes", "body"] as const) {
      const store = await start((request, i) =>
        i === 0 ? objectReply(request, LARGE) : reply(request)
      );
      const object = await store.backend.get("a");
      const reading = use === "bytes" ? object!.bytes() : readAll(object!.body);
      const error = await reading.then(() => undefined, (error: RegistryError) => error);
      assertEquals([error?.code, error?.key], ["Conflict", "a"], what);
    }
  }
});

standInTest("a store without ranges serves only small objects", async (start) => {
  const store = await start((request) => objectReply({ ...request, headers: {} }, LARGE));
  const error = await failure(store.backend.get("a"));
  assertEquals(error.code, "Unsupported");
  const small = await start((request) =>
    objectReply({ ...request, headers: {} }, LARGE.subarray(0, 100))
  );
  assertBytes(await (await small.backend.get("a"))!.bytes(), LARGE.subarray(0, 100));
});

standInTest("a reply with another range than the requested one is refused", async (start) => {
  const shifted = (request: StandInRequest) =>
    objectReply({ ...request, headers: { range: "bytes=5-8388612" } }, LARGE);
  for (const passing of [false, true]) {
    const first = await start(shifted);
    assertEquals((await failure(first.backend.get("a", { passing }))).code, "Unsupported");
    const later = await start((request, i) =>
      i === 0 ? objectReply(request, LARGE) : shifted(request)
    );
    const object = await later.backend.get("a", { passing });
    assertEquals((await failure(readAll(object!.body))).code, "Unsupported");
  }
});

standInTest("temporary failures of reads are retried", async (start) => {
  const passing = [refusal(429, "SlowDown"), refusal(503, "SlowDown"), { status: 502 }, {
    end: "cut" as const,
  }, { end: "timeout" as const }];
  const store = await start((request, i) => passing[i] ?? objectReply(request, sampleBytes(10)));
  assertEquals((await store.backend.get("a"))?.info.size, 10);
  assertEquals(store.requests.length, 6);
  assertEquals(store.system.slept.length, 5); // Bun alone sends a cut request again by itself
  const denied = await start(() => refusal(403, "AccessDenied"));
  const error = await failure(denied.backend.get("a"));
  assert(error.code === "Denied" && denied.requests.length === 1);
});
standInTest("an aborted request over a reused connection is not resent", async (start) => {
  const aborting = new AbortController();
  const store = await start((request, i) => {
    if (i !== 1) return objectReply(request, sampleBytes(10));
    aborting.abort();
    return { end: "stall" };
  });
  await store.backend.head("a");
  await assertRejects(() => store.backend.get("b", { signal: aborting.signal }), DOMException);
  for (let i = 0; i < 5; i++) await store.backend.head("a");
  assertEquals(store.lines().filter((line) => line.endsWith("/b")), ["GET /bucket/b"]);
});

standInTest("head() distinguishes a missing key from a missing bucket", async (start) => {
  const store = await start(({ line }) => ({ status: line.includes("/bucket/a") ? 404 : 200 }));
  assertEquals(await store.backend.head("a"), undefined);
  const none = await start(() => ({ status: 404 }));
  const error = await assertRejects(() => none.backend.head("a"), RegistryError);
  assertEquals([error.code, error.hint?.includes("createBucket")], ["NotFound", true]);
});

standInTest("bytes() reads parts independently", async (start) => {
  let late = () => {};
  const bytes = sampleBytes(30 * MIB);
  const store = await start((request, i) => {
    const isSecond = rangeOf(request).startsWith("bytes=5242880-");
    if (i === 5) late();
    return isSecond && i < 5 ? { end: "stall" } : objectReply(request, bytes);
  }, { partBytes: 5 * MIB, parallel: 2 });
  late = store.passTimeouts; // the part that stalls is asked for again when all others were
  assertBytes(await (await store.backend.get("a"))!.bytes(), bytes);
});

standInTest("a rejected part ends the download", async (start) => {
  const bytes = sampleBytes(60 * MIB);
  const store = await start((request, i) => {
    if (i === 0 || request.line.startsWith("HEAD")) return objectReply(request, bytes);
    const isSecond = rangeOf(request).startsWith("bytes=5242880-");
    return isSecond ? refusal(403, "AccessDenied") : { end: "stall" };
  }, { partBytes: 5 * MIB, parallel: 3 });
  const asked = async () => {
    // Earlier requests arrive before these two.
    for (let i = 0; i < 2; i++) await store.backend.head("a");
    return store.lines().filter((line) => line.startsWith("GET")).length;
  };
  const object = await store.backend.get("a");
  const error = await assertRejects(() => object!.bytes(), RegistryError);
  assertEquals(error.code, "Denied");
  const before = await asked();
  assert(before <= 4, `${before} requests`);
  store.passTimeouts(); // what still waits for a part would ask for it again
  assertEquals(await asked(), before);
});

standInTest("retries end after retryForMs", async (start) => {
  const store = await start(() => refusal(503, "SlowDown"), { retryForMs: 1_000 });
  const error = await failure(store.backend.head("a"));
  assertEquals([error.code, error.retry], ["Unavailable", "later"]);
  assert(store.system.monotonic() <= 1_000);
});
standInTest("pages of a listing continue by token", async (start) => {
  const store = await start(({ query }) => {
    const isFirst = query.get("continuation-token") === null;
    return isFirst ? listPage(["team/x1"], "t+1") : listPage(["team/x2"]);
  }, { prefix: "/team/" });
  const entries = await Array.fromAsync(store.backend.list("x", { after: "w", limit: 5 }));
  assertEquals(entries.map((entry) => "key" in entry && entry.key), ["x1", "x2"]);
  const [first, second] = store.requests.map(({ query }) => query);
  assertEquals(
    ["prefix", "start-after", "max-keys"].map((name) => first.get(name)),
    ["team/x", "team/w", "5"],
  );
  assertEquals(second.get("continuation-token"), "t+1");
});

standInTest("a listing out of order is refused", async (start) => {
  const store = await start(() => listPage(["b", "a"]));
  const error = await failure(Array.fromAsync(store.backend.list("")));
  assertEquals(error.code, "Unsupported");
});

standInTest("a page that is cut is not the end of a listing", async (start) => {
  for (const end of ["<IsTruncated>true</IsTruncated>", "", "<KeyCount>0</KeyCount>"]) {
    let requests = 0;
    const answer = () => ++requests === 1 ? xml("ListBucketResult", end) : listPage(["a", "b"]);
    const store = await start(answer);
    assertEquals((await Array.fromAsync(store.backend.list(""))).length, 2, end);
    const never = await start(() => xml("ListBucketResult", end), { retryForMs: 100 });
    for (const options of [{}, { limit: 1 }]) {
      const error = await failure(Array.fromAsync(never.backend.list("", options)));
      assertEquals(error.code, "Unavailable", end);
    }
  }
});

standInTest("an object without a time is not an old one", async (start) => {
  const object = "<Contents><Key>a</Key><Size>1</Size></Contents>";
  const untimed = xml("ListBucketResult", `${object}<IsTruncated>false</IsTruncated>`);
  const timed = await start((_, i) => i === 0 ? untimed : listPage(["a"]));
  const [entry] = await Array.fromAsync(timed.backend.list(""));
  assertEquals("key" in entry && entry.modifiedAt, Date.UTC(2026, 0, 1, 0, 0, 10));
  const store = await start(
    ({ query }) => query.has("list-type") ? untimed : { headers: { etag: "e1" }, body: "x" },
    { retryForMs: 100 },
  );
  const { backend } = store;
  for (
    const call of [Array.fromAsync(backend.list("")), backend.get("a"), backend.copy!("a", "b")]
  ) {
    assertEquals((await failure(call)).code, "Unavailable");
  }
});

standInTest("a listing that leads back to a page is refused", async (start) => {
  for (const tokens of [["t"], ["t", "u"]]) {
    const store = await start((_, i) => listPage([], tokens[i % tokens.length]));
    const error = await failure(Array.fromAsync(store.backend.list("")));
    assertEquals([error.code, store.requests.length], ["Unsupported", tokens.length + 1]);
  }
  const again = "<IsTruncated>true</IsTruncated><NextKeyMarker>a</NextKeyMarker>";
  const uploads = await start(() => xml("ListMultipartUploadsResult", again));
  assertEquals(await Array.fromAsync(uploads.backend.sweepUploads!({ olderThan: 0 })), []);
});

standInTest("a write that takes longer than the limit of a request ends alone", async (start) => {
  const bytes = LARGE.subarray(0, 8 * MIB);
  const store = await start((request) => objectReply(request, bytes));
  const object = await store.backend.get("a", { passing: true });
  const chunks: Uint8Array[] = [];
  let writing = 0, most = 0;
  await object!.passTo!(async (chunk) => {
    most = Math.max(most, ++writing);
    const copy = chunk.slice();
    for (let turn = 0; turn < 500 && chunks.length === 0; turn++) {
      if (turn === 1) store.passTimeouts();
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
    chunks.push(copy);
    writing--;
  });
  assertBytes(concatBytes(chunks), bytes);
  assertEquals([most, store.requests.length], [1, 1]);
});
