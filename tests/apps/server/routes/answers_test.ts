import { assertEquals, assertMatch } from "@std/assert";
import { createMemoryBackend, openRegistry } from "../../../../mod.ts";
import { createMemoryQueue } from "../../../../extensions/queues/memory.ts";
import { createScriptedSystem } from "../../../support/scripted_system.ts";
import { openService } from "../uploads/sending.ts";
import { createJobsGateway } from "../../../../extensions/queues/surface/jobs.ts";

const OTHER = "019a9f5e-7c1e-7d3a-8b52-3f1c2a9d4e60";
const LINES = { accept: "application/x-ndjson" };
const KIND = { id: "file", formatVersion: 1 };
const sent = (data: string, more: Record<string, unknown> = {}) => ({
  materializer: KIND,
  files: [{ path: "a", data }],
  ...more,
});
const TEXT = "/artifacts/text/versions/1.0.0/files/text.txt";
const TILDES = ["~.", "~..", "~~.", "~/~.."];

interface Expected {
  status: number;
  headers?: Record<string, string | null>;
  /** Members of its JSON. */
  json?: Record<string, unknown>;
  text?: string | RegExp;
}

type Row = [
  request: string,
  expected: Expected | number,
  how?: { headers?: Record<string, string>; json?: unknown; body?: string },
];

const unread = (text: string) => ({ status: 400, json: { detail: `Cannot read the ${text}` } });
const skipped = { status: 200, headers: { "holdfast-skipped": "true" }, json: { skipped: true } };

const ROWS: Row[] = [
  ["GET /", { status: 200, text: /<a href="openapi\.json">/ }],
  [
    "GET /",
    { status: 302, headers: { location: "explore/" } },
    { headers: { accept: "text/html,application/xhtml+xml,*/*;q=0.8" } },
  ],
  ["GET /docs", { status: 200, headers: { "content-type": "text/html; charset=utf-8" } }],
  // JSON ends with a newline.
  ["GET /health", { status: 200, text: '{"status":"ok"}\n' }],
  ["GET /nothing", { status: 404, text: /\}\n$/ }],
  ["GET /names", { status: 200, json: { items: ["a", "b/1", "b/2", "c d", "text", "tildes"] } }],
  ["GET /names?prefix=b%2F", { status: 200, json: { items: ["b/1", "b/2"] } }],
  ["GET /names?limit=2", { status: 200, json: { items: ["a", "b/1"], next: "b/1" } }],
  ["GET /names?limit=3&after=b%2F1", { status: 200, json: { items: ["b/2", "c d", "text"] } }],
  ["GET /names?prefix=b", { status: 200, text: '"b/1"\n"b/2"\n' }, { headers: LINES }],
  ["GET /names?limit=0", unread("query: limit: expected at least 1")],
  ["GET /names?prefix=a&prefix=b", unread("query: prefix: given 2 times instead of once")],
  ["GET /lineage", unread("query: ref: missing")],
  [
    "POST /artifacts/new/versions",
    unread("body: materializer: missing"),
    { json: {} },
  ],
  [
    "POST /artifacts/new/versions",
    unread("body: versoin: unknown member"),
    { json: sent("", { versoin: "1" }) },
  ],
  ["GET /artifacts/a%40b/watch", 400],
  ["GET /artifacts/a/watch?intervalMs=1", 400],
  ["GET /artifacts/a/aliases/1.0", 400],
  ["GET /artifacts/a/aliases/__proto__", 404],
  ["GET /artifacts/a/aliases/none/history", 404, { headers: LINES }],
  // A hint for names with an unencoded slash.
  ["GET /artifacts/team/model/versions", { status: 404, text: /"hint":"[^"]*@@/ }],
  ["GET /nothing", { status: 404, text: /openapi/ }],
  // HEAD ignores ranges.
  [`GET ${TEXT}`, { status: 206, text: "234" }, { headers: { range: "bytes=2-4" } }],
  ...["bytes=2-4", "bytes=99-"].map((range): Row => [
    `HEAD ${TEXT}`,
    { status: 200, headers: { "content-length": "10", "content-range": null } },
    { headers: { range } },
  ]),
  [`HEAD ${TEXT}`, 304, { headers: { "if-none-match": "*" } }],
  [`HEAD ${TEXT}`, 412, { headers: { "if-match": '"other"' } }],
  // Mutable versions are not cached.
  [`GET ${TEXT}`, { status: 200, headers: { "cache-control": "no-cache" }, text: "0123456789" }],
  ...TILDES.map((path): Row => [
    `GET /artifacts/tildes/versions/1.0.0/files/${path}`,
    { status: 200, text: path },
  ]),
  // A repeat with a key returns the first result with `skipped`.
  ["POST /artifacts/key/versions", 201, { json: sent("YQ==", { idempotencyKey: "k" }) }],
  ["POST /artifacts/key/versions", skipped, { json: sent("Yg==", { idempotencyKey: "k" }) }],
  ["POST /upload?name=sent", { status: 201, headers: { "holdfast-skipped": null } }, {
    body: "one",
    headers: { "idempotency-key": "k" },
  }],
  ["POST /upload?name=sent", { ...skipped, status: 201 }, {
    body: "two",
    headers: { "idempotency-key": "k" },
  }],
  // An empty upload without a job.
  ["POST /upload?name=empty", { status: 201, json: { jobId: undefined, size: 0 } }],
  ["GET /jobs?state=waiting", { status: 200, text: /^\{"items":\[\{"id":"one"[^\]]*\]\}\n$/ }],
  ["GET /metrics", { status: 200, text: /^holdfast_jobs\{state="waiting"\} 1$/m }],
  ["GET /metrics", { status: 200, text: /^holdfast_jobs\{state="failed"\} 0$/m }],
  // Another commit is 412 with a condition, 409 without.
  ["POST /artifacts/a/versions", 409, { json: sent("", { version: "1" }) }],
  ["POST /artifacts/a/versions", skipped, {
    json: sent("", { version: "1", onConflict: "skip" }),
  }],
  ["POST /artifacts/a/versions", { status: 412, json: { code: "Conflict" } }, {
    json: sent("", { version: "1", ifCommit: OTHER }),
  }],
  [`DELETE /artifacts/a/versions/1?ifCommit=${OTHER}`, {
    status: 412,
    json: { code: "Conflict" },
  }],
  ["DELETE /artifacts/a", 400],
  ["DELETE /artifacts/a/versions/1.0.0?dryrun=true", 400],
  ["DELETE /artifacts/a?allVersions=true&dry_run=true", 400],
  ["DELETE /artifacts/a/versions/1.0.0?dryRun=true", { status: 200, json: { deleted: true } }],
  ["DELETE /artifacts/a/versions/1.0.0", { status: 200, json: { deleted: true } }],
  ["DELETE /artifacts/a/versions/1.0.0", { status: 200, json: { deleted: false } }],
];

