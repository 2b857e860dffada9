import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { createHash } from "node:crypto";
import { setImmediate } from "node:timers";
import { entriesOf } from "../../../gateways/hub/entries.ts";
import { sha256 } from "../../../core/bytes/digest.ts";

const filesAt = (...paths: string[]) =>
  paths.map((path) => ({ path, size: 1, sha256: sha256(path) }));

Deno.test("the id of a folder changes with each file below it, at any depth, and no other", async () => {
  const oids = async (...paths: string[]) =>
    new Map((await entriesOf({ files: filesAt(...paths) })).map(({ path, oid }) => [path, oid]));
  const before = await oids("a/b/c/d", "a/e", "f/g");
  assertEquals([...before.keys()], ["a", "a/b", "a/b/c", "a/b/c/d", "a/e", "f", "f/g"]);
  assertEquals(await oids("f/g", "a/e", "a/b/c/d"), before); // in any order
  const after = await oids("a/b/c/x", "a/e", "f/g");
  for (const folder of ["a", "a/b", "a/b/c"]) {
    assertNotEquals(after.get(folder), before.get(folder));
  }
  assertEquals(after.get("f"), before.get("f"));
});

Deno.test("each file and folder is hashed once, however deep it is", async () => {
  const files = filesAt(...Array.from({ length: 1000 }, (_, i) => `${"a/".repeat(200)}${i}`));
  const hash = Object.getPrototypeOf(createHash("sha256"));
  const { update } = hash;
  let count = 0;
  hash.update = function (...given: unknown[]) {
    count++;
    return update.apply(this, given);
  };
  try {
    assertEquals((await entriesOf({ files })).length, 1200);
  } finally {
    hash.update = update;
  }
  assert(count > 0 && count <= 1200, `${count} updates`);
});

Deno.test("listing many files and folders takes turns with other work", async () => {
  const files = filesAt(...Array.from({ length: 5000 }, (_, i) => `${i}/${i}`));
  let turns = 0, isOver = false;
  const count = () => {
    turns++;
    if (!isOver) setImmediate(count);
  };
  setImmediate(count);
  const entries = await entriesOf({ files });
  isOver = true;
  assertEquals(entries.length, 10_000);
  assert(turns >= 18, `${turns} turns`);
});
