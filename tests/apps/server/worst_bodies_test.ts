// Bounds of single requests: every route with its worst body.
import { assert, assertEquals } from "@std/assert";
import { setImmediate } from "node:timers";
import { nextTurn } from "../../../core/work/next_turn.ts";
import { createMemoryBackend } from "../../../mod.ts";
import { partOfRun } from "../../support/seeds.ts";
import { withHooks } from "../../registry/with_hooks.ts";
import { openService } from "./uploads/sending.ts";
import { hub } from "../../../extensions/gateways/hub/hub.ts";

const MIB = 1024 ** 2;
const encoder = new TextEncoder();

/** A body that never ends, and how much of it was read. */
function endless(head: string, item: string) {
  const counted = { bytes: 0 };
  const items = encoder.encode(item.repeat(Math.ceil(65_536 / item.length)));
  let next = encoder.encode(head);
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull(controller) {
      counted.bytes += next.byteLength;
      controller.enqueue(next);
      next = items.slice();
    },
  }, { highWaterMark: 0 });
  return { body, counted };
}

const HEADER = `{"key":"header","value":{"summary":"x"}}\n`;
const WORST: [head: string, item: string][] = [
  ['{"files":[', "{},"],
  ['{"files":', "["],
  ['{"metadata":{', '"\\u0041":[],'],
  ['{"metadata":{"a":"\\"', '",[],"\\\\\\"'],
  [HEADER, HEADER],
];

// deno-lint-ignore no-explicit-any -- a document of JSON
type Paths = Record<string, Record<string, { requestBody?: any; responses: any }>>;

Deno.test("no route reads more than 16 MiB of a body with many members", async () => {
  await using service = await openService({ gateways: [hub] });
  await service.registry.save("a", 1);
  const { paths }: { paths: Paths } = await (await service.send("GET", "/openapi.json")).json();
  const cases: [method: string, path: string, at: string, head: string, item: string][] = [];
  let routes = 0;
  for (const [path, methods] of Object.entries(paths)) {
    const at = path.replaceAll(/\{\w+\}/g, "a").replace(
      /\/commit\/a|\/preupload\/a/,
      (each) => each.replace("/a", "/main"),
    );
    for (const [method, { requestBody }] of Object.entries(methods)) {
      const isOfBytes = Object.keys(requestBody?.content ?? {}).some((type) =>
        /octet-stream|form-data/.test(type)
      );
      if (["get", "head", "options"].includes(method) || isOfBytes) continue;
      routes++;
      for (const [head, item] of WORST) cases.push([method, path, at, head, item]);
    }
  }
  const found: string[] = [];
  for (const [method, path, at, head, item] of partOfRun(cases, 4)) {
    const { body, counted } = endless(head, item);
    const headers = { "content-type": "application/json" };
    const answer = await service.send(method.toUpperCase(), at, { body, headers });
    await answer.body?.cancel();
    if (counted.bytes > 16 * MIB) found.push(`${method} ${path} ${item}: ${counted.bytes}`);
    if (counted.bytes > 2 * MIB) assertEquals(answer.status >= 400, true);
  }
  assert(routes > 20);
  assertEquals(found, []);
});

Deno.test("a request has at most 100,000 files", async () => {
  await using service = await openService({ gateways: [hub] });
  const files = Array.from({ length: 100_001 }, (_, i) => ({ path: `${i}`, data: "" }));
  const materializer = { id: "folder", formatVersion: 1 };
  const saved = await service.sendJson("POST", "/artifacts/a/versions", { files, materializer });
  const added = await service.sendJson("PUT", "/artifacts/a/drafts/d/parts/p", { files });
  for (const answer of [saved, added]) {
    const { detail } = await answer.json();
    assert(/files: Invalid length: Expected <=100000/.test(detail), detail);
  }
  const lines = files.map(({ path }) => `{"key":"deletedFile","value":{"path":"${path}"}}\n`);
  const headers = { "content-type": "application/x-ndjson" };
  const body = HEADER + lines.join("");
  const commit = await service.send("POST", "/api/models/a/commit/main", { body, headers });
  assert(/more than 100000 changes/.test((await commit.json()).detail));
});

