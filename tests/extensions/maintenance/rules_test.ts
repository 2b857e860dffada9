import { assertEquals, assertThrows } from "@std/assert";
import type { ArtifactInfo } from "../../../core/artifact.ts";
import { RegistryError } from "../../../core/errors.ts";
import { parseCondition } from "../../../core/registry/conditions.ts";
import type { RetentionRule } from "../../../core/record.ts";
import { ruleFor } from "../../../core/registry/rules.ts";
import { prune, pruneByRules } from "../../../extensions/maintenance/pruning/mod.ts";
import {
  changeRules,
  collectGarbage,
  readRulesHistory,
} from "../../../extensions/maintenance/mod.ts";
import { changeSettings, readRules, readSettings } from "../../../registry/tools/settings.ts";
import { verifyRegistry } from "../../../apps/maintenance.ts";
import { annotate } from "../../../registry/mod.ts";
import { testInMemory, testOnEach } from "../../registry/registries.ts";
import { rejected } from "../../registry/rejected.ts";

const HOUR_MS = 3_600_000;

testOnEach("rules are kept, and pruneByRules() follows the longest pattern", async (world) => {
  const { registry, open } = world;
  for (const name of ["runs:a", "runs:best", "other", "models:a"]) {
    for (let n = 1; n <= 4; n++) await registry.save(name, n);
  }
  await changeRules(registry, { set: { pattern: "runs:*", keepLast: 1 } });
  await changeRules(registry, { set: { pattern: "runs:b*", keepLast: 3 } });
  await changeRules(registry, { set: { pattern: "models:*", protect: true } });
  const again = await open();
  assertEquals((await readRules(again)).rules.length, 3);
  const planned = await pruneByRules(again, { dryRun: true });
  const { deleted } = await pruneByRules(again);
  assertEquals(planned.deleted, deleted);
  assertEquals(deleted.map(({ name, version }) => `${name}@${version}`).sort(), [
    "runs:a@1.0.0",
    "runs:a@2.0.0",
    "runs:a@3.0.0",
    "runs:best@1.0.0",
  ]);
  await rejected("Conflict", again.delete("models:a@1"), /the rule "models:\*" protects it/);
  assertEquals((await prune(again, { keepLast: 1, names: ["models:a"] })).deleted, []);
  assertEquals(await again.delete("models:a@1", { force: true }), true);
  await changeSettings(again, { graceMs: 48 * HOUR_MS });
  assertEquals((await readRules(again)).rules.length, 3);
  assertEquals((await readSettings(again)).graceMs, 48 * HOUR_MS);
  await collectGarbage(again);
  assertEquals((await verifyRegistry(again)).problems, []);
  await again.close();
});

testInMemory("a rule compares times and numbers in text by value", async ({ registry }) => {
  for (const [epochs, until] of [["9", "08:30:00Z"], ["10", "09:00:00+02:00"], ["100", ""]]) {
    await registry.save("runs:a", epochs, { metadata: { epochs, until: `2026-11-20T${until}` } });
    await registry.save("runs:b", epochs, { metadata: { epochs, until: `2026-11-20T${until}` } });
  }
  const set = (pattern: string, keepWhere: string) =>
    changeRules(registry, { set: { pattern, keepLast: 1, keepWhere } });
  await set("runs:a", "metadata.epochs > 9.5");
  await set("runs:b", "metadata.until < 2026-11-20T08:00:00Z");
  const { deleted } = await pruneByRules(registry);
  assertEquals(deleted.map(({ name, version }) => `${name}@${version}`).sort(), [
    "runs:a@1.0.0",
    "runs:b@1.0.0",
  ]);
  await rejected("Invalid", set("runs:*", "metadata.until > 2027-02-30"), /no date "2027-02-30"/);
});

testInMemory("a rule keeps the versions that meet a condition", async ({ registry }) => {
  for (const accuracy of [0.95, 0.5, 0.97, 0.6]) {
    await registry.save("runs:a", accuracy, { metadata: { accuracy } });
  }
  const keepWhere = "metadata.accuracy > 0.9";
  await changeRules(registry, { set: { pattern: "runs:*", keepLast: 1, keepWhere } });
  const { deleted } = await pruneByRules(registry);
  assertEquals(deleted.map(({ version }) => version), ["2.0.0"]);
  const wrong = { set: { pattern: "runs:*", keepWhere: "accuracy is high" } };
  await rejected("Invalid", changeRules(registry, wrong), /parse condition/);
  assertEquals((await readRules(registry)).rules[0].keepWhere, keepWhere);
});

testInMemory("a rule with or is stored so that earlier programs refuse it", async (world) => {
  const { registry } = world;
  for (const [accuracy, tag] of [[0.95, "a"], [0.5, "keep-1"], [0.6, "b"], [0.7, "c"]]) {
    await registry.save("runs:a", 1, { metadata: { accuracy, tag } });
  }
  const set = async (keepWhere: string) => {
    const change = { set: { pattern: "runs:*", keepLast: 1, keepWhere }, replace: true };
    return (await changeRules(registry, change)).rules[0]!.keepWhere;
  };
  assertEquals(await set("kind = json"), "kind = json");
  assertEquals(await set("(kind = json)"), "(kind = json)");
  assertEquals(await set("metadata.tag ~ '^keep-'"), "(metadata.tag ~ '^keep-')");
  const stored = await set("metadata.accuracy > 0.9 or metadata.tag ~ '^keep-'");
  assertEquals(stored, "(metadata.accuracy > 0.9 or metadata.tag ~ '^keep-')");
  assertEquals(await set(stored!), stored);
  for (const text of [stored!, "(metadata.tag ~ '^keep-')"]) {
    assertThrows(() => parseCondition(text, { isPlain: true }), RegistryError); // as earlier ones
  }
  const { deleted } = await pruneByRules(registry);
  assertEquals(deleted.map(({ version }) => version), ["3.0.0"]);
});

