import { assertEquals, assertThrows } from "@std/assert";
import { RegistryError } from "../../../../mod.ts";
import { allows, parseScope } from "../../../../apps/server/access/access.ts";

Deno.test("a scope gives one right to one name, or to what names begin with", () => {
  const scopes = ["read:team/*", "write:models:*", "read:data:raw"].map(parseScope);
  const may = (right: "read" | "write", ...names: string[]) =>
    names.map((name) => allows(scopes, right, name));
  assertEquals(may("read", "team/a", "team/", "data:raw"), [true, true, true]);
  assertEquals(may("read", "team", "teams/a", "data:raw2", "models:a", ""), [
    false,
    false,
    false,
    false,
    false,
  ]);
  assertEquals(may("write", "models:a", "team/a", "models", "Models:a"), [
    true,
    false,
    false,
    false,
  ]);
});

Deno.test("read:* reads everything and writes nothing; admin does all", () => {
  assertEquals(allows([parseScope("read:*")], "read", "x"), true);
  assertEquals(allows([parseScope("read:*")], "write", "x"), false);
  assertEquals(allows([parseScope("admin")], "write", "x"), true);
  assertEquals(allows([parseScope("metrics")], "read", "x"), false);
});

Deno.test("what is no scope is refused with examples", () => {
  for (const text of ["", "read", "read:", "delete:x", "read:a*b", "read:**", "ADMIN", " admin"]) {
    const error = assertThrows(() => parseScope(text), RegistryError, "as a scope");
    assertEquals(error.code, "Invalid", text);
  }
});