Deno.test("other work goes on while many small files are saved", async () => {
  await using service = await openService({ gateways: [hub] });
  const files = Array.from({ length: 10_000 }, (_, i) => ({ path: `${i}`, data: "YQ==" }));
  const materializer = { id: "folder", formatVersion: 1 };
  const line = ({ path, data }: { path: string; data: string }) =>
    JSON.stringify({ key: "file", value: { path, content: data, encoding: "base64" } });
  const requests = [
    () => service.sendJson("POST", "/artifacts/a/versions", { files, materializer }),
    () => service.sendJson("PUT", "/artifacts/a/drafts/d/parts/p", { files }),
    () =>
      service.send("POST", "/api/models/b/commit/main", {
        body: HEADER + files.map(line).join("\n"),
        headers: { "content-type": "application/x-ndjson" },
      }),
  ];
  for (const request of requests) {
    let turns = 0, ended = false;
    const count = () => {
      turns++;
      if (!ended) setImmediate(count);
    };
    setImmediate(count);
    const { status } = await request();
    ended = true;
    assert(status < 300);
    assert(turns >= 30, `${turns} turns of the event loop`);
  }
});

Deno.test("the uploads of a Git LFS batch begin 16 at a time", async () => {
  let writing = 0, most = 0;
  const backend = withHooks(createMemoryBackend(), {
    async before({ verb }) {
      if (verb !== "put") return;
      most = Math.max(most, ++writing);
      await nextTurn(); // others may begin
    },
    after({ verb }) {
      if (verb === "put") writing--;
    },
  });
  await using service = await openService({ backend, gateways: [hub] });
  const objects = Array.from(
    { length: 100 },
    (_, i) => ({ oid: `${i}`.padStart(64, "0"), size: 1 }),
  );
  const asked = { operation: "upload", objects };
  const answer = await service.sendJson("POST", "/a.git/info/lfs/objects/batch", asked);
  const body: { objects: { oid: string }[] } = await answer.json();
  assertEquals(body.objects.map(({ oid }) => oid), objects.map(({ oid }) => oid));
  assertEquals(most, 16);
});

Deno.test("a commit may delete as many folders as it has files", async () => {
  await using service = await openService({ gateways: [hub] });
  const count = 20_000;
  const line = (key: string, path: string, more = {}) =>
    JSON.stringify({ key, value: { path, ...more } });
  const file = { content: "", encoding: "base64" };
  const lines = [...Array(count).keys()].map((i) => line("file", `d${i}/f/${i}`, file));
  lines.push(line("file", "d1", file), line("file", "d10.txt", file));
  for (let i = 0; i < count; i++) lines.push(line("deletedFolder", `d${i}/`));
  const headers = { "content-type": "application/x-ndjson" };
  const body = HEADER + lines.join("\n\n \n");
  const answer = await service.send("POST", "/api/models/a/commit/main", { body, headers });
  assertEquals(answer.status, 200, await answer.text());
  const { files } = await service.registry.info("a");
  assertEquals(files.map(({ path }) => path), ["d1", "d10.txt"]);
});

