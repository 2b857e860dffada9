import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { pathToFileURL } from "node:url";
import { createBackends, createS3Configs, openBackend } from "../../backends/mod.ts";
import type { BackendPlace, OpenBackendOptions } from "../../backends/mod.ts";
import { createGcsBackend } from "../../backends/gcs.ts";
import { createMemoryBackend } from "../../backends/memory.ts";
import { createS3Backend } from "../../backends/s3.ts";
import { type BucketOptions, openBucket } from "../../backends/s3_configs/open_bucket.ts";
import type { Backend } from "../../core/backend.ts";
import { RegistryError } from "../../core/errors.ts";
import { openRegistry } from "../../mod.ts";
import { createScriptedSystem } from "../support/scripted_system.ts";
import { serverTest } from "../support/servers/mod.ts";
import { testInRoot } from "../support/temp_root.ts";

const credentials = { accessKeyId: "ak", secretAccessKey: "sk" };

/** The backend that the URL opens: kind and location. */
async function opened(
  url: string | URL,
  options?: OpenBackendOptions,
): Promise<[kind: string, location: string]> {
  const backend = await openBackend(url, options);
  await backend[Symbol.asyncDispose]();
  return [backend.kind, backend.location];
}

async function refused(url: string, options?: OpenBackendOptions): Promise<RegistryError> {
  return await assertRejects(() => openBackend(url, options), RegistryError, undefined, url);
}

Deno.test("each scheme opens its kind, and so does its location", async () => {
  const table: [url: string, kind: string, location: string][] = [
    [
      "s3://bucket/a/b?region=eu-west-1&endpoint=https://h:9/x",
      "s3",
      "s3://bucket/a/b?endpoint=https://h:9/x",
    ],
    ["s3://bucket?provider=minio&endpoint=http://h", "s3", "minio://bucket?endpoint=http://h"],
    [
      "minio://bucket/p?endpoint=http://127.0.0.1:9000",
      "s3",
      "minio://bucket/p?endpoint=http://127.0.0.1:9000",
    ],
    [
      "r2://bucket?endpoint=https://x.r2.cloudflarestorage.com",
      "s3",
      "r2://bucket?endpoint=https://x.r2.cloudflarestorage.com",
    ],
    ["tos://bucket/p?region=cn-beijing", "s3", "tos://bucket/p?region=cn-beijing"],
    ["ks3://bucket/p?region=cn-beijing-6", "s3", "ks3://bucket/p?region=cn-beijing-6"],
    ["oss://bucket/p?region=cn-hangzhou", "s3", "oss://bucket/p?region=cn-hangzhou"],
    ["COS://bucket/p/?region=ap-guangzhou", "s3", "cos://bucket/p?region=ap-guangzhou"],
    ["gs://bucket/p", "gcs", "gs://bucket/p"],
    [
      "gs://bucket/a%20%25b?endpoint=http://127.0.0.1:4443",
      "gcs",
      "gs://bucket/a%20%25b?endpoint=http%3A%2F%2F127.0.0.1%3A4443",
    ],
  ];
  const system = createScriptedSystem();
  for (const [url, kind, location] of table) {
    const options = url.startsWith("gs") ? { system } : { credentials, system };
    assertEquals(await opened(url, options), [kind, location], url);
    assertEquals(await opened(location, options), [kind, location], url);
  }
});

testInRoot("paths and file URLs open a folder, memory: a new store", async (root) => {
  const url = pathToFileURL(root.path);
  for (const place of [root.path, url, url.href]) {
    assertEquals(await opened(place), ["local", url.href]);
  }
  assertEquals(await opened(`C:\\x`), await opened(`./C:\\x`), "a drive letter is not a scheme");
  assertEquals((await opened("memory:"))[0], "memory");
  assertEquals((await refused("memory:name")).code, "Invalid");
});

Deno.test("an unknown scheme is Invalid with the known ones", async () => {
  for (const url of ["http://host/bucket", "azure://container", "nope:x"]) {
    const error = await refused(url);
    assertEquals(error.code, "Invalid");
    for (const scheme of ["s3", "gs", "tos", "file", "memory"]) {
      assertStringIncludes(error.hint!, scheme);
    }
  }
});

Deno.test("errors of URLs say what to write instead", async () => {
  const hints: [url: string, hint: string][] = [
    ["mino://bucket", "Did you mean minio? "],
    ["minio://", "Write it as scheme://bucket/prefix."],
  ];
  for (const [url, hint] of hints) {
    assertStringIncludes((await refused(url, { credentials })).hint!, hint);
  }
});

