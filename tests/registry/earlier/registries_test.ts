// Reads, protects and collects the registries that programs of earlier commits wrote, and
// those that this program writes.
import { assertEquals } from "@std/assert";
import { asMap, deleteMany, readLineage } from "../../../mod.ts";
import { resolveRelease } from "../../../mod.ts";
import { prune, pruneByRules } from "../../../extensions/maintenance/pruning/mod.ts";
import { collectGarbage } from "../../../extensions/maintenance/mod.ts";
import { readRules } from "../../../registry/tools/settings.ts";
import { verifyRegistry } from "../../../apps/maintenance.ts";
import { readAnnotations } from "../../../registry/mod.ts";
import { aliasesOf } from "../../conformance/registry/registry_case.ts";
import { HELD, lines, VALUES } from "./content.ts";
import { assertHas, testOnAll } from "./on_all.ts";
import { collect, rejected } from "../rejected.ts";

const WEEK_MS = 7 * 24 * 3_600_000;

testOnAll("values, aliases, notes, rules and lineage are read", async ({ open }) => {
  const main = await open("main");
  await assertHas(main);
  const versions = await Array.fromAsync(main.versions("plain"), ({ version }) => version);
  assertEquals(versions, ["5.1.0", "4.0.0-rc.1", "2.0.0", "1.0.0"]);
  assertEquals((await main.info("plain@5.1.0")).version, "5.1.0+build.7");
  assertEquals((await main.info("plain@1")).metadata, { score: 0.5, "a.b": { c: "ä" } });
  assertEquals(await aliasesOf(main, "plain"), { production: "2.0.0" });
  const changes = await collect(main.history("plain", "été_🦊"));
  assertEquals(changes.map(({ version }) => version), [undefined, "1.0.0"]);
  const { notes, labels } = await readAnnotations(main, "noted@1") ?? {};
  assertEquals([notes, labels], ["Best so far", { stage: "live", score: 0.5 }]);
  assertEquals((await readAnnotations(main, "noted"))?.notes, "Of the name");
  assertEquals((await readRules(main)).rules, [
    { pattern: "safe", protect: true },
    { pattern: "scratch:*", keepLast: 1, keepWhere: "metadata.score >= 0.5" },
  ]);
  const { members } = await resolveRelease(main, "serving@1");
  const states = Object.entries(members).map(([key, { ref, state }]) => [key, ref, state]);
  assertEquals(states, [
    ["model", "plain@1.0.0", "present"],
    ["tokens", "packed@1.0.0", "present"],
  ]);
  const { edges } = await readLineage(main, "parent@1");
  assertEquals(edges.map(({ from }) => from).sort(), ["large@1.0.0", "plain@2.0.0"]);
  const dated = await main.has("dated")
    ? await readLineage(main, "dated@2026.0.0-11-25")
    : undefined;
  if (dated) assertEquals(dated.edges, [{ from: dated.root, to: "report@1.0.0" }]);
  const mutable = await open("mutable");
  assertEquals(await mutable.load("over"), "two");
  const single = await open("single");
  assertEquals(await single.load("only"), lines(4, 2_000));
});

testOnAll("keys, drafts and deleted versions keep their meaning", async ({ open }) => {
  const main = await open("main");
  const again = await main.save("plain", "not saved", { idempotencyKey: "run 7" });
  assertEquals([again.version, again.skipped], ["2.0.0", true]);
  await rejected("AlreadyExists", main.save("plain", "again", { version: "3" }));
  assertEquals(await main.delete("plain@3"), false);

  const draft = await main.openDraft("drafted", { id: "open" });
  assertEquals((await draft.info()).parts.map(({ part }) => part), ["a.txt", "b.txt"]);
  const ended = await main.openDraft("drafted", { id: "ended" });
  assertEquals((await ended.info()).state, "committed");
  const gone = await main.openDraft("drafted", { id: "gone" });
  await rejected("Conflict", gone.addFile("b.txt", new Uint8Array()));
  await collectGarbage(main, { now: true });
  const { version } = await draft.commit();
  const artifact = await main.open(`drafted@${version}`);
  assertEquals(await artifact.file("b.txt").bytes(), lines(5, 2_000));
  assertEquals((await ended.commit()).skipped, true);
});

testOnAll("nothing that is held is deleted", async ({ open }) => {
  const main = await open("main");
  for (const ref of HELD) await rejected("Conflict", main.delete(ref));
  for (const name of new Set(HELD.map((ref) => ref.split("@")[0]!))) {
    await rejected("Conflict", main.delete(name, { allVersions: true }));
  }
  assertEquals((await deleteMany(main, HELD)).failed.length, HELD.length);
  await rejected("Conflict", asMap(main).pop("large@2"));
  const byRules = await pruneByRules(main);
  assertEquals(byRules.deleted.map(({ name, version }) => `${name}@${version}`), [
    "scratch:run@2.0.0",
  ]);
  await assertHas(main);
  await main.save("large", "newest");
  await main.save("serving", "newest of another kind");
  await prune(main, { keepLast: 1 });
  assertEquals((await collectGarbage(main, { now: true })).failures, []);
  await assertHas(main, HELD.filter((ref) => Object.hasOwn(VALUES, ref)));
  assertEquals(await main.load("serving@2/data"), VALUES["large@2"]);

  await main.delete("serving@2", { force: true });
  assertEquals(await main.delete("large@2"), true, "the last release that named it is gone");
});

testOnAll("a collector removes nothing that counts", async ({ folder, open }) => {
  for (const name of ["main", "mirror", "mutable", "single"]) {
    const aged = await open(name, WEEK_MS);
    assertEquals((await collectGarbage(aged)).failures, [], name);
    const registry = await open(name);
    assertEquals((await collectGarbage(registry, { now: true })).failures, [], name);
    assertEquals((await verifyRegistry(registry)).problems, [], folder);
  }
  await assertHas(await open("main"));
  assertEquals(await (await open("single")).load("only"), lines(4, 2_000));
});