Deno.test("a path that no disk holds is refused by its size", async () => {
  await using service = await openService({ gateways: [hub] });
  const long = { path: "a".repeat(4097), data: "" };
  const deep = { path: "a/".repeat(200_000) + "a", data: "" }; // gigabytes as a list of its folders
  const materializer = { id: "folder", formatVersion: 1 };
  const form = new FormData();
  form.append("file", new Blob(["a"]), "a/".repeat(300) + "a");
  for (const file of [long, deep]) {
    const content = { path: file.path, content: "", encoding: "base64" };
    const lines = HEADER + JSON.stringify({ key: "file", value: content });
    const headers = { "content-type": "application/x-ndjson" };
    const answers = await Promise.all([
      service.sendJson("POST", "/artifacts/a/versions", { files: [file], materializer }),
      service.sendJson("PUT", "/artifacts/a/drafts/d/parts/p", { files: [file] }),
      service.send("POST", "/api/models/a/commit/main", { body: lines, headers }),
      service.send("POST", "/upload?name=a", { body: form }),
    ]);
    for (const answer of answers) {
      const { detail } = await answer.json();
      assertEquals(answer.status, 400, detail);
      assert(/longer than 4096 characters|more than 256 segments/.test(detail), detail);
    }
  }
});

Deno.test("the fault of a sent file is named, not its alternatives", async () => {
  await using service = await openService();
  const materializer = { id: "folder", formatVersion: 1 };
  const states = [
    [{ path: "a", data: "%" }, /files\.0\.data: expected base64/],
    [{ path: "a", upload: "" }, /files\.0\.upload: empty/],
    [{ path: "a", upload: "u", sha256: "A" }, /files\.0\.sha256: expected a SHA-256/],
    [{ path: "a" }, /files\.0: expected a path, and data/],
    [{ path: "a", other: 1 }, /files\.0: expected a path, and data/],
    ["a", /files\.0: expected a path, and data/],
  ] as const;
  for (const [file, expected] of states) {
    const sent = { files: [file], materializer };
    const { detail } = await (await service.sendJson("POST", "/artifacts/a/versions", sent)).json();
    assert(expected.test(detail), detail);
  }
});

Deno.test("the limit of uploads holds in whatever way a file comes, and names its option", async () => {
  await using service = await openService({ gateways: [hub], limits: { maxUploadBytes: 1000 } });
  const { version, commit } = await service.registry.save("a", new Uint8Array(900));
  const sha256 = "0".repeat(64);
  const runs = [{ size: 900, at: 0 }, { size: 900, at: 0 }];
  const earlier = { name: "a", version, commit, runs };
  const joined = [{ path: "data.bin", size: 1800, sha256, earlier }];
  const materializer = { id: "bytes", formatVersion: 1 };
  const body = new Uint8Array(1001);
  const large = { operation: "upload", objects: [{ oid: sha256, size: 1001 }] };
  const answers = [
    await service.tus("POST", "/uploads", { "upload-length": "1001" }),
    await service.send("POST", "/contents", { body }),
    await service.send("POST", "/upload?name=a", { body }),
    await service.sendJson("POST", "/artifacts/a/versions", { files: joined, materializer }),
    await service.sendJson("PUT", "/artifacts/a/drafts/d/parts/p", { files: joined }),
    await service.sendJson("POST", "/a.git/info/lfs/objects/batch", large),
  ];
  for (const answer of answers) {
    const { detail, hint } = await answer.json();
    assertEquals(answer.status, 413, detail);
    assert(/maxUploadBytes/.test(hint), hint);
  }
  assertEquals((await service.tus("POST", "/uploads", { "upload-length": "1000" })).status, 201);
});

Deno.test("objects with very many members are refused early, and many files are not", async () => {
  await using service = await openService({ gateways: [hub] });
  const headers = { "content-type": "application/json" };
  for (const head of ['{"metadata":{', '{"files":[{', '{"a":[{},{"b":{"\\"{":1,']) {
    const { body, counted } = endless(head, '"a":1,');
    const { status } = await service.send("POST", "/artifacts/a/versions", { body, headers });
    assertEquals([status, counted.bytes < MIB], [413, true], head);
  }
  const about = { size: 0, mode: "executable", modifiedAt: "2026-01-01T00:00:00.000Z" };
  const files = Array.from({ length: 30_000 }, (_, i) => ({ path: `${i}`, data: "", ...about }));
  const saved = await service.sendJson("PUT", "/artifacts/a/drafts/d/parts/p", { files });
  assertEquals(saved.status, 200, await saved.text());
});
