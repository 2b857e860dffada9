// A service with several processes remembers what one with a single process does, whichever of them
// answers a request.
import { assert, assertEquals } from "@std/assert";
import { createHash, randomUUID } from "node:crypto";
import { connect } from "node:net";
import { realSystem } from "../../../core/system.ts";
import { MANY, type ServedProcesses, serveProcesses } from "./served_processes.ts";

const FLAGS = [
  ...["--dav", "--hf", "--tokens", "ROOT/t.json", "--audit", "ROOT/audit.jsonl"],
  ...["--max-requests", "100"],
];

const TOKENS = [
  ["read:m"],
  ["read:d"],
  ["write:team/*", "read:team/*"],
  ["save:s"],
  ["save:u"],
  ["write:q", "read:q"],
  ["read:none"],
  ["metrics", "read:counted"],
  ["write:audited"],
  ["read:removed"],
];

const json = (headers: Record<string, string>, value: unknown) => ({
  headers: { ...headers, "content-type": "application/json" },
  body: JSON.stringify(value),
});

const savingFile = (data: string, metadata = {}) => ({
  materializer: { id: "folder", formatVersion: 1 },
  files: [{ path: "f", data }],
  metadata,
});

Deno.test({
  name: "the processes of a service have one memory",
  ignore: Deno.build.os !== "linux",
  async fn(t) {
    await using service = await serveProcesses(FLAGS, {
      tokens: TOKENS,
      async fill(registry) {
        await registry.save("m", "first version");
        await registry.setAlias("m", "live", "1.0.0");
      },
    });
    await t.step("ranges at a moving alias never join two versions", () => ranges(service));
    await t.step("a version of /dav stays the same for a moment", () => folders(service));
    await t.step("a commit of the Hub has objects that went to any process", () => hub(service));
    await t.step("a repeat after a lost answer gets the result", () => repeats(service));
    await t.step("the last request of an upload wins", () => uploads(service));
    await t.step("a search has what any process saved", () => searches(service));
    await t.step("all requests of a token have one limit", () => limits(service));
    await t.step("metrics are those of all processes", () => metrics(service));
    await t.step("each change is one line of the audit trail", () => audited(service));
    await t.step("a removed token is refused by each process", () => removed(service));
  },
});

async function ranges({ ask, as, registry }: ServedProcesses): Promise<void> {
  const headers = as("read:m");
  const { files: [file] } = await registry.info("m");
  for (let round = 1; round <= 8; round++) {
    const alias = `live-${round}`;
    const path = `/artifacts/m/versions/${alias}/files/${file.path}`;
    const read = async (range: string) =>
      (await ask(path, { headers: { ...headers, range: `bytes=${range}` } })).status;
    await registry.setAlias("m", alias, "latest");
    assertEquals(await read("0-4"), 206);
    await registry.save("m", `version after ${round}`, { alias });
    assertEquals([await read("5-9"), await read("0-4"), await read("5-9")], [409, 409, 409]);
    assertEquals(await read("0-"), 206);
  }
}

async function folders({ ask, as, registry }: ServedProcesses): Promise<void> {
  await registry.save("d", "one");
  const headers = as("read:d");
  const { files: [file] } = await registry.info("d");
  const version = async () =>
    (await ask(`/dav/d@latest/${file.path}`, { headers })).headers["holdfast-version"];
  assertEquals(await version(), "1.0.0");
  await registry.save("d", "two");
  const versions = await Promise.all(Array.from({ length: MANY }, version));
  assertEquals(new Set(versions).size, 1); // all still the first, or after a slow test the second
}

async function hub({ ask, as }: ServedProcesses): Promise<void> {
  const headers = as("write:team/*", "read:team/*");
  for (let round = 1; round <= 4; round++) {
    const content = `object ${round}`;
    const oid = createHash("sha256").update(content).digest("hex");
    const batch = await ask("/team/a/info/lfs/objects/batch", {
      method: "POST",
      headers: { ...headers, "content-type": "application/vnd.git-lfs+json" },
      body: JSON.stringify({ operation: "upload", objects: [{ oid, size: content.length }] }),
    });
    const { href } = JSON.parse(batch.text).objects[0].actions.upload;
    const put = await ask(new URL(href).pathname, { method: "PUT", body: content });
    assertEquals(put.status, 200);
    const lines = [
      { key: "header", value: { summary: "a commit", description: "" } },
      { key: "lfsFile", value: { path: `f${round}`, algo: "sha256", oid, size: content.length } },
    ];
    const commit = await ask("/api/models/team/a/commit/main", {
      method: "POST",
      headers: { ...headers, "content-type": "application/x-ndjson" },
      body: lines.map((line) => JSON.stringify(line)).join("\n"),
    });
    assertEquals(commit.status, 200, commit.text);
  }
  const create = { name: "empty", organization: "team" };
  await ask("/api/repos/create", { method: "POST", ...json(headers, create) });
  for (let i = 0; i < MANY; i++) {
    assertEquals((await ask("/api/models/team/empty", { headers })).status, 200);
  }
}

async function repeats({ ask, as }: ServedProcesses): Promise<void> {
  const headers = as("save:s");
  const content = btoa("x");
  for (let round = 1; round <= 3; round++) {
    const draft = `/artifacts/s/drafts/d${round}`;
    const part = { files: [{ path: "f", data: content }] };
    const added = await ask(`${draft}/parts/p`, { method: "PUT", ...json(headers, part) });
    assertEquals(added.status, 200, added.text);
    const commit = () => ask(`${draft}/commit`, { method: "POST", ...json(headers, {}) });
    const first = await commit();
    assertEquals(first.status, 201, first.text);
    const { version } = JSON.parse(first.text);
    for (let i = 0; i < 6; i++) {
      const again = await commit();
      assertEquals([again.status, JSON.parse(again.text).version], [200, version], again.text);
    }
  }
}

