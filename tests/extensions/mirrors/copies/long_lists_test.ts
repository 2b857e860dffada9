// Mirrors of versions whose lists are in pages: neither the list of the source nor that of the target
// is held, and what a group of pages cannot use of an earlier version is copied.
import { assert, assertEquals, assertGreater, assertLess, assertLessOrEqual } from "@std/assert";
import type { FileToSave } from "../../../../core/materializer.ts";
import type { StoredRegistry } from "../../../../core/registry.ts";
import { verifyRegistry } from "../../../../apps/maintenance.ts";
import { mirrorRegistry } from "../../../../extensions/mirrors/mod.ts";
import { createMemoryBackend, openRegistry } from "../../../../mod.ts";
import { collectGarbage } from "../../../../extensions/maintenance/mod.ts";
import { filler, HOUR } from "../../../registry/protocol_world.ts";
import {
  createScriptedBackend,
  damaged,
  nothing,
  type ScriptedBackend,
} from "../../../registry/scripted_backend.ts";
import {
  listKeys,
  listOf,
  withoutWholeLists,
  withSmallPages,
} from "../../../simulate/small_pages.ts";
import { createScriptedSystem, type ScriptedSystem } from "../../../support/scripted_system.ts";

const LIMITS = { listBytes: 1000, files: 4, pageBytes: 20_000, indexBytes: 5_000 };
const COUNT = 700;
const encoder = new TextEncoder();

const pathAt = (n: number) => `n${String(n % 20).padStart(2, "0")}/${String(n).padStart(4, "0")}`;

/** Files whose order of storage is not that of their paths. One may be changed. */
function filesOf(changed?: number): FileToSave[] {
  return [
    { path: "README.md", content: encoder.encode("# Files\n") },
    { path: "large", content: filler("large", 300_000) },
    { path: "run.sh", content: encoder.encode("#!/bin/sh\n"), mode: "executable" },
    { path: "newest", content: encoder.encode("n00/0000"), mode: "link" },
    { path: "nothing", content: new Uint8Array(), mode: "folder" },
    ...Array.from({ length: COUNT }, (_, n) => ({
      path: pathAt(n),
      content: encoder.encode(`content ${n} ${n === changed ? "new" : ""}`),
    })),
  ];
}

const asFolder = (changed?: number) => ({
  id: "folder",
  formatVersion: 1,
  load: () => 0,
  save: () => filesOf(changed),
});

interface Side {
  system: ScriptedSystem;
  backend: ScriptedBackend;
  registry: StoredRegistry;
}

async function open(known?: Pick<Side, "system" | "backend">): Promise<Side> {
  const system = known?.system ?? createScriptedSystem();
  const store = known?.backend ?? createScriptedBackend(createMemoryBackend({ system }));
  const registry = withSmallPages(await openRegistry(store, { system }), LIMITS);
  return { system, backend: store, registry };
}

/** A source with two versions; the second has one file changed. */
async function openSource(): Promise<Side> {
  const source = await open();
  await source.registry.save("set", 0, { as: asFolder() });
  await source.registry.save("set", 0, { as: asFolder(350) });
  return source;
}

/** Opens a registry again, which refuses to hold whole lists. */
async function withoutLists(side: Side): Promise<Side> {
  const again = await open(side);
  withoutWholeLists(again.registry);
  return again;
}

async function assertEqual(
  source: Side,
  target: Side,
  versions = ["1.0.0", "2.0.0"],
): Promise<void> {
  const to = await open(target);
  assertEquals((await verifyRegistry(to.registry)).problems, []);
  for (const version of versions) {
    const sides = await Promise.all([source, to].map(async ({ registry }) => {
      const { info } = await registry.open(`set@${version}`);
      const sorted = info.files.toSorted((a, b) => a.path < b.path ? -1 : 1);
      return { digest: info.digest, size: info.size, files: sorted };
    }));
    assertEquals(sides[1], sides[0]);
  }
}

const bytesPut = ({ backend }: Side) =>
  backend.calls.reduce((sum, { verb, bytes }) => sum + (verb === "put" ? bytes!.byteLength : 0), 0);

Deno.test("a mirror holds no list in pages, reads each object some times, and shares pages", async () => {
  const source = await openSource(), target = await open();
  const from = await withoutLists(source), to = await withoutLists(target);
  source.backend.forget();
  const { failures, copied } = await mirrorRegistry(from.registry, to.registry);
  assertEquals([failures, copied], [[], 2]);
  await assertEqual(source, target);
  const reads = source.backend.asked({ verb: "get", key: /^objects/ });
  const objects = new Set(reads);
  assertGreater(objects.size, 60); // a page is an object
  assertLess(reads.length, 8 * objects.size); // two versions, two groups and walks of each
  const [one, other] = await Promise.all(["set@1.0.0", "set@2.0.0"].map(async (ref) => {
    const pages = await (await listOf(target.registry, ref)).list.pages();
    return new Set(pages.map(({ from, object }) => `${from}/${object}`));
  }));
  assertLessOrEqual(other!.difference(one!).size, 2);
});

