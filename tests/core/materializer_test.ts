import {
  assert,
  assertEquals,
  assertFalse,
  assertStrictEquals,
  assertStringIncludes,
} from "@std/assert";
import fc from "fast-check";
import { createMaterializerSet, defineMaterializer } from "../../core/materializer.ts";
import { described } from "../../core/text/described.ts";
import type { ClassMaterializer } from "../../core/materializer.ts";
import { thrown } from "./thrown.ts";

class Animal {}
class Dog extends Animal {}
class Puppy extends Dog {}

function materializer(id: string, rest: Partial<ClassMaterializer> = {}): ClassMaterializer {
  return defineMaterializer({ id, save: () => [], load: () => id, ...rest });
}

Deno.test("the nearest class selects the materializer, before those that accept everything", () => {
  const animal = materializer("animal", { class: Animal });
  const dog = materializer("dog", { class: Dog });
  const set = createMaterializerSet([materializer("all", { accepts: () => true }), animal, dog]);
  assertStrictEquals(set.forValue(new Animal()), animal);
  assertStrictEquals(set.forValue(new Dog()), dog);
  assertStrictEquals(set.forValue(new Puppy()), dog);
});

Deno.test("the last added materializer that accepts a value without a class saves it", () => {
  const all = materializer("all", { accepts: () => true });
  const texts = materializer("texts", { accepts: (value) => typeof value === "string" });
  const set = createMaterializerSet([all, texts]);
  assertStrictEquals(set.forValue("a"), texts);
  assertStrictEquals(set.forValue(1), all);
  const mine = set.register(materializer("mine", { accepts: (value) => value === "a" }));
  assertStrictEquals(set.forValue("a"), mine);
  assertStrictEquals(set.forValue("b"), texts);
});

Deno.test("one materializer can save several classes", () => {
  const one = materializer("one", { class: Dog });
  const set = createMaterializerSet([one]);
  class Cat {}
  assertStrictEquals(set.register(Cat, one), one);
  assertStrictEquals(set.forValue(new Cat()), one);
  assertEquals(set.names(), ["one"]);
});

Deno.test("an id or class that has a materializer is AlreadyExists", () => {
  const first = materializer("a", { class: Dog });
  const set = createMaterializerSet([first]);
  thrown("AlreadyExists", () => set.register(materializer("a")));
  thrown("AlreadyExists", () => set.register(materializer("a", { class: Animal })));
  thrown("AlreadyExists", () => set.register(materializer("b", { class: Dog })));
  thrown("AlreadyExists", () => set.register(Dog, materializer("c")));
  thrown("AlreadyExists", () => set.register(first));
  assertEquals(set.names(), ["a"]);
  assertStrictEquals(set.forValue(new Dog()), first);
});

Deno.test("a materializer without save or load is refused", () => {
  const set = createMaterializerSet();
  const { load: _load, ...half } = materializer("acme/half");
  for (const given of [half, { id: "acme/none", formatVersion: 1 }]) {
    const error = thrown("Invalid", () => set.register(given as ClassMaterializer));
    assertStringIncludes(error.message, given.id);
  }
  assertEquals(set.names(), []);
});

Deno.test("a value without a materializer is Unsupported; the hint lists the known ones", () => {
  const set = createMaterializerSet([materializer("dog", { class: Dog })]);
  const error = thrown("Unsupported", () => set.forValue(new Animal()));
  assertStringIncludes(error.message, "class Animal");
  assertStringIncludes(error.hint!, "dog");
});

Deno.test("values with a strange constructor are Unsupported like any other", () => {
  const set = createMaterializerSet([materializer("dog", { class: Dog })]);
  const strange = [
    Object.create(null),
    Object.create({ constructor: undefined }),
    Object.create({ constructor: null }),
    Object.create({ constructor: 5 }),
    Object.create({ constructor: () => 1 }),
    Object.create({ constructor: { prototype: 1, name: Symbol("x") } }),
    Object.create(Object.create(null)),
    { constructor: Dog },
    JSON.parse('{"__proto__":{"constructor":1},"constructor":1}'),
    new Proxy({}, {}),
    () => 1,
    Symbol("x"),
    10n,
    undefined,
    null,
  ];
  for (const value of strange) thrown("Unsupported", () => set.forValue(value));
});

Deno.test("constructors are found through prototypes, without endless loops", () => {
  function A() {}
  function B() {}
  A.prototype = Object.create({ constructor: B });
  B.prototype = Object.create({ constructor: A });
  thrown("Unsupported", () => createMaterializerSet().forValue(Object.create(A.prototype)));
  const dog = materializer("dog", { class: Dog });
  const proto = Object.create(Dog.prototype); // inherits its constructor
  assertStrictEquals(createMaterializerSet([dog]).forValue(Object.create(proto)), dog);
});

Deno.test("a materializer is found by its id, and an unknown id is Unsupported", () => {
  const set = createMaterializerSet([materializer("a")]);
  assert(set.has("a"));
  assertEquals(set.get("a").id, "a");
  assertFalse(set.has("b"));
  assertStringIncludes(thrown("Unsupported", () => set.get("b")).hint!, "a");
  for (const id of ["__proto__", "constructor", ""]) thrown("Unsupported", () => set.get(id));
});

Deno.test("defineMaterializer() accepts only lowercase ids and positive whole versions", () => {
  assertEquals(materializer("acme/model.v2_x-1").formatVersion, 1);
  assertEquals(materializer("a", { formatVersion: 3 }).formatVersion, 3);
  for (const id of ["", "A", "a b", "a\n", "é", "/a", "-a", "a@1", undefined, null, 1]) {
    thrown("Invalid", () => materializer(id as string));
  }
  for (const formatVersion of [0, -1, 1.5, NaN, Infinity, 2 ** 53, "1"]) {
    thrown("Invalid", () => materializer("a", { formatVersion: formatVersion as number }));
  }
});

Deno.test("described() returns a string for every value", () => {
  assertEquals(described(null), "null");
  assertEquals(described(undefined), "undefined");
  assertEquals(described(new Dog()), "a value of class Dog");
  assertEquals(described(Object.create(null)), "an object");
  const anything = fc.anything({ withNullPrototype: true, withBigInt: true });
  fc.assert(fc.property(anything, (value) => typeof described(value) === "string"));
});
