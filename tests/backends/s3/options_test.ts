import { inspect } from "node:util";
import { assert, assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import { createS3Backend, type S3BackendOptions } from "../../../backends/s3.ts";
import { RegistryError } from "../../../core/errors.ts";
import { assertThrows as assertFailsWith, text } from "../../conformance/backend/samples.ts";
import { createScriptedSystem } from "../../support/scripted_system.ts";
import { failure, refusal, SECRETS, type StandInReply, standInTest, xml } from "./stand_in.ts";

const located = (options: S3BackendOptions) => createS3Backend(options).location;

Deno.test("the location is canonical", () => {
  assertEquals(located({ bucket: "models" }), "s3://models");
  assertEquals(located({ bucket: "my_models" }), "s3://my_models");
  assertEquals(
    located({ bucket: "models", region: "eu-west-1", prefix: "/team/x/" }),
    "s3://models/team/x",
  );
  const own = {
    bucket: "b-1",
    provider: "minio",
    endpoint: "HTTP://127.0.0.1:9000/",
    credentials: SECRETS,
  } as const;
  assertEquals(
    located({ ...own, prefix: "ä b" }),
    "minio://b-1/%C3%A4%20b?endpoint=http://127.0.0.1:9000",
  );
  assertEquals(
    located({ bucket: "b-1", provider: "oss", region: "cn-hangzhou" }),
    "oss://b-1?region=cn-hangzhou",
  );
  const endpoint = "https://s3.oss-cn-hangzhou.aliyuncs.com";
  assertEquals(
    located({ bucket: "b-1", provider: "oss", region: "cn-hangzhou", endpoint }),
    "oss://b-1?region=cn-hangzhou",
  );
});

Deno.test("impossible options are refused with a hint", () => {
  const bad: [Partial<S3BackendOptions>, RegExp][] = [
    [{ bucket: "" }, /bucket/],
    [{ bucket: "s3://models" }, /bucket/],
    ...["ab", "Models", "_models", "-models", "models-", "m".repeat(64)].map((bucket) =>
      [{ bucket }, /invalid bucket name/] as [Partial<S3BackendOptions>, RegExp]
    ),
    [{ prefix: "a/../b" }, /prefix/],
    [{ endpoint: "ftp://127.0.0.1:9000" }, /endpoint/],
    [{ endpoint: "https://user:hunter2@host" }, /endpoint/],
    [{ provider: "minio" }, /endpoint/],
    [{ provider: "tos" }, /endpoint/],
    [{ provider: "azure" as "s3" }, /unknown provider/],
    [{ partBytes: 1000 }, /partBytes/],
    [{ parallel: 0 }, /parallel/],
    [{ credentials: { accessKeyId: "a", secretAccessKey: "" } }, /credentials/],
    [{ bucket: "fast--use1-az1--x-s3" }, /Express/],
    [{ putOptions: { SSECustomerKey: "hunter2" } }, /SSECustomerKey/],
  ];
  for (const [options, message] of bad) {
    const error = assertThrows(
      () => createS3Backend({ bucket: "models", ...options }),
      RegistryError,
    );
    assertMatch(error.message, message);
    assert(
      ["Invalid", "Unsupported"].includes(error.code) && error.hint !== undefined,
      error.message,
    );
    assert(!`${error.message}${error.hint}`.includes("hunter2"));
  }
});

Deno.test("a worker opens the same store with credentials from here", async () => {
  const options = { bucket: "models", prefix: "team", region: "eu-west-1", partBytes: 6_000_000 };
  const { reopen, location } = createS3Backend({ ...options, logger: console });
  assertEquals([reopen?.name, reopen?.options], ["createS3Backend", options]);
  assertEquals(createS3Backend(JSON.parse(JSON.stringify(reopen!.options))).location, location);
  for (const credentials of [SECRETS, () => SECRETS]) {
    const { reopen } = createS3Backend({ bucket: "models", credentials });
    assertEquals(reopen?.options, { bucket: "models" });
    assertEquals(await reopen?.functions?.credentials(), SECRETS);
  }
  const system = createScriptedSystem();
  assertEquals(createS3Backend({ bucket: "models", system }).reopen, undefined);
});

standInTest("backends and their errors show no secret", async (start) => {
  const replies: StandInReply[] = [
    refusal(403, "AccessDenied"),
    refusal(
      403,
      "SignatureDoesNotMatch",
      `<StringToSign>${SECRETS.secretAccessKey}</StringToSign>`,
    ),
    refusal(403, "InvalidAccessKeyId", `<AWSAccessKeyId>${SECRETS.accessKeyId}</AWSAccessKeyId>`),
    refusal(503, "SlowDown"),
    { status: 500, body: "<html>" },
    { end: "cut" },
    { status: 301 },
  ];
  for (const reply of replies) {
    const store = await start(() => reply, { retryForMs: 0 });
    const { backend } = store;
    const calls = [
      () => backend.head("a"),
      () => backend.get("a"),
      () => backend.put("a", text("x")),
      () => backend.put("a", text("x"), { mode: "create" }),
      () => backend.delete("a"),
      () => Array.fromAsync(backend.list("")),
      () => backend.copy!("a", "b"),
      () => Array.fromAsync(backend.sweepUploads!({ olderThan: 1 })),
    ];
    for (const call of calls) {
      const error = await call().then(() => undefined, (error: unknown) => error);
      assert(error instanceof RegistryError, `${call} with ${reply.status}`);
      assertEquals([error.backend, error.hint !== undefined], [backend.location, true]);
      const shown = inspect([error, backend], { depth: 20, showHidden: true }) +
        JSON.stringify([error, error.cause]);
      for (const secret of Object.values(SECRETS)) {
        assert(!shown.includes(secret), `${call} with ${reply.status}: ${shown}`);
      }
    }
  }
});

standInTest("refusals have hints", async (start) => {
  const cases: [StandInReply, string, RegExp][] = [
    [refusal(404, "NoSuchBucket"), "NotFound", /createBucket/],
    [refusal(403, "AccessDenied"), "Denied", /to read/],
    [refusal(403, "SignatureDoesNotMatch"), "Denied", /secretAccessKey/],
    [refusal(403, "InvalidAccessKeyId"), "Denied", /accessKeyId/],
    [refusal(403, "RequestTimeTooSkewed"), "Denied", /clock/],
    [refusal(400, "ExpiredToken"), "Denied", /function/],
    [
      refusal(400, "AuthorizationHeaderMalformed", "<Region>eu-west-1</Region>"),
      "Invalid",
      /region: "eu-west-1"/,
    ],
    [
      { ...refusal(301, "PermanentRedirect"), headers: { "x-amz-bucket-region": "eu-west-2" } },
      "Invalid",
      /"eu-west-2"/,
    ],
    [refusal(301, "PermanentRedirect"), "Invalid", /region and endpoint/],
    [refusal(501, "NotImplemented"), "Unsupported", /provider/],
    [refusal(403, "InvalidObjectState"), "Unsupported", /Restore/],
    [refusal(400, "BadDigest"), "Unavailable", /network device/],
    [refusal(400, "SomethingNew"), "Invalid", /cause/],
  ];
  for (const [reply, code, hint] of cases) {
    const store = await start(() => reply, { retryForMs: 0 });
    const error = await Array.fromAsync(store.backend.list("")).catch((error) => error);
    assertEquals(error.code, code, error.message);
    assertMatch(error.hint, hint);
    assertMatch(error.message, /^Cannot list "": /);
    const place = ` (bucket "bucket" at ${new URL(store.endpoint).host}; its answer: `;
    assertStringIncludes(error.message, `${place}words of the store)`);
  }
});

standInTest("credentials are requested again when the store rejects them", async (start) => {
  let asked = 0;
  const tokens: (string | undefined)[] = [];
  const store = await start(({ headers }) => {
    tokens.push(headers["x-amz-security-token"]);
    return headers["x-amz-security-token"] === "t1" && tokens.length > 2
      ? refusal(400, "ExpiredToken")
      : undefined;
  }, { credentials: () => ({ ...SECRETS, sessionToken: `t${++asked}` }) });
  const { backend } = store;
  await backend.delete("a");
  await backend.delete("a");
  assertEquals(asked, 1);
  assert((await backend.put("a", text("x"), { mode: "create" })).written);
  await backend.delete("a");
  assertEquals(tokens, ["t1", "t1", "t1", "t2", "t2"]);
});

standInTest("credentials are renewed before their expiration", async (start) => {
  let asked = 0;
  const store = await start(() => {}, {
    credentials: () => ({
      ...SECRETS,
      expiration: new Date(store.system.now() + 600_000 * ++asked),
    }),
  });
  for (const advance of [0, 500_000, 100_000, 1]) {
    store.system.advance(advance);
    await store.backend.delete("a");
  }
  assertEquals(asked, 2);
});

standInTest("a token that stays expired is Denied after one renewal", async (start) => {
  const store = await start(() => refusal(400, "ExpiredToken"), { credentials: () => SECRETS });
  const error = await failure(store.backend.delete("a"));
  assertEquals([error.code, store.requests.length], ["Denied", 2]);
});

standInTest("a failing credentials function is Denied, then retried", async (start) => {
  let asked = 0;
  const store = await start(() => {}, {
    credentials: () => {
      if (++asked === 1) throw new Error("the vault is sealed");
      return SECRETS;
    },
  });
  const error = await failure(store.backend.delete("a"));
  assert(error.code === "Denied" && error.hint !== undefined);
  await store.backend.delete("a");
  assertEquals([asked, store.requests.length], [2, 1]);
});

standInTest("createBucket creates the bucket once", async (start) => {
  let there = false;
  const store = await start(({ line }) => {
    if (line.startsWith("HEAD")) return { status: there ? 200 : 404 };
    if (
      line.startsWith("PUT /bucket/ ") || line === "PUT /bucket/" || line === "PUT /bucket"
    ) there = true;
  }, { createBucket: true });
  await Promise.all([store.backend.delete("a"), store.backend.delete("b")]);
  await store.backend.delete("c");
  assertEquals(store.requests.length, 5);
  assertMatch(new TextDecoder().decode(store.requests[1].body), /<LocationConstraint>region-1</);
});

standInTest("deleteMany() retries and returns failures", async (start) => {
  const failed = [["a/1", "AccessDenied"], ["a/2", "InternalError"], ["a/3", "NoSuchKey"]]
    .map(([key, code]) =>
      `<Error><Key>${key}</Key><Code>${code}</Code><Message>no</Message></Error>`
    ).join("");
  const store = await start(({ line }) =>
    line.startsWith("POST") ? xml("DeleteResult", failed) : { status: 204 }
  );
  const failures = await store.backend.deleteMany!(["a/1", "a/2", "a/3", "a/4", "a//b"]);
  assertEquals(failures.map(({ key, error }) => [key, (error as RegistryError).code]), [[
    "a//b",
    "Invalid",
  ], ["a/1", "Denied"]]);
  assertEquals(store.lines(), ["POST /bucket/?delete=", "DELETE /bucket/a/2"]);
});
standInTest("an abort ends requests and waits between retries", async (start) => {
  const reason = new Error("enough");
  const abort = new AbortController();
  const stalled = await start(() => {
    queueMicrotask(() => abort.abort(reason));
    return { end: "stall" };
  });
  await assertFailsWith(stalled.backend.get("a", { signal: abort.signal }), reason);
  const later = new AbortController();
  const busy = await start((_request, i) => {
    if (i === 3) later.abort(reason);
    return refusal(503, "SlowDown");
  });
  await assertFailsWith(busy.backend.put("a", text("x"), { signal: later.signal }), reason);
});
