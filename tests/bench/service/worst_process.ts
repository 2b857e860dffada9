// A service in memory that receives the worst body of one kind. Prints as JSON how long the event
// loop was busy in one turn (processor and wall clock), and the peak of memory.
// Argument: the name of a body. Without one, prints the names.
import { Buffer } from "node:buffer";
import process from "node:process";
import { setImmediate } from "node:timers";
import { createHandler } from "../../../apps/server.ts";
import { openRegistry } from "../../../mod.ts";

/** A request: method, path, body, type. */
type Sent = [method: string, path: string, body?: string, type?: string];

const JSON_TYPE = "application/json", LINES = "application/x-ndjson";
const MOST = 99_000;
const numbers = (count: number) => [...Array(count).keys()];
const line = (key: string, value: object) => JSON.stringify({ key, value }) + "\n";
const header = line("header", { summary: "x" });
const file = (path: string, content = "") => line("file", { path, content, encoding: "base64" });
const materializer = { id: "folder", formatVersion: 1 };
const saved = (files: unknown) => JSON.stringify({ materializer, files });
const filled = (count: number, bytes: number) =>
  numbers(count).map((i) => {
    const data = Buffer.alloc(bytes, `${i} `).toString("base64");
    return { path: `${i}`, data };
  });
const MIB = 1024 ** 2;
const SAVE = "/artifacts/a/versions", PART = "/artifacts/a/drafts/d/parts/p";
const COMMIT = "/api/models/b/commit/main";
const wide = (count: number) => Object.fromEntries(numbers(count).map((i) => [`k${i}`, i]));

/** The worst bodies found for each kind of route. */
export const BODIES: Record<string, () => Sent[]> = {
  "save: many files": () => [["POST", SAVE, saved(filled(MOST, 48)), JSON_TYPE]],
  "save: many empty files": () => [["POST", SAVE, saved(filled(MOST, 0)), JSON_TYPE]],
  "save: spaces": () => [["POST", SAVE, " ".repeat(32 * MIB - 100) + saved([]), JSON_TYPE]],
  "save: backslashes": () => [
    [
      "POST",
      SAVE,
      JSON.stringify({ materializer, files: [], version: "\\".repeat(15 * MIB) }),
      JSON_TYPE,
    ],
  ],
  "save: one file of base64": () => [["POST", SAVE, saved(filled(1, 23 * MIB)), JSON_TYPE]],
  "save: wide metadata": () => [
    ["POST", SAVE, JSON.stringify({ materializer, files: [], metadata: wide(900_000) }), JSON_TYPE],
  ],
  "save: wide objects": () => [[
    "POST",
    SAVE,
    JSON.stringify({ materializer, files: [], metadata: numbers(15).map(() => wide(64_000)) }),
    JSON_TYPE,
  ]],
  "save: wide objects in metadata": () => [[
    "POST",
    SAVE,
    JSON.stringify({
      materializer,
      files: [],
      metadata: { a: numbers(15).map(() => wide(64_000)) },
    }),
    JSON_TYPE,
  ]],
  "save: deep folders": () => [
    [
      "POST",
      SAVE,
      saved(numbers(7000).map((i) => ({ path: `${i}/` + "a/".repeat(250) + "a", data: "" }))),
      JSON_TYPE,
    ],
  ],
  "part: many files": () => [["PUT", PART, JSON.stringify({ files: filled(MOST, 48) }), JSON_TYPE]],
  "draft commit: metadata": () => [
    ["PUT", PART, JSON.stringify({ files: filled(1, 1) }), JSON_TYPE],
    [
      "POST",
      "/artifacts/a/drafts/d/commit",
      JSON.stringify({ materializer, metadata: wide(60_000) }),
      JSON_TYPE,
    ],
  ],
  "draft commit: many files": () => [
    ["PUT", PART, JSON.stringify({ files: filled(MOST, 48) }), JSON_TYPE],
    ["POST", "/artifacts/a/drafts/d/commit", JSON.stringify({ materializer }), JSON_TYPE],
  ],
  "hub: folder deletes": () => [[
    "POST",
    COMMIT,
    header + numbers(49_000).map((i) =>
      file(`d${i}/f`, "YWFhYWFh" + Buffer.from(`${i}`).toString("base64"))
    ).join("") +
    numbers(49_000).map((i) => line("deletedFolder", { path: `d${i}/` })).join(""),
    LINES,
  ]],
  "hub: adds and deletes": () => [[
    "POST",
    COMMIT,
    header +
    numbers(49_000).map((i) =>
      file(`${i}`, Buffer.from(`a${i}`).toString("base64")) + line("deletedFile", { path: `${i}` })
    ).join(""),
    LINES,
  ]],
  "hub: one line nested": () => [["POST", COMMIT, "[".repeat(900_000), LINES]],
  "hub: blank lines": () => [["POST", COMMIT, header + "\n ".repeat(16 * MIB - 100), LINES]],
  "hub: preupload": () => [[
    "POST",
    "/api/models/b/preupload/main",
    JSON.stringify({
      files: numbers(1000).map((i) => ({ path: "a".repeat(400) + i, size: 1 })),
      gitIgnore: "*a*a*a*a*b\n".repeat(40_000),
    }),
    JSON_TYPE,
  ]],
  "form: many fields": () => [["POST", "/upload?name=a", form(20_000), FORM]],
  "form: files": () => [["POST", "/upload?name=a", form(9999), FORM]],
  "contents: 64 MiB":
    () => [["POST", "/contents", "a".repeat(64 * MIB), "application/octet-stream"]],
  "lfs: batch": () => [[
    "POST",
    "/b.git/info/lfs/objects/batch",
    JSON.stringify({
      operation: "upload",
      objects: numbers(1000).map((i) => ({ oid: `${i}`.padStart(64, "0"), size: 1 })),
    }),
    JSON_TYPE,
  ]],
  "presigned: batch": () => [[
    "POST",
    "/uploads/presigned",
    JSON.stringify({ files: numbers(1000).map((i) => ({ path: `${i}` })) }),
    JSON_TYPE,
  ]],
  "search: long": () => [["GET", `/search?q=${"a ".repeat(4000)}`]],
  "where: nested": () => [["GET", `/versions?where=${encodeURIComponent("(".repeat(4000))}`]],
  "query: many": () => [["GET", `/artifacts?${"limit=1&".repeat(7000)}`]],
};

