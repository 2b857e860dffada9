// Facts beside values that a mirror keeps: names, inputs, lineage, releases, notes, aliases, events.
import { assertEquals } from "@std/assert";
import type { EventPublisher, RegistryTopics } from "../../../core/registry/registry_events.ts";
import { folder } from "../../../materializers/mod.ts";
import { mirrorRegistry } from "../../../extensions/mirrors/mod.ts";
import { openRegistry, publishRelease, readLineage, resolveRelease } from "../../../mod.ts";
import { changeRules } from "../../../extensions/maintenance/mod.ts";
import { annotate, readAnnotations } from "../../../registry/mod.ts";
import { saveOld } from "../../registry/old_names.ts";
import { testInMemory } from "../../registry/registries.ts";
import { rejected } from "../../registry/rejected.ts";

testInMemory("files keep their times in mirrors", async ({ registry }) => {
  const modifiedAt = "1970-01-01T00:00:09.000Z";
  const times = {
    ...folder(),
    save: () => [{ path: "a", content: new Uint8Array(3), modifiedAt }],
  };
  const { digest } = await registry.save("a", null, { as: times });
  const there = await openRegistry("memory:");
  await mirrorRegistry(registry, there);
  const info = await there.info("a");
  assertEquals([info.files[0]!.modifiedAt, info.digest], [modifiedAt, digest]);
});

const ODD = ["*", "a*b", ".", "..", "../x", "a/../b", "a/.", "-x"];

testInMemory("old names that read like a pattern or a path are mirrored", async ({ registry }) => {
  for (const odd of ODD) await saveOld(registry, odd);
  const copy = await openRegistry("memory:");
  assertEquals((await mirrorRegistry(registry, copy)).failures, []);
  for (const odd of ODD) assertEquals(await copy.load(`${odd}@..`), odd);
});

testInMemory("inputs keep their digests in mirrors", async ({ registry }) => {
  const { digest } = await registry.save("raw", "data");
  const inputs = ["config", { ref: "raw@1", digest }, "raw@^1"];
  const given = inputs.map((input) =>
    typeof input === "string" ? { ref: input, digest: null } : input
  );
  await registry.save("a", 1, { inputs: given });
  const there = await openRegistry("memory:");
  assertEquals((await mirrorRegistry(registry, there)).failures, []);
  assertEquals((await there.info("a")).inputs, inputs);
});

testInMemory("mirrors write entries of the lineage", async ({ registry }) => {
  await registry.save("data", 1);
  await registry.save("model", 1, { inputs: ["data@1"] });
  const target = await openRegistry("memory:");
  await mirrorRegistry(registry, target, { rename: (name) => name === "model" ? "best" : name });
  const { edges, unsure } = await readLineage(target, "data", { direction: "down" });
  assertEquals(edges.map(({ from, to }) => `${from} > ${to}`), ["data@1.0.0 > best@1.0.0"]);
  assertEquals(unsure, []);
});

testInMemory("a mirror of a release brings its members and holds them", async ({ registry }) => {
  for (let n = 1; n <= 4; n++) await registry.save("net", `net ${n}`);
  await registry.save("bpe", "bpe");
  await publishRelease(registry, "serving", { model: "net@2", tokenizer: "bpe" });
  const to = await openRegistry("memory:");
  const { copied } = await mirrorRegistry(registry, to, { names: ["serving"] });
  assertEquals(copied, 3);
  assertEquals(await to.load("serving@1/model"), "net 2");
  const versions = await Array.fromAsync(to.versions("net"), ({ version }) => version);
  assertEquals(versions, ["2.0.0"]);
  await rejected("Conflict", to.delete("net@2"));
  assertEquals((await resolveRelease(to, "serving")).members.model?.state, "present");
  await to.close();
});

testInMemory("a mirror brings each change of notes", async ({ registry }) => {
  const to = await openRegistry("memory:");
  await registry.save("a", 1);
  await annotate(registry, "a", { notes: "of the name" });
  for (const notes of ["one", "two"]) await annotate(registry, "a@1", { notes });
  const { annotations, copied } = await mirrorRegistry(registry, to);
  assertEquals([annotations, copied], [2, 1]);
  assertEquals((await mirrorRegistry(registry, to)).annotations, 0);
  assertEquals((await readAnnotations(to, "a@1"))?.revision, 2);
  await annotate(to, "a@1", { labels: { here: true } });
  await annotate(registry, "a@1", { notes: "three" });
  await mirrorRegistry(registry, to, { verify: true });
  const { revision, notes } = (await readAnnotations(to, "a@1"))!;
  assertEquals([revision, notes], [4, "three"]);
  assertEquals((await readAnnotations(to, "a"))?.notes, "of the name");
  await to.close();
});

Deno.test("a mirror moves a protected alias as its source does", async () => {
  const source = await openRegistry("memory:");
  const target = await openRegistry("memory:");
  await changeRules(target, {
    set: { pattern: "models:*", protectAliases: ["production"] },
  });
  await source.save("models:a", 1, { alias: "production" });
  const report = await mirrorRegistry(source, target);
  assertEquals(report.failures, []);
  const aliases = await Array.fromAsync(target.aliases("models:a"));
  assertEquals(aliases, [{ alias: "production", version: "1.0.0" }]);
});

Deno.test("a mirror publishes its commits", async () => {
  const source = await openRegistry("memory:");
  await source.save("a", 1);
  await source.save("a", 2);
  await source.delete("a@1.0.0");
  await source.setAlias("a", "production", "2");
  const said: string[] = [];
  const events: EventPublisher<RegistryTopics> = {
    async publish(topic, payload: { name: string; version?: string | null; alias?: string }) {
      const { name, version, alias = "" } = payload;
      await Promise.resolve(said.push(`${topic} ${name} ${alias} ${version}`));
    },
  };
  const registry = await openRegistry("memory:", { events });
  await mirrorRegistry(source, registry);
  await registry[Symbol.asyncDispose]();
  // The tombstone of an unknown version is not a deletion.
  assertEquals(said, ["registry.saved a  2.0.0", "registry.aliased a production 2.0.0"]);
});