Deno.test("a rule that brackets would change is refused", () => {
  const texts = [
    "metadata.tag = a) or kind = json",
    "metadata.tag = a) and kind = json or size > 1",
    "metadata.'a b')>null or kind = json",
  ];
  for (const text of texts) {
    assertThrows(() => parseCondition(text, { isRule: true }), RegistryError, "quote it");
    parseCondition(text);
  }
  const { stored } = parseCondition("metadata.tag = 'a)' or kind = json", { isRule: true });
  assertEquals(stored, "(metadata.tag = 'a)' or kind = json)");
});

Deno.test("a stored rule without a bracket is read as it was", () => {
  const info = (metadata: Record<string, unknown>) =>
    ({
      name: "a",
      version: "1.0.0",
      metadata,
      materializer: { id: "json" },
      createdAt: new Date(0),
    }) as unknown as ArtifactInfo;
  const stored = parseCondition("metadata.a~b = 1", { isStored: true });
  assertEquals([stored(info({ "a~b": 1 })), stored(info({ a: "xb = 1" }))], [true, false]);
  for (const text of ["kind = json or size > 1", "name ~ a"]) {
    assertThrows(() => parseCondition(text, { isStored: true }), RegistryError);
  }
});

testInMemory("a rule by != keeps versions without that label", async ({ registry }) => {
  for (const value of [1, 2, 3, 4]) await registry.save("runs:a", value);
  await annotate(registry, "runs:a@1", { labels: { stage: "rejected" } });
  await annotate(registry, "runs:a@2", { labels: { stage: "checked" } });
  const keepWhere = "labels.stage != rejected";
  await changeRules(registry, { set: { pattern: "runs:*", keepLast: 1, keepWhere } });
  const { deleted } = await pruneByRules(registry);
  assertEquals(deleted.map(({ version }) => version), ["1.0.0"]);
});

testInMemory("rules change by compare-and-set, and keep their history", async ({ registry }) => {
  const { revision } = await changeRules(registry, { set: { pattern: "a", keepLast: 1 } });
  await changeRules(registry, { set: { pattern: "a", keepLast: 2 }, ifRevision: revision });
  const stale = { set: { pattern: "a", keepLast: 3 }, ifRevision: revision };
  await rejected("Conflict", changeRules(registry, stale));
  const each = ["b", "c", "d"].map((pattern) => ({ set: { pattern, keepLast: 1 } }));
  await Promise.all(each.map((change) => changeRules(registry, change)));
  await changeRules(registry, { remove: "b" });
  await rejected("NotFound", changeRules(registry, { remove: "b" }));
  const counts = (await Array.fromAsync(readRulesHistory(registry))).map(({ rules }) =>
    rules.length
  );
  assertEquals(counts, [3, 4, 3, 2, 1, 1, 0]);
});

testInMemory("a change of the grace period is not a change of the rules", async ({ registry }) => {
  const { revision } = await changeRules(registry, { set: { pattern: "a", keepLast: 1 } });
  await changeSettings(registry, { graceMs: 48 * HOUR_MS });
  const revisions = (await Array.fromAsync(readRulesHistory(registry))).map((each) =>
    each.revision
  );
  assertEquals(revisions, [revision, revision - 1]);
});

testInMemory("overwriting a protected name is refused", async ({ registry }) => {
  await registry.save("a", 1, { version: "1" });
  await changeRules(registry, { set: { pattern: "a", protect: true } });
  await rejected("Conflict", registry.save("a", 2, { version: "1", onConflict: "overwrite" }));
  await registry.save("a", 2);
}, { mutable: true });

testInMemory("invalid rules are refused", async ({ registry }) => {
  const rules: object[] = [
    ...[{ pattern: "" }, { pattern: "a" }, { pattern: "a", keepLast: -1 }, { keepLast: 1 }],
    ...[{ pattern: "a", keepLast: 1.5 }, { pattern: "a", keepLast: 1, protect: true }],
    ...[{ pattern: "*".repeat(201), keepLast: 1 }, { pattern: "a", keeplast: 1 }],
  ];
  for (const set of rules) {
    await rejected("Invalid", changeRules(registry, { set: set as RetentionRule }));
  }
  await rejected("Invalid", changeRules(registry, {}));
});

Deno.test("a pattern matches with any text for each *", () => {
  const matches = (pattern: string, name: string) =>
    ruleFor([{ pattern, keepLast: 1 }], name) !== undefined;
  for (const [pattern, name] of [["*", "a"], ["a*", "a"], ["*a", "ba"], ["a*b*c", "aXbYc"]]) {
    assertEquals(matches(pattern!, name!), true, pattern);
  }
  for (const [pattern, name] of [["a", "ab"], ["a*a", "a"], ["a*b*c", "acb"], ["a.", "ab"]]) {
    assertEquals(matches(pattern!, name!), false, pattern);
  }
  assertEquals(matches(`${"*a".repeat(90)}b`, "a".repeat(200)), false);
  const rules = ["*", "runs:*", "runs:*:x", "runs:1"].map((pattern) => ({ pattern, keepLast: 1 }));
  assertEquals(["b", "runs:2", "runs:1", "runs:1:x"].map((name) => ruleFor(rules, name)!.pattern), [
    "*",
    "runs:*",
    "runs:1",
    "runs:*:x",
  ]);
});