Deno.test("requests have the expected answers", async () => {
  await using jobs = createMemoryQueue();
  await jobs.add({ id: "one", group: "g", kind: "k", data: null });
  const backend = createMemoryBackend();
  await using registry = await openRegistry(backend, { mutable: true });
  for (const name of ["a", "b/1", "b/2", "c d"]) await registry.save(name, name);
  await registry.save("text", "0123456789");
  const folder = { id: "folder", formatVersion: 1, load: () => undefined };
  const save = () => TILDES.map((path) => ({ path, content: new TextEncoder().encode(path) }));
  await registry.save("tildes", undefined, { as: { ...folder, save } });
  await using service = await openService({ backend, gateways: [createJobsGateway(jobs)] });
  for (const [request, expected, { headers, json, body } = {}] of ROWS) {
    const [method, path] = request.split(" ");
    const response = json === undefined
      ? await service.send(method, path, { headers, body })
      : await service.sendJson(method, path, json);
    const { status, text, ...wanted } = typeof expected === "number"
      ? { status: expected }
      : expected;
    const content = await response.text();
    const label = `${request}: ${content}`;
    assertEquals(response.status, status, label);
    for (const [name, value] of Object.entries(wanted.headers ?? {})) {
      assertEquals(response.headers.get(name), value, label);
    }
    for (const [name, value] of Object.entries(wanted.json ?? {})) {
      assertEquals(JSON.parse(content)[name], value, label);
    }
    if (text instanceof RegExp) assertMatch(content, text, label);
    else if (text !== undefined) assertEquals(content, text, label);
    if (method === "HEAD") assertEquals(content, "", label);
  }
});

Deno.test("an unversioned name is deleted by its expected commit, otherwise 412", async () => {
  const backend = createMemoryBackend();
  await (await openRegistry(backend, { versioned: false }))[Symbol.asyncDispose]();
  await using service = await openService({ backend });
  const { commit } = await service.registry.save("a", 1);
  const deleted = async (commit: string) =>
    (await service.send("DELETE", `/artifacts/a?allVersions=true&ifCommit=${commit}`)).status;
  assertEquals([await deleted(OTHER), await deleted(commit)], [412, 200]);
  assertEquals(await service.registry.has("a"), false);
});

Deno.test("open routes refuse other origins and too many requests", async () => {
  const limits = { requestsPerSecond: 1 };
  await using service = await openService({ limits, system: createScriptedSystem() });
  await service.send("GET", "/openapi.json"); // for the check of the answers
  const statuses: number[] = [];
  for (let n = 0; n < 2; n++) statuses.push((await service.send("GET", "/health")).status);
  assertEquals(statuses.at(-1), 429);
  await using open = await openService();
  const headers = { origin: "http://evil.example" };
  assertEquals((await open.send("GET", "/health", { headers })).status, 403);
});
