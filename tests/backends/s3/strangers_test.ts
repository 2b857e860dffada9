import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { readBody } from "../../../backends/s3/read/range.ts";
import type { RegistryError } from "../../../core/errors.ts";
import { sampleBytes, text } from "../../conformance/backend/samples.ts";
import { CredentialCache } from "../../../backends/s3/credentials.ts";
import { holdTimers } from "../../support/held_timers.ts";
import { createScriptedSystem } from "../../support/scripted_system.ts";
import { meaningOf } from "../../../backends/s3/meanings.ts";
import { objectReply, refusal, SECRETS, type StandInReply, standInTest, xml } from "./stand_in.ts";

const MIB = 2 ** 20;
const failure = (promise: Promise<unknown>): Promise<RegistryError> =>
  promise.then((value) => {
    throw new Error(`it did not fail: ${Deno.inspect(value)}`);
  }, (error: RegistryError) => error);

const PAGES: Record<string, StandInReply> = {
  "an empty page": { body: "" },
  "a page for people": { body: "<html><body>Welcome</body></html>" },
};

for (const [what, page] of Object.entries(PAGES)) {
  standInTest(`${what} with status 200 is not an empty listing`, async (start) => {
    const empty = xml("ListBucketResult", "<KeyCount>0</KeyCount><IsTruncated>false</IsTruncated>");
    const store = await start((_request, i) => i < 2 ? page : empty);
    assertEquals(await Array.fromAsync(store.backend.list("names/")), []);
    assertEquals(store.requests.length, 3);
    const never = await start(() => page, { retryForMs: 500 });
    assertEquals(
      (await failure(Array.fromAsync(never.backend.list("names/")))).code,
      "Unavailable",
    );
  });
}

standInTest("a web page with status 200 acknowledges no write", async (start) => {
  const page = PAGES["a page for people"];
  const store = await start(() => page, { retryForMs: 100 });
  const created = await failure(store.backend.put("a", text("x"), { mode: "create" }));
  assertEquals([created.code, created.maybeWritten, store.requests.length], [
    "Unavailable",
    true,
    1,
  ]);
  for (const body of [text("x"), sampleBytes(9 * MIB)]) {
    assertEquals((await failure(store.backend.put("a", body))).code, "Unavailable");
  }
});

standInTest("a 404 without an S3 error is not a missing key", async (start) => {
  for (const body of ["default backend - 404", "<html>404</html>", ""]) {
    const store = await start((request, i) =>
      i < 2 ? { status: 404, body } : objectReply(request, text("x"))
    );
    assertEquals((await store.backend.get("a"))?.info.size, 1);
    const never = await start(() => ({ status: 404, body }), { retryForMs: 100 });
    for (const action of [() => never.backend.get("a"), () => never.backend.delete("a")]) {
      assertEquals((await failure(action())).code, "Unavailable");
    }
    const created = await failure(never.backend.put("a", text("x"), { mode: "create" }));
    assertEquals([created.code, created.retry], ["Unavailable", "later"]);
  }
  const missing = await start(() => refusal(404, "NoSuchKey"));
  assertEquals(await missing.backend.get("a"), undefined);
});

standInTest("a 400 without an S3 error hints at the endpoint", async (start) => {
  for (
    const body of ["Client sent an HTTP request to an HTTPS server.", "<html>400</html>", ""]
  ) {
    const store = await start(() => ({ status: 400, body }));
    for (
      const action of [
        () => Array.fromAsync(store.backend.list("names/")),
        () => store.backend.put("a", text("x")),
      ]
    ) {
      const error = await failure(action());
      assertEquals([error.code, error.retry], ["Invalid", "never"]);
      assertStringIncludes(error.hint!, "https://");
    }
    assertEquals(store.requests.length, 2);
  }
  const worded = await start(() => refusal(400, "MalformedPolicy"));
  assertStringIncludes(
    (await failure(worded.backend.put("a", text("x")))).message,
    "MalformedPolicy",
  );
});

standInTest("an object that appears during a get is read", async (start) => {
  const bytes = sampleBytes(100);
  const store = await start((request, i) =>
    objectReply(request, i === 0 ? new Uint8Array() : bytes)
  );
  assertEquals(await (await store.backend.get("a"))!.bytes(), bytes);
});
standInTest("an invalid header is Invalid without secrets", async (start) => {
  const store = await start(() => {});
  const bad = [{ contentType: "text/é中" }, { metadata: { a: "中" } }];
  for (const options of bad) {
    const error = await failure(
      store.backend.put("a", text("x"), { mode: "create", ...options }),
    );
    assertEquals([error.code, error.maybeWritten, store.system.slept.length], [
      "Invalid",
      undefined,
      0,
    ]);
  }
  const broken = await start(() => {}, {
    credentials: { ...SECRETS, sessionToken: `${SECRETS.sessionToken}\n` },
  });
  const error = await failure(broken.backend.head("a"));
  assertEquals(error.code, "Invalid");
  assert(!Deno.inspect(error, { depth: 10, showHidden: true }).includes(SECRETS.sessionToken));
});

