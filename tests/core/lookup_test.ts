import { assert, assertEquals, assertFalse, assertStrictEquals, assertStringIncludes } from "@std/assert";
import { createLookup } from "../../core/lookup.ts";
import { thrown } from "./thrown.ts";

Deno.test("a lookup gives what was registered, in the order it was", () => {
  const lookup = createLookup<number>("number", { one: 1 });
  assertEquals(lookup.register("two", 2), 2);
  assertEquals(lookup.get("one") + lookup.get("two"), 3);
  assertEquals(lookup.keys(), ["one", "two"]);
  assertEquals([...lookup], [["one", 1], ["two", 2]]);
  assert(lookup.has("two"));
  assertFalse(lookup.has("three"));
});

Deno.test("register(key) is a decorator: it adds what it is called with and returns that", () => {
  const lookup = createLookup<new () => object>("plugin");
  class Plugin {}
  assertStrictEquals(lookup.register("mine")(Plugin), Plugin);
  assertStrictEquals(lookup.get("mine"), Plugin);
});

Deno.test("a key that is taken is AlreadyExists and keeps its value, from the beginning or later", () => {
  const lookup = createLookup<number>("number", { one: 1 });
  assertStringIncludes(thrown("AlreadyExists", () => lookup.register("one", 2)).message, `number "one"`);
  thrown("AlreadyExists", () => lookup.register("one")(2));
  assertEquals(lookup.get("one"), 1);
});

Deno.test("a decorator that was made adds nothing until it is called", () => {
  const lookup = createLookup<number>("number");
  const decorate = lookup.register("later");
  assertFalse(lookup.has("later"));
  decorate(1);
  thrown("AlreadyExists", () => decorate(2));
});

Deno.test("a missing key is NotFound and lists what there is", () => {
  const lookup = createLookup<number>("number", { one: 1, two: 2 });
  const error = thrown("NotFound", () => lookup.get("three"));
  assertStringIncludes(error.message, `number "three"`);
  assertEquals(error.hint, `There is: "one", "two".`);
  assertEquals(thrown("NotFound", () => createLookup("number").get("x")).hint, "There is: none.");
});

Deno.test("keys that objects inherit are not there until they are registered", () => {
  const lookup = createLookup<number>("number");
  for (const key of ["__proto__", "constructor", "toString", ""]) {
    assertFalse(lookup.has(key));
    thrown("NotFound", () => lookup.get(key));
    lookup.register(key, 1);
    assertEquals(lookup.get(key), 1);
  }
});

Deno.test("undefined is a value like any other", () => {
  const lookup = createLookup<number | undefined>("number");
  lookup.register("none", undefined);
  assert(lookup.has("none"));
  assertEquals(lookup.get("none"), undefined);
});

Deno.test("two lookups share nothing", () => {
  const entries = { one: 1 };
  const [a, b] = [createLookup<number>("number", entries), createLookup<number>("number", entries)];
  a.register("two", 2);
  assertFalse(b.has("two"));
  assertEquals(entries, { one: 1 });
});