Deno.test("the next version costs a mirror its changes", async () => {
  const source = await openSource(), target = await open();
  await mirrorRegistry(source.registry, target.registry, { range: "1.0.0" });
  const [from, to] = [await withoutLists(source), await withoutLists(target)];
  target.backend.forget();
  assertEquals((await mirrorRegistry(from.registry, to.registry)).failures, []);
  assertLess(bytesPut(target), 60_000);
  await assertEqual(source, target);
});

Deno.test("a dry run and a second run hold no list in pages", async () => {
  const source = await openSource(), target = await open();
  const [from, to] = [await withoutLists(source), await withoutLists(target)];
  const planned = await mirrorRegistry(from.registry, to.registry, { dryRun: true });
  assertEquals([planned.copied, planned.failures], [2, []]);
  await mirrorRegistry(from.registry, to.registry);
  const again = await mirrorRegistry(from.registry, to.registry, { verify: true });
  assertEquals([again.copied, again.failures], [0, []]);
});

Deno.test("a killed mirror of a list in pages leaves nothing but garbage, and the next completes it", async () => {
  const source = await openSource();
  let all = 0;
  for (let kill = 0; kill <= all; kill += Math.ceil(all / 7)) {
    const target = await open();
    let calls = 0;
    const killed = () => Promise.reject(new Error("killed"));
    target.backend.answerAll({}, (act) => calls++ < kill || kill === 0 ? act() : killed());
    await mirrorRegistry(source.registry, target.registry).catch(() => {});
    target.backend.heal();
    if (kill === 0) {
      all = calls;
      continue;
    }
    const { registry } = await open(target);
    assertEquals((await mirrorRegistry(source.registry, registry)).failures, [], `kill ${kill}`);
    target.system.advance(30 * 24 * 3_600_000);
    await collectGarbage(registry);
    await assertEqual(source, target);
  }
  assertGreater(all, 100);
});

for (const [what, fault] of [["damaged", damaged], ["missing", nothing]] as const) {
  Deno.test(`a ${what} page of an earlier version of the target is not shared`, async () => {
    const source = await openSource(), target = await open();
    await mirrorRegistry(source.registry, target.registry, { range: "1.0.0" });
    const to = await open(target);
    const key = (await listKeys(to.registry, "set@1.0.0")).at(20)!;
    target.backend.answerAll({ verb: "get", key: new RegExp(`^${RegExp.escape(key)}$`) }, fault);
    assertEquals((await mirrorRegistry(source.registry, to.registry)).failures, []);
    assertEquals((await listKeys(to.registry, "set@2.0.0")).includes(key), false);
    target.backend.heal();
    await assertEqual(source, target);
  });

  Deno.test(`a ${what} page of the source is a failure, and nothing is committed`, async () => {
    const source = await openSource(), target = await open();
    const from = await open(source);
    const key = (await listKeys(source.registry, "set@1.0.0")).at(20)!;
    source.backend.answerAll({ verb: "get", key: new RegExp(`^${RegExp.escape(key)}$`) }, fault);
    const { failures } = await mirrorRegistry(from.registry, target.registry);
    const codes = failures.map(({ error }) => error.code);
    assert(codes.length > 0 && codes.every((code) => code === "Corrupt"), `${codes}`);
    assertEquals(await target.registry.has("set@1.0.0"), false);
  });
}

Deno.test("nothing is shared with a version of the target that is deleted during a long copy", async () => {
  const source = await openSource(), target = await open();
  await mirrorRegistry(source.registry, target.registry, { range: "1.0.0" });
  const other = await open(target);
  target.backend.answer({ verb: "put", key: /^objects/ }, async (act) => {
    await other.registry.delete("set@1.0.0");
    target.system.advance(HOUR / 6); // the copy looks again before its commit
    return await act();
  });
  const options = { deleted: false, range: "2.0.0" };
  assertEquals((await mirrorRegistry(source.registry, target.registry, options)).failures, []);
  const { list, record } = await listOf(target.registry, "set@2.0.0");
  const folders = (await list.pages()).map(({ from }) => from!);
  assert(folders.every((folder) => folder.endsWith(record.commit)));
  target.system.advance(30 * 24 * HOUR);
  await collectGarbage(other.registry);
  await assertEqual(source, target, ["2.0.0"]);
});

Deno.test("damaged content of the source is a failure, and nothing is committed", async () => {
  const source = await openSource(), target = await open();
  const { list } = await listOf(source.registry, "set@1.0.0");
  const [part] = (await list.find("large"))!.parts!;
  source.backend.answerAll({ verb: "get", key: new RegExp(`/${part!.object}$`) }, damaged);
  const from = await open(source);
  const { failures } = await mirrorRegistry(from.registry, target.registry);
  assertGreater(failures.length, 0);
  assertEquals(await target.registry.has("set@1.0.0"), false);
});
