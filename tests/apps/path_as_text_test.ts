// Strings that name files of this machine, which would be saved as text.
import { assertEquals, assertStringIncludes } from "@std/assert";
import { writeFile } from "node:fs/promises";
import { text } from "../../materializers/mod.ts";
import { asMap, defineArtifact, localPath, openRegistry, type Registry } from "../../mod.ts";
import { saveMany } from "../../registry/contract/many.ts";
import { createBatch } from "../../workers/mod.ts";
import { startService } from "./client/service.ts";
import { cliTest } from "./captured_io.ts";
import { connect } from "../extensions/gateways/mcp/client_of.ts";
import { tempRoot } from "../support/temp_root.ts";
import { rejected } from "../registry/rejected.ts";

/** The ways to save a string with the materializer of its value. */
const WAYS: Record<string, (registry: Registry, value: string) => Promise<unknown>> = {
  save: (registry, value) => registry.save("a", value),
  async saveMany(registry, value) {
    const { results: [result] } = await saveMany(registry, [{ name: "a", value }]);
    if (!result!.ok) throw result!.error;
  },
  map: (registry, value) => asMap(registry).set("a", value),
  async batch(registry, value) {
    await using batch = createBatch(registry, { workers: 1 });
    return await batch.save({ name: "a", value });
  },
};

const REGISTRIES: Record<string, (root: string) => Promise<Registry>> = {
  folder: (root) => openRegistry(`${root}/registry`),
  memory: () => openRegistry("memory:"),
  async service() {
    const service = await startService();
    const registry = await service.open();
    return Object.assign(registry, { [Symbol.asyncDispose]: service.close });
  },
};

for (const [place, open] of Object.entries(REGISTRIES)) {
  for (const [way, save] of Object.entries(WAYS)) {
    Deno.test(`a string that names a file is refused: ${way}, ${place}`, async () => {
      await using root = await tempRoot();
      const path = root.join("model.bin");
      await writeFile(path, "weights");
      await using registry = await open(root.path);
      for (const value of [path, root.path]) {
        const error = await rejected("Invalid", save(registry, value));
        assertStringIncludes(error.message, `the string ${JSON.stringify(value)} names a file`);
        assertStringIncludes(error.hint!, `localPath(${JSON.stringify(value)})`);
      }
      assertEquals(await Array.fromAsync(registry.names()), []);
      await save(registry, `${path}.of.nothing`);
      assertEquals(await registry.load("a"), `${path}.of.nothing`);
      await registry.save("b", path, { as: text() });
      assertEquals(await registry.load("b"), path);
      await registry.save(defineArtifact("c", text()), path);
      await registry.save("d", localPath(path));
      assertEquals((await registry.info("d")).size, 7);
      await registry.save("e", [path]);
      await registry.save("f", `${path}\n`);
    });
  }
}

cliTest("content of a file or a manifest is never a path", async (it) => {
  await it.succeeds("init");
  await writeFile(it.root.join("model.bin"), it.root.join("model.bin"));
  await it.succeeds("save a model.bin --as text");
  const rows = { name: "b", value: it.root.join("model.bin") };
  await writeFile(it.root.join("rows.jsonl"), JSON.stringify(rows));
  await it.succeeds("batch save rows.jsonl");
  const registry = await openRegistry(it.root.join(".holdfast"));
  for (const name of ["a", "b"]) {
    assertEquals(await registry.load(name), it.root.join("model.bin"));
  }
  await registry.close();
});

Deno.test("text of an assistant is never a path of the service", async () => {
  await using root = await tempRoot();
  await using registry = await openRegistry("memory:");
  await using it = await connect(registry);
  for (const content of [{ text: root.path }, { json: root.path }]) {
    await it.call("save_version", { name: "a", ...content });
    assertEquals(await registry.load("a"), root.path);
  }
});