const FORM = "multipart/form-data; boundary=b";

function form(count: number): string {
  const head = '--b\r\ncontent-disposition: form-data; name="file"; filename="';
  return numbers(count).map((i) => `${head}${i}"\r\n\r\na\r\n`).join("") + "--b--\r\n";
}

async function measure(sent: Sent[]) {
  await using registry = await openRegistry("memory:");
  await using handler = createHandler(registry, { hf: true });
  const longest = { turnCpuMs: 0, turnMs: 0, turns: 0 };
  const statuses: number[] = [];
  for (const [method, path, body, type] of sent) {
    const bytes = body === undefined ? undefined : new TextEncoder().encode(body);
    let at = 0;
    const stream = bytes && new ReadableStream({
      async pull(controller) {
        await new Promise((resolve) => setImmediate(resolve)); // as from a socket
        if (at >= bytes.length) return controller.close();
        controller.enqueue(bytes.slice(at, at += 65_536));
      },
    }, { highWaterMark: 0 });
    const headers: Record<string, string> = type ? { "content-type": type } : {};
    const request = new Request(`http://127.0.0.1${path}`, {
      ...{ method, body: stream, headers, duplex: "half" },
    } as RequestInit);
    let cpu = process.cpuUsage(), wall = performance.now(), ended = false;
    const look = () => {
      const used = process.cpuUsage(cpu), took = performance.now() - wall;
      longest.turnCpuMs = Math.max(longest.turnCpuMs, Math.round((used.user + used.system) / 1000));
      longest.turnMs = Math.max(longest.turnMs, Math.round(took));
      longest.turns++;
      [cpu, wall] = [process.cpuUsage(), performance.now()];
      if (!ended) setImmediate(look);
    };
    setImmediate(look);
    const answer = await handler(request);
    await answer.body?.cancel();
    ended = true;
    await new Promise((resolve) => setImmediate(resolve));
    statuses.push(answer.status);
  }
  return { ...longest, rssMiB: Math.round(process.resourceUsage().maxRSS / 1024), statuses };
}

if (import.meta.main) {
  const name = process.argv[2];
  if (name === undefined) console.log(JSON.stringify(Object.keys(BODIES)));
  else console.log(JSON.stringify({ name, ...await measure(BODIES[name]!()) }));
}
