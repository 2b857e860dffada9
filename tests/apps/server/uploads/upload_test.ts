import { assertEquals, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import { createHash } from "node:crypto";
import { createMemoryBackend, openRegistry } from "../../../../mod.ts";
import type { UploadOptions } from "../../../../apps/server/uploads/next_step.ts";
import type { JobQueue } from "../../../../extensions/queues/mod.ts";
import { createMemoryQueue } from "../../../../extensions/queues/memory.ts";
import { keysOf, noise } from "../../../registry/registries.ts";
import { openForm } from "../../../../apps/server/uploads/multipart.ts";
import { openService, sentBody } from "./sending.ts";
import { createHandler } from "../../../../apps/server.ts";

async function formOf(parts: [string, string | File][], cut = 0): Promise<RequestInit> {
  const form = new FormData();
  for (const [name, value] of parts) form.append(name, value);
  const response = new Response(form);
  const bytes = new Uint8Array(await response.arrayBuffer());
  const headers = { "content-type": response.headers.get("content-type")! };
  return {
    headers,
    body: sentBody(bytes.subarray(0, bytes.byteLength - cut), { breaks: cut > 0, chunk: 10_000 }),
  };
}

function scheduleOn(jobs: JobQueue): UploadOptions {
  return {
    async schedule(uploaded, { idempotencyKey: id }) {
      await jobs.add({ id, group: "uploads", kind: "upload", data: { ...uploaded } });
      return id;
    },
  };
}

Deno.test("an upload is saved and returns the id of its job", async () => {
  await using jobs = createMemoryQueue();
  await using service = await openService({ upload: scheduleOn(jobs) });
  const content = noise(700_000);
  const answer = await service.send("POST", "/upload?name=team%2Fdata&path=scan.bin", {
    body: sentBody(content),
    headers: { "content-type": "application/x-scan" },
  });
  const { jobId, name, version, commit, size } = await answer.json();
  assertEquals([answer.status, answer.headers.get("location")], [202, `jobs/${jobId}`]);
  assertEquals([name, version, size], ["team/data", "1.0.0", 700_000]);
  const artifact = await service.registry.open("team/data");
  assertEquals(artifact.info.materializer, { id: "file", formatVersion: 1 });
  assertEquals(artifact.info.commit, commit);
  const [{ info }] = artifact.files();
  assertEquals([info.path, info.mediaType], ["scan.bin", "application/x-scan"]);
  assertEquals(await artifact.file("scan.bin").bytes(), content);
  const { state, data } = (await jobs.get(jobId))!;
  const { digest } = artifact.info;
  assertEquals(state, "waiting");
  assertEquals(data, { name, version, ref: "team/data@1.0.0", commit, digest, size });
});

Deno.test("a form has fields and several files", async () => {
  await using service = await openService();
  const large = noise(400_000) as Uint8Array<ArrayBuffer>;
  const form = await formOf([
    ["name", "set"],
    ["version", "3.1"],
    ["file", new File([large], "large.bin", { type: "application/x-large" })],
    ["file", new File(["hello"], "sub/notes.txt", { type: "text/plain" })],
    ["file", new File([], "empty")],
  ]);
  const answer = await service.send("POST", "/upload", form);
  assertEquals([answer.status, (await answer.json()).version], [201, "3.1.0"]);
  const artifact = await service.registry.open("set");
  assertEquals(artifact.info.materializer.id, "folder");
  const paths = artifact.files().map(({ info }) => info.path);
  assertEquals(paths, ["large.bin", "sub/notes.txt", "empty"]);
  assertEquals(await artifact.file("large.bin").bytes(), large);
  assertEquals(await artifact.file("sub/notes.txt").bytes(), new TextEncoder().encode("hello"));
});

Deno.test("a form whose file name may be escaped is refused, others are exact", async () => {
  await using service = await openService();
  const send = async (...names: string[]) => {
    const files = names.map((name): [string, File] => ["file", new File(["x"], name)]);
    return (await service.send("POST", "/upload", await formOf([["name", "a"], ...files]))).status;
  };
  for (const name of ['say "hi".txt', "line\nfeed.txt", "a%22b", "a\rb"]) {
    assertEquals([await send(name), await send("first", name)], [400, 400], name);
  }
  assertEquals(await service.registry.has("a"), false);
  const names = ["100%.txt", "50%25.txt", "a%20b", "%0", "sub/กา ü.png", "it's; a=b"];
  assertEquals(await send(...names), 201);
  const paths = (await service.registry.open("a")).files().map(({ info }) => info.path);
  assertEquals(paths, names);
});

Deno.test("an incomplete body saves nothing", async () => {
  const backend = createMemoryBackend();
  await using jobs = createMemoryQueue();
  await using service = await openService({ backend, upload: scheduleOn(jobs) });
  const content = noise(600_000) as Uint8Array<ArrayBuffer>;
  const before = await keysOf(backend);
  const broken = { body: sentBody(content, { breaks: true }) };
  assertEquals((await service.send("POST", "/upload?name=a", broken)).status, 500);
  for (const cut of [10, 300_000, 599_990, 600_050]) {
    const form = await formOf([["name", "a"], ["file", new File([content], "a.bin")]], cut);
    assertEquals((await service.send("POST", "/upload", form)).status >= 400, true, `${cut}`);
  }
  assertEquals([await keysOf(backend), await jobs.list()], [before, []]);
});

Deno.test("a repeated upload with a key makes one version and one job", async () => {
  await using jobs = createMemoryQueue();
  await using service = await openService({ upload: scheduleOn(jobs) });
  const send = async () => {
    const init = { body: sentBody(noise(300_000)), headers: { "idempotency-key": "phone-17" } };
    const answer = await service.send("POST", "/upload?name=a", init);
    const { jobId, version } = await answer.json();
    return [answer.status, jobId, version];
  };
  assertEquals(await send(), await send());
  assertEquals((await jobs.list()).length, 1);
  assertEquals((await Array.fromAsync(service.registry.versions("a"))).length, 1);
});

Deno.test("an upload sets an alias, and a repeat with its key does not move it back", async () => {
  await using service = await openService();
  const headers = { "idempotency-key": "phone-17" };
  const send = (query: string) => service.send("POST", `/upload?${query}`, { body: "1", headers });
  assertEquals((await send("name=a&alias=latest")).status, 400);
  assertEquals((await send("name=a&alias=production")).status, 201);
  await service.registry.save("a", 2, { alias: "production" });
  assertEquals((await send("name=a&alias=production")).status, 201);
  const form = await formOf([
    ["name", "a"],
    ["alias", "canary"],
    ["file", new File(["2"], "b.txt")],
  ]);
  assertEquals((await service.send("POST", "/upload", form)).status, 201);
  const aliases = await Array.fromAsync(
    service.registry.aliases("a"),
    ({ alias, version }) => [alias, version],
  );
  assertEquals(aliases, [["canary", "3.0.0"], ["production", "2.0.0"]]);
});

Deno.test("a task schedules a job or returns its result", async () => {
  const submitted: unknown[] = [];
  const outcomes: unknown[] = [{ scheduled: true, jobId: "job-1" }, { pages: 3 }];
  const task = {
    submit(input: unknown, options: { idempotencyKey: string }) {
      submitted.push([
        (input as { ref: string }).ref,
        options.idempotencyKey.startsWith("upload-"),
      ]);
      return Promise.resolve(outcomes.shift());
    },
  };
  await using service = await openService({ upload: { task } });
  const scheduled = await service.send("POST", "/upload?name=a", { body: "1" });
  assertEquals([scheduled.status, (await scheduled.json()).jobId], [202, "job-1"]);
  const direct = await service.send("POST", "/upload?name=a", { body: "2" });
  assertEquals([direct.status, (await direct.json()).result], [201, { pages: 3 }]);
  assertEquals(submitted, [["a@1.0.0", true], ["a@2.0.0", true]]);
  const upload = { schedule: ({ version }: { version: string }) => `own-${version}` };
  await using other = await openService({ upload });
  const own = await other.send("POST", "/upload?name=a", { body: "1" });
  assertEquals((await own.json()).jobId, "own-1.0.0");
});

Deno.test("invalid uploads are refused", async () => {
  await using service = await openService();
  const file = new File(["x"], "x");
  const outside = new File(["x"], "../../etc/passwd");
  const unbounded = { "content-type": "multipart/form-data; charset=utf-8" };
  const cases: [init: RequestInit, status: number, detail: string, query?: string][] = [
    [{ body: "x" }, 400, "no name"],
    [await formOf([["file", file], ["name", "a"]]), 400, "no name"],
    [await formOf([["name", "a"]]), 400, "no file"],
    [await formOf([["name", "a".repeat(70_000)], ["file", file]]), 400, "too long"],
    [await formOf([["name", "a"], ["name", "b"], ["file", file]]), 400, "given twice"],
    [await formOf([["name", "a"], ["file", outside]]), 400, ""],
    [{ body: "x", headers: unbounded }, 400, ""],
    [{ body: "x", headers: { "content-encoding": "gzip" } }, 415, "", "?name=a"],
  ];
  for (const [init, status, detail, query = ""] of cases) {
    const problem = await (await service.send("POST", `/upload${query}`, init)).json();
    assertEquals(problem.status, status);
    assertStringIncludes(problem.detail, detail);
  }
  assertEquals(await Array.fromAsync(service.registry.names()), []);
});

function longBody(before: string, after: string) {
  const encoder = new TextEncoder();
  const counts = { read: 0 };
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => before === "" ? undefined : controller.enqueue(encoder.encode(before)),
    pull(controller) {
      counts.read += 65_536;
      if (counts.read <= 10 * MIB) return controller.enqueue(new Uint8Array(65_536));
      if (after !== "") controller.enqueue(encoder.encode(after));
      controller.close();
    },
  }, { highWaterMark: 0 });
  return { body, counts };
}

