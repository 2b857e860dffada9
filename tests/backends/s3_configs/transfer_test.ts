import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { pathToFileURL } from "node:url";
import { createS3Configs, type S3Configs } from "../../../backends/s3_configs.ts";
import { bytesStream, iterableStream, readAll } from "../../../core/bytes/bytes.ts";
import { RegistryError } from "../../../core/errors.ts";
import { realSystem } from "../../../core/system.ts";
import { runDeno } from "../../support/run_deno.ts";
import { type RunningServer, serverTest } from "../../support/servers/mod.ts";
import { tempRoot, testInRoot } from "../../support/temp_root.ts";

function configsOf({ bucket, endpoint, region, accessKey, secretKey }: RunningServer): S3Configs {
  const configs = createS3Configs();
  configs.register("minio", bucket, () => ({ endpoint, region, accessKey, secretKey }));
  return configs;
}

/** The URL of a new key. */
const newUrl = ({ bucket }: RunningServer, name = "key") =>
  `minio://${bucket}/${realSystem.id()}/${name}`;

/** The driver needs some 350 MiB, however long the stream is. */
const LONG_MEBIBYTES = 768;

const bytesOf = (text: string) => new TextEncoder().encode(text);
const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

serverTest("bytes, strings, blobs, streams and files are transferred", "minio", async (server) => {
  const root = await tempRoot();
  try {
    const configs = configsOf(server);
    const path = root.join("file");
    await writeFile(path, "content");
    const data = [
      bytesOf("content"),
      "content",
      new Blob(["con", "tent"]),
      bytesStream(bytesOf("content")),
      { path },
      { path: pathToFileURL(path) },
      pathToFileURL(path),
    ];
    for (const value of data) {
      const url = newUrl(server);
      const { size } = await configs.upload(value, url, {
        contentType: "text/plain",
        metadata: { by: "test" },
      });
      assertEquals(size, 7);
      assertEquals(textOf(await configs.download(url)), "content");
      assertEquals(
        textOf(await readAll(await configs.download(url, { as: "stream" }))),
        "content",
      );
      const to = root.join(realSystem.id(), "copy");
      assertEquals(await configs.download(url, { to }), { path: to, size: 7 });
      assertEquals(await readFile(to, "utf8"), "content");
    }
    const empty = newUrl(server);
    await configs.upload("", empty);
    assertEquals((await configs.download(empty)).byteLength, 0);
  } finally {
    await root.remove();
  }
});

serverTest("an upload replaces an object; keys are literal", "minio", async (server) => {
  const configs = configsOf(server);
  const url = newUrl(server, "a%20b ?x=1&y#z ü");
  await configs.upload("one", url);
  await configs.upload("two", url);
  assertEquals(textOf(await configs.download(url)), "two");
  await assertRejects(
    () => configs.download(url.replace("%20", " ")),
    RegistryError,
    "object not found",
  );
});

serverTest("progress is reported while bytes move", "minio", async (server) => {
  const configs = configsOf(server);
  const url = newUrl(server);
  const data = new Uint8Array(3 * 2 ** 20 + 1).fill(7);
  for (const value of [data, new Blob([data]), bytesStream(data)]) {
    const told: number[] = [];
    await configs.upload(value, url, { onProgress: ({ bytes }) => told.push(bytes) });
    assertEquals(told.at(-1), data.byteLength);
    const arrived: [number, number | undefined][] = [];
    const onProgress = ({ bytes, totalBytes }: { bytes: number; totalBytes?: number }) =>
      void arrived.push([bytes, totalBytes]);
    assertEquals(await configs.download(url, { onProgress }), data);
    assertEquals(arrived.at(-1), [data.byteLength, data.byteLength]);
  }
});

serverTest("a missing object is NotFound, and no file is left", "minio", async (server) => {
  const root = await tempRoot();
  try {
    const configs = configsOf(server);
    const to = root.join("out");
    const error = await assertRejects(
      () => configs.download(newUrl(server), { to }),
      RegistryError,
    );
    assertEquals(error.code, "NotFound");
    assertEquals(await readdir(root.path), []);
  } finally {
    await root.remove();
  }
});

