import { assert, assertEquals } from "@std/assert";
import { createScriptedSystem } from "../scripted_system.ts";
import { startStrictGcs, type StrictGcs, type StrictGcsOptions } from "./mod.ts";

function test(
  name: string,
  run: (fake: StrictGcs) => Promise<void>,
  options: StrictGcsOptions = {},
): void {
  Deno.test(name, async () => {
    const fake = await startStrictGcs(options);
    try {
      await run(fake);
    } finally {
      await fake[Symbol.asyncDispose]();
    }
  });
}

interface Reply {
  status: number;
  // deno-lint-ignore no-explicit-any -- JSON
  json: any;
  headers: Headers;
}

async function ask(
  fake: StrictGcs,
  method: string,
  path: string,
  init: RequestInit = {},
): Promise<Reply> {
  const reply = await fetch(`${fake.endpoint}${path}`, { ...init, method, redirect: "manual" });
  const text = await reply.text();
  return {
    status: reply.status,
    json: text.startsWith("{") ? JSON.parse(text) : text,
    headers: reply.headers,
  };
}

const OBJECT = "/storage/v1/b/strict/o/a";
const UPLOAD = "/upload/storage/v1/b/strict/o?uploadType=media&name=a";

test("a condition on the generation or metageneration is honoured by every call", async (fake) => {
  const calls: [string, string, string?][] = [
    ["GET", OBJECT],
    ["GET", `${OBJECT}?alt=media`],
    ["PATCH", OBJECT, "{}"],
    ["POST", UPLOAD, "bytes"],
    ["POST", `/storage/v1/b/strict/o/from/rewriteTo/b/strict/o/a`],
    ["POST", "/upload/storage/v1/b/strict/o?uploadType=resumable&name=a"],
    ["DELETE", OBJECT],
  ];
  for (const [method, path, body] of calls) {
    await ask(fake, "POST", UPLOAD.replace("name=a", "name=from"), { body: "from" });
    const { generation, metageneration } = (await ask(fake, "POST", UPLOAD, { body: "old" })).json;
    const refused = [
      ["ifGenerationMatch", "0"],
      ["ifGenerationMatch", "5"],
      ["ifGenerationNotMatch", generation],
      ["ifMetagenerationMatch", "7"],
      ["ifMetagenerationNotMatch", metageneration],
    ];
    const url = (name: string, value: string) =>
      `${path}${path.includes("?") ? "&" : "?"}${name}=${value}`;
    for (const [name, value] of refused) {
      const { status, json } = await ask(fake, method, url(name, value), { body });
      assertEquals(
        [status, json.error?.errors[0].reason],
        [412, "conditionNotMet"],
        `${method} ${url(name, value)}`,
      );
    }
    assertEquals(
      (await ask(fake, "GET", OBJECT)).json.generation,
      generation,
      "something was done",
    );
    const { status } = await ask(fake, method, url("ifGenerationMatch", generation), { body });
    assert(status < 300, `${method} ${path}`);
  }
});

test("the source of a rewrite has conditions of its own", async (fake) => {
  const { generation } = (await ask(fake, "POST", UPLOAD, { body: "x" })).json;
  const copy = `${OBJECT}/rewriteTo/b/strict/o/b?ifSourceGenerationMatch=`;
  assertEquals((await ask(fake, "POST", `${copy}1`)).status, 412);
  assertEquals((await ask(fake, "POST", copy + generation)).json.done, true);
  assertEquals((await ask(fake, "POST", `${copy}${generation}&ifGenerationMatch=0`)).status, 412);
});

test(
  "generations rise, also when the clock stands still, and a change of metadata keeps them",
  async (fake) => {
    const generations: number[] = [];
    for (const body of ["1", "2", "3"]) {
      generations.push(Number((await ask(fake, "POST", UPLOAD, { body })).json.generation));
    }
    assertEquals(generations, [...new Set(generations)].sort((a, b) => a - b));
    const { json } = await ask(fake, "PATCH", OBJECT, {
      body: JSON.stringify({ metadata: { a: "b" } }),
    });
    assertEquals([json.generation, json.metageneration], [String(generations[2]), "2"]);
  },
  { system: createScriptedSystem() },
);

