import { assert, assertEquals } from "@std/assert";
import { createHash } from "node:crypto";
import { createMemoryBackend } from "../../../../mod.ts";
import { createAccess, parseScope } from "../../../../apps/server/access/access.ts";
import { keysOf, noise } from "../../../registry/registries.ts";
import { openService, sentBody, type Service } from "../uploads/sending.ts";

const JSON_KIND = { id: "json", formatVersion: 1 };
const FILE_KIND = { id: "file", formatVersion: 1 };
const filesOf = (value: unknown) => [{ path: "data.json", data: btoa(JSON.stringify(value)) }];
const digestOf = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

async function uploaded(service: Service, content: Uint8Array): Promise<string> {
  const answer = await service.send("POST", "/contents", { body: sentBody(content) });
  return (await answer.json()).upload;
}

Deno.test("files are saved with the materializer of the client", async () => {
  await using service = await openService();
  const { registry } = service;
  const saved = await service.sendJson("POST", "/artifacts/team%2Fconfig/versions", {
    materializer: JSON_KIND,
    files: filesOf({ depth: 12 }),
    metadata: { by: "test" },
    inputs: [{ ref: "data@1.0.0", digest: null }],
  });
  assertEquals(saved.status, 201);
  assertEquals(saved.headers.get("location"), "../../artifacts/team@@config/versions/1.0.0");
  const { createdAt, commit, digest, addedBytes, ...rest } = await saved.json();
  assert(addedBytes > 12);
  assertEquals(rest, { name: "team/config", version: "1.0.0", size: 12, skipped: false });
  const info = await registry.info("team/config");
  assertEquals([info.commit, info.digest], [commit, digest]);
  assertEquals(info.createdAt.toISOString(), createdAt);
  assertEquals([info.metadata, info.inputs], [{ by: "test" }, ["data@1.0.0"]] as never);
  assertEquals(await registry.load("team/config"), { depth: 12 });
});

Deno.test("the location of a save is right below a prefix that a proxy removes", async () => {
  await using service = await openService();
  const body = { materializer: JSON_KIND, files: filesOf(1) };
  await service.sendJson("PUT", "/artifacts/team@@b/drafts/d/parts/p", { files: body.files });
  for (
    const [path, sent] of [
      ["/artifacts/team@@a/versions", body],
      ["/artifacts/team%2Fa/versions", body],
      ["/artifacts/team@@a/versions/1.0.0/copy", { to: "team/c" }],
      ["/artifacts/team@@b/drafts/d/commit", {}],
    ] as const
  ) {
    const saved = await service.sendJson("POST", path, sent);
    const location = saved.headers.get("location")!;
    const { pathname } = new URL(location, `http://localhost/models${path}`);
    const { name, version } = await saved.json();
    const found = await service.send("GET", pathname.replace("/models/", "/"));
    const info = await found.json();
    assertEquals([saved.status, info.name, info.version], [201, name, version], path);
    assert(pathname.startsWith("/models/artifacts/"), pathname);
  }
});

Deno.test("uploads whose bytes follow each other make one file", async () => {
  const backend = createMemoryBackend();
  await using service = await openService({ backend });
  const content = noise(400_000);
  const pieces = [content.subarray(0, 150_000), content.subarray(150_000)];
  const uploads = [];
  for (const piece of pieces) uploads.push(await uploaded(service, piece));
  const put = (part: string, about: Record<string, unknown>) =>
    service.sendJson("PUT", `/artifacts/big/drafts/7/parts/${part}`, {
      files: [{ path: `${part}.bin`, ...about }],
    });
  const facts = { uploads, size: 400_000, sha256: digestOf(content) };
  const refused = async (code: string, about: Record<string, unknown>) => {
    const answer = await put("a", { ...facts, ...about });
    assertEquals([answer.status >= 400, (await answer.json()).code], [true, code]);
  };
  await refused("Invalid", { size: undefined });
  await refused("Invalid", { sha256: undefined });
  await refused("Invalid", { uploads: [] });
  await refused("Invalid", { size: 399_999 });
  await refused("Invalid", { uploads: uploads.toReversed() });
  await refused("Invalid", { uploads: uploads.slice(1) });
  await refused("NotFound", { uploads: [...uploads, "01951e2f-6c00-7abc-8def-0123456789ab"] });
  assertEquals((await put("a", facts)).status, 200);
  assertEquals(await keysOf(backend, "uploads/"), []);
  assertEquals((await (await put("a", facts)).json()).added, false); // a repeat needs no uploads
  assertEquals((await service.sendJson("POST", "/artifacts/big/drafts/7/commit", {})).status, 201);
  assertEquals(await (await service.registry.open("big")).file("a.bin").bytes(), content);
});

