import { assert, assertEquals } from "@std/assert";
import { isPrefix } from "../../../core/backend.ts";
import { readAll } from "../../../core/bytes/bytes.ts";
import {
  assertBytes,
  listed,
  putAll,
  read,
  sampleBytes,
  text,
} from "../../conformance/backend/samples.ts";
import type { Fault } from "../../support/strict_gcs/mod.ts";
import { failureOf, type StrictContext, strictTest } from "./with_strict.ts";

const UNIT = 256 * 1024;
const small = { partBytes: UNIT };
const MEDIA = { method: "GET", url: /alt=media/ };

/** The requested ranges, in order. */
function ranges({ fake }: StrictContext): string[] {
  return fake.requests.flatMap(({ headers, query }) =>
    query.get("alt") === "media" ? headers.range : []
  );
}
strictTest("a large object is read in parts of one generation", async (context) => {
  const { fake, open } = context;
  const bytes = sampleBytes(5 * UNIT + 3);
  const backend = open({ ...small, parallel: 3 });
  await backend.put("a", bytes);
  const generation = String(fake.objects().find("a")!.generation);
  let running = 0, most = 0;
  fake.faults.add({ ...MEDIA, url: /generation=/, times: 3 }, async () => {
    most = Math.max(most, ++running);
    while (running < 3 && most < 3) {
      await Promise.resolve(new Promise((resolve) => setImmediate(resolve)));
    }
    running--;
  });
  assertBytes(await readAll((await backend.get("a"))!.body), bytes);
  assertEquals(most, 3);
  assertEquals(
    ranges(context).toSorted(),
    [0, 1, 2, 3, 4, 5].map((i) => `bytes=${i * UNIT}-${(i + 1) * UNIT - 1}`)
      .with(5, `bytes=${5 * UNIT}-${5 * UNIT + 2}`).toSorted(),
  );
  const media = fake.requests.filter(({ query }) => query.get("alt") === "media");
  assertEquals(media.map(({ query }) => query.get("generation")), [
    undefined,
    ...Array(5).fill(generation),
  ]);
});

strictTest("reading ahead is bounded and ends with the reader", async (context) => {
  const { open } = context;
  const backend = open({ ...small, parallel: 2 });
  await backend.put("a", sampleBytes(20 * UNIT));
  await backend.get("a");
  assertEquals(ranges(context).length, 1);
  const reader = (await backend.get("a"))!.body.getReader();
  for (let bytes = 0; bytes <= UNIT;) bytes += (await reader.read()).value!.byteLength;
  await reader.cancel();
  assert(ranges(context).length <= 2 + 1 + 2, String(ranges(context)));
});

const BROKEN: [string, Fault][] = [
  ["breaks off in the middle", "cut-body"],
  ["never comes", "cut"],
  ["is answered with 503", { status: 503 }],
  ["is answered with 429", { status: 429 }],
  ["stalls", "stall"],
];

for (const [what, fault] of BROKEN) {
  strictTest(`a body that ${what} is read again`, async ({ fake, open, system }) => {
    const bytes = sampleBytes(4 * UNIT);
    const backend = open({ ...small, parallel: 1 }); // a stall ends the time of all that wait
    await backend.put("a", bytes);
    for (const url of [/alt=media$/, /generation=/]) fake.faults.add({ ...MEDIA, url }, fault);
    assertBytes((await read(backend, "a"))!, bytes);
    assertEquals(fake.faults.left(), 0);
    assert(system.slept.length <= 2); // the runtime itself repeats a read whose connection ended
  });
}

strictTest("a read that never succeeds is Unavailable", async (context) => {
  const { fake, open } = context;
  fake.faults.add({ method: "GET", times: Infinity }, { status: 503 });
  const error = await failureOf(open({ retryForMs: 2000 }).get("a"));
  assertEquals([error.code, error.retry, error.maybeWritten, error.key], [
    "Unavailable",
    "later",
    undefined,
    "a",
  ]);
});

for (const versioned of [false, true]) {
  const outcome = versioned
    ? "the old one, where the bucket keeps versions"
    : "Conflict, where it is gone";
  strictTest(`an object that is replaced while it is read is ${outcome}`, async ({ open }) => {
    const backend = open(small);
    await backend.put("a", sampleBytes(5 * UNIT, 1));
    const object = await backend.get("a");
    await backend.put("a", sampleBytes(5 * UNIT, 2));
    if (versioned) assertBytes(await object!.bytes(), sampleBytes(5 * UNIT, 1));
    else assertEquals((await failureOf(object!.bytes())).code, "Conflict");
  }, { versioned });
}

