// The value of a version that a run finished: the curve beside it does not belong to it.
import { assertEquals, assertRejects } from "@std/assert";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { unavailable } from "../../../core/errors.ts";
import type { Materializer } from "../../../core/materializer.ts";
import { csv } from "../../../formats/csv.ts";
import { createTable } from "../../../formats/csv.ts";
import { defineMaterializer, localPath, openRegistry, type Registry } from "../../../mod.ts";
import { addFormats, formatMaterializer } from "../../../materializers/formats.ts";
import type { StoredPath } from "../../../materializers/path/stored_path.ts";
import { createMemoryBackend } from "../../../backends/memory.ts";
import { finishRun, openRun } from "../../../extensions/runs/mod.ts";
import { testService } from "../../apps/client/service.ts";
import { testInRoot } from "../../support/temp_root.ts";
import { testOnEach } from "../../registry/registries.ts";
import { rejected } from "../../registry/rejected.ts";
import { withHooks } from "../../registry/with_hooks.ts";

/** A materializer that reads the list of its files. */
const pair = defineMaterializer<[string, string]>({
  id: "acme/pair",
  save: (value) => value.map((text, i) => ({ path: `z${i}`, content: new Blob([text]) })),
  async load(artifact) {
    const [a, b, ...others] = await Promise.all(artifact.files().map((file) => file.text()));
    assertEquals(others, []);
    return [a, b];
  },
});

const scores = csv({ columns: { id: "int64", score: "number?" } });
const SCORES = [{ id: 1n, score: 0.5 }, { id: 2n, score: null }];
const TABLE = createTable({ id: "int64", score: "number?" }, SCORES);

const VALUES: Record<string, [value: unknown, as?: Materializer, shown?: unknown]> = {
  text: ["hello"],
  bytes: [Uint8Array.of(1, 2)],
  buffer: [Uint8Array.of(1, 2).buffer],
  typed: [Float32Array.of(1, 2)],
  json: [{ a: [1, NaN] }],
  parts: [{ a: Uint8Array.of(1), b: "x" }],
  file: [new File(["x"], "a.txt", { type: "text/plain", lastModified: 5 })],
  pair: [["one", "two"], pair as unknown as Materializer],
  table: [TABLE, formatMaterializer(scores) as unknown as Materializer, SCORES],
};

async function plain(value: unknown): Promise<unknown> {
  if (value instanceof File) return [value.name, value.type, await value.text()];
  const { rows } = (value ?? {}) as { rows?(): AsyncIterable<unknown> };
  return typeof rows === "function" ? await Array.fromAsync(rows()) : value;
}

async function finish(
  registry: Registry,
  name: string,
  value: unknown,
  options: Parameters<Awaited<ReturnType<typeof openRun>>["finish"]>[1] = {},
) {
  const run = await openRun(registry, name);
  run.log({ loss: 0.5 });
  await run.finish(value, options);
}

async function checkValues(registry: Registry): Promise<void> {
  registry.materializers.register(pair);
  addFormats(registry.materializers);
  for (const [name, [value, as, shown = value]] of Object.entries(VALUES)) {
    await finish(registry, name, value, { as });
    const loaded = await registry.load(name);
    assertEquals(await plain(loaded), await plain(shown), name);
    const again = name === "table" ? TABLE : loaded;
    await registry.save(`${name}:again`, again, { as });
    assertEquals(await plain(await registry.load(`${name}:again`)), await plain(shown), name);
    const [{ files }, own] = [await registry.info(`${name}:again`), await registry.info(name)];
    const paths = own.files.map(({ path }) => path).filter((path) => path !== "history.jsonl");
    assertEquals([files.map(({ path }) => path), own.files.length], [paths, paths.length + 1]);
  }
  // Also opened by hand, as the reference shows.
  assertEquals((await registry.open("text")).file().info.path, "text.txt");
  await rejected("Invalid", (async () => (await registry.open("table")).file())());
}

