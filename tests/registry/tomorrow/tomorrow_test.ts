// A program of tomorrow writes members that this one does not know, in each place. This one reads
// and protects all of it, and keeps them where it writes a record again.
import { assert, assertEquals } from "@std/assert";
import { openRegistry, readLineage, resolveRelease } from "../../../mod.ts";
import { prune } from "../../../extensions/maintenance/pruning/mod.ts";
import { changeRules, collectGarbage } from "../../../extensions/maintenance/mod.ts";
import { changeSettings, readRules } from "../../../registry/tools/settings.ts";
import { verifyRegistry } from "../../../apps/maintenance.ts";
import { annotate, readAnnotations } from "../../../registry/mod.ts";
import { createResumableUploads } from "../../../extensions/transfers/uploads.ts";
import { noise } from "../registries.ts";
import { rejected } from "../rejected.ts";
import shapes from "../format/written_shapes.json" with { type: "json" };
import { assertKept, createWorld, fill, LARGE, load, OF_VERSION } from "./tomorrow_world.ts";
import { newestRecord, TOMORROW, WITHIN } from "./with_members.ts";

Deno.test("everything that a program of tomorrow wrote is read", async () => {
  const world = await createWorld();
  const values = await fill(world);
  const { store } = world;
  const today = await openRegistry(store);
  for (const [ref, value] of Object.entries(values)) assertEquals(await load(today, ref), value);
  assertEquals((await today.info("small@live")).by, { name: "ann" });
  assertEquals((await readAnnotations(today, "small@1"))?.labels, { stage: "a" });
  assertEquals((await readLineage(today, "made@1")).edges.length, 2);
  assertEquals((await resolveRelease(today, "serving")).members.model?.state, "present");
  assertEquals((await today.save("small", "not saved", { idempotencyKey: "k" })).skipped, true);
  assertEquals((await readRules(today)).rules, [{ pattern: "made", protect: true }]);
  assertEquals((await Array.fromAsync(today.history("small", "live"))).length, 1);
  const { problems, unseen } = await verifyRegistry(today);
  assertEquals([problems, unseen.strangers], [[], 0]);
});

Deno.test("everything that it protects stays protected", async () => {
  const world = await createWorld();
  const values = await fill(world);
  const today = await openRegistry(world.store);
  for (const ref of ["small@1", "large@1", "made@1"]) await rejected("Conflict", today.delete(ref));
  for (const at of ["small@1", "large@1"]) await today.save(at.split("@")[0]!, "newer");
  await prune(today, { keepLast: 1 });
  assertEquals((await collectGarbage(today, { now: true })).failures, []);
  for (const [ref, value] of Object.entries(values)) {
    assertEquals(await load(today, ref), value, ref);
  }
});

Deno.test("its drafts and uploads go on", async () => {
  const { tomorrow, today } = await createWorld();
  const draft = await tomorrow.openDraft("drafted", { id: "1" });
  await draft.addPart("a", [{ path: "a.bin", content: LARGE }]);
  await draft.addPart("b", [{ path: "b.txt", content: new Uint8Array(3) }]);
  const ended = await tomorrow.openDraft("ended", { id: "2" });
  await ended.addFile("a.bin", LARGE);
  await ended.commit();
  const uploads = createResumableUploads(tomorrow);
  const { id } = await uploads.begin({ size: 3, owner: "ann" });
  await uploads.append(id, new Blob(["ab"]).stream(), { offset: 0 });

  assertEquals((await collectGarbage(today)).failures, []);
  const same = await today.openDraft("drafted", { id: "1" });
  await same.addPart("c", [{ path: "c.txt", content: new Uint8Array(1) }]);
  await same.commit();
  assertEquals((await today.info("drafted")).files.length, 3);
  const committed = await today.openDraft("ended", { id: "2" });
  assertEquals((await committed.info()).state, "committed");
  const here = createResumableUploads(today);
  assertEquals((await here.state(id)).offset, 2);
  assertEquals(await here.append(id, new Blob(["c"]).stream(), { offset: 2 }), 3);
  assertEquals((await verifyRegistry(today)).problems, []);
});

Deno.test("members are kept where a record is written again", async () => {
  const world = await createWorld();
  await fill(world);
  const { today, store } = world;
  await today.undelete("gone@1");
  const restored = await newestRecord(store, "names/gone/versions/");
  assertKept(restored, [...OF_VERSION, "by"]);
  await today.delete("gone@1");
  await world.tomorrow.undelete("gone@1");
  await today.delete("gone@1");
  await today.undelete("gone@1");
  assertKept(await newestRecord(store, "names/gone/versions/"), [...OF_VERSION, "restored.1"]);

  await annotate(today, "small@1", { labels: { stage: "b" } });
  assertKept(await newestRecord(store, "names/small/notes/p"), [""]);
  await changeSettings(today, { graceMs: 40 * 3_600_000 });
  await changeRules(today, { set: { pattern: "x", keepLast: 1 } });
  assertKept(await newestRecord(store, "settings/"), ["", "settings"]);
});

Deno.test("a release of tomorrow has other members", async () => {
  const { today } = await createWorld();
  const { digest } = await today.save("model", 1);
  const members = { model: { ref: "model@1.0.0", digest, ...TOMORROW } };
  const release = { id: "release", formatVersion: 1 };
  const draft = await today.openDraft("serving", { id: "1" });
  const content = new TextEncoder().encode(JSON.stringify({ members, ...TOMORROW }));
  await draft.addFile("release.json", content);
  await draft.commit({ as: release, inputs: ["model@1.0.0"] });
  assertEquals(await today.load("serving@1/model"), 1);
});

Deno.test("each object of a record is tried with another member", () => {
  // Rules have a test of their own, and metadata and labels are free.
  const others = ["metadata", "labels", "rules"];
  for (const shape of [...shapes.written, ...shapes.only_read]) {
    const [, path] = /^[\w ]+ (\S+): object$/.exec(shape) ?? [];
    const member = path?.replaceAll("[]", "").split(".").at(-1);
    if (member === undefined || others.includes(member)) continue;
    assert(WITHIN.includes(member), shape);
  }
});

Deno.test("in a mutable registry, its versions are overwritten and collected", async () => {
  const world = await createWorld({ mutable: true });
  const { tomorrow, today } = world;
  const how = { version: "1", onConflict: "overwrite" } as const;
  for (const [n, registry] of [tomorrow, today, tomorrow, today].entries()) {
    await registry.save("m", noise(300_000, n + 1), how);
  }
  assertEquals((await collectGarbage(today, { now: true })).failures, []);
  assertEquals(await tomorrow.load("m@1"), noise(300_000, 4));
  assertEquals((await verifyRegistry(tomorrow)).problems, []);
});