strictTest("a reply with another range than the requested one is refused", async (context) => {
  const { fake, open } = context;
  const backend = open({ ...small, parallel: 1 });
  await backend.put("a", sampleBytes(5 * UNIT));
  const shift = ({ headers }: { headers: Record<string, string> }) => {
    headers.range = `bytes=5-${UNIT + 4}`;
  };
  for (const url of [/alt=media$/, /generation=/]) {
    fake.faults.add({ ...MEDIA, url }, shift);
    assertEquals((await failureOf(read(backend, "a"))).code, "Corrupt");
    assertEquals(fake.faults.left(), 0);
  }
});

strictTest("an object that appears during a get is read", async ({ fake, open }) => {
  const backend = open();
  await backend.put("a", sampleBytes(100));
  fake.faults.add(MEDIA, { status: 416 });
  assertBytes((await read(backend, "a"))!, sampleBytes(100));
  fake.faults.add({ ...MEDIA, times: 2 }, { status: 416 });
  assertEquals((await failureOf(backend.get("a"))).code, "Corrupt");
});

strictTest("a download without a time in its reply is looked up", async ({ open }) => {
  const backend = open(small);
  for (const size of [3, 3 * UNIT]) {
    await backend.put("a", sampleBytes(size));
    const object = await backend.get("a");
    assertEquals(object!.info, await backend.head("a"));
    assertBytes(await object!.bytes(), sampleBytes(size));
  }
}, { sparseDownloads: true });

strictTest("a listing continues after nearly empty pages", async ({ open }) => {
  const keys = Array.from({ length: 25 }, (_, i) => `a/${String.fromCharCode(97 + i)}/${i}`);
  const backend = open();
  await putAll(backend, [...keys, "a/~"]);
  for (const options of [{}, { limit: 11 }, { after: "a/c/2" }, { after: "a/c/2", limit: 4 }]) {
    const later = [...keys, "a/~"].filter((key) => key > (options.after ?? ""));
    assertEquals(await listed(backend, "a/", options), later.slice(0, options.limit));
  }
  const folded = await listed(backend, "a/", { delimiter: "/", after: "a/c/" });
  assertEquals(folded, [...keys.slice(3).map((key) => key.slice(0, 4)), "a/~"]);
}, { pageSize: 2 });

strictTest("an object with Content-Encoding is Unsupported", async ({ fake, open }) => {
  const properties = { contentEncoding: "gzip" };
  fake.objects().insert({ name: "a", bytes: text("x"), properties }, {});
  assertEquals((await failureOf(open().get("a"))).code, "Unsupported");
});

strictTest("the tag of an object is its rising generation", async ({ fake, open }) => {
  const backend = open();
  const tags: number[] = [];
  for (const value of ["1", "2", "3"]) {
    await backend.put("a", text(value));
    tags.push(Number((await backend.head("a"))!.etag));
  }
  assertEquals(tags, tags.toSorted((a, b) => a - b));
  assertEquals(tags[2], fake.objects().find("a")!.generation);
});
strictTest("a page that fails is requested again", async ({ fake, open, system }) => {
  const backend = open();
  await putAll(backend, ["a", "b", "c", "d", "e"]);
  fake.faults.add({ url: /pageToken/ }, { status: 503 });
  fake.faults.add({ url: /pageToken/ }, "cut-body");
  assertEquals(await listed(backend, ""), ["a", "b", "c", "d", "e"]);
  assertEquals(system.slept.length, 2);
}, { pageSize: 2 });

strictTest("a prefix isolates its objects", async ({ fake, open }) => {
  const [whole, team] = [open(), open({ prefix: "/team a/x/" })];
  await putAll(team, ["a", "b/c"]);
  await putAll(whole, ["team a/xy", "z"]);
  assertEquals(fake.objects().names(), ["team a/x/a", "team a/x/b/c", "team a/xy", "z"]);
  assertEquals(await listed(team, "", { delimiter: "/" }), ["a", "b/"]);
  assertEquals(await listed(team, "", { after: "a" }), ["b/c"]);
  for await (const entry of team.list("b")) assert(!isPrefix(entry) && entry.key === "b/c");
  assertEquals((await team.copy!("a", "b/d")).key, "b/d");
  assertEquals(await team.deleteMany!(["a", "b/c", "b/d"]), []);
  assertEquals(await listed(whole, ""), ["team a/xy", "z"]);
});
