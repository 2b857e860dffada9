import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { createHash } from "node:crypto";
import { entriesOf } from "../../../../apps/server/hf/entries.ts";
import { sha256 } from "../../../../core/bytes/digest.ts";

const filesAt = (...paths: string[]) =>
  paths.map((path) => ({ path, size: 1, sha256: sha256(path) }));

Deno.test("the id of a folder changes with each file below it, at any depth, and no other", () => {
  const oids = (...paths: string[]) =>
    new Map(entriesOf({ files: filesAt(...paths) }).map(({ path, oid }) => [path, oid]));
  const before = oids("a/b/c/d", "a/e", "f/g");
  assertEquals([...before.keys()], ["a", "a/b", "a/b/c", "a/b/c/d", "a/e", "f", "f/g"]);
  assertEquals(oids("f/g", "a/e", "a/b/c/d"), before); // in any order
  const after = oids("a/b/c/x", "a/e", "f/g");
  for (const folder of ["a", "a/b", "a/b/c"]) {
    assertNotEquals(after.get(folder), before.get(folder));
  }
  assertEquals(after.get("f"), before.get("f"));
});

Deno.test("each file and folder is hashed once, however deep it is", () => {
  const files = filesAt(...Array.from({ length: 1000 }, (_, i) => `${"a/".repeat(200)}${i}`));
  const hash = Object.getPrototypeOf(createHash("sha256"));
  const { update } = hash;
  let count = 0;
  hash.update = function (...given: unknown[]) {
    count++;
    return update.apply(this, given);
  };
  try {
    assertEquals(entriesOf({ files }).length, 1200);
  } finally {
    hash.update = update;
  }
  assert(count > 0 && count <= 1200, `${count} updates`);
});