testOnEach(
  "each kind of value of a run is loaded and saved again",
  ({ registry }) => checkValues(registry),
);
testService(
  "each kind of value of a run is loaded and saved again (service)",
  async ({ open }) => checkValues(await open()),
);

testInRoot(
  "files and folders of a run are written and saved again without its curve",
  async (root) => {
    const registry = await openRegistry("memory:");
    await mkdir(root.join("model"));
    await writeFile(root.join("model/history.jsonl"), "mine");
    await writeFile(root.join("model/weights.pt"), "w");
    await finish(registry, "file", localPath(root.join("model/weights.pt")));
    await finish(registry, "folder", localPath(root.join("model")));
    const [file, folder] = [
      await registry.load("file") as StoredPath,
      await registry.load("folder") as StoredPath,
    ];
    assertEquals([file.name, folder.name], ["weights.pt", "folder"]);
    await file.writeTo(root.join("copy.pt"));
    await folder.writeTo(root.join("copy"));
    assertEquals(await readFile(root.join("copy.pt"), "utf8"), "w");
    assertEquals((await readdir(root.join("copy"))).sort(), ["history.jsonl", "weights.pt"]);
    assertEquals(await readFile(root.join("copy/history.jsonl"), "utf8"), "mine");
    const saved = { "model/weights.pt": file, model: folder };
    for (const [path, value] of Object.entries(saved)) {
      const again = await registry.save("again", value);
      const direct = await registry.save("direct", localPath(root.join(path)));
      assertEquals(again.digest, direct.digest, path);
    }
    // A download has all files of the version.
    await registry.download("folder", { to: root.join("all") });
    const all = ["history-2.jsonl", "history.jsonl", "weights.pt"];
    assertEquals((await readdir(root.join("all"))).sort(), all);
    await registry.copy("file", "copied");
    assertEquals((await registry.load("copied") as StoredPath).name, "weights.pt");
    await registry.close();
  },
);

testInRoot(
  "only the curve of a run is left out, not a table that the metadata names",
  async (root) => {
    const registry = await openRegistry("memory:");
    await mkdir(root.join("model"));
    for (const path of ["history.jsonl", "loss.csv"]) {
      await writeFile(
        root.join("model", path),
        path,
      );
    }
    const model = localPath(root.join("model"));
    await registry.save("own", model, { metadata: { curves: "history.jsonl" } });
    await finish(registry, "run", model, { metadata: { curves: "loss.csv", run: { note: "x" } } });
    const run = await openRun(registry, "no points");
    await run.finish(model, { metadata: { curves: "history.jsonl" } });
    const only = await openRun(registry, "only");
    only.log({ loss: 1 });
    await only.finish();
    const pathsOf = async (name: string) => {
      await (await registry.load(name) as StoredPath).writeTo(root.join(name));
      return (await readdir(root.join(name))).sort();
    };
    for (const name of ["own", "run", "no points"]) {
      assertEquals(await pathsOf(name), ["history.jsonl", "loss.csv"], name);
    }
    assertEquals((await registry.info("run")).metadata.curves, ["history-2.jsonl", "loss.csv"]);
    assertEquals((await registry.open("only")).file().info.path, "history.jsonl");
    await registry.close();
  },
);

Deno.test("a run whose finish was killed after its decision is loaded without its curve", async () => {
  const store = createMemoryBackend();
  const gone = unavailable("put", undefined, "the program was killed", { hint: "" });
  let hasEnded = false;
  const before = ({ verb, key }: { verb: string; key: string }) => {
    if (hasEnded && verb === "put") throw gone;
    hasEnded ||= verb === "put" && key.endsWith(".end");
  };
  const killed = await openRegistry(withHooks(store, { before }), { retryForMs: 0 });
  const run = await openRun(killed, "m", { id: "1" });
  run.log({ loss: 0.5 });
  await assertRejects(() => run.finish("the weights"));
  const registry = await openRegistry(store);
  await finishRun(registry, "m", { id: "1", as: { id: "text", formatVersion: 1 } });
  assertEquals(await registry.load("m"), "the weights");
  await Promise.all([registry.close(), killed.close()]);
});
