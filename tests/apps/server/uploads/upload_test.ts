import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { createHash } from "node:crypto";
import { createMemoryBackend, openRegistry } from "../../../../mod.ts";
import type { UploadOptions } from "../../../../apps/server/uploads/next_step.ts";
import type { JobQueue } from "../../../../queues/mod.ts";
import { createMemoryQueue } from "../../../../queues/memory.ts";
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

Deno.test("a file is saved as it comes, and the client is told the job at once", async () => {
  await using jobs = createMemoryQueue();
  await using service = await openService({ jobs, upload: scheduleOn(jobs) });
  const content = noise(700_000);
  const answer = await service.send("POST", "/upload?name=team%2Fdata&path=scan.bin", {
    body: sentBody(content),
    headers: { "content-type": "application/x-scan" },
  });
  const { jobId, name, version, commit, size } = await answer.json();
  assertEquals([answer.status, answer.headers.get("location")], [202, `/jobs/${jobId}`]);
  assertEquals([name, version, size], ["team/data", "1.0.0", 700_000]);
  const artifact = await service.registry.open("team/data");
  assertEquals([artifact.info.materializer, artifact.info.commit], [{
    id: "file",
    formatVersion: 1,
  }, commit]);
  assertEquals(artifact.files().map(({ info }) => [info.path, info.mediaType]), [[
    "scan.bin",
    "application/x-scan",
  ]]);
  assertEquals(await artifact.file("scan.bin").bytes(), content);
  const { state, data } = (await jobs.get(jobId))!;
  const { digest } = artifact.info;
  assertEquals(state, "waiting");
  assertEquals(data, { name, version, ref: "team/data@1.0.0", commit, digest, size });
});

Deno.test("a form has its fields first, and as many files as it likes", async () => {
  await using service = await openService();
  const large = noise(400_000) as Uint8Array<ArrayBuffer>;
  const answer = await service.send(
    "POST",
    "/upload",
    await formOf([
      ["name", "set"],
      ["version", "3.1"],
      ["file", new File([large], "large.bin", { type: "application/x-large" })],
      ["file", new File(["hello"], "sub/notes.txt", { type: "text/plain" })],
      ["file", new File([], "empty")],
    ]),
  );
  assertEquals([answer.status, (await answer.json()).version], [201, "3.1.0"]);
  const artifact = await service.registry.open("set");
  assertEquals(artifact.info.materializer.id, "folder");
  assertEquals(artifact.files().map(({ info }) => info.path), [
    "large.bin",
    "sub/notes.txt",
    "empty",
  ]);
  assertEquals(await artifact.file("large.bin").bytes(), large);
  assertEquals(await artifact.file("sub/notes.txt").bytes(), new TextEncoder().encode("hello"));
});

Deno.test("of a body that breaks off nothing is saved, wherever it does", async () => {
  const backend = createMemoryBackend();
  await using jobs = createMemoryQueue();
  await using service = await openService({ backend, jobs, upload: scheduleOn(jobs) });
  const content = noise(600_000) as Uint8Array<ArrayBuffer>;
  const before = await keysOf(backend);
  assertEquals(
    (await service.send("POST", "/upload?name=a", { body: sentBody(content, { breaks: true }) }))
      .status,
    500,
  );
  for (const cut of [10, 300_000, 599_990, 600_050]) {
    const form = await formOf([["name", "a"], ["file", new File([content], "a.bin")]], cut);
    assertEquals((await service.send("POST", "/upload", form)).status >= 400, true, `${cut}`);
  }
  assertEquals([await keysOf(backend), await jobs.list()], [before, []]);
});

Deno.test("an upload whose answer was lost is sent again by its key: one version, one job", async () => {
  await using jobs = createMemoryQueue();
  await using service = await openService({ jobs, upload: scheduleOn(jobs) });
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

Deno.test("a task is what comes next: a job where it is scheduled, else its result", async () => {
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
  await using other = await openService({
    upload: { schedule: ({ version }) => `own-${version}` },
  });
  assertEquals(
    (await (await other.send("POST", "/upload?name=a", { body: "1" })).json()).jobId,
    "own-1.0.0",
  );
});

Deno.test("what cannot be uploaded is refused with what is expected", async () => {
  await using service = await openService();
  const json = async (answer: Promise<Response>) => {
    const { status, detail } = await (await answer).json();
    return [status, detail];
  };
  assertEquals(await json(service.send("POST", "/upload", { body: "x" })), [
    400,
    "Cannot upload: no name is said",
  ]);
  const file = new File(["x"], "x");
  const late = await formOf([["file", file], ["name", "a"]]);
  assertEquals(await json(service.send("POST", "/upload", late)), [
    400,
    "Cannot upload: no name is said",
  ]);
  const none = await formOf([["name", "a"]]);
  assertEquals(await json(service.send("POST", "/upload", none)), [
    400,
    "Cannot read the form: there is no file in it",
  ]);
  const long = await formOf([["name", "a".repeat(70_000)], ["file", file]]);
  assertMatch(
    (await json(service.send("POST", "/upload", long)))[1],
    /its field "name" is too long/,
  );
  const unbounded = {
    body: "x",
    headers: { "content-type": "multipart/form-data; charset=utf-8" },
  };
  assertEquals((await json(service.send("POST", "/upload", unbounded)))[0], 400);
  const outside = await formOf([["name", "a"], ["file", new File(["x"], "../../etc/passwd")]]);
  assertEquals((await json(service.send("POST", "/upload", outside)))[0], 400);
  const packed = { body: "x", headers: { "content-encoding": "gzip" } };
  assertEquals((await json(service.send("POST", "/upload?name=a", packed)))[0], 415);
  assertEquals(await Array.fromAsync(service.registry.names()), []);
});

function longBody(before: string, after: string) {
  const encoder = new TextEncoder();
  const told = { read: 0 };
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => before === "" ? undefined : controller.enqueue(encoder.encode(before)),
    pull(controller) {
      told.read += 65_536;
      if (told.read <= 40 * MIB) return controller.enqueue(new Uint8Array(65_536));
      if (after !== "") controller.enqueue(encoder.encode(after));
      controller.close();
    },
  }, { highWaterMark: 0 });
  return { body, told };
}

