import { assert, assertEquals, assertRejects } from "@std/assert";
import { nextTurn } from "../../../../core/work/next_turn.ts";
import { createLocalBackend, createMemoryBackend } from "../../../../mod.ts";
import { openUploads } from "../../../../extensions/transfers/mod.ts";
import { noise } from "../../../registry/registries.ts";
import { createScriptedSystem } from "../../../support/scripted_system.ts";
import { testInRoot } from "../../../support/temp_root.ts";
import { openService, sentBody, type Service } from "./sending.ts";
import { UploadLocks } from "../../../../apps/server/memory/upload_locks.ts";
import { createTusLocks } from "../../../../apps/server/uploads/tus_locks.ts";

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

function patch(
  service: Service,
  path: string,
  offset: number,
  body: BodyInit,
  headers: Record<string, string> = {},
): Promise<Response> {
  return service.tus("PATCH", path, { "upload-offset": `${offset}`, ...headers }, body);
}

async function contentOf({ registry }: Service, path: string): Promise<Uint8Array> {
  const source = await (await openUploads(registry)).source(path.slice("/uploads/".length));
  return new Uint8Array(await new Response(source.stream()).arrayBuffer());
}

testInRoot("an upload resumes after a broken connection, in another process", async (root) => {
  const content = noise(900_000);
  let path: string;
  {
    await using service = await openService({ backend: createLocalBackend({ path: root.path }) });
    const headers = { "upload-metadata": "filename aGVsbG8=,draft" };
    path = await begun(service, content.byteLength, headers);
    await patch(service, path, 0, sentBody(content.subarray(0, 500_000), { breaks: true }));
  }
  await using service = await openService({ backend: createLocalBackend({ path: root.path }) });
  const head = await service.tus("HEAD", path);
  const offset = Number(head.headers.get("upload-offset"));
  assert(offset > 300_000 && offset <= 500_000, `${offset}`);
  assertEquals(head.headers.get("upload-metadata"), "filename aGVsbG8=,draft");
  const rest = await patch(service, path, offset, sentBody(content.subarray(offset)));
  assertEquals([rest.status, rest.headers.get("upload-offset")], [204, "900000"]);
  assertEquals(await contentOf(service, path), content);
});

Deno.test("OPTIONS lists the extensions of tus, without CORS headers", async () => {
  await using service = await openService();
  const options = await service.send("OPTIONS", "/uploads");
  assertEquals(options.status, 204);
  assertEquals(
    options.headers.get("tus-extension"),
    "creation,creation-with-upload,termination,expiration",
  );
  const headers = { "upload-length": "1" };
  for (const answer of [options, await service.tus("POST", "/uploads", headers)]) {
    assert(![...answer.headers.keys()].some((name) => name.startsWith("access-control")));
  }
});

Deno.test("the location of an upload is relative, for proxies", async () => {
  await using service = await openService();
  const answer = await service.tus("POST", "/uploads", {
    "upload-length": "1",
    "x-forwarded-host": "evil.example",
  });
  const location = answer.headers.get("location")!;
  assert(/^uploads\/[0-9a-f-]{36}$/.test(location), location);
  assertEquals(answer.headers.get("upload-expires")?.endsWith("GMT"), true);
  const behindSlash = await service.tus("POST", "/uploads/", { "upload-length": "1" });
  assert(/^[0-9a-f-]{36}$/.test(behindSlash.headers.get("location")!));
});

Deno.test("an upload can be created and sent in one request, or be empty", async () => {
  await using service = await openService();
  const both = await service.tus("POST", "/uploads", { "upload-length": "5" }, "hello");
  assertEquals([both.status, both.headers.get("upload-offset")], [201, "5"]);
  const content = await contentOf(service, `/${both.headers.get("location")}`);
  assertEquals(content, new TextEncoder().encode("hello"));
  const path = await begun(service, 0);
  assertEquals(await contentOf(service, path), new Uint8Array());
  assertEquals(await offsetOf(service, path), 0);
});

Deno.test("a client that reconnects ends its hanging request and resumes", async () => {
  await using service = await openService();
  const content = noise(100_000);
  const path = await begun(service, content.byteLength);
  const stored = Promise.withResolvers<void>();
  const hanging = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(content.slice(0, 40_000)),
    pull: () => stored.resolve(), // the first chunk was read
  });
  const first = patch(service, path, 0, hanging);
  await stored.promise;
  const offset = await offsetOf(service, path);
  assertEquals((await first).status < 500, true);
  const rest = sentBody(content.subarray(offset));
  assertEquals((await patch(service, path, offset, rest)).status, 204);
  assertEquals(await contentOf(service, path), content);
});

Deno.test("concurrent clients never mix bytes of an upload", async () => {
  const backend = createMemoryBackend();
  await using one = await openService({ backend });
  await using other = await openService({ backend }); // with its own locks
  const content = noise(300_000);
  const path = await begun(one, content.byteLength);
  const answers = await Promise.all(
    [one, other].map((service) => patch(service, path, 0, sentBody(content))),
  );
  const statuses = answers.map(({ status }) => status).sort();
  assert(statuses[0] === 204 && [204, 409].includes(statuses[1]), `${statuses}`);
  assertEquals(await contentOf(one, path), content);
  assertEquals((await patch(one, path, 7, "x")).status, 409);
});

