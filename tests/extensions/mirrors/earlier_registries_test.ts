// Mirrors of registries that programs of earlier commits wrote, and those that they made.
import { assert, assertEquals } from "@std/assert";
import { cp } from "node:fs/promises";
import { mirrorRegistry } from "../../../extensions/mirrors/mod.ts";
import { openRegistry } from "../../../mod.ts";
import { verifyRegistry } from "../../../apps/maintenance.ts";
import { collectGarbage } from "../../../extensions/maintenance/mod.ts";
import { readAnnotations } from "../../../registry/mod.ts";
import { aliasesOf } from "../../conformance/registry/registry_case.ts";
import { SMALL_FILES } from "../../registry/earlier/content.ts";
import { assertHas, testOnAll, testOnLater } from "../../registry/earlier/on_all.ts";
import { assertHolds } from "../../registry/kept/assert_holds.ts";
import { KEPT } from "../../registry/kept/values.ts";
import { rejected } from "../../registry/rejected.ts";
import { testInRoot } from "../../support/temp_root.ts";

testOnAll("mirrors of it hold the same, also those that it made", async ({ open }) => {
  const main = await open("main");
  for (const mirror of [await openRegistry("memory:"), await open("mirror")]) {
    assertEquals((await mirrorRegistry(main, mirror)).failures, []);
    await assertHas(mirror);
    for (const ref of ["plain@1", "packed@1", "large@2"]) {
      await rejected("Conflict", mirror.delete(ref), /a release names it|points to it/);
    }
    assertEquals((await readAnnotations(mirror, "noted@1"))?.labels, { stage: "live", score: 0.5 });
    assertEquals(await aliasesOf(mirror, "serving"), { live: "2.0.0" });
  }
});

testOnAll("a mirror that it made holds members by itself", async ({ open }) => {
  const mirror = await open("mirror");
  assertEquals((await verifyRegistry(mirror)).problems, []);
  for (const ref of ["plain@1", "packed@1", "large@2"]) {
    await rejected("Conflict", mirror.delete(ref), /a release names it/);
  }
  assertEquals(await mirror.load("serving@live/tokens"), SMALL_FILES);
  assert(await mirror.delete("serving@1"));
  assertEquals(await mirror.delete("plain@1"), true);
  await rejected("Conflict", mirror.delete("packed@1"), /a release names it/);
});

testOnAll(
  "a mirror that it made follows its source, and deletes what that deletes",
  async ({ open }) => {
    const [main, mirror] = [await open("main"), await open("mirror")];
    await main.save("noted", "next", { alias: "newest" });
    await main.delete("noted@1");
    await main.delete("serving@1");
    const { failures } = await mirrorRegistry(main, mirror, { names: ["serving", "noted"] });
    assertEquals(failures, []);
    assertEquals(await mirror.load("noted@newest"), "next");
    assertEquals(await mirror.has("noted", { version: "1" }), false);
    assertEquals(await mirror.has("serving", { version: "1" }), false);
    await rejected("Conflict", mirror.delete("packed@1"), /a release names it/);
    assertEquals((await collectGarbage(mirror, { now: true })).failures, []);
    assertEquals(await mirror.load("serving@live/tokens"), SMALL_FILES);
    assertEquals((await verifyRegistry(mirror)).problems, []);
  },
);

testOnLater("a mirror follows a source with pages and restored versions", async ({ open }) => {
  const [later, copy] = [await open("later"), await open("copy")];
  await later.save("models:a", 0.7);
  await later.delete("gone@1");
  assertEquals((await mirrorRegistry(later, copy)).failures, []);
  assertEquals(await copy.load("models:a@production"), 0.9);
  assertEquals(await copy.load("models:a"), 0.7);
  assertEquals(await copy.has("gone", { version: "1" }), false);
  assertEquals((await copy.info("paged")).digest, (await later.info("paged")).digest);
  assertEquals((await verifyRegistry(copy)).problems, []);
});

testInRoot("a registry in the stored fixture is mirrored", async (root) => {
  const path = root.join("registry");
  await cp(KEPT, path, { recursive: true });
  const registry = await openRegistry(path, { create: false, durability: "os" });
  const copy = await openRegistry("memory:");
  assertEquals((await mirrorRegistry(registry, copy)).failures, []);
  await assertHolds(copy);
});