serverTest("a file that exists is only replaced when asked", "minio", async (server) => {
  const root = await tempRoot();
  try {
    const configs = configsOf(server);
    const url = newUrl(server);
    await configs.upload("new", url);
    const to = root.join("out");
    await writeFile(to, "old");
    assertEquals(
      (await assertRejects(() => configs.download(url, { to }), RegistryError)).code,
      "AlreadyExists",
    );
    assertEquals(await readFile(to, "utf8"), "old");
    await configs.download(url, { to, overwrite: true });
    assertEquals(await readFile(to, "utf8"), "new");
    await mkdir(root.join("folder"));
    await assertRejects(
      () => configs.download(url, { to: root.join("folder"), overwrite: true }),
      RegistryError,
      "folder",
    );
    assertEquals((await readdir(root.path)).sort(), ["folder", "out"]);
  } finally {
    await root.remove();
  }
});

serverTest("a download that is stopped leaves nothing", "minio", async (server) => {
  const root = await tempRoot();
  try {
    const configs = configsOf(server);
    const url = newUrl(server);
    await configs.upload(new Uint8Array(2 ** 22), url);
    const controller = new AbortController();
    const onProgress = () => controller.abort(new Error("enough"));
    const { signal } = controller;
    await assertRejects(
      () => configs.download(url, { to: root.join("out"), signal, onProgress }),
      Error,
      "enough",
    );
    assertEquals(await readdir(root.path), []);
    await assertRejects(() => configs.upload("x", url, { signal }), Error, "enough");
    const stream = await configs.download(url, { as: "stream" });
    await stream.cancel();
  } finally {
    await root.remove();
  }
});

serverTest("expired keys are requested again", "minio", async (server) => {
  const { bucket, endpoint, region, accessKey, secretKey } = server;
  const configs = createS3Configs();
  let secret = "wrong";
  configs.register("minio", bucket, () => ({ endpoint, region, accessKey, secretKey: secret }));
  const url = newUrl(server);
  assertEquals((await assertRejects(() => configs.upload("x", url), RegistryError)).code, "Denied");
  secret = secretKey;
  await configs.upload("x", url);
});

serverTest("a stream that fails or has another size stores nothing", "minio", async (server) => {
  const configs = configsOf(server);
  const url = newUrl(server);
  async function* failing() {
    yield bytesOf("some");
    await Promise.resolve();
    throw new Error("the source broke");
  }
  await assertRejects(
    () => configs.upload(iterableStream(failing()), url),
    Error,
    "the source broke",
  );
  await assertRejects(
    () => configs.upload(bytesStream(bytesOf("four")), url, { size: 5 }),
    RegistryError,
  );
  assertEquals(
    (await assertRejects(() => configs.download(url), RegistryError)).code,
    "NotFound",
  );
});

serverTest("a stream takes less memory than its size", "minio", async (server) => {
  const { bucket, endpoint, region, accessKey, secretKey } = server;
  const program = "tests/backends/s3_configs/long_stream.ts";
  const options = JSON.stringify({
    bucket,
    endpoint,
    region,
    accessKey,
    secretKey,
    mebibytes: LONG_MEBIBYTES,
  });
  const { code, stdout, stderr } = await runDeno(program, [options], { permissions: ["-A"] });
  assertEquals(code, 0, stderr);
  const { size, peakMebibytes } = JSON.parse(stdout);
  assertEquals(size, LONG_MEBIBYTES * 2 ** 20);
  assert(peakMebibytes < LONG_MEBIBYTES * 0.6, `${peakMebibytes} MiB of memory`);
});

testInRoot("invalid data and URLs are Invalid without a request", async (root) => {
  const configs = createS3Configs();
  configs.register("minio", "bucket", {
    endpoint: "http://127.0.0.1:1",
    accessKey: "a",
    secretKey: "s",
  });
  const code = async (action: () => Promise<unknown>) =>
    (await assertRejects(action, RegistryError)).code;
  // deno-lint-ignore no-explicit-any -- programs without types do this
  const refused: any[] = [undefined, null, 7, {}, new URL("http://x"), { path: root.path }];
  for (const data of refused) {
    assertEquals(await code(() => configs.upload(data, "minio://bucket/key")), "Invalid");
  }
  assertEquals(
    await code(() => configs.upload({ path: root.join("none") }, "minio://bucket/key")),
    "NotFound",
  );
  for (const url of ["minio://bucket", "minio://bucket/", "key", "", "/b/key"]) {
    assertEquals(await code(() => configs.upload("x", url)), "Invalid");
    assertEquals(await code(() => configs.download(url)), "Invalid");
  }
  const unknown = await assertRejects(
    () => configs.upload("x", "tos://other/key"),
    RegistryError,
  );
  assertEquals(unknown.code, "NotFound");
  assertStringIncludes(unknown.message, "TOS_OTHER_SECRET_KEY");
});