Deno.test("too many bytes, unknown uploads and invalid lengths are refused", async () => {
  await using service = await openService();
  const path = await begun(service, 10);
  assertEquals((await patch(service, path, 0, sentBody(noise(11)))).status, 413);
  assertEquals(await offsetOf(service, path), 0);
  const nowhere = "/uploads/00000000-0000-7000-8000-000000000000";
  for (const wrong of [nowhere, "/uploads/x", "/uploads/..%2F..", "/uploads/%00"]) {
    for (const method of ["HEAD", "PATCH", "DELETE"]) {
      const body = method === "PATCH" ? "x" : undefined;
      const answer = await service.tus(method, wrong, { "upload-offset": "0" }, body);
      assertEquals(answer.status, 404, `${method} ${wrong}`);
    }
  }
  const without = await service.send("PATCH", path, { body: "x" });
  assertEquals([without.status, without.headers.get("tus-version")], [412, "1.0.0"]);
  const create = async (headers: Record<string, string>) =>
    (await service.tus("POST", "/uploads", headers)).status;
  for (const length of ["-1", "x", "1.5", "1e3", "99999999999999999999"]) {
    assertEquals(await create({ "upload-length": length }), 400, length);
  }
  assertEquals(await create({ "upload-defer-length": "1" }), 422);
});

Deno.test("a client whose proxy passes only POST names the method in a header", async () => {
  await using service = await openService();
  const path = await begun(service, 10);
  const post = (method: string, headers?: Record<string, string>, body?: BodyInit) =>
    service.tus("POST", path, { "x-http-method-override": method, ...headers }, body);
  assertEquals((await post("PATCH", { "upload-offset": "0" }, "hello")).status, 204);
  const head = await post("HEAD");
  assertEquals([head.status, head.headers.get("upload-offset"), head.body], [200, "5", null]);
  assertEquals((await post("patch", { "upload-offset": "5" }, sentBody(noise(5)))).status, 204);
  assertEquals((await post("DELETE")).status, 204);
  assertEquals((await post("HEAD")).status, 404);
  for (const other of ["GET", "PUT", "OPTIONS", "CONNECT"]) {
    assertEquals((await post(other)).status, 405, other);
  }
});

Deno.test("no other request can name another method", async () => {
  await using service = await openService();
  await service.registry.save("a", "a");
  const headers = { "x-http-method-override": "DELETE" };
  const paths = ["/artifacts/a/versions/1.0.0", "/uploads", "/names"];
  for (const path of paths) {
    for (const method of ["POST", "GET"]) await service.tus(method, path, headers);
  }
  for (const method of ["GET", "PATCH", "OPTIONS"]) {
    const path = await begun(service, 1);
    await service.tus(method, path, headers);
    assertEquals(await offsetOf(service, path), 0);
  }
  assertEquals((await service.registry.info("a")).version, "1.0.0");
});

Deno.test("only a tus client can name another method", async () => {
  await using service = await openService();
  const path = await begun(service, 1);
  for (const method of ["PATCH", "HEAD", "DELETE"]) {
    const headers = { "x-http-method-override": method, "upload-offset": "0" };
    assertEquals((await service.send("POST", path, { headers })).status, 405, method);
  }
  assertEquals(await offsetOf(service, path), 0);
});

Deno.test("removed uploads are 404, expired ones 410", async () => {
  await using service = await openService();
  const path = await begun(service, 10);
  assertEquals((await service.tus("DELETE", path)).status, 204);
  assertEquals((await service.tus("HEAD", path)).status, 404);

  const system = createScriptedSystem({ startAt: 0 }); // the clock of the store
  await using old = await openService({ backend: createMemoryBackend({ system }) });
  const expired = await begun(old, 10);
  assertEquals((await old.tus("HEAD", expired)).status, 410);
  assertEquals((await patch(old, expired, 0, "x")).status, 410);
});

Deno.test("GET returns the state of an upload", async () => {
  await using service = await openService();
  const path = await begun(service, 10);
  await patch(service, path, 0, "abc");
  const state = await (await service.send("GET", path)).json();
  assertEquals([`/uploads/${state.id}`, state.size, state.offset], [path, 10, 3]);
  assertEquals((await service.send("GET", "/uploads/x")).status, 404);
});

const { signal } = new AbortController();

Deno.test("a lock asks its holder once and waits without polling", async () => {
  const locks = createTusLocks({ locks: new UploadLocks() }, undefined);
  const [first, second, other] = ["a", "a", "b"].map((id) => locks.newLock(id));
  let asked = 0;
  await first.lock(signal, () => void asked++);
  await other.lock(signal, () => {});
  let isMine = false;
  const locked = second.lock(signal, () => {}).then(() => isMine = true);
  await nextTurn(); // whatever is ready has run
  assertEquals([asked, isMine], [1, false]);
  await first.unlock();
  await locked;
  const aborted = AbortSignal.abort(new Error("gone"));
  await assertRejects(() => locks.newLock("a").lock(aborted, () => {}), Error, "gone");
  await second.unlock();
  await locks.newLock("a").lock(signal, () => {});
});
