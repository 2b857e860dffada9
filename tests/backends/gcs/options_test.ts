import { Storage } from "npm:@google-cloud/storage@^7";
import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { createGcsBackend, type GcsBackendOptions } from "../../../backends/gcs.ts";
import { SignIn } from "../../../backends/gcs/sign_in.ts";
import { openBackend } from "../../../backends/mod.ts";
import { encodeCrc32c } from "../../../backends/gcs/encode_crc32c.ts";
import { crc32c } from "../../../core/bytes/digest.ts";
import { RegistryError } from "../../../core/errors.ts";
import { realSystem } from "../../../core/system.ts";
import { assertHolds, putAll, sampleBytes, text } from "../../conformance/backend/samples.ts";
import { createScriptedSystem } from "../../support/scripted_system.ts";
import { startStrictGcs } from "../../support/strict_gcs/mod.ts";
import { SIGNERS, SIGNING_KEY } from "./signing_key.ts";
import { failureOf, strictTest } from "./with_strict.ts";

Deno.test("the location has bucket, prefix and endpoint, and no secret", () => {
  const located = (options: Partial<GcsBackendOptions>) =>
    createGcsBackend({ bucket: "models", ...options }).location;
  assertEquals(located({}), "gs://models");
  assertEquals(located({ prefix: "/team a/b?c/" }), "gs://models/team%20a/b%3Fc");
  assertEquals(
    located({ endpoint: "http://user:secret@127.0.0.1:4443/", prefix: "x" }),
    "gs://models/x?endpoint=http%3A%2F%2F127.0.0.1%3A4443",
  );
});

Deno.test("a worker opens the same bucket with credentials from here", async () => {
  const plain = {
    bucket: "models",
    prefix: "a",
    keyFilename: "key.json",
  };
  const { reopen } = createGcsBackend({ ...plain, logger: console });
  assertEquals(reopen?.name, "createGcsBackend");
  assertEquals(reopen?.options, plain);
  for (
    const [credentials, given] of [[() => "token", "token"], [SIGNING_KEY, SIGNING_KEY]] as const
  ) {
    const { reopen } = createGcsBackend({ ...plain, credentials });
    assertEquals(reopen?.options, plain);
    assertEquals(await reopen?.functions?.credentials(), given);
  }
  assertEquals(createGcsBackend({ ...plain, storage: new Storage() }).reopen, undefined);
});

Deno.test("a public bucket is read without a token", async () => {
  const backend = await openBackend("gs://public/data?anonymous=true");
  const { credentials } = backend.reopen?.options as { credentials: "anonymous" };
  const signIn = new SignIn({ credentials, newClient: () => new Storage(), timeoutMs: 1000 });
  assertEquals(await signIn.pass(), { headers: {} });
  assertEquals(await signIn.signer(), undefined);
});

Deno.test("impossible options are Invalid", () => {
  const wrong: Partial<GcsBackendOptions>[] = [
    { bucket: "gs://models" },
    { bucket: "a/b" },
    { bucket: "" },
    { partBytes: 100_000 },
    { partBytes: 0 },
    { parallel: 0.5 },
    { requestTimeoutMs: -1 },
    { prefix: "\ud800" },
  ];
  for (const options of wrong) {
    const error = assertThrows(
      () => createGcsBackend({ bucket: "models", ...options }),
      RegistryError,
    );
    assertEquals(error.code, "Invalid", JSON.stringify(options));
  }
});

Deno.test("checksums match the standard, whole or in pieces", () => {
  assertEquals(crc32c(text("123456789")), 0xe3069283); // RFC 3720, appendix B.4, has the others
  assertEquals(crc32c(new Uint8Array(32)), 0x8a9136aa);
  assertEquals(crc32c(new Uint8Array(32).fill(0xff)), 0x62a8ab43);
  assertEquals(encodeCrc32c(crc32c(text("123456789"))), "4waSgw==");
  const bytes = sampleBytes(1000);
  for (const cut of [0, 1, 7, 8, 9, 500, 1000]) {
    assertEquals(crc32c(bytes.subarray(cut), crc32c(bytes.subarray(0, cut))), crc32c(bytes));
  }
});

Deno.test("a printed backend shows no credentials", () => {
  const backend = createGcsBackend({ bucket: "models", credentials: SIGNING_KEY });
  const shown = Deno.inspect(backend, { depth: 20, showHidden: true }) + JSON.stringify(backend);
  assert(!shown.includes("PRIVATE KEY"));
});

strictTest("an emulator receives no credentials", async ({ fake, open }) => {
  const backend = open({ credentials: SIGNING_KEY });
  assertEquals(fake.requests.length, 0);
  await putAll(backend, ["a"]);
  assert(fake.requests.every(({ headers }) => headers.authorization === undefined));
});

strictTest("an existing client keeps its endpoint", async ({ fake, open }) => {
  const storage = new Storage({ apiEndpoint: fake.endpoint, projectId: "test" });
  const backend = open({ storage, endpoint: undefined });
  await putAll(backend, ["a"]);
  await assertHolds(backend, "a", text("a"));
  assertEquals(backend.location, `gs://strict?endpoint=${encodeURIComponent(fake.endpoint)}`);
});

