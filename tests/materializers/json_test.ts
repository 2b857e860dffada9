import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import { json } from "../../materializers/mod.ts";
import { assertExactly } from "./exactly.ts";
import { fails, readFiles, roundTrip, savedBy } from "./fake_artifact.ts";
import { casesOfRun, slowTest } from "../support/seeds.ts";
import { CODE_POINT } from "../support/strings/code_point.ts";

const materializer = json();

async function textOf(value: unknown): Promise<string> {
  return new TextDecoder().decode(
    await (await savedBy(materializer, value)).file("data.json").bytes(),
  );
}

async function refused(value: unknown, path: string): Promise<void> {
  const error = await fails("Unsupported", () => materializer.save(value, {}));
  assertStringIncludes(error.message, `Cannot save ${path}: `);
  assert(error.hint);
}

Deno.test("plain JSON is saved as plain JSON, as JSON.stringify writes it", async () => {
  const values: unknown[] = [
    { b: [1, 2.5, -3e300, { a: null }], a: "é😀", "10": true, "2": false, "": {} },
    [],
    {},
    null,
    0,
    "text",
    [[[]]],
    { toJSON: "a word", constructor: 1, valueOf: null },
  ];
  for (const value of values) {
    assertEquals(await textOf(value), JSON.stringify(value));
    assertExactly(await roundTrip(materializer, value), value);
  }
});

Deno.test("values that JSON lacks come back exactly", async () => {
  const values = [
    undefined,
    NaN,
    Infinity,
    -Infinity,
    -0,
    0n,
    -(2n ** 200n),
    new Date(0),
    new Date(8.64e15),
    new Date(-8.64e15),
    new Date(NaN),
    new Map(),
    new Map<unknown, unknown>([[NaN, -0], [{ a: 1 }, new Map([[undefined, null]])], [
      "x",
      new Set([1n]),
    ]]),
    new Set([undefined, [], new Date(5)]),
    { a: undefined, b: [NaN, { c: -0 }] },
    [undefined],
    "\ud800 a lone surrogate",
    { "\udfff": "\udbff" },
  ];
  for (const value of values) assertExactly(await roundTrip(materializer, value), value);
  assertExactly(await roundTrip(materializer, values), values);
});

Deno.test("holes of an array stay holes, and a long one costs nothing", async () => {
  // deno-lint-ignore no-sparse-arrays
  const values: unknown[][] = [[,], [, 1], [1, , undefined, , 3, ,], [[,], , { a: [,] }]];
  values.push(Object.assign([], { length: 2 ** 32 - 1, [2 ** 32 - 3]: "last" }));
  for (const value of values.slice(0, 4)) {
    assertExactly(await roundTrip(materializer, value), value);
  }
  const long = await roundTrip(materializer, values[4]) as unknown[];
  assertEquals(long.length, 2 ** 32 - 1);
  assertEquals(Object.keys(long), [String(2 ** 32 - 3)]);
});

Deno.test("an object without prototype, and keys like __proto__, come back exactly and pollute nothing", async () => {
  const bare = Object.assign(Object.create(null), { a: 1, $holdfast: "map" });
  const hostile = JSON.parse(
    '{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}',
  );
  const extended = JSON.parse('{"__proto__":{"polluted":[]},"a":{"__proto__":1}}');
  extended.a.b = undefined;
  Object.defineProperty(bare, "__proto__", {
    value: -0,
    enumerable: true,
    writable: true,
    configurable: true,
  });
  for (const value of [bare, hostile, extended]) {
    assertExactly(await roundTrip(materializer, value), value);
  }
  assertEquals(({} as Record<string, unknown>).polluted, undefined);
});

Deno.test("a user's own $holdfast key is data", async () => {
  const values = [
    { $holdfast: "undefined" },
    { $holdfast: "map", value: [[1, 2]] },
    { $holdfast: { $holdfast: "number", value: "NaN" } },
    {
      a: [{ $holdfast: "object", value: { $holdfast: "undefined" } }],
      b: "$holdfast",
      $holdfast: undefined,
    },
    "$holdfast",
    ['"$holdfast"'],
    { $holdfast: "bytes", class: "Uint8Array", file: "parts/0.bin" },
  ];
  for (const value of values) assertExactly(await roundTrip(materializer, value), value);
});

slowTest("any data comes back exactly", async () => {
  const anything = fc.anything({
    withBigInt: true,
    withDate: true,
    withMap: true,
    withSet: true,
    withNullPrototype: true,
    withSparseArray: true,
    withTypedArray: true,
    key: fc.oneof(
      fc.string(),
      fc.string({ unit: CODE_POINT }),
      fc.constantFrom("$holdfast", "__proto__", "value", "7"),
    ),
    values: [
      fc.jsonValue(),
      fc.double(),
      fc.constant(undefined),
      fc.string({ unit: CODE_POINT }),
      fc.constant("$holdfast"),
    ],
  });
  await fc.assert(
    fc.asyncProperty(
      anything,
      async (value) => assertExactly(await roundTrip(materializer, value), value),
    ),
    { numRuns: casesOfRun(500) },
  );
});

