// Runs that wrote a version and were killed before their note of it. Afterwards the source replaces,
// deletes and collects that version, so neither note nor source has anything left of its value.
import { assertEquals } from "@std/assert";
import type { StoredRegistry } from "../../../../core/registry.ts";
import { mirrorRegistry } from "../../../../extensions/mirrors/mod.ts";
import { createMemoryBackend, openRegistry } from "../../../../mod.ts";
import { collectGarbage } from "../../../../extensions/maintenance/mod.ts";
import { keysOf, noise } from "../../../registry/registries.ts";
import { rejected } from "../../../registry/rejected.ts";
import { testMirror } from "../mirror_world.ts";

const LARGE = 70_000;
const MUTABLE = { mutable: true };

async function replace(registry: StoredRegistry, ref: string, seed: number): Promise<void> {
  const [name = "", version] = ref.split("@");
  await registry.save(name, noise(LARGE, seed), { version, onConflict: "overwrite" });
}

/** Leaves what a run leaves that is killed before its notes. */
async function loseNotes({ backend }: StoredRegistry): Promise<void> {
  for (const key of await keysOf(backend!, "mirrors/")) await backend!.delete(key);
}

async function assertDeleted(from: StoredRegistry, to: StoredRegistry, ref: string): Promise<void> {
  const { deleted, failures } = await mirrorRegistry(from, to);
  assertEquals([deleted, failures], [1, []]);
  await rejected("NotFound", to.load(ref));
}

testMirror("a value between two others is deleted with its version", async ({ from, to }) => {
  await from.save("a", noise(LARGE));
  await replace(from, "a@1", 2);
  await mirrorRegistry(from, to);
  await loseNotes(to);
  await replace(from, "a@1", 3);
  await from.delete("a@1");
  await collectGarbage(from, { now: true });
  await assertDeleted(from, to, "a@1");
}, MUTABLE);

testMirror("a value between two restores is deleted with its version", async ({ from, to }) => {
  await from.save("a", noise(LARGE));
  for (let round = 0; round < 2; round++) {
    await from.delete("a@1");
    await from.undelete("a@1");
    if (round === 0) await mirrorRegistry(from, to);
  }
  await loseNotes(to);
  await from.delete("a@1");
  await collectGarbage(from, { now: true });
  await assertDeleted(from, to, "a@1");
});

testMirror("a mirror of a mirror deletes a value that both lost", async ({ from, to }) => {
  const last = await openRegistry(createMemoryBackend(), MUTABLE);
  for (let seed = 1; seed <= 3; seed++) {
    await replace(from, "a@1", seed);
    await mirrorRegistry(from, to);
    if (seed === 2) await mirrorRegistry(to, last);
  }
  await loseNotes(last);
  await from.delete("a@1");
  await mirrorRegistry(from, to);
  await collectGarbage(to, { now: true });
  await assertDeleted(to, last, "a@1");
}, MUTABLE);

testMirror("a value of another name of the source is not deleted", async ({ from, to }) => {
  for (const name of ["a", "b"]) {
    for (let seed = 1; seed <= 2; seed++) await replace(from, `${name}@1`, seed);
  }
  await mirrorRegistry(from, to, { names: ["b"], rename: () => "a" });
  await loseNotes(to);
  await replace(from, "a@1", 3);
  await from.delete("a@1");
  await collectGarbage(from, { now: true });
  const { failures } = await mirrorRegistry(from, to, { names: ["a"] });
  assertEquals(failures.map(({ error }) => error.code), ["Conflict"]);
  assertEquals(await to.load("a@1"), noise(LARGE, 2));
}, MUTABLE);
