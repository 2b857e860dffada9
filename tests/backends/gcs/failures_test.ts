import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { Backend } from "../../../core/backend.ts";
import type { ErrorCode } from "../../../core/errors.ts";
import {
  assertHolds,
  listed,
  putAll,
  sampleBytes,
  text,
} from "../../conformance/backend/samples.ts";
import { failureOf, strictTest, told } from "./with_strict.ts";

const VERBS: Record<string, (backend: Backend) => Promise<unknown>> = {
  head: (backend) => backend.head("a"),
  get: (backend) => backend.get("a"),
  put: (backend) => backend.put("a", text("x")),
  create: (backend) => backend.put("a", text("x"), { mode: "create" }),
  upload: (backend) => backend.put("a", sampleBytes(600_000)),
  delete: (backend) => backend.delete("a"),
  list: (backend) => listed(backend, ""),
  copy: (backend) => backend.copy!("a", "b"),
};
const TOKEN = "secret-token-of-a-vault";

for (const [verb, run] of Object.entries(VERBS)) {
  strictTest(`${verb} of a missing bucket is NotFound with a hint`, async ({ open }) => {
    const error = await failureOf(run(open({ bucket: "missing", partBytes: 262_144 })));
    assertEquals(error.code, "NotFound");
    assertStringIncludes(error.message, 'bucket "missing" does not exist');
    assertStringIncludes(error.hint!, "createBucket");
  });

  strictTest(`${verb} creates a missing bucket once with createBucket`, async ({ fake, open }) => {
    const backend = open({ bucket: "new", createBucket: { location: "EU" }, partBytes: 262_144 });
    await Promise.all([backend.put("a", text("x")), backend.put("b", text("x"))]);
    await run(backend);
    const made = fake.requests.filter(({ path }) => path === "/storage/v1/b");
    assertEquals(made.map(({ body }) => JSON.parse(new TextDecoder().decode(body))), [{
      location: "EU",
      name: "new",
    }]);
  });

  strictTest(`${verb} requests a new token after a rejection`, async ({ fake, open }) => {
    await putAll(open({ credentials: () => "old" }), ["a"]);
    fake.setToken("new");
    const given = ["old", "new"];
    let asked = 0;
    const backend = open({
      credentials: () => Promise.resolve(given[asked++]),
      partBytes: 262_144,
    });
    await run(backend).catch((error) => assertEquals(error.code, "AlreadyExists"));
    await run(backend);
    assertEquals(asked, 2);
    assertEquals(fake.requests.filter(({ status }) => status === 401).length, 1);
  }, { token: "old" });

  strictTest(`${verb} without permission is Denied without secrets`, async ({ fake, open }) => {
    const cases: [number, string, ErrorCode, string][] = [
      [401, "authError", "Denied", "Renew"],
      [403, "forbidden", "Denied", "role"],
      [403, "retentionPolicyNotMet", "Denied", "retention"],
      [400, "invalid", "Invalid", "cause"],
      [302, "", "Unavailable", "endpoint"],
    ];
    for (const [status, reason, code, hint] of cases) {
      const message = `no: Bearer ${TOKEN} upload_id=hidden-session for tests@account`;
      fake.faults.add({ times: 2 }, { status, reason, message });
      const backend = open({ credentials: () => TOKEN, partBytes: 262_144 });
      const error = await failureOf(run(backend));
      assertEquals([error.code, error.retry], [code, "never"]);
      const place = ` (bucket "${fake.bucket}" at ${new URL(fake.endpoint).host}; its answer: no: `;
      assertStringIncludes(error.message, place);
      assertStringIncludes(error.hint!, hint);
      const shown = Deno.inspect(error, { depth: 20, showHidden: true }) +
        Deno.inspect(backend, { depth: 20 }) +
        JSON.stringify(error);
      assert(!shown.includes(TOKEN) && !shown.includes("hidden-session"), shown);
      assertStringIncludes(shown, "tests@account");
      while (fake.faults.left() > 0) await run(backend).catch(() => {});
    }
  });
}
strictTest("a failing credentials function is TaskFailed, then retried", async ({ open }) => {
  const failure = new Error("no vault");
  let asked = 0;
  const backend = open({
    credentials: () => {
      if (asked++ === 0) throw failure;
      return "token";
    },
  });
  const error = await failureOf(backend.put("a", text("x"), { mode: "create" }));
  assertEquals([error.code, error.cause, error.maybeWritten], ["TaskFailed", failure, undefined]);
  assert((await backend.put("a", text("x"), { mode: "create" })).written);
}, { token: "token" });

strictTest("a hanging credentials function times out", async ({ open, passTimeouts }) => {
  const credentials = () => {
    queueMicrotask(passTimeouts);
    return new Promise<never>(() => {});
  };
  const backend = open({ credentials });
  assertEquals((await failureOf(backend.head("a"))).code, "TaskFailed");
});

strictTest("deletes are retried, and deleteMany() returns failures", async ({ fake, open }) => {
  const backend = open();
  const keys = Array.from({ length: 100 }, (_, i) => `a/${i}`);
  await putAll(backend, keys);
  fake.faults.add({ method: "DELETE", times: 5 }, { status: 503 });
  fake.faults.add({ method: "DELETE" }, "cut-after");
  fake.faults.add({ method: "DELETE", url: /a%2F(7|42)$/, times: 2 }, {
    status: 403,
    reason: "objectUnderActiveHold",
  });
  const failures = await backend.deleteMany!([...keys, "", "a/missing"]);
  assertEquals(failures.map(({ key }) => key).toSorted(), ["", "a/42", "a/7"]);
  assertEquals(await listed(backend, ""), ["a/42", "a/7"]);
});

strictTest("deleteMany() sends 32 requests at once", async ({ fake, open }) => {
  let running = 0, most = 0;
  fake.faults.add({ method: "DELETE", times: 80 }, async () => {
    most = Math.max(most, ++running);
    for (let i = 0; i < 1000 && most < 32; i++) await new Promise((next) => setImmediate(next));
    running--;
  });
  const keys = Array.from({ length: 80 }, (_, i) => `a/${i}`);
  assertEquals(await open().deleteMany!(keys), []);
  assertEquals(most, 32);
});

strictTest("concurrent calls with an expired token request one new one", async ({ fake, open }) => {
  let asked = 0;
  const backend = open({ credentials: () => Promise.resolve(`token ${++asked}`) });
  await putAll(backend, ["a"]);
  fake.setToken("token 2");
  await Promise.all(Array.from({ length: 20 }, () => backend.head("a")));
  assertEquals(asked, 2);
}, { token: "token 1" });

strictTest("a copy in several calls continues", async ({ fake, open }) => {
  const backend = open();
  await backend.put("from", sampleBytes(5000), { contentType: "text/plain" });
  fake.requests.length = 0;
  fake.faults.add({ url: /rewriteToken/ }, { status: 503 });
  assertEquals((await backend.copy!("from", "to")).size, 5000);
  assertEquals(told(fake).map((line) => line.slice(-3)), ["200", "503", "200", "200"]);
  assertEquals(fake.objects().find("to")!.properties.contentType, "text/plain");
  await assertHolds(backend, "to", sampleBytes(5000));
}, { rewriteBytes: 2000 });
