import { assertEquals } from "@std/assert";
import { readLog } from "../../../mod.ts";
import { parseVersion } from "../../../core/naming/versions.ts";
import { annotate, readAnnotations } from "../../../registry/mod.ts";
import { prune } from "../../../extensions/maintenance/pruning/mod.ts";
import { collectGarbage } from "../../../extensions/maintenance/mod.ts";
import { verifyRegistry } from "../../../apps/maintenance.ts";
import { noteCell } from "../../../registry/format/layout.ts";
import { keysOf, testInMemory, testOnEach } from "../../registry/registries.ts";
import { rejected } from "../../registry/rejected.ts";
import { withAge } from "../../registry/with_age.ts";

const YEAR_MS = 365 * 86_400_000;

testOnEach("gc keeps every change of notes, and verify reads them", async (world) => {
  const { registry, backend, open } = world;
  await registry.save("a", 1);
  for (const notes of ["one", "two", "three"]) await annotate(registry, "a@1", { notes });
  await annotate(registry, "a", { notes: "of the name" });
  const aged = await open({}, (store) => withAge(store, YEAR_MS));
  await collectGarbage(aged);
  assertEquals((await keysOf(backend, "names/a/notes/")).length, 4);
  const { ok, unseen } = await verifyRegistry(registry);
  assertEquals([ok, unseen.strangers], [true, 0]);
  const log = await Array.fromAsync(readLog(registry, "a"));
  const ofVersion = log.filter(({ version }) => version !== undefined);
  assertEquals(ofVersion.map(({ notes }) => notes), ["three", "two", "one", undefined]);
  assertEquals(log.filter(({ version }) => version === undefined)[0]?.notes, "of the name");
});

testInMemory("gc --forget removes the notes of a forgotten name", async (world) => {
  const { registry, backend, open } = world;
  await registry.save("a", 1);
  await annotate(registry, "a@1", { notes: "x" });
  await registry.delete("a@1");
  const aged = await open({}, (store) => withAge(store, YEAR_MS));
  await collectGarbage(aged);
  await collectGarbage(aged, { forget: true });
  assertEquals(await keysOf(backend, "names/"), []);
});

testInMemory("keepWhere sees labels", async ({ registry }) => {
  for (let n = 1; n <= 3; n++) await registry.save("a", n);
  await annotate(registry, "a@2", { labels: { stage: "checked" } });
  const { deleted } = await prune(registry, {
    keepWhere: ({ annotations }) => annotations?.labels.stage === "checked",
  });
  assertEquals(deleted.map(({ version }) => version), ["3.0.0", "1.0.0"]);
});

testInMemory("the notes of another version are Corrupt, and listed as such", async (world) => {
  const { registry, backend } = world;
  await registry.save("a", 1);
  await registry.save("a", 2);
  await annotate(registry, "a@1", { notes: "x" });
  const [key] = await keysOf(backend, "names/a/notes/");
  const bytes = await (await backend.get(key!))!.bytes();
  const other = noteCell("a", parseVersion("2"), true) + key!.split("/").at(-1);
  await backend.put(other, bytes);
  await rejected("Corrupt", readAnnotations(registry, "a@2"));
  assertEquals(await registry.load("a@2"), 2);
  const listed = await Array.fromAsync(registry.versions("a", { details: true }));
  assertEquals(listed.map(({ error }) => error?.code), ["Corrupt", undefined]);
  assertEquals((await verifyRegistry(registry)).problems.map(({ ref }) => ref), ["a@2.0.0"]);
});
