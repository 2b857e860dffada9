// The table "Said there, meant otherwise here" of docs/migrating_libraries.md: a check of each row.
import { assert, assertEquals, assertThrows } from "@std/assert";
import { readFile, stat, writeFile } from "node:fs/promises";
import process from "node:process";
import { join } from "@std/path";
import { createGcsBackend } from "@holdfast/holdfast/backends/gcs";
import { createS3Backend } from "@holdfast/holdfast/backends/s3";
import { collectGarbage } from "@holdfast/holdfast/maintenance";
import { asMap, defineMaterializer, isRegistryError, localPath } from "@holdfast/holdfast";
import { openRegistry, RegistryError } from "@holdfast/holdfast";
import { REPOSITORY } from "../../support/run_deno.ts";
import { tempRoot } from "../../support/temp_root.ts";
import { type Checks, codeOf, KEYS, PARTS_CHECKS } from "./otherwise_checks.ts";

class Point {
  constructor(readonly x: number) {}
}
const point = defineMaterializer({
  id: "point",
  save: ({ x }: Point) => [{ path: "x", content: Uint8Array.of(x) }],
  load: async (artifact) => new Point((await artifact.file("x").bytes())[0]!),
});

/** Checks of the rows of registries and buckets, by the first words of each. */
const CHECKS: Checks = {
  async "`Registry()` creates"(root) {
    const before = process.cwd();
    process.chdir(root.path);
    try {
      assertEquals(await codeOf(() => openRegistry()), "NotFound");
      await using registry = await openRegistry(undefined, { create: true });
      assert(registry.location.includes(".holdfast"));
    } finally {
      process.chdir(before);
    }
  },
  async "`Registry()` keeps"(root) {
    await using registry = await openRegistry(root.join("a"));
    assertEquals(registry.settings.versioned, true);
    await using scratch = await openRegistry(root.join("b"), { versioned: false, mutable: true });
    for (const value of [1, 2]) await scratch.save("model", value);
    assertEquals(await scratch.load("model"), 2);
  },
  async "`Registry(mutable=True)`"(root) {
    await (await openRegistry(root.join("a")))[Symbol.asyncDispose]();
    assertEquals(await codeOf(() => openRegistry(root.join("a"), { mutable: true })), "Invalid");
    await using registry = await openRegistry(root.join("a"));
    assertEquals(registry.settings.mutable, false);
  },
  async "`save` numbers"() {
    await using registry = await openRegistry("memory:");
    await registry.save("model", 1);
    assertEquals((await registry.save("model", 2)).version, "2.0.0");
    assertEquals(await registry.load("model@2"), 2);
    assertEquals((await registry.save("other", 2, { version: "2" })).version, "2.0.0");
  },
  async "`list_versions` begins"() {
    await using registry = await openRegistry("memory:");
    for (const value of [1, 2]) await registry.save("model", value);
    const versions = (await Array.fromAsync(registry.versions("model"))).reverse();
    assertEquals(versions.map(({ version }) => version), ["1.0.0", "2.0.0"]);
  },
  async "`on_conflict="() {
    await using registry = await openRegistry("memory:");
    await registry.save("model", 1, { version: "1" });
    assertEquals(await codeOf(() => registry.save("model", 2, { version: "1" })), "AlreadyExists");
    const saved = await registry.save("model", 2, { version: "1", onConflict: "skip" });
    assertEquals([saved.skipped, await registry.load("model")], [true, 1]);
  },
  async "`register_materializer("(root) {
    await using registry = await openRegistry(root.join("a"));
    registry.materializers.register(Point, point);
    await registry.save("point", new Point(3));
    await using again = await openRegistry(root.join("a"));
    assertEquals(await codeOf(() => again.load("point")), "Unsupported");
    again.materializers.register(Point, point);
    assertEquals(await again.load("point"), new Point(3));
  },
  async "`save` takes any object"() {
    await using registry = await openRegistry("memory:");
    assertEquals(await codeOf(() => registry.save("point", new Point(3))), "Unsupported");
    await registry.save("point", new Point(3), { as: point });
    assertEquals(await registry.load("point"), new Point(3));
  },
  async '`save("invalid_name"'() {
    await using registry = await openRegistry("memory:");
    await registry.save("invalid_name", 1);
    for (const name of ["a@b", "a\nb"]) {
      assert(await registry.save(name, 1).catch((error) => isRegistryError(error, "Invalid")));
    }
  },
  async "`except ValueError`"() {
    await using registry = await openRegistry("memory:");
    const error = await registry.load("nonexistent:model").catch((error) => error);
    assert(isRegistryError(error, "NotFound"));
  },
  async '`info["class"]`'() {
    await using registry = await openRegistry("memory:");
    registry.materializers.register(defineMaterializer({ ...point, class: Point }));
    await registry.save("point", new Point(3));
    const info = await registry.info("point");
    assertEquals(["class" in info, "path" in info], [false, false]);
    assertEquals(registry.materializers.get(info.materializer.id).class, Point);
  },
  async "`info(name)` and"() {
    await using registry = await openRegistry("memory:");
    for (const value of [1, 2]) await registry.save("model", value);
    assertEquals((await registry.info("model")).version, "2.0.0");
    const all = await Array.fromAsync(registry.versions("model", { details: true }));
    assertEquals(all.map(({ version }) => version), ["2.0.0", "1.0.0"]);
    assertEquals(await codeOf(() => registry.info(undefined as never)), "Invalid");
  },
  async '`registry["model"]'() {
    await using registry = await openRegistry("memory:");
    await asMap(registry).set("model", 1);
    assertEquals(await asMap(registry).get("model"), 1);
  },
  async "`load(name, verify=…)`"() {
    await using registry = await openRegistry("memory:");
    await registry.save("model", 1);
    assertEquals(await registry.load("model", { verify: "full" }), 1);
    await registry.clearCache();
    const words = await readFile(join(REPOSITORY, "python/holdfast/core/words.py"), "utf8");
    for (const name of ["verify", "clear_cache"]) assert(words.includes(`"${name}": `), name);
  },
  async '`save("model", "path'(root) {
    await using registry = await openRegistry("memory:");
    const path = root.join("a.txt");
    await writeFile(path, "a");
    assertEquals(await codeOf(() => registry.save("model", path)), "Invalid");
    await registry.save("model", localPath(path));
  },
  async "`logging.basicConfig"(root) {
    const lines: unknown[] = [];
    const note = (...line: unknown[]) => void lines.push(line);
    const logger = { debug: note, info: note, warn: note, error: note };
    await using registry = await openRegistry(root.join("a"), { logger });
    await registry.save("model", 1);
    assert(lines.length > 0);
  },
  async "locks, and"() {
    await using registry = await openRegistry("memory:");
    const saves = [1, 2, 3, 4].map((value) => registry.save("model", value));
    const versions = new Set((await Promise.all(saves)).map(({ version }) => version));
    assertEquals(versions.size, 4);
  },
  async "what interrupted saves"() {
    await using registry = await openRegistry("memory:");
    await registry.save("model", 1);
    await collectGarbage(registry);
    assertEquals(await registry.load("model"), 1);
  },
  async "a backend creates"() {
    const requests: string[] = [];
    await using server = Deno.serve(
      { port: 0, hostname: "127.0.0.1", onListen() {} },
      (request) => {
        requests.push(`${request.method} ${new URL(request.url).pathname}`);
        return new Response("<Error><Code>NoSuchBucket</Code></Error>", { status: 404 });
      },
    );
    const endpoint = `http://127.0.0.1:${server.addr.port}`;
    const open = async (createBucket?: boolean) => {
      const options = { endpoint, bucket: "models", credentials: KEYS, createBucket };
      await using backend = createS3Backend(options);
      return await codeOf(() => openRegistry(backend, { create: true }));
    };
    assertEquals([await open(), requests.includes("PUT /models/")], ["NotFound", false]);
    await open(true);
    assert(requests.includes("PUT /models/"));
  },
  async '`uri="gs://my-registry"`'() {
    const given = { bucket: "models", credentials: KEYS };
    for (const open of [createS3Backend, createGcsBackend]) {
      const uri = { uri: "gs://my-registry", bucket: "models" };
      assertThrows(() => open(uri as never), RegistryError, "unknown option uri");
    }
    await using backend = createS3Backend({ ...given, prefix: "team", region: "eu-central-1" });
    assert(backend.location.includes("models/team"));
  },
  async "files are in"(root) {
    await using registry = await openRegistry(root.join("a"));
    await registry.save("my:model", localPath(join(REPOSITORY, "LICENSE")));
    assertEquals(await stat(root.join("a", "objects")).catch(() => undefined), undefined);
    await registry.download("my:model", { to: root.join("copy") });
    assert((await stat(root.join("copy"))).isFile());
  },
};

const ALL = { ...CHECKS, ...PARTS_CHECKS };

Deno.test("each row of what is meant otherwise has a check", async () => {
  const page = await readFile(join(REPOSITORY, "docs/migrating_libraries.md"), "utf8");
  const [, table] = /^## Said there, meant otherwise here\n[^|]*((?:\|.*\n)+)/m.exec(page)!;
  const rows = table!.trim().split("\n").slice(2).map((line) => line.slice(2));
  const known = Object.keys(ALL);
  assertEquals(rows.map((row) => known.find((start) => row.startsWith(start))), known);
});

for (const [start, check] of Object.entries(ALL)) {
  Deno.test(`meant otherwise here: ${start}`, async () => {
    await using root = await tempRoot();
    await check(root);
  });
}
