import { assert, assertEquals, assertNotStrictEquals, assertStringIncludes } from "@std/assert";
import { type ClassMaterializer, defineMaterializer } from "../../core/materializer.ts";
import { createMaterializers, localPath } from "../../materializers/mod.ts";
import { fails, roundTrip } from "./fake_artifact.ts";

class Point {
  readonly x: number;
  readonly y: number;
  constructor(x: number, y: number) {
    this.x = x;
    this.y = y;
  }
}

function pointMaterializer(
  id: string,
  rest: Partial<ClassMaterializer<Point>> = {},
): ClassMaterializer<Point> {
  return defineMaterializer<Point>({
    id,
    save: ({ x, y }) => [{ path: "point.txt", content: new TextEncoder().encode(`${x} ${y}`) }],
    async load(artifact) {
      const text = new TextDecoder().decode(await artifact.file("point.txt").bytes());
      const [x, y] = text.split(" ").map(Number);
      return new Point(x, y);
    },
    ...rest,
  });
}

Deno.test("each kind of value has its materializer", () => {
  const set = createMaterializers();
  const plain = ["\ud800", undefined, null, 0, 1n, true, {}, [], Object.create(null), new Date(0)];
  const array = { data: new Float32Array(1), shape: [1], dtype: "float32" };
  const values: Record<string, unknown[]> = {
    text: ["text", ""],
    json: [...plain, new Map(), new Set(), new DataView(new ArrayBuffer(1))],
    bytes: [new Uint8Array(1), new ReadableStream()],
    "array-buffer": [new ArrayBuffer(1)],
    blob: [new Blob([]), new File([], "a")],
    "typed-array": [new Float32Array(1)],
    ndarray: [array],
    file: [localPath("/etc/hostname")],
    folder: [localPath("/etc")],
  };
  for (const id in values) {
    for (const value of values[id]) assertEquals(set.forValue(value).id, id);
  }
});

Deno.test("a value without a materializer is Unsupported, and the hint says how to add one", async () => {
  const set = createMaterializers();
  const values: unknown[] = [new Point(1, 2), () => 1, Symbol("x"), /x/, new Error("x")];
  values.push(new WeakMap(), Promise.resolve(1), new URL("https://a.b"), new Number(1));
  values.push(new String("x"), new SharedArrayBuffer(1), new (class extends Map {})());
  values.push(new (class extends Array {})(), new (class extends Date {})());
  for (const value of values) {
    const error = await fails("Unsupported", () => set.forValue(value));
    assertStringIncludes(error.hint!, "defineMaterializer");
  }
  const { message } = await fails("Unsupported", () => set.forValue(new Point(1, 2)));
  assertStringIncludes(message, "class Point");
});

Deno.test("a class of one's own is saved by class, its subclasses too, the nearest first", async () => {
  class Named extends Point {}
  class Special extends Named {}
  const set = createMaterializers();
  const point = set.register(Point, pointMaterializer("acme/point"));
  assertEquals(set.forValue(new Special(1, 2)), point);
  const named = set.register(pointMaterializer("acme/named", { class: Named }));
  assertEquals(
    [new Point(1, 2), new Named(1, 2), new Special(1, 2)].map((value) => set.forValue(value).id),
    ["acme/point", "acme/named", "acme/named"],
  );
  assertEquals(await roundTrip(named, new Named(3, 4)), new Point(3, 4));
});

Deno.test("a predicate of one's own goes before the default ones, a class before any predicate", () => {
  const set = createMaterializers();
  set.register(
    pointMaterializer("acme/pairs", {
      accepts: (value) => Array.isArray(value) && value.length === 2,
    }),
  );
  assertEquals(set.forValue([1, 2]).id, "acme/pairs");
  assertEquals(set.forValue([1, 2, 3]).id, "json");
  set.register(Array as never, pointMaterializer("acme/array"));
  assertEquals(set.forValue([1, 2]).id, "acme/array");
});

Deno.test("an id or class that is taken is AlreadyExists, also one of the default set", async () => {
  const set = createMaterializers();
  await fails("AlreadyExists", () => set.register(pointMaterializer("json")));
  set.register(Point, pointMaterializer("acme/point"));
  await fails("AlreadyExists", () => set.register(Point, pointMaterializer("acme/other")));
  await fails("Unsupported", () => set.get("acme/other"));
});

Deno.test("each set is its own", async () => {
  const [one, other] = [createMaterializers(), createMaterializers()];
  one.register(Point, pointMaterializer("acme/point"));
  assert(one.has("acme/point"));
  assertNotStrictEquals(one.get("json"), other.get("json"));
  const error = await fails("Unsupported", () => other.get("acme/point"));
  const ids = "json, text, typed-array, bytes, array-buffer, blob, ndarray, file, folder";
  assertStringIncludes(error.hint!, ids);
});