Deno.test("a broken connection may have carried a create", () => {
  const cut = "Client network socket disconnected before secure TLS connection was established";
  for (const name of ["ECONNRESET", "EPIPE", "EHOSTUNREACH", "ENETUNREACH"]) {
    const { code, retry, refused = false } = meaningOf({ name, message: cut });
    assertEquals([code, retry, refused], ["Unavailable", undefined, false], name);
  }
  const untrusted = meaningOf({
    name: "DEPTH_ZERO_SELF_SIGNED_CERT",
    message: "self-signed certificate",
  });
  assertEquals([untrusted.retry, untrusted.refused], ["never", true]);
  const plain = meaningOf({ name: "ERR_SSL_WRONG_VERSION_NUMBER", message: "wrong version" });
  assertEquals([plain.state, plain.retry], ["the store does not use TLS", "never"]);
});

Deno.test("rejected credentials are forgotten once", async () => {
  let asked = 0;
  const ask = () => Promise.resolve({ ...SECRETS, sessionToken: `t${++asked}` });
  const cache = new CredentialCache(ask, { system: createScriptedSystem(), timeoutMs: 1_000 });
  const old = await cache.provide();
  cache.expire(old);
  const asking = cache.provide();
  cache.expire(old); // a request whose refusal comes while new ones are on their way
  const fresh = await asking;
  cache.expire(old); // and one that comes later
  assertEquals([await cache.provide(), asked], [fresh, 2]);
});

standInTest("expiring credentials are requested once", async (start) => {
  let asked = 0;
  const store = await start(() => {}, {
    credentials: () => ({
      ...SECRETS,
      expiration: new Date(store.system.now() + 30_000 * ++asked),
    }),
  });
  for (let i = 0; i < 3; i++) {
    await Promise.all(["a", "b", "c"].map((key) => store.backend.delete(key)));
  }
  assertEquals(asked, 1);
  store.system.advance(2_000);
  await Promise.all(["a", "b", "c"].map((key) => store.backend.delete(key)));
  assertEquals(asked, 2);
});

standInTest("a hanging credentials function times out", async (start) => {
  const store = await start(() => {}, { credentials: () => new Promise(() => {}) });
  const stop = new AbortController();
  const waiting = failure(store.backend.head("a", { signal: stop.signal }));
  stop.abort(new Error("enough"));
  assertEquals((await waiting).message, "enough");
  const asking = Promise.withResolvers<void>();
  const again = await start(() => {}, {
    credentials() {
      queueMicrotask(asking.resolve);
      return new Promise(() => {});
    },
  });
  const putting = failure(again.backend.put("a", text("x"), { mode: "create" }));
  await asking.promise;
  store.passTimeouts();
  const error = await putting;
  assertEquals([error.code, error.maybeWritten, again.requests.length], ["Denied", undefined, 0]);
  assertStringIncludes(error.hint!, "credentials");
});

standInTest("an aborted put waits briefly for a silent store", async (start) => {
  const stop = new AbortController();
  const moment = holdTimers(5_000);
  const store = await start(({ query, line }) => {
    if (query.has("uploads")) {
      return xml("InitiateMultipartUploadResult", "<UploadId>u</UploadId>");
    }
    if (line.startsWith("DELETE")) {
      moment.pass();
    } else stop.abort(new Error("enough"));
    return { end: "stall" };
  });
  try {
    const error = await failure(
      store.backend.put("a", sampleBytes(9 * MIB), { signal: stop.signal }),
    );
    assertEquals(error.message, "enough");
  } finally {
    moment[Symbol.dispose]();
  }
});

Deno.test("a body of `fetch` that stalls is closed, and times out", async () => {
  const closed = Promise.withResolvers<void>();
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(Uint8Array.of(1, 2)),
    cancel: () => closed.resolve(),
  });
  const read: number[] = [];
  const reading = readBody(body, (chunk) => void read.push(...chunk), { idleMs: 20 });
  assertEquals((await assertRejects(() => reading, DOMException)).name, "TimeoutError");
  await closed.promise;
  assertEquals(read, [1, 2]);
});
