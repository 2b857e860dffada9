import { assert, assertEquals, assertRejects } from "@std/assert";
import { createHash } from "node:crypto";
import { createLocalBackend, createMemoryBackend, realSystem } from "../../../../mod.ts";
import { openUploads } from "../../../../registry/uploads.ts";
import { noise } from "../../../registry/registries.ts";
import { createScriptedSystem } from "../../../support/scripted_system.ts";
import { testInRoot } from "../../../support/temp_root.ts";
import { openService, sentBody, type Service } from "./sending.ts";
import { createUploadLocks } from "../../../../apps/server/uploads/tus_locks.ts";

async function begun(
  service: Service,
  size: number,
  headers: Record<string, string> = {},
): Promise<string> {
  const answer = await service.tus("POST", "/uploads", { "upload-length": `${size}`, ...headers });
  assertEquals(answer.status, 201, await answer.text());
  return `/${answer.headers.get("location")}`;
}

async function offsetOf(service: Service, path: string): Promise<number> {
  const answer = await service.tus("HEAD", path);
  assertEquals([answer.status, answer.headers.get("cache-control")], [200, "no-store"]);
  return Number(answer.headers.get("upload-offset"));
}

async function contentOf({ registry }: Service, path: string): Promise<Uint8Array> {
  const source = await (await openUploads(registry)).source(path.slice("/uploads/".length));
  return new Uint8Array(await new Response(source.stream()).arrayBuffer());
}

testInRoot("an upload goes on where its connection broke, in another process too", async (root) => {
  const content = noise(900_000);
  let path: string;
  {
    await using service = await openService({ backend: createLocalBackend({ path: root.path }) });
    path = await begun(service, content.byteLength, {
      "upload-metadata": "filename aGVsbG8=,draft",
    });
    await service.tus(
      "PATCH",
      path,
      { "upload-offset": "0" },
      sentBody(content.subarray(0, 500_000), { breaks: true }),
    );
  }
  await using service = await openService({ backend: createLocalBackend({ path: root.path }) });
  const head = await service.tus("HEAD", path);
  const offset = Number(head.headers.get("upload-offset"));
  assert(offset > 300_000 && offset <= 500_000, `${offset}`);
  assertEquals(head.headers.get("upload-metadata"), "filename aGVsbG8=,draft");
  const rest = await service.tus(
    "PATCH",
    path,
    { "upload-offset": `${offset}` },
    sentBody(content.subarray(offset)),
  );
  assertEquals([rest.status, rest.headers.get("upload-offset")], [204, "900000"]);
  assertEquals(await contentOf(service, path), content);
});

Deno.test("what is spoken of tus is told, and nothing of other origins", async () => {
  await using service = await openService();
  const told = await service.send("OPTIONS", "/uploads");
  assertEquals(told.status, 204);
  assertEquals(
    told.headers.get("tus-extension"),
    "creation,creation-with-upload,termination,checksum,expiration",
  );
  assertEquals(told.headers.get("tus-checksum-algorithm"), "sha1,sha256,md5");
  const headers = { "upload-length": "1" };
  for (const answer of [told, await service.tus("POST", "/uploads", headers)]) {
    assertEquals(
      [...answer.headers.keys()].filter((name) => name.startsWith("access-control")),
      [],
    );
  }
});

Deno.test("where an upload is said relative to where it was begun, so that it is right behind any proxy", async () => {
  await using service = await openService();
  const answer = await service.tus("POST", "/uploads", {
    "upload-length": "1",
    "x-forwarded-host": "evil.example",
  });
  const location = answer.headers.get("location")!;
  assert(/^uploads\/[0-9a-f-]{36}$/.test(location), location);
  assertEquals(answer.headers.get("upload-expires")?.endsWith("GMT"), true);
  const behindSlash = await service.tus("POST", "/uploads/", { "upload-length": "1" });
  assert(
    /^[0-9a-f-]{36}$/.test(behindSlash.headers.get("location")!),
    "relative to an address with a slash",
  );
});

Deno.test("an upload is begun and sent in one request, and one of nothing is there at once", async () => {
  await using service = await openService();
  const both = await service.tus("POST", "/uploads", { "upload-length": "5" }, "hello");
  assertEquals([both.status, both.headers.get("upload-offset")], [201, "5"]);
  assertEquals(
    await contentOf(service, `/${both.headers.get("location")}`),
    new TextEncoder().encode("hello"),
  );
  const path = await begun(service, 0);
  assertEquals(await contentOf(service, path), new Uint8Array());
  assertEquals(await offsetOf(service, path), 0);
});

Deno.test("bytes with a wrong checksum are refused with 460 and not kept; with the right one they are", async () => {
  await using service = await openService();
  const content = noise(200_000);
  const path = await begun(service, content.byteLength);
  const digest = createHash("sha1").update(content).digest("base64");
  const send = (checksum: string) =>
    service.tus(
      "PATCH",
      path,
      { "upload-offset": "0", "upload-checksum": checksum },
      sentBody(content),
    );
  const wrong = await send(`sha1 ${createHash("sha1").update("x").digest("base64")}`);
  assertEquals([wrong.status, wrong.headers.get("content-type")], [
    460,
    "application/problem+json",
  ]);
  assertEquals(await offsetOf(service, path), 0);
  for (const header of ["crc32 AAAA", "sha1", "sha1 !", "sha1 AAAA extra"]) {
    assertEquals((await send(header)).status, 400);
  }
  assertEquals((await send(`sha1 ${digest}`)).status, 204);
  assertEquals(await contentOf(service, path), content);
});