for (const versioned of [false, true]) {
  test(`an old generation is ${versioned ? "kept" : "gone"}`, async (fake) => {
    const { generation } = (await ask(fake, "POST", UPLOAD, { body: "old" })).json;
    await ask(fake, "POST", UPLOAD, { body: "new" });
    const { status, json } = await ask(fake, "GET", `${OBJECT}?alt=media&generation=${generation}`);
    assertEquals([status, versioned ? json : "old"], [versioned ? 200 : 404, "old"]);
    await ask(fake, "DELETE", OBJECT);
    assertEquals((await ask(fake, "GET", OBJECT)).status, 404);
  }, { versioned });
}

test("of 20 creates at once exactly one wins", async (fake) => {
  const replies = await Promise.all(
    Array.from(
      { length: 20 },
      (_, i) => ask(fake, "POST", `${UPLOAD}&ifGenerationMatch=0`, { body: String(i) }),
    ),
  );
  assertEquals(replies.filter(({ status }) => status === 200).length, 1);
  assertEquals(replies.filter(({ status }) => status === 412).length, 19);
});

test("a wrong checksum, an unknown parameter and a missing project are 400", async (fake) => {
  for (const hash of ["crc32c=AAAAAA==", "md5=AAAAAAAAAAAAAAAAAAAAAA=="]) {
    assertEquals(
      (await ask(fake, "POST", UPLOAD, { body: "x", headers: { "x-goog-hash": hash } })).status,
      400,
    );
  }
  assertEquals(
    (await ask(fake, "POST", `${UPLOAD}&ifGenerationMach=0`, { body: "x" })).status,
    400,
  );
  assertEquals((await ask(fake, "POST", "/storage/v1/b", { body: "{}" })).status, 400);
  assertEquals(fake.objects().names(), []);
});

test("a session takes parts in order and in units, and says what it has", async (fake) => {
  const start = await ask(
    fake,
    "POST",
    "/upload/storage/v1/b/strict/o?uploadType=resumable&name=a",
    { body: "{}" },
  );
  const session = start.headers.get("location")!.slice(fake.endpoint.length);
  const put = (range: string, bytes = 0) =>
    ask(fake, "PUT", session, { headers: { "content-range": range }, body: new Uint8Array(bytes) });
  assertEquals((await put("bytes */*")).headers.get("range"), null);
  assertEquals((await put("bytes 0-99/*", 100)).status, 400);
  const part = await put("bytes 0-262143/*", 262_144);
  assertEquals([part.status, part.headers.get("range")], [308, "bytes=0-262143"]);
  assertEquals((await put("bytes 300000-300001/300002", 2)).status, 400);
  assertEquals((await put("bytes 262144-262145/262146", 2)).json.size, "262146");
  assertEquals((await put("bytes */262146")).json.size, "262146");
  assertEquals(fake.openSessions(), 0);
});

test(
  "pages hold what they may, objects and prefixes together, from startOffset on",
  async (fake) => {
    for (const name of ["a/1", "a/2", "b", "c/1", "d"]) {
      await ask(fake, "POST", UPLOAD.replace("name=a", `name=${name}`), { body: "x" });
    }
    const list = "/storage/v1/b/strict/o?delimiter=/&fields=items(name),prefixes,nextPageToken";
    const { json: first } = await ask(fake, "GET", list);
    assertEquals([first.prefixes, first.items], [["a/"], [{ name: "b" }]]);
    const { json: second } = await ask(fake, "GET", `${list}&pageToken=${first.nextPageToken}`);
    assertEquals(second, { prefixes: ["c/"], items: [{ name: "d" }] });
    assertEquals((await ask(fake, "GET", `${list}&startOffset=b&endOffset=d`)).json.items, [{
      name: "b",
    }]);
  },
  { pageSize: 2 },
);