async function uploads({ url, ask, as }: ServedProcesses): Promise<void> {
  const headers = { ...as("save:u"), "tus-resumable": "1.0.0" };
  const { port } = new URL(url);
  for (let round = 1; round <= 4; round++) {
    const begun = await ask("/uploads", {
      method: "POST",
      headers: { ...headers, "upload-length": "10" },
    });
    const path = new URL(String(begun.headers.location), `${url}/uploads`).pathname;
    // A client that sends three of ten bytes, and then nothing.
    const stuck = connect(Number(port), "127.0.0.1");
    stuck.on("error", () => {});
    let hasEnded = false;
    const ended = new Promise<void>((resolve) => {
      for (const event of ["data", "close"]) {
        stuck.once(event, () => {
          hasEnded = true;
          resolve();
        });
      }
    });
    const lines = Object.entries({
      host: "127.0.0.1",
      ...headers,
      "upload-offset": "0",
      "content-type": "application/offset+octet-stream",
      "content-length": "10",
    }).map(([name, value]) => `${name}: ${value}`);
    await new Promise<void>((resolve) =>
      stuck.write(`PATCH ${path} HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\nabc`, () => resolve())
    );
    // It reconnects: the service ends the first request, once that has begun.
    let head = await ask(path, { method: "HEAD", headers });
    while (!hasEnded) {
      head = await ask(path, { method: "HEAD", headers });
      assertEquals(head.status, 200);
      await Promise.race([ended, realSystem.sleep(10)]);
    }
    head = await ask(path, { method: "HEAD", headers });
    const offset = Number(head.headers["upload-offset"]);
    const rest = await ask(path, {
      method: "PATCH",
      headers: {
        ...headers,
        "upload-offset": String(offset),
        "content-type": "application/offset+octet-stream",
      },
      body: "abcdefghij".slice(offset),
    });
    assertEquals([rest.status, rest.headers["upload-offset"]], [204, "10"], rest.text);
    stuck.destroy();
  }
}

async function searches({ ask, as }: ServedProcesses): Promise<void> {
  const headers = as("write:q", "read:q");
  const search = async (text: string) => {
    const answer = await ask(`/search?q=${text}`, { headers });
    return JSON.parse(answer.text).items?.length ?? answer.text;
  };
  for (let i = 0; i < 6; i++) await search("nothing"); // each process has an index
  for (let round = 1; round <= 4; round++) {
    const word = `w${randomUUID().slice(0, 8)}`;
    const saved = await ask("/artifacts/q/versions", {
      method: "POST",
      ...json(headers, savingFile(btoa(word), { word })),
    });
    assertEquals(saved.status, 201, saved.text);
    for (let i = 0; i < 4; i++) assertEquals(await search(word), 1);
  }
}

async function limits({ ask, as }: ServedProcesses): Promise<void> {
  const headers = as("read:none");
  const beganAt = realSystem.monotonic();
  const answers = await Promise.all(
    Array.from({ length: 500 }, () => ask("/names", { headers })),
  );
  const seconds = (realSystem.monotonic() - beganAt) / 1000;
  const answered = answers.filter(({ status }) => status === 200).length;
  assert(answered >= 200, `only ${answered} were answered`);
  assert(answered <= 200 + 100 * seconds + 1, `${answered} were answered`);
}

async function metrics({ ask, as }: ServedProcesses): Promise<void> {
  const headers = as("metrics", "read:counted");
  const valueOf = async (series: string) => {
    const { text } = await ask("/metrics", { headers });
    const line = text.split("\n").find((each) => each.startsWith(`${series} `));
    return Number(line?.slice(series.length + 1) ?? 0);
  };
  const series =
    'holdfast_requests_total{method="GET",route="/artifacts/:name/versions/:version",status="404"}';
  for (let i = 1; i <= MANY; i++) {
    assertEquals((await ask("/artifacts/counted/versions/1.0.0", { headers })).status, 404);
    assertEquals(await valueOf(series), i);
  }
  assertEquals(await valueOf("holdfast_processes"), 2);
  assertEquals(await valueOf("holdfast_requests_under_way"), 1);
}

async function audited({ ask, as, root }: ServedProcesses): Promise<void> {
  const headers = as("write:audited");
  const ids = Array.from({ length: 2 * MANY }, (_, i) => `audited-${i}`);
  await Promise.all(ids.map(async (id) => {
    const sent = json({ ...headers, "x-request-id": id }, savingFile(""));
    const { status, text } = await ask("/artifacts/audited/versions", { method: "POST", ...sent });
    assertEquals(status, 201, text);
  }));
  const lines = (await Deno.readTextFile(root.join("audit.jsonl"))).trim().split("\n");
  const requests = lines.map((line) => JSON.parse(line).request);
  for (const id of ids) assertEquals(requests.filter((each) => each === id).length, 1, id);
}

async function removed({ ask, as, root }: ServedProcesses): Promise<void> {
  const headers = as("read:removed");
  const statuses = async () => {
    const asked = Array.from({ length: MANY }, () => ask("/names", { headers }));
    return (await Promise.all(asked)).map(({ status }) => status);
  };
  assertEquals(new Set(await statuses()), new Set([200]));
  const file = root.join("t.json");
  const stored = JSON.parse(await Deno.readTextFile(file));
  stored.tokens = stored.tokens.filter(({ note }: { note: string }) => note !== "read:removed");
  await Deno.writeTextFile(file, JSON.stringify(stored));
  let last: number[] = [];
  while (!last.every((status) => status === 401) || last.length === 0) {
    if (last.includes(429)) await realSystem.sleep(1000); // guesses count, so without a pause this would never end
    last = await statuses();
  }
}