Deno.test("a client that comes again ends its own request that hangs, and goes on behind what had arrived", async () => {
  await using service = await openService();
  const content = noise(100_000);
  const path = await begun(service, content.byteLength);
  const stored = Promise.withResolvers<void>();
  const hanging = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(content.slice(0, 40_000)),
    pull: () => stored.resolve(), // it was read, and no more comes
  });
  const first = service.tus("PATCH", path, { "upload-offset": "0" }, hanging);
  await stored.promise;
  const offset = await offsetOf(service, path);
  assertEquals((await first).status < 500, true);
  const rest = sentBody(content.subarray(offset));
  assertEquals(
    (await service.tus("PATCH", path, { "upload-offset": `${offset}` }, rest)).status,
    204,
  );
  assertEquals(await contentOf(service, path), content);
});

Deno.test("two clients on one upload never mix bytes: each offset is had by one", async () => {
  const backend = createMemoryBackend();
  await using one = await openService({ backend });
  await using other = await openService({ backend }); // another process knows nothing of the locks of the first
  const content = noise(300_000);
  const path = await begun(one, content.byteLength);
  const answers = await Promise.all(
    [one, other].map((service) =>
      service.tus("PATCH", path, { "upload-offset": "0" }, sentBody(content))
    ),
  );
  const statuses = answers.map(({ status }) => status).sort();
  assert(statuses[0] === 204 && [204, 409].includes(statuses[1]), `${statuses}`);
  assertEquals(await contentOf(one, path), content);
  assertEquals((await one.tus("PATCH", path, { "upload-offset": "7" }, "x")).status, 409);
});

Deno.test("more than was said is refused, and so is what is no upload", async () => {
  await using service = await openService();
  const path = await begun(service, 10);
  assertEquals(
    (await service.tus("PATCH", path, { "upload-offset": "0" }, sentBody(noise(11)))).status,
    413,
  );
  assertEquals(await offsetOf(service, path), 0);
  const nowhere = "/uploads/00000000-0000-7000-8000-000000000000";
  for (const wrong of [nowhere, "/uploads/x", "/uploads/..%2F..", "/uploads/%00"]) {
    for (const method of ["HEAD", "PATCH", "DELETE"]) {
      const answer = await service.tus(
        method,
        wrong,
        { "upload-offset": "0" },
        method === "PATCH" ? "x" : undefined,
      );
      assertEquals(answer.status, 404, `${method} ${wrong}`);
    }
  }
  const without = await service.send("PATCH", path, { body: "x" });
  assertEquals([without.status, without.headers.get("tus-version")], [412, "1.0.0"]);
  for (const length of ["-1", "x", "1.5", "1e3", "99999999999999999999"]) {
    assertEquals(
      (await service.tus("POST", "/uploads", { "upload-length": length })).status,
      400,
      length,
    );
  }
  assertEquals((await service.tus("POST", "/uploads", { "upload-defer-length": "1" })).status, 422);
});

Deno.test("an upload is removed, and one that is over is 410", async () => {
  await using service = await openService();
  const path = await begun(service, 10);
  assertEquals((await service.tus("DELETE", path)).status, 204);
  assertEquals((await service.tus("HEAD", path)).status, 404);

  const system = createScriptedSystem({ startAt: 0 }); // a store whose clock says 1970
  await using old = await openService({ backend: createMemoryBackend({ system }) });
  const over = await begun(old, 10);
  assertEquals((await old.tus("HEAD", over)).status, 410);
  assertEquals((await old.tus("PATCH", over, { "upload-offset": "0" }, "x")).status, 410);
});

Deno.test("GET says as JSON how far an upload is", async () => {
  await using service = await openService();
  const path = await begun(service, 10);
  await service.tus("PATCH", path, { "upload-offset": "0" }, "abc");
  const state = await (await service.send("GET", path)).json();
  assertEquals([`/uploads/${state.id}`, state.size, state.offset], [path, 10, 3]);
  assertEquals((await service.send("GET", "/uploads/x")).status, 404);
});

const { signal } = new AbortController();

Deno.test("a lock asks its holder once to go, and waits for it without polling", async () => {
  const locks = createUploadLocks();
  const [first, second, other] = ["a", "a", "b"].map((id) => locks.newLock(id));
  let asked = 0;
  await first.lock(signal, () => void asked++);
  await other.lock(signal, () => {});
  let isMine = false;
  const locked = second.lock(signal, () => {}).then(() => isMine = true);
  await realSystem.sleep(20);
  assertEquals([asked, isMine], [1, false]);
  await first.unlock();
  await locked;
  const aborted = AbortSignal.abort(new Error("gone"));
  await assertRejects(() => locks.newLock("a").lock(aborted, () => {}), Error, "gone");
  await second.unlock();
  await locks.newLock("a").lock(signal, () => {});
});
