import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { setImmediate } from "node:timers";
import { entriesIn, keyOf } from "../../../../extensions/gateways/hub/entries.ts";
import { sha256 } from "../../../../core/bytes/digest.ts";
import { onePage } from "../../../../core/artifact.ts";
import { openRegistry } from "../../../../mod.ts";

/** Opens a version of files that have their path as content. */
async function versionOf(paths: readonly string[]) {
  await using registry = await openRegistry("memory:");
  const content = (path: string) => new TextEncoder().encode(path);
  const save = () => paths.map((path) => ({ path, content: content(path) }));
  await registry.save("m", 0, { as: { id: "folder", formatVersion: 1, load: () => 0, save } });
  return onePage(await registry.open("m"));
}

Deno.test("folders come before their content, and have an id of the version and their path", async () => {
  const oids = async (...paths: string[]) => {
    const entries = entriesIn(await versionOf(paths), { recursive: true });
    return new Map(await Array.fromAsync(entries, ({ path, oid }) => [path, oid]));
  };
  const before = await oids("a/b/c/d", "a/e", "f/g", "a-");
  assertEquals([...before.keys()], ["a-", "a", "a/b", "a/b/c", "a/b/c/d", "a/e", "f", "f/g"]);
  assertEquals(before.get("a/e"), sha256("a/e").slice(0, 40));
  assertEquals(await oids("a-", "f/g", "a/e", "a/b/c/d"), before); // in any order
  const after = await oids("a/b/c/x", "a/e", "f/g", "a-");
  for (const folder of ["a", "a/b", "a/b/c"]) {
    assertNotEquals(after.get(folder), before.get(folder));
  }
});

Deno.test("a listing goes on after each of its entries", async () => {
  const version = await versionOf(["a-", "a/b/c", "a/b/d", "a/b-", "a/e", "a0", "b/c/d", "é"]);
  for (const recursive of [true, false]) {
    const all = await Array.fromAsync(entriesIn(version, { recursive }), keyOf);
    assertEquals(all.length, recursive ? 12 : 5);
    for (const [at, after] of all.entries()) {
      const rest = await Array.fromAsync(entriesIn(version, { recursive, after }), keyOf);
      assertEquals(rest, all.slice(at + 1), after);
    }
  }
});

Deno.test("listing many files and folders takes turns with other work", async () => {
  const version = await versionOf(Array.from({ length: 5000 }, (_, i) => `${i}/${i}`));
  let turns = 0, isOver = false;
  const count = () => {
    turns++;
    if (!isOver) setImmediate(count);
  };
  setImmediate(count);
  for (let round = 0; turns < 2 && round < 50; round++) { // one takes few turns on a fast machine
    const entries = await Array.fromAsync(entriesIn(version, { recursive: true }));
    assertEquals(entries.length, 10_000);
  }
  isOver = true;
  assert(turns >= 2, `${turns} turns`);
});