strictTest("a client that signs in provides its headers", async ({ fake, open }) => {
  const storage = new Storage({ apiEndpoint: fake.endpoint, useAuthWithCustomEndpoint: true });
  storage.authClient.getRequestHeaders = () =>
    Promise.resolve({ authorization: "Bearer of the client" });
  await putAll(open({ storage, endpoint: undefined }), ["a"]);
  assertEquals(fake.requests[0].headers.authorization, "Bearer of the client");
}, { token: "of the client" });

strictTest("a failed sign-in is Denied or Unavailable, without secrets", async (context) => {
  const { fake, open } = context;
  const storage = new Storage({ apiEndpoint: fake.endpoint, useAuthWithCustomEndpoint: true });
  const backend = open({ storage, endpoint: undefined, retryForMs: 0 });
  const secret = "eyJhbGciOi.assertion";
  for (const [status, code] of [[400, "Denied"], [503, "Unavailable"]] as const) {
    storage.authClient.getRequestHeaders = () =>
      Promise.reject(
        Object.assign(new Error(`invalid_grant: ${secret}`), {
          status,
          config: { data: secret },
        }),
      );
    const error = await failureOf(backend.put("a", text("x"), { mode: "create" }));
    assertEquals([error.code, error.maybeWritten], [code, undefined]);
    assertStringIncludes(error.message, "invalid_grant");
    assert(!Deno.inspect(error, { depth: 20, showHidden: true }).includes(secret));
  }
  assertEquals(fake.requests.length, 0);
});

strictTest("a signed URL works for its time, method and object only", async ({ fake, open }) => {
  const options = { credentials: SIGNING_KEY, prefix: "team a", system: realSystem };
  const backend = open(options);
  await backend.put("a/ü b", text("x"));
  const get = await backend.presign!("a/ü b", {
    expiresInMs: 60_000,
    fileName: 'größe "1".txt',
  });
  const reply = await fetch(get);
  assertEquals([reply.status, await reply.text()], [200, "x"]);
  assertEquals(
    reply.headers.get("content-disposition"),
    `attachment; filename="gr__e _1_.txt"; filename*=UTF-8''gr%C3%B6%C3%9Fe%20%221%22.txt`,
  );
  const tried = async (url: string, init?: RequestInit) => {
    const reply = await fetch(url, init);
    await reply.body?.cancel();
    return reply.status;
  };
  assertEquals(await tried(get, { method: "PUT", body: "y" }), 403);
  assertEquals(await tried(get.replace("b?", "c?")), 403);
  for (const method of ["POST", "DELETE"]) assertEquals(await tried(get, { method }), 403);
  assertEquals(await tried(get.replace("octet-stream", "html")), 403);
  await assertHolds(backend, "a/ü b", text("x"));
  const late = await startStrictGcs({ signers: SIGNERS, system: anHourLater() });
  const there = open({ ...options, endpoint: late.endpoint });
  assertEquals(
    await tried(await there.presign!("a/ü b", { expiresInMs: 60_000 })),
    400,
  );
  await late[Symbol.asyncDispose]();
  assertEquals(fake.requests.filter(({ query }) => query.has("uploadType")).length, 1);
}, { signers: SIGNERS });

strictTest("a signed URL is valid for its time if this clock is slow", async ({ open }) => {
  const system = { ...realSystem, now: () => realSystem.now() - 600_000 };
  const backend = open({ credentials: SIGNING_KEY, system });
  await backend.put("a", text("x"));
  const reply = await fetch(await backend.presign!("a", { expiresInMs: 60_000 }));
  assertEquals([reply.status, await reply.text()], [200, "x"]);
}, { signers: SIGNERS });

strictTest("URLs need a private key, without any request", async ({ fake, open }) => {
  for (const options of [{}, { credentials: () => "token" }]) {
    const error = await failureOf(
      open(options).presign!("a", { expiresInMs: 1000 }),
    );
    assertEquals(error.code, "Unsupported");
    assertStringIncludes(error.hint!, "keyFilename");
  }
  const byFunction = open({
    credentials: () => Promise.resolve(SIGNING_KEY),
    system: realSystem,
  });
  assertStringIncludes(
    await byFunction.presign!("a", { expiresInMs: 1000 }),
    "X-Goog-Signature=",
  );
  const broken = open({
    credentials: { ...SIGNING_KEY, private_key: "-----BEGIN PRIVATE KEY-----\nsecret" },
  });
  const error = await failureOf(broken.presign!("a", { expiresInMs: 1000 }));
  assertEquals(error.code, "Denied");
  assert(!Deno.inspect(error, { depth: 20, showHidden: true }).includes("secret"));
  for (const expiresInMs of [0, -1, NaN, 8 * 24 * 3_600_000]) {
    assertEquals(
      (await failureOf(byFunction.presign!("a", { expiresInMs }))).code,
      "Invalid",
    );
  }
  assertEquals(fake.requests.length, 0);
});

function anHourLater() {
  return createScriptedSystem({ startAt: realSystem.now() + 3_600_000 });
}
