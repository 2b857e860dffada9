// Commits share the files that they keep.
import { assert, assertEquals } from "@std/assert";
import { createHandler, type Handler } from "../../../../apps/server.ts";
import { createMemoryBackend } from "../../../../backends/memory.ts";
import { sha256 } from "../../../../core/bytes/digest.ts";
import { openRegistry } from "../../../../mod.ts";
import { openPages } from "../../../../registry/mod.ts";
import { withSmallPages } from "../../../simulate/small_pages.ts";
import { filler, GRACE_MS, testProtocol } from "../../../registry/protocol_world.ts";
import { withHooks } from "../../../registry/with_hooks.ts";
import { hub } from "../../../../extensions/gateways/hub/hub.ts";

async function commitTo(handler: Handler, ...lines: [key: string, value: object][]) {
  const answer = await commitOf(handler, lines);
  assertEquals(answer.status, 200, await answer.text());
}

async function commitOf(handler: Handler, lines: [key: string, value: object][]) {
  const all = [["header", { summary: "x" }] as const, ...lines];
  const body = all.map(([key, value]) => JSON.stringify({ key, value })).join("\n");
  const headers = { "content-type": "application/x-ndjson" };
  const path = "http://localhost/api/models/a/commit/main";
  return await handler(new Request(path, { method: "POST", body, headers }));
}

function fileLine(path: string, bytes: Uint8Array): [string, object] {
  return ["file", { path, content: bytes.toBase64(), encoding: "base64" }];
}

Deno.test("a commit reads none of the files that it keeps, moves or deletes", async () => {
  let reads = 0;
  const backend = withHooks(createMemoryBackend(), {
    before: ({ verb }) => void (reads += Number(verb === "get")),
  });
  await using registry = await openRegistry(backend);
  await using handler = createHandler(registry, { gateways: [hub] });
  const bytesOf = (i: number) => new TextEncoder().encode(`${i}`.padEnd(200));
  const file = (path: string, i: number) => fileLine(path, bytesOf(i));
  await commitTo(handler, ...Array.from({ length: 1000 }, (_, i) => file(`${i}`, i)));

  reads = 0;
  await commitTo(
    handler,
    file("0", 1000),
    ["deletedFile", { path: "1" }],
    ["deletedFile", { path: "2" }],
    ["lfsFile", { path: "moved", algo: "sha256", oid: sha256(bytesOf(2)), size: 200 }],
  );
  assert(reads < 20, `${reads} reads`);

  const saved = await registry.open("a", { verify: "integrity" });
  const found = new Map(saved.info.files.map(({ path, sha256 }) => [path, sha256]));
  assertEquals(found.size, 999);
  assertEquals(found.get("0"), sha256(bytesOf(1000)));
  assertEquals(await saved.file("999").bytes(), bytesOf(999));
  assertEquals(await saved.file("moved").bytes(), bytesOf(2));
});

Deno.test("a commit reads lists a page at a time, of this version and of earlier ones", async () => {
  await using registry = withSmallPages(await openRegistry(createMemoryBackend()));
  await using handler = createHandler(registry, { gateways: [hub] });
  const bytesOf = (i: number) => new TextEncoder().encode(`${i}`.padEnd(2000));
  const pathOf = (i: number) => `d${Math.floor(i / 10)}/${i % 10}`;
  const all = Array.from({ length: 60 }, (_, i) => fileLine(pathOf(i), bytesOf(i)));
  const lfsLine = (path: string, i: number): [string, object] => [
    "lfsFile",
    { path, algo: "sha256", oid: sha256(bytesOf(i)), size: 2000 },
  ];
  await commitTo(handler, ...all);
  Object.assign(registry, { open: () => Promise.reject(new Error("a list was read whole")) });
  await commitTo(handler, ["deletedFolder", { path: "d1" }], ["deletedFile", { path: "d0/3" }]);
  await commitTo(
    handler,
    lfsLine("moved", 41),
    ["deletedFile", { path: pathOf(41) }],
    lfsLine("d1/from earlier", 15),
    fileLine(pathOf(20), bytesOf(100)),
    ["deletedFolder", { path: "d3/" }],
    fileLine("d3/again", bytesOf(101)),
  );
  await commitTo(handler, fileLine("last", bytesOf(102)));
  for (const path of ["d1/1", "d3"]) {
    const again = await commitOf(handler, [["deletedFile", { path }]]);
    assertEquals([again.status, again.headers.get("x-error-code")], [404, "EntryNotFound"]);
  }

  const isKept = (i: number) => i !== 3 && i !== 41 && ![1, 3].includes(Math.floor(i / 10));
  const expected = new Map(
    Array.from({ length: 60 }, (_, i) => i).filter(isKept).map((i) => [pathOf(i), i]),
  );
  for (const [path, i] of [["moved", 41], ["d1/from earlier", 15], [pathOf(20), 100]] as const) {
    expected.set(path, i);
  }
  expected.set("d3/again", 101).set("last", 102);
  const { pages } = await openPages(registry, "a");
  const found = new Map<string, string>();
  for await (const page of pages()) {
    for (const file of page.files()) found.set(file.info.path, await file.text());
  }
  const sorted = [...expected].sort(([a], [b]) => a < b ? -1 : 1);
  assertEquals([...found], sorted.map(([path, i]) => [path, `${i}`.padEnd(2000)]));
});

testProtocol(
  "a commit has all files if the version before is deleted during a long upload",
  async ({ registry, backend, advance }) => {
    await using handler = createHandler(registry, { gateways: [hub] });
    await commitTo(handler, fileLine("kept", filler("kept", 300_000)));
    backend.answer({ verb: "put", key: /^objects\/.*\d$/ }, async (act) => {
      await registry.delete("a@1.0.0");
      advance(GRACE_MS / 7); // more than half of the time in which a save must end
      return await act();
    });
    await commitTo(handler, fileLine("added", filler("added", 300_000)));
    const { files } = await registry.info("a@2.0.0");
    assertEquals(files.map(({ path }) => path).sort(), ["added", "kept"]);
  },
);

Deno.test("a commit with content that is not base64 saves nothing", async () => {
  await using registry = await openRegistry("memory:");
  await using handler = createHandler(registry, { gateways: [hub] });
  for (const content of ["AA!=", "AAE", "AA\nE", "A===", "AA=AAA=="]) {
    const answer = await commitOf(handler, [["file", { path: "a", content, encoding: "base64" }]]);
    const { detail } = await answer.json();
    assertEquals([answer.status, /base64/.test(detail)], [400, true], `${content} ${detail}`);
  }
  assertEquals(await Array.fromAsync(registry.names()), []);
});
