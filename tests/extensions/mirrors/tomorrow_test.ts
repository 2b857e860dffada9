// Mirrors of what a program of tomorrow wrote: its members and rules.
import { assert, assertEquals } from "@std/assert";
import { createMemoryBackend } from "../../../backends/memory.ts";
import { mirrorRegistry } from "../../../extensions/mirrors/mod.ts";
import { openRegistry } from "../../../mod.ts";
import { collectGarbage } from "../../../extensions/maintenance/mod.ts";
import { keysOf, noise } from "../../registry/registries.ts";
import { verifyRegistry } from "../../../apps/maintenance.ts";
import { openWith, RULES } from "../../registry/tomorrow/rules_world.ts";
import {
  assertKept,
  createWorld,
  fill,
  load,
  OF_VERSION,
} from "../../registry/tomorrow/tomorrow_world.ts";
import { newestRecord } from "../../registry/tomorrow/with_members.ts";

Deno.test("mirrors keep members, also of mirrors", async () => {
  const world = await createWorld();
  const values = await fill(world);
  const first = createMemoryBackend(), second = createMemoryBackend();
  const mirrors = [await openRegistry(first), await openRegistry(second)] as const;
  let from = world.today;
  for (const mirror of mirrors) {
    assertEquals((await mirrorRegistry(from, mirror)).failures, []);
    assertEquals((await mirrorRegistry(from, mirror)).copied, 0);
    for (const [ref, value] of Object.entries(values)) {
      assertEquals(await load(mirror, ref), value, ref);
    }
    assertEquals((await verifyRegistry(mirror)).problems, []);
    const { backend } = mirror;
    assertKept(await newestRecord(backend, "names/made/versions/"), [...OF_VERSION, "by"]);
    assertKept(await newestRecord(backend, "names/small/aliases/live/"), ["", "by"]);
    assertKept(await newestRecord(backend, "names/small/notes/p"), ["", "by"]);
    from = mirror;
  }
  assert(await world.tomorrow.has("small@live"));
  const back = await createWorld();
  assertEquals((await mirrorRegistry(mirrors[1], back.tomorrow)).failures, []);
});

Deno.test("a copy by a program of tomorrow is deleted with its version, without a note", async () => {
  const { tomorrow, today } = await createWorld({ mutable: true });
  const source = await openRegistry(createMemoryBackend(), { mutable: true });
  const save = (value: Uint8Array) =>
    source.save("m", value, { version: "1", onConflict: "overwrite" });
  for (const seed of [1, 2]) await save(noise(300_000, seed));
  assertEquals((await mirrorRegistry(source, tomorrow)).failures, []);
  for (const key of await keysOf(today.backend, "mirrors/")) await today.backend.delete(key);
  await save(noise(300_000, 3));
  await source.delete("m@1");
  await collectGarbage(source, { now: true });
  const { deleted, failures } = await mirrorRegistry(source, today);
  assertEquals([deleted, failures], [1, []]);
});

Deno.test("a mirror deletes and overwrites nothing that a rule of tomorrow may protect", async () => {
  const target = await openWith({ pattern: "m", keepYearly: 2 });
  const source = await openRegistry(createMemoryBackend(), { mutable: true });
  assertEquals((await mirrorRegistry(target, source)).failures, []);
  await source.delete("m@3");
  await source.save("m", "over", { version: "1", onConflict: "overwrite" });
  await source.delete("other@3");
  const { failures } = await mirrorRegistry(source, target);
  assertEquals(failures.map(({ version, error }) => [version, error.code]).toSorted(), [
    ["1.0.0", "Unsupported"],
    ["3.0.0", "Unsupported"],
  ]);
  assertEquals([await target.load("m@3"), await target.load("m@1")], [3, 1]);
});

for (const [what, rule] of Object.entries(RULES)) {
  Deno.test(`a registry with a rule of tomorrow is mirrored: ${what}`, async () => {
    const registry = await openWith(rule);
    const copy = await openRegistry(createMemoryBackend());
    assertEquals((await mirrorRegistry(registry, copy)).failures, []);
  });
}
