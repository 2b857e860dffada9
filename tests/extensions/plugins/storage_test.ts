import { assert, assertEquals, assertRejects } from "@std/assert";
import { readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { createMemoryBackend } from "../../../backends/memory.ts";
import { RegistryError } from "../../../core/errors.ts";
import { createPlugins, type FileStorage, Storage } from "../../../extensions/plugins/mod.ts";
import { createFileStorage } from "../../../extensions/plugins/mod.ts";
import { STORAGES } from "../../../extensions/plugins/storage/storages.ts";
import { createScriptedSystem } from "../../support/scripted_system.ts";
import { serverTest } from "../../support/servers/mod.ts";
import { tempRoot } from "../../support/temp_root.ts";

const said = ({ code, message, hint }: RegistryError) => `${code}: ${message}. ${hint}`;
const rejected = async (run: () => Promise<unknown>) =>
  said(await assertRejects(run, RegistryError));
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

async function checkStorage(storage: FileStorage): Promise<void> {
  const bytes = Uint8Array.from({ length: 300_000 }, (_, index) => index);
  assertEquals(await storage.writeFile("a/bytes.bin", bytes), {
    path: "a/bytes.bin",
    size: 300_000,
  });
  assertEquals(await storage.writeFile("./a//text ü.txt", "grün"), {
    path: "a/text ü.txt",
    size: 5,
  });
  assertEquals((await storage.writeFile("a/b/blob", new Blob(["blob"]))).size, 4);
  assertEquals((await storage.writeFile("empty", "")).size, 0);
  assertEquals(
    (await storage.writeFile("stream", new Blob([bytes, bytes]).stream())).size,
    600_000,
  );
  assertEquals(await storage.readFile("a/bytes.bin"), bytes);
  assertEquals(text(await storage.readFile("a/text ü.txt")), "grün");
  assertEquals(
    await storage.readFile("a/bytes.bin", { range: { offset: 10, length: 3 } }),
    bytes.slice(10, 13),
  );
  assertEquals(
    await new Response(await storage.openFile("stream")).bytes().then(({ length }) => length),
    600_000,
  );
  assertEquals(await new Response(await storage.openFile("a/b/blob")).text(), "blob");
  assertEquals([
    await storage.exists("empty"),
    await storage.exists("a"),
    await storage.exists("no"),
  ], [true, false, false]);
  const list = async (folder?: string) => {
    const found: string[] = [];
    for await (const { path, size } of storage.list(folder)) found.push(`${path} ${size}`);
    return found;
  };
  const inA = ["a/b/blob 4", "a/bytes.bin 300000", "a/text ü.txt 5"];
  assertEquals(await list(), [...inA, "empty 0", "stream 600000"]);
  assertEquals(await list("a"), inA);
  assertEquals(await list("a/b/"), ["a/b/blob 4"]);
  assertEquals(await list("nowhere"), []);

  await storage.writeFile("empty", "no more");
  assertEquals(text(await storage.readFile("empty")), "no more");
  assertEquals(
    await rejected(() => storage.writeFile("empty", "x", { mode: "create" })),
    'AlreadyExists: Cannot write file "empty": it exists. ' +
      'Choose another path, or omit mode: "create".',
  );
  assertEquals(text(await storage.readFile("empty")), "no more");
  await storage.delete("empty");
  await storage.delete("empty");
  for (const read of [storage.readFile, storage.openFile]) {
    assertEquals(
      await rejected(() => read("empty")),
      'NotFound: Cannot read file "empty": file not found. ' +
        "Check the path, relative to the root of the storage, with list().",
    );
  }
  for (const path of ["../up", "/etc/passwd", "a/../../up", "a\\b", "nul\0", "", ".", "a/"]) {
    assertEquals(
      (await assertRejects(() => storage.writeFile(path, "x"), RegistryError)).code,
      "Invalid",
      path,
    );
    assertEquals(
      (await assertRejects(() => storage.readFile(path), RegistryError)).code,
      "Invalid",
      path,
    );
    assertEquals(
      (await assertRejects(() => storage.delete(path), RegistryError)).code,
      "Invalid",
      path,
    );
  }
  const stop = AbortSignal.abort(new Error("enough"));
  await assertRejects(() => storage.writeFile("late", "x", { signal: stop }), Error, "enough");
  await assertRejects(() => storage.readFile("stream", { signal: stop }), Error, "enough");
  await assertRejects(
    () => storage.writeFile("short", new Blob(["abc"]).stream(), { size: 4 }),
    RegistryError,
  );
  assertEquals(await storage.exists("short"), false);
}

for (const name of ["local", "local_file_storage"]) {
  Deno.test(`a storage in a folder keeps files by path: ${name}`, async () => {
    await using root = await tempRoot();
    const storage = await createPlugins().create(Storage, name, { path: root.join("files") });
    await checkStorage(storage);
    assertEquals(await readFile(root.join("files", "a", "text ü.txt"), "utf8"), "grün");
    // Keys of a registry have these forms.
    for (const path of ["names/a/versions/1/2.txt", "objects/model/0001/x.bin"]) {
      await storage.writeFile(path, path);
      assertEquals(await readFile(root.join("files", ...path.split("/")), "utf8"), path);
    }
    await writeFile(root.join("files", "put here.txt"), "by hand");
    assertEquals(text(await storage.readFile("put here.txt")), "by hand");
  });
}

Deno.test("a storage follows no links", async () => {
  await using root = await tempRoot();
  await writeFile(root.join("secret.txt"), "hunter2");
  const storage = await createPlugins().create(Storage, "local", { path: root.join("files") });
  await storage.writeFile("own.txt", "mine");
  await symlink(root.path, root.join("files", "out"));
  await symlink(root.join("secret.txt"), root.join("files", "link.txt"));
  for (const path of ["out/secret.txt", "link.txt"]) {
    const outcome = await storage.readFile(path).then(text, (error) => error.code);
    assert(outcome !== "hunter2", path);
  }
  await storage.writeFile("out/new.txt", "x").catch(() => {});
  assert(!(await readdir(root.path)).includes("new.txt"));
});

Deno.test("LOCAL_STORAGE_PATH is the default folder", async () => {
  await using root = await tempRoot();
  const system = createScriptedSystem({
    environment: { LOCAL_STORAGE_PATH: root.join("by:environment") },
  });
  const storage = await createPlugins({ system }).create(Storage, "local");
  await storage.writeFile("a", "1");
  assertEquals(await readdir(root.path), ["by:environment"]);
  assertEquals(
    await rejected(() =>
      createPlugins({ system: createScriptedSystem() }).create(Storage, "local")
    ),
    'Invalid: Cannot create plugin "local" of storage: path: it is missing. ' +
      "Fix the settings of the plugin, or set variables (path by LOCAL_STORAGE_PATH).",
  );
});

Deno.test("required settings, variables and aliases of a storage name its settings", () => {
  const storages = Object.entries(STORAGES);
  for (const [name, { settings, required, env = {}, aliases = {}, secrets = [] }] of storages) {
    const known = [...Object.keys(settings), ...secrets];
    for (const used of [...required, ...Object.keys(env), ...Object.values(aliases)]) {
      assertEquals(known.includes(used), true, `${name}: ${used}`);
    }
  }
});

Deno.test("storages ignore the settings of others, not unknown ones", async () => {
  await using root = await tempRoot();
  const plugins = createPlugins();
  const settings = {
    endpoint: "minio.example.org:9000",
    access_key: "MINIO_ACCESS",
    secret_key: "MINIO_SECRET",
    bucket: "my-bucket",
    path: root.path,
  };
  for (const name of ["local", "memory", "minio", "s3"]) {
    const storage = await plugins.create(Storage, name, settings);
    await storage[Symbol.asyncDispose]?.();
    assert(
      (await rejected(() => plugins.create(Storage, name, { ...settings, secret: "x" }))).includes(
        "secret: unknown setting",
      ),
    );
  }
});

Deno.test("missing settings of a bucket are named without secrets", async () => {
  const plugins = createPlugins({ system: createScriptedSystem() });
  const secret_key = "hunter2";
  const check = async (name: string, config: object, expected: string) => {
    const error = await rejected(() => plugins.create(Storage, name, config));
    assert(error.includes(expected), error);
    assert(!error.includes("hunter2"), error);
  };
  await check(
    "minio",
    {},
    "bucket: it is missing. Fix the settings of the plugin, or set variables (",
  );
  await check("minio", {}, "bucket by MINIO_BUCKET");
  await check(
    "minio",
    { bucket: "b", secret_key },
    "Cannot open storage minio: secretAccessKey is set, accessKeyId is not",
  );
  await check(
    "s3",
    { bucket: "b", access_key: "a" },
    "accessKeyId is set, secretAccessKey is not",
  );
  await check("minio", { bucket: 7 }, "bucket: it is a number, not a string");
  await check("minio", { bucket: "" }, "bucket: it is empty");
  await check(
    "minio",
    { bucket: "b", endpoint: "https://a:hunter2@host", access_key: "a", secret_key },
    "contains credentials",
  );
  await check(
    "minio",
    { bucket: "b@c", endpoint: "h", access_key: "a", secret_key },
    "contains credentials or a port",
  );
  await check(
    "gcs",
    { bucket: "b", credentials: { private_key: "hunter2" } },
    "not the key of a service account",
  );
  await check("gcs", {}, "bucket by GCS_BUCKET");
});

Deno.test("invalid data and used streams are refused", async () => {
  const storage = createFileStorage({ backend: createMemoryBackend() });
  const hint = "Pass a Uint8Array, a string, a Blob, or an unread ReadableStream of bytes.";
  assertEquals(
    await rejected(() => storage.writeFile("a", { text: 1 } as never)),
    `Invalid: Cannot write file "a": its data is a value of class Object. ${hint}`,
  );
  const stream = new Blob(["x"]).stream();
  stream.getReader();
  assertEquals(
    await rejected(() => storage.writeFile("a", stream)),
    `Invalid: Cannot write file "a": its stream is already being read. ${hint}`,
  );
});

serverTest(
  "a storage in a bucket meets the contract",
  "minio",
  async ({ endpoint, bucket, accessKey, secretKey }) => {
    const plugins = createPlugins();
    const settings = { endpoint, access_key: accessKey, secret_key: secretKey, bucket };
    const storage = await plugins.create(Storage, "minio", { ...settings, prefix: "pre fix/ü" });
    await checkStorage(storage);
    await storage[Symbol.asyncDispose]?.();
    const whole = await plugins.create(Storage, "s3", { ...settings, region: "us-east-1" });
    assert(await whole.exists("pre fix/ü/stream"));
    await whole[Symbol.asyncDispose]?.();
  },
);

serverTest("MINIO_* fill missing settings, with a host as endpoint", "minio", async (server) => {
  const environment = {
    MINIO_ENDPOINT: server.endpoint.replace("http://", ""),
    MINIO_ACCESS_KEY: server.accessKey,
    MINIO_SECRET_KEY: server.secretKey,
    MINIO_BUCKET: "made-here",
  };
  const plugins = createPlugins({ system: { ...createScriptedSystem({ environment }) } });
  const storage = await plugins.create(Storage, "minio", { create_bucket: true, prefix: "env" });
  await storage.writeFile("a", "1");
  assertEquals(text(await storage.readFile("a")), "1");
  await storage[Symbol.asyncDispose]?.();
  const wrong = await plugins.create(Storage, "minio", {
    access_key: "nobody",
    secret_key: "hunter2hunter2",
  });
  const error = await assertRejects(() => wrong.readFile("a"), RegistryError);
  assertEquals(error.code, "Denied");
  assert(!Deno.inspect(error, { depth: 20 }).includes("hunter2"));
  await wrong[Symbol.asyncDispose]?.();
});

serverTest(
  "a storage in a Google bucket meets the contract",
  "fake-gcs",
  async ({ endpoint, bucket }) => {
    const plugins = createPlugins();
    const storage = await plugins.create(Storage, "gcs", { endpoint, bucket, prefix: "storage" });
    await checkStorage(storage);
    await storage[Symbol.asyncDispose]?.();
  },
);
