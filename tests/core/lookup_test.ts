import {
  assert,
  assertEquals,
  assertFalse,
  assertRejects,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { createLookup } from "../../core/lookup.ts";
import { thrown } from "./thrown.ts";

Deno.test("a lookup returns what was registered, in order", () => {
  const lookup = createLookup<number>("number", { one: 1 });
  assertEquals(lookup.register("two", 2), 2);
  assertEquals(lookup.get("one") + lookup.get("two"), 3);
  assertEquals(lookup.names(), ["one", "two"]);
  assertEquals([lookup.find("two"), lookup.find("three")], [2, undefined]);
  assert(lookup.has("two"));
  assertFalse(lookup.has("three"));
});

Deno.test("register(key) is a decorator that returns its argument", () => {
  const lookup = createLookup<new () => object>("plugin");
  class Plugin {}
  assertStrictEquals(lookup.register("mine")(Plugin), Plugin);
  assertStrictEquals(lookup.get("mine"), Plugin);
});

Deno.test("a key that exists is AlreadyExists, a missing one NotFound with all keys", () => {
  const lookup = createLookup<number>("number", { one: 1, two: 2 });
  const taken = thrown("AlreadyExists", () => lookup.register("one", 2));
  assertStringIncludes(taken.message, `number "one"`);
  thrown("AlreadyExists", () => lookup.register("one")(2));
  assertEquals(lookup.get("one"), 1);
  const missing = thrown("NotFound", () => lookup.get("three"));
  assertStringIncludes(missing.message, `number "three"`);
  assertStringIncludes(missing.hint!, `"one", "two"`);
  assertStringIncludes(thrown("NotFound", () => createLookup("number").get("x")).hint!, "none");
});

Deno.test("inherited keys do not exist until they are registered", () => {
  const lookup = createLookup<number>("number");
  for (const key of ["__proto__", "constructor", "toString", ""]) {
    assertFalse(lookup.has(key));
    thrown("NotFound", () => lookup.get(key));
    lookup.register(key, 1);
    assertEquals(lookup.get(key), 1);
  }
});

Deno.test("registerLazy() creates a thing at its first use, once", () => {
  const lookup = createLookup<object>("thing", { there: {} });
  let made = 0;
  lookup.registerLazy("later", () => ({ nth: ++made }));
  assertEquals([lookup.names(), lookup.has("later"), made], [["there", "later"], true, 0]);
  assertStrictEquals(lookup.get("later"), lookup.find("later"));
  assertEquals(made, 1);
  thrown("AlreadyExists", () => lookup.registerLazy("later", () => ({})));
  thrown("AlreadyExists", () => lookup.register("later", {}));
});

Deno.test("concurrent callers share a promise, and a failed one is created again", async () => {
  const lookup = createLookup<Promise<object>>("thing");
  const failure = new Error("not yet");
  let asked = 0;
  const create = () => ++asked === 1 ? Promise.reject(failure) : Promise.resolve({ asked });
  lookup.registerLazy("slow", create);
  const ends = await Promise.allSettled([lookup.get("slow"), lookup.get("slow")]);
  assertEquals(ends.map(({ status }) => status), ["rejected", "rejected"]);
  assertEquals(asked, 1);
  const [one, other] = await Promise.all([lookup.get("slow"), lookup.get("slow")]);
  assertStrictEquals(one, other);
  assertEquals(asked, 2);
  lookup.registerLazy("thrower", () => {
    asked++;
    throw failure;
  });
  for (const times of [3, 4]) {
    assertStrictEquals(assertThrows(() => lookup.get("thrower")), failure);
    assertEquals(asked, times);
  }
});

Deno.test("disposing of a lookup disposes of lazily created things only, last first", async () => {
  const ended: string[] = [];
  const thing = (name: string) => ({
    [Symbol.asyncDispose]: () => Promise.resolve(void ended.push(name)),
  });
  const brief = { [Symbol.dispose]: () => void ended.push("brief") };
  const lookup = createLookup<unknown>("thing", { given: thing("given") });
  lookup.register("brought", thing("brought"));
  lookup.registerLazy("first", () => thing("first"));
  lookup.registerLazy("brief", () => brief);
  lookup.registerLazy("promised", () => Promise.resolve(thing("promised")));
  lookup.registerLazy("failed", () => Promise.reject(new Error("never made")));
  lookup.registerLazy("unused", () => thing("unused"));
  for (const name of ["promised", "given", "brought", "first", "brief"]) lookup.get(name);
  await Promise.resolve(lookup.get("failed")).catch(() => {});
  await lookup[Symbol.asyncDispose]();
  assertEquals(ended, ["brief", "first", "promised"]);
  await lookup[Symbol.asyncDispose]();
  assertEquals(ended.length, 3);
  thrown("Invalid", () => lookup.get("first"));
  thrown("Invalid", () => lookup.find("unused"));
  assert(lookup.get("given") !== undefined);
});

Deno.test("a failing disposal does not prevent the others", async () => {
  const ended: string[] = [];
  const lookup = createLookup<AsyncDisposable>("thing");
  for (const name of ["a", "b", "c"]) {
    lookup.registerLazy(name, () => ({
      [Symbol.asyncDispose]() {
        ended.push(name);
        return name === "b" ? Promise.reject(new Error("stuck")) : Promise.resolve();
      },
    }));
    lookup.get(name);
  }
  await assertRejects(() => lookup[Symbol.asyncDispose](), Error, "stuck");
  assertEquals(ended, ["c", "b", "a"]);
});