Deno.test("bytes, arrays of numbers and blobs inside become files beside the JSON", async () => {
  const value = {
    bytes: Uint8Array.of(1, 2, 3),
    buffer: Uint8Array.of(9, 8).buffer,
    view: new DataView(Uint8Array.of(1, 2, 3, 4).buffer, 1, 2),
    floats: [Float32Array.of(1.5, NaN), BigInt64Array.of(-1n)],
    clamped: Uint8ClampedArray.of(255),
    array: { data: Float64Array.of(1, 2, 3, 4), shape: [2, 2], dtype: "float64" },
    almost: { data: Float64Array.of(1, 2, 3), shape: [2, 2], dtype: "float64" },
  };
  const artifact = await savedBy(materializer, value);
  assertEquals(
    artifact.files().map(({ info }) => info.path),
    ("data.json parts/0.bin parts/1.bin parts/2.bin parts/3.npy parts/4.npy " +
      "parts/5.npy parts/6.npy parts/7.npy").split(" "),
  );
  const loaded = await materializer.load(artifact, {}) as typeof value;
  assertExactly({ ...loaded, view: 0 }, { ...value, view: 0 });
  assertEquals(loaded.view.getUint16(0), 0x0203);
});

Deno.test("blobs and files inside keep type, name and time", async () => {
  const value = {
    a: new Blob(["x"], { type: "text/plain" }),
    b: new File(["y"], "ü.txt", { lastModified: 7 }),
  };
  const { a, b } = await roundTrip(materializer, value) as typeof value;
  assertEquals([await a.text(), a.type, a instanceof File], ["x", value.a.type, false]);
  assertEquals([await b.text(), b.name, b.lastModified], ["y", "ü.txt", 7]);
});

Deno.test("an object that occurs twice is saved twice", async () => {
  const shared = { a: [1] };
  for (const rest of [[], [undefined]]) {
    const [first, second] = await roundTrip(materializer, [
      shared,
      shared,
      ...rest,
    ]) as typeof shared[];
    assertExactly([first, second], [shared, shared]);
    assert(first !== second);
  }
});

Deno.test("a value without an exact form is Unsupported, with its path", async () => {
  class Mine {
    x = 1;
  }
  const hidden = Object.defineProperty({}, "secret", { value: 1 });
  const getter = {
    get a() {
      throw new Error("never called");
    },
  };
  const cases: [unknown, string][] = [
    [{ a: [0, 1, 2, () => 1] }, "$.a[3]"],
    [{ a: Symbol("x") }, "$.a"],
    [{ "a b": /x/ }, '$["a b"]'],
    [[new Error("x")], "$[0]"],
    [[new Mine()], "$[0]"],
    [[new (class extends Array {})()], "$[0]"],
    [[new (class extends Map {})()], "$[0]"],
    [[new (class extends Date {})()], "$[0]"],
    [[new (class extends Uint8Array {})()], "$[0]"],
    [new Map([["k", new WeakMap()]]), "$.value(0)"],
    [new Map([[() => 1, 1]]), "$.key(0)"],
    [new Set([1, Promise.resolve()]), "$.value(1)"],
    [[new Number(1), new String("x")], "$[0]"],
    [[Object(1n)], "$[0]"],
    [{ [Symbol("s")]: 1 }, "$"],
    [{ a: hidden }, "$.a"],
    [{ a: getter }, "$.a"],
    [[Object.defineProperty([1], 0, { get: () => 1 })], "$[0]"],
    [[Object.assign([1], { extra: 1 })], "$[0]"],
    // deno-lint-ignore no-sparse-arrays
    [[Object.assign([, 1], { extra: 1 })], "$[0]"],
    [[Object.assign(new Date(5), { extra: 1 })], "$[0]"],
    [[Object.assign(new Map(), { extra: 1 })], "$[0]"],
    [[Object.assign(new Set(), { [Symbol("x")]: 1 })], "$[0]"],
    [[Object.create(Date.prototype)], "$[0]"],
    [{ a: new Uint8Array(new SharedArrayBuffer(4)) }, "$.a"],
    [{ a: new ArrayBuffer(4, { maxByteLength: 8 }) }, "$.a"],
    [{ toJSON: () => ({}) }, "$.toJSON"],
    [
      (function (..._: unknown[]) {
        return [arguments];
      })(1),
      "$[0]",
    ],
  ];
  for (const [value, path] of cases) await refused(value, path);
});

Deno.test("memory that was transferred away is Unsupported, not saved as empty", async () => {
  const bytes = Uint8Array.of(1, 2, 3);
  structuredClone(bytes, { transfer: [bytes.buffer] });
  await refused({ bytes }, "$.bytes");
});

Deno.test("cycles are Unsupported, also through maps and wide ones", async () => {
  const ring: Record<string, unknown> = { a: { b: [] } };
  (ring.a as { b: unknown[] }).b.push(ring);
  await refused(ring, "$.a.b[0]");
  const map = new Map<string, unknown>();
  map.set("self", map);
  await refused(map, "$.value(0)");
  const wide: Record<string, unknown> = {};
  for (let i = 0; i < 100; i++) wide[`k${i}`] = wide;
  await refused(wide, "$.k0");
});

Deno.test("1,000 levels are kept, 100,000 are Unsupported", async () => {
  function nested(levels: number, wrap: (inner: unknown) => unknown): unknown {
    let value: unknown = "core";
    for (let i = 0; i < levels; i++) value = wrap(value);
    return value;
  }
  for (
    const wrap of [
      (x: unknown) => [x],
      (x: unknown) => ({ a: x }),
      (x: unknown) => new Map([[1, x]]),
    ]
  ) {
    const value = nested(1_000, wrap);
    assertEquals(await textOf(await roundTrip(materializer, value)), await textOf(value));
    const error = await fails("Unsupported", () => materializer.save(nested(100_000, wrap), {}));
    assert(error.message.length < 300, error.message);
  }
});

Deno.test("equal values have equal files, byte by byte", async () => {
  const value = () => ({
    a: new Map([[1, new Date(5)]]),
    b: Uint8Array.of(1),
    c: [1, 2, { d: undefined }],
  });
  assertEquals(
    await readFiles(materializer.save(value(), {})),
    await readFiles(materializer.save(value(), {})),
  );
});