const MIB = 1024 ** 2;
const PART = '--x\r\ncontent-disposition: form-data; name="file"; filename="a.bin"\r\n\r\n';

for (
  const { what, before, after, headers } of [
    { what: "a body", before: "", after: "", headers: {} },
    {
      what: "a form",
      before: PART,
      after: "\r\n--x--\r\n",
      headers: { "content-type": "multipart/form-data; boundary=x" },
    },
  ]
) {
  Deno.test(`a slow store slows the client: of ${what} no more is read than is being stored`, async () => {
    const memory = createMemoryBackend();
    const stored = Promise.withResolvers<void>(), open = Promise.withResolvers<void>();
    const slow = {
      ...memory,
      async put(...args: Parameters<typeof memory.put>) {
        if (args[1] instanceof ReadableStream) {
          stored.resolve();
          await open.promise; // the store takes nothing for now
        }
        return await memory.put(...args);
      },
    };
    await using service = await openService({ backend: slow });
    const { body, told } = longBody(before, after);
    const answer = service.send("POST", "/upload?name=a", {
      body,
      headers: headers as Record<string, string>,
    });
    await stored.promise;
    for (let turns = 0; turns < 100; turns++) {
      await new Promise<void>((resolve) => setImmediate(resolve)); // as much as it likes
    }
    assertEquals(told.read < MIB, true, `${told.read}`);
    open.resolve();
    const { size } = await (await answer).json();
    assertEquals(size, 40 * MIB);
  });
}

Deno.test("of a form that is refused no more is read", async () => {
  await using service = await openService();
  const { body, told } = longBody(PART, "");
  const gone = Promise.withResolvers<void>();
  const reader = body.getReader();
  const watched = new ReadableStream<Uint8Array>({
    async pull(controller) {
      controller.enqueue((await reader.read()).value!);
    },
    cancel: () => gone.resolve(),
  }, { highWaterMark: 0 });
  const headers = { "content-type": "multipart/form-data; boundary=x" };
  assertEquals((await service.send("POST", "/upload", { body: watched, headers })).status, 400); // it has no name
  await gone.promise;
  assertEquals(told.read < MIB, true, `${told.read}`);
});

Deno.test("a form that breaks off before its file is read fails for whoever reads it, and nobody else", async () => {
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

Deno.test("bytes whose number nobody knows are taken in, with their digest", async () => {
  await using service = await openService();
  for (const content of [noise(300_000), new Uint8Array(), noise(1)]) {
    const answer = await service.send("POST", "/contents", { body: sentBody(content) });
    const { upload, ...rest } = await answer.json();
    assertEquals([answer.status, rest], [201, {
      size: content.byteLength,
      sha256: sha256(content),
    }]);
    assertMatch(upload, /^[0-9a-f-]{36}$/);
  }
  assertEquals((await (await service.send("POST", "/contents")).json()).size, 0);
});

Deno.test("of a body that breaks off, or has another digest than was said, nothing stays", async () => {
  const backend = createMemoryBackend();
  await using service = await openService({ backend });
  const content = noise(300_000);
  const broken = await service.send("POST", "/contents", {
    body: sentBody(content, { breaks: true }),
  });
  assertEquals(broken.status >= 400, true);
  const send = (digest: string) =>
    service.send("POST", "/contents", {
      body: sentBody(content),
      headers: { "content-digest": digest },
    });
  const wrong = await send(`sha-256=:${sha256(noise(3), "base64")}:`);
  assertEquals([wrong.status, (await wrong.json()).code], [400, "Invalid"]);
  assertEquals((await send("sha-256=nothing")).status, 400);
  assertEquals(await keysOf(backend, "uploads/"), []);
  assertEquals((await send(`unixsum=:AA==:, sha-256=:${sha256(content, "base64")}:`)).status, 201);
});

Deno.test("a body that is compressed on its way is refused: what it unpacks to has no bounds", async () => {
  await using service = await openService();
  const answer = await service.send("POST", "/contents", {
    body: "x",
    headers: { "content-encoding": "gzip" },
  });
  assertEquals([answer.status, (await answer.json()).code], [415, "Unsupported"]);
});

Deno.test("a service that is closed waits for what is arriving", async () => {
  await using registry = await openRegistry("memory:");
  const handler = createHandler(registry);
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const sent = { method: "POST", body: readable, duplex: "half" } as RequestInit;
  const order: string[] = [];
  const answered = handler(new Request("http://localhost/contents", sent)).then(() =>
    order.push("answered")
  );
  const writer = writable.getWriter();
  await writer.write(noise(1000)); // it is being read
  const closed = handler.close().then(() => order.push("closed"));
  await writer.write(noise(1000));
  await writer.close();
  await Promise.all([answered, closed]);
  assertEquals(order, ["answered", "closed"]);
});
