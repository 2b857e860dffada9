// Names whose versions another program deleted.
import { assertEquals } from "@std/assert";
import { createMemoryBackend } from "../../../../../backends/memory.ts";
import { annotate, readAnnotations } from "../../../../../registry/mod.ts";
import { openMlflow, tokens } from "../open_mlflow.ts";

Deno.test("a create with a token that may not change tags keeps those of deleted versions", async () => {
  const backend = createMemoryBackend();
  await using saver = await openMlflow({ backend, tokens, token: "save:*" });
  await using admin = await openMlflow({ backend, tokens, token: "admin" });
  const { registry } = admin;
  const labelsOf = async (name: string) => {
    const { notes, labels: { "holdfast.created": _, ...labels } } =
      (await readAnnotations(registry, name))!;
    return { notes, labels };
  };
  const left = { notes: "words", labels: { stage: "checked" } };
  for (const [path, name] of [["experiments", "a"], ["registered-models", "models:a"]] as const) {
    await registry.save(name, "1");
    await annotate(registry, name, left);
    await registry.delete(name, { allVersions: true });
    await saver.post(`${path}/create`, { name: "a" });
    assertEquals(await labelsOf(name), left);
    await registry.save(`${name}b`, "1");
    await annotate(registry, `${name}b`, left);
    await registry.delete(`${name}b`, { allVersions: true });
    await admin.post(`${path}/create`, { name: "ab" });
    assertEquals(await labelsOf(`${name}b`), { notes: undefined, labels: {} });
  }
});