Deno.test("wrong buckets and parameters are Invalid", async () => {
  const urls = [
    "s3://",
    "s3:///prefix",
    "s3://a b",
    "s3://-b",
    "s3://bucket?endpont=https://h",
    "s3://bucket?endpoint=h:9000",
    "s3://bucket?endpoint=",
    "s3://bucket?region=a&region=b",
    "s3://bucket?provider=ours",
    "minio://bucket?provider=s3",
    "s3://bucket/100%",
    "s3://bucket/a/../b",
    "gs://bucket?region=x",
    "gs://bucket?endpoint=ftp://h",
    "gs://b",
    "tos://bucket",
  ];
  for (const url of urls) assertEquals((await refused(url, { credentials })).code, "Invalid", url);
});

Deno.test("keys come from options, configurations, the environment", async () => {
  const environment = {
    TOS_MY_BUCKET_ACCESS_KEY: "ak",
    TOS_MY_BUCKET_SECRET_KEY: "sk",
    TOS_MY_BUCKET_REGION: "env",
  };
  const system = createScriptedSystem({ environment });
  assertEquals((await opened("tos://my-bucket", { system }))[1], "tos://my-bucket?region=env");
  assertEquals(
    (await opened("tos://my-bucket?region=url", { system }))[1],
    "tos://my-bucket?region=url",
  );
  const s3Configs = createS3Configs({ system });
  s3Configs.register("tos", "my-bucket", { accessKey: "ak", secretKey: "sk", region: "own" });
  assertEquals(
    (await opened("tos://my-bucket", { s3Configs, system }))[1],
    "tos://my-bucket?region=own",
  );
  assertEquals((await refused("tos://other?region=r", { system })).code, "NotFound");
  assertEquals(
    (await opened("tos://other?region=r", { system, credentials }))[1],
    "tos://other?region=r",
  );
});

Deno.test("without a configuration only s3: uses the SDK", async () => {
  const system = createScriptedSystem();
  assertEquals((await opened("s3://bucket?region=r", { system }))[0], "s3");
  const error = await refused("oss://bucket?region=r", { system });
  assertEquals(error.code, "NotFound");
  assertStringIncludes(error.message, "OSS_BUCKET_SECRET_KEY");
});

Deno.test("names of file stores are schemes", async () => {
  for (const url of ["disk:./data", "local:data", "DISK:data"]) {
    assertEquals(await opened(url), await opened("data"), url);
  }
  assertEquals(await opened("gcs://bucket/a"), await opened("gs://bucket/a"));
  for (const url of ["disk://data", "local://data/deep"]) {
    assertEquals((await refused(url)).code, "Invalid");
  }
});

Deno.test("a program adds its own schemes", async () => {
  const backends = createBackends();
  const places: BackendPlace[] = [];
  backends.register("mine", (place) => {
    places.push(place);
    return createMemoryBackend({ id: place.bucket });
  });
  assertEquals((await opened("mine://shelf/a/b?x=1", { backends }))[1], "memory:shelf");
  const { url: _, ...place } = places[0];
  assertEquals(place, { scheme: "mine", bucket: "shelf", prefix: "a/b", parameters: { x: "1" } });
  assertEquals((await refused("mine://shelf")).code, "Invalid");
});

Deno.test("drivers accept the options of the lazy import", () => {
  const s3: (options: BucketOptions & { provider: "s3" }) => Backend = createS3Backend;
  const gcs: (
    options: { bucket: string } & Pick<OpenBackendOptions, "createBucket" | "logger" | "system">,
  ) => Backend = createGcsBackend;
  assertEquals([typeof s3, typeof gcs, typeof openBucket], ["function", "function", "function"]);
});

serverTest("a registry on a bucket URL with a function for keys", "minio", async (server) => {
  const { bucket, endpoint, accessKey, secretKey } = server;
  let asked = 0;
  const s3Configs = createS3Configs();
  s3Configs.register(
    "minio",
    bucket,
    () => ({ endpoint, accessKey, secretKey, region: `us-east-${++asked ? 1 : 0}` }),
  );
  const backend = await openBackend(`minio://${bucket}/open-backend`, { s3Configs });
  const registry = await openRegistry(backend);
  await registry.save("a", "text");
  assertEquals(await registry.load("a"), "text");
  assertEquals(asked >= 2, true);
  await registry[Symbol.asyncDispose]();
});

serverTest("a bucket of Google by URL", "fake-gcs", async ({ bucket, endpoint }) => {
  const backend = await openBackend(`gs://${bucket}/open-backend?endpoint=${endpoint}`);
  await backend.put("a", new Uint8Array(3));
  assertEquals((await backend.head("a"))?.size, 3);
  await backend[Symbol.asyncDispose]();
});