Deno.test("a save consumes its uploads and checks their size and digest", async () => {
  const backend = createMemoryBackend();
  await using service = await openService({ backend });
  const content = noise(400_000);
  const save = (about: Record<string, unknown>) =>
    service.sendJson("POST", "/artifacts/big/versions", {
      materializer: FILE_KIND,
      files: [{ path: "big.bin", ...about }],
    });
  const upload = await uploaded(service, content);
  assertEquals((await save({ upload, size: 3 })).status, 400);
  assertEquals((await save({ upload, sha256: digestOf(noise(3)) })).status, 400);
  const facts = { size: content.byteLength, sha256: digestOf(content) };
  assertEquals((await save({ upload, ...facts })).status, 201);
  assertEquals(await (await service.registry.open("big")).file("big.bin").bytes(), content);
  assertEquals(await keysOf(backend, "uploads/"), []);
  assertEquals((await save({ upload })).status, 404);

  const begun = await service.tus("POST", "/uploads", { "upload-length": "300000" });
  const path = begun.headers.get("location")!;
  const tus = path.split("/")[1];
  const part = content.subarray(0, 300_000);
  assertEquals((await save({ upload: tus })).status, 409); // incomplete
  await service.tus("PATCH", `/${path}`, { "upload-offset": "0" }, sentBody(part));
  const wrong = await save({ upload: tus, sha256: digestOf(content) });
  assertEquals([wrong.status, (await wrong.json()).code], [400, "Invalid"]);
  assertEquals((await save({ upload: tus, sha256: digestOf(part) })).status, 201);
});

Deno.test("a repeated save with a key returns the same version without its upload", async () => {
  await using service = await openService();
  for (const content of [noise(400_000), noise(10), new Uint8Array()]) {
    const name = `lost-${content.byteLength}`;
    const upload = await uploaded(service, content);
    const save = (idempotencyKey: string) =>
      service.sendJson("POST", `/artifacts/${name}/versions`, {
        materializer: FILE_KIND,
        files: [{ path: "a.bin", upload }],
        idempotencyKey,
      });
    const saved = await save("run-1"), again = await save("run-1");
    assertEquals([saved.status, again.status], [201, 200]);
    assertEquals((await again.json()).commit, (await saved.json()).commit);
    assertEquals((await service.registry.info(name)).version, "1.0.0");
    assertEquals((await save("run-2")).status, 404);
  }
});

Deno.test("invalid saves are refused", async () => {
  await using service = await openService();
  const good = { materializer: JSON_KIND, files: filesOf(1) };
  const wrong: [unknown, number][] = [
    [{}, 400],
    [{ ...good, files: [{ path: "a" }] }, 400],
    [{ ...good, files: [{ path: "a", data: "no base64!" }] }, 400],
    [{ ...good, files: [{ path: "a", data: "abc" }] }, 400],
    [{ ...good, files: [{ path: "a", data: "", upload: "x" }] }, 400],
    [{ ...good, files: [{ path: "../a", data: "" }] }, 400],
    [{ ...good, files: [{ path: "a", data: "AAAA", size: 4 }] }, 400],
    [{ ...good, files: [{ path: "a", data: "AAAA", sha256: digestOf(noise(1)) }] }, 400],
    [{ ...good, files: [{ path: "a", upload: "../../settings" }] }, 404],
    [{ ...good, materializer: { id: "No such ID", formatVersion: 1 } }, 400],
    [{ ...good, surprise: true }, 400],
    [{ ...good, version: "one" }, 400],
    [{ ...good, onConflict: "overwrite" }, 400],
  ];
  for (const [body, status] of wrong) {
    const answer = await service.sendJson("POST", "/artifacts/a/versions", body);
    const problem = await answer.json();
    assertEquals(answer.status, status, JSON.stringify([body, problem]));
    assertEquals(typeof problem.detail, "string");
  }
  const headers = { "content-type": "application/json" };
  const broken = await service.send("POST", "/artifacts/a/versions", { body: "{", headers });
  assertEquals(broken.status, 400);
  assertEquals(broken.headers.get("content-type"), "application/problem+json");
  const untyped = { body: JSON.stringify(good) };
  assertEquals((await service.send("POST", "/artifacts/a/versions", untyped)).status, 415);
  assertEquals(await Array.fromAsync(service.registry.names()), []);
});

Deno.test("a copy needs the rights to read and to write", async () => {
  const access = createAccess("1", ["read:team/*", "write:team/copy"].map(parseScope));
  await using service = await openService({ tokens: { find: () => Promise.resolve(access) } });
  for (const name of ["team/a", "other"]) await service.registry.save(name, 1);
  const headers = { "content-type": "application/json", authorization: "Bearer x" };
  const copy = async (name: string, to: string) => {
    const path = `/artifacts/${encodeURIComponent(name)}/versions/latest/copy`;
    return (await service.send("POST", path, { headers, body: JSON.stringify({ to }) })).status;
  };
  assertEquals(await copy("team/a", "team/copy"), 201);
  for (const [from, to] of [["team/a", "other"], ["team/a", "team/b"], ["other", "team/copy"]]) {
    assertEquals(await copy(from, to), 403, `${from} to ${to}`);
  }
  assertEquals(await Array.fromAsync(service.registry.names()), ["other", "team/a", "team/copy"]);
});