const MIB = 1024 ** 2;
const PART = '--x\r\ncontent-disposition: form-data; name="file"; filename="a.bin"\r\n\r\n';

const FORM = { "content-type": "multipart/form-data; boundary=x" };

for (const what of ["a body", "a form"]) {
  const [before, after, headers] = what === "a form" ? [PART, "\r\n--x--\r\n", FORM] : ["", ""];
  Deno.test(`${what} is read only as fast as it is stored`, async () => {
    const memory = createMemoryBackend();
    const stored = Promise.withResolvers<void>(), open = Promise.withResolvers<void>();
    const slow = {
      ...memory,
      async put(...args: Parameters<typeof memory.put>) {
        if (args[1] instanceof ReadableStream) {
          stored.resolve();
          await open.promise; // the store is blocked
        }
        return await memory.put(...args);
      },
    };
    await using service = await openService({ backend: slow });
    const { body, counts } = longBody(before, after);
    const answer = service.send("POST", "/upload?name=a", { body, headers });
    await stored.promise;
    for (let turns = 0; turns < 100; turns++) {
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
    assertEquals(counts.read < MIB, true, `${counts.read}`);
    open.resolve();
    const { size } = await (await answer).json();
    assertEquals(size, 10 * MIB);
  });
}

Deno.test("a refused form is not read to its end", async () => {
  await using service = await openService();
  const { body, counts } = longBody(PART, "");
  const gone = Promise.withResolvers<void>();
  const reader = body.getReader();
  const watched = new ReadableStream<Uint8Array>({
    async pull(controller) {
      controller.enqueue((await reader.read()).value!);
    },
    cancel: () => gone.resolve(),
  }, { highWaterMark: 0 });
  const init = { body: watched, headers: FORM };
  assertEquals((await service.send("POST", "/upload", init)).status, 400); // no name
  await gone.promise;
  assertEquals(counts.read < MIB, true, `${counts.read}`);
});

Deno.test("an incomplete form fails only its reader", async () => {
  const head = '--b\r\ncontent-disposition: form-data; name="f"; filename="a"\r\n\r\nabc';
  for (const breaks of [true, false]) {
    const gone = Promise.withResolvers<void>();
    const sent = async function* (): AsyncGenerator<Uint8Array> {
      yield new TextEncoder().encode(head);
      await gone.promise;
      if (breaks) throw new TypeError("connection reset");
    };
    const headers = { "content-type": "multipart/form-data; boundary=b" };
    const init = { method: "POST", headers, body: ReadableStream.from(sent()), duplex: "half" };
    const form = await openForm(new Request("http://localhost/upload", init as RequestInit));
    gone.resolve();
    for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
    const read = async () => {
      for await (const { content } of form.files) {
        await new Response(content as ReadableStream).bytes();
      }
    };
    await assertRejects(read);
    form.close();
  }
});

const sha256 = (bytes: Uint8Array, form: "hex" | "base64" = "hex") =>
  createHash("sha256").update(bytes).digest(form);

Deno.test("contents of unknown size are stored with their digest", async () => {
  await using service = await openService();
  for (const content of [noise(300_000), new Uint8Array(), noise(1)]) {
    const answer = await service.send("POST", "/contents", { body: sentBody(content) });
    const { upload, ...rest } = await answer.json();
    assertEquals(answer.status, 201);
    assertEquals(rest, { size: content.byteLength, sha256: sha256(content) });
    assertMatch(upload, /^[0-9a-f-]{36}$/);
  }
  assertEquals((await (await service.send("POST", "/contents")).json()).size, 0);
});

Deno.test("incomplete contents leave nothing", async () => {
  const backend = createMemoryBackend();
  await using service = await openService({ backend });
  const content = noise(300_000);
  const broken = { body: sentBody(content, { breaks: true }) };
  assertEquals((await service.send("POST", "/contents", broken)).status >= 400, true);
  assertEquals(await keysOf(backend, "uploads/"), []);
});

Deno.test("close waits for running requests", async () => {
  await using registry = await openRegistry("memory:");
  const handler = createHandler(registry);
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const sent = { method: "POST", body: readable, duplex: "half" } as RequestInit;
  const order: string[] = [];
  const answered = handler(new Request("http://localhost/contents", sent)).then(() =>
    order.push("answered")
  );
  const writer = writable.getWriter();
  await writer.write(noise(1000));
  const closed = handler.close().then(() => order.push("closed"));
  await writer.write(noise(1000));
  await writer.close();
  await Promise.all([answered, closed]);
  assertEquals(order, ["answered", "closed"]);
});
