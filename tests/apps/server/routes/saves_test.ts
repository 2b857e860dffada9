import { assert, assertEquals, assertMatch } from "@std/assert";
import { createHash } from "node:crypto";
import { createMemoryBackend, openRegistry } from "../../../../mod.ts";
import { createAccess } from "../../../../apps/server/access/access.ts";
import { parseScope } from "../../../../apps/server/access/scopes.ts";
import { keysOf, noise } from "../../../registry/registries.ts";
import { openService, sentBody, type Service } from "../uploads/sending.ts";

const JSON_KIND = { id: "json", formatVersion: 1 };
const FILE_KIND = { id: "file", formatVersion: 1 };
const value = (value: unknown) => [{ path: "data.json", data: btoa(JSON.stringify(value)) }];
const digestOf = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

async function uploaded(service: Service, content: Uint8Array): Promise<string> {
  return (await (await service.send("POST", "/contents", { body: sentBody(content) })).json())
    .upload;
}

Deno.test("files are saved under the materializer that the client says, and loaded by it", async () => {
  await using service = await openService();
  const { registry } = service;
  const saved = await service.sendJson("POST", "/artifacts/team%2Fconfig/versions", {
    materializer: JSON_KIND,
    files: value({ depth: 12 }),
    metadata: { by: "test" },
    inputs: ["data@1.0.0"],
  });
  assertEquals([saved.status, saved.headers.get("location")], [
    201,
    "/artifacts/team%2Fconfig/versions/1.0.0",
  ]);
  const { createdAt, commit, digest, addedBytes, ...rest } = await saved.json();
  assert(addedBytes > 12);
  assertEquals(rest, { name: "team/config", version: "1.0.0", size: 12, skipped: false });
  const info = await registry.info("team/config");
  assertEquals([info.commit, info.digest, info.createdAt.toISOString()], [
    commit,
    digest,
    createdAt,
  ]);
  assertEquals([info.metadata, info.inputs], [{ by: "test" }, ["data@1.0.0"]] as never);
  assertEquals(await registry.load("team/config"), { depth: 12 });
});

Deno.test("a large file comes by an upload, which is used up; its size and digest are checked", async () => {
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
  assertEquals(
    (await save({ upload, size: content.byteLength, sha256: digestOf(content) })).status,
    201,
  );
  assertEquals(await (await service.registry.open("big")).file("big.bin").bytes(), content);
  assertEquals(await keysOf(backend, "uploads/"), []);
  assertEquals((await save({ upload })).status, 404);

  const begun = await service.tus("POST", "/uploads", { "upload-length": "300000" });
  const path = begun.headers.get("location")!;
  assertEquals((await save({ upload: path.split("/")[1] })).status, 409); // not all of it is there
  await service.tus(
    "PATCH",
    `/${path}`,
    { "upload-offset": "0" },
    sentBody(content.subarray(0, 300_000)),
  );
  const wrong = await save({ upload: path.split("/")[1], sha256: digestOf(content) });
  assertEquals([wrong.status, (await wrong.json()).code], [400, "Invalid"]);
  assertEquals(
    (await save({ upload: path.split("/")[1], sha256: digestOf(content.subarray(0, 300_000)) }))
      .status,
    201,
  );
});

Deno.test("a save whose answer was lost is repeated by its key, and gives the same version though its upload is gone", async () => {
  await using service = await openService();
  for (const content of [noise(400_000), noise(10), new Uint8Array()]) {
    const name = `lost-${content.byteLength}`;
    const upload = await uploaded(service, content);
    const request = {
      materializer: FILE_KIND,
      files: [{ path: "a.bin", upload }],
      idempotencyKey: "run-1",
    };
    const [first, second] = [1, 2].map(() => () =>
      service.sendJson("POST", `/artifacts/${name}/versions`, request)
    );
    const saved = await first(), again = await second();
    assertEquals([saved.status, again.status], [201, 200]);
    assertEquals((await again.json()).commit, (await saved.json()).commit);
    assertEquals((await service.registry.info(name)).version, "1.0.0");
    const other = { ...request, idempotencyKey: "run-2" };
    assertEquals(
      (await service.sendJson("POST", `/artifacts/${name}/versions`, other)).status,
      404,
    );
  }
});

Deno.test("what cannot be saved is refused with what is expected, and nothing is saved", async () => {
  await using service = await openService();
  const good = { materializer: JSON_KIND, files: value(1) };
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
    const said = await answer.json();
    assertEquals(
      [answer.status, typeof said.detail],
      [status, "string"],
      JSON.stringify([body, said]),
    );
  }
  const broken = await service.send("POST", "/artifacts/a/versions", {
    body: "{",
    headers: { "content-type": "application/json" },
  });
  assertEquals([broken.status, broken.headers.get("content-type")], [
    400,
    "application/problem+json",
  ]);
  const untyped = await service.send("POST", "/artifacts/a/versions", {
    body: JSON.stringify(good),
  });
  assertEquals([
    untyped.status,
    (await untyped.json()).hint.includes("content-type: application/json"),
  ], [415, true]);
  assertEquals(await Array.fromAsync(service.registry.names()), []);
});

Deno.test("a version that is there is 409, or is kept, and one that another commit has is 412", async () => {
  const backend = createMemoryBackend();
  await using _mutable = await openRegistry(backend, { mutable: true });
  await using service = await openService({ backend });
  const save = (more: Record<string, unknown>) =>
    service.sendJson("POST", "/artifacts/a/versions", {
      materializer: JSON_KIND,
      files: value(1),
      version: "1",
      ...more,
    });
  const first = await (await save({})).json();
  assertEquals((await save({})).status, 409);
  const kept = await save({ onConflict: "skip" });
  assertEquals([kept.status, (await kept.json()).skipped], [200, true]);
  const other = "019a9f5e-7c1e-7d3a-8b52-3f1c2a9d4e60";
  const refused = await save({ ifCommit: other });
  assertEquals([refused.status, (await refused.json()).code], [412, "Conflict"]);
  assertEquals((await save({ ifCommit: first.commit, files: value(2) })).status, 201);
  assertEquals(
    (await service.send("DELETE", `/artifacts/a/versions/1?ifCommit=${other}`)).status,
    412,
  );
});

Deno.test("a name without versions is deleted where it has the commit that is expected, else it is 412", async () => {
  const backend = createMemoryBackend();
  await (await openRegistry(backend, { versioned: false }))[Symbol.asyncDispose]();
  await using service = await openService({ backend });
  const { commit } = await service.registry.save("a", 1);
  const deleted = (commit: string) =>
    service.send("DELETE", `/artifacts/a?allVersions=true&ifCommit=${commit}`);
  const refused = await deleted("019a9f5e-7c1e-7d3a-8b52-3f1c2a9d4e60");
  assertEquals([refused.status, (await refused.json()).code], [412, "Conflict"]);
  assertEquals(await (await deleted(commit)).json(), { deleted: true });
});

Deno.test("versions and aliases are set, copied and deleted", async () => {
  await using service = await openService();
  const { registry, send, sendJson } = service;
  for (const depth of [1, 2, 3]) await registry.save("a/b", { depth });
  const json = async (answer: Promise<Response>) => {
    const { status, ...rest } = await answer;
    void rest;
    return [status, await (await answer).json()];
  };

  const alias = "/artifacts/a%2Fb/aliases/production";
  assertEquals(await json(sendJson("PUT", alias, { version: "2" })), [200, {
    alias: "production",
    version: "2.0.0",
  }]);
  assertEquals((await sendJson("PUT", alias, { version: "3", expected: "1.0.0" })).status, 409);
  assertEquals((await sendJson("PUT", alias, { version: "3", expected: null })).status, 409);
  assertEquals((await sendJson("PUT", alias, { version: "3", expected: "2.0.0" })).status, 200);
  assertEquals((await sendJson("PUT", alias, { version: "9" })).status, 404);
  assertEquals((await send("DELETE", "/artifacts/a%2Fb/versions/3.0.0")).status, 409); // an alias names it
  assertEquals(await json(send("DELETE", alias)), [200, { deleted: true }]);
  assertEquals(await json(send("DELETE", alias)), [200, { deleted: false }]);

  const copied = await sendJson("POST", "/artifacts/a%2Fb/versions/latest/copy", { to: "c" });
  assertEquals([copied.status, await registry.load("c")], [201, { depth: 3 }]);
  assertEquals(
    (await sendJson("POST", "/artifacts/a%2Fb/versions/2/copy", { to: "c@1.0.0" })).status,
    409,
  );

  assertEquals(await json(send("DELETE", "/artifacts/a%2Fb/versions/1.0.0")), [200, {
    deleted: true,
  }]);
  assertEquals(await json(send("DELETE", "/artifacts/a%2Fb/versions/1.0.0")), [200, {
    deleted: false,
  }]);
  assertEquals((await send("DELETE", "/artifacts/a%2Fb")).status, 400);
  assertEquals(await json(send("DELETE", "/artifacts/a%2Fb?allVersions=true")), [200, {
    deleted: true,
  }]);
  assertEquals(await Array.fromAsync(registry.names()), ["c"]);
});

Deno.test("clients write a draft together, and one commits it", async () => {
  await using service = await openService();
  const { send, sendJson } = service;
  const draft = "/artifacts/set/drafts/run-7";
  const content = noise(300_000);
  const upload = await uploaded(service, content);
  const first = { files: [{ path: "a.bin", upload, sha256: digestOf(content) }] };
  const put = async (part: string, body: unknown) =>
    await (await sendJson("PUT", `${draft}/parts/${part}`, body)).json();
  assertEquals(await put("one", first), { added: true, files: 1, size: 300_000 });
  assertEquals(await put("one", first), { added: false, files: 1, size: 300_000 }); // its upload is gone
  await put("two", { files: [{ path: "b.txt", data: btoa("b"), mediaType: "text/plain" }] });
  assertEquals((await sendJson("PUT", `${draft}/parts/three`, first)).status, 404);

  const info = await (await send("GET", `${draft}?files=true`)).json();
  assertEquals([info.state, info.parts.map(({ part }: { part: string }) => part)], ["open", [
    "one",
    "two",
  ]]);
  assertEquals(info.files.map(({ path }: { path: string }) => path), ["a.bin", "b.txt"]);
  assertEquals("files" in await (await send("GET", draft)).json(), false);

  const commit = await sendJson("POST", `${draft}/commit`, {
    version: "2.1",
    metadata: { by: "two" },
  });
  const saved = await commit.json();
  assertEquals([commit.status, saved.version, saved.skipped], [201, "2.1.0", false]);
  const again = await sendJson("POST", `${draft}/commit`, {});
  assertEquals([again.status, (await again.json()).version], [200, "2.1.0"]);
  assertEquals(await (await service.registry.open("set")).file("a.bin").bytes(), content);
  assertMatch((await (await send("GET", draft)).json()).state, /committed/);

  await sendJson("PUT", "/artifacts/set/drafts/other/parts/one", {
    files: [{ path: "c", data: "" }],
  });
  const discard = async () => await (await send("DELETE", "/artifacts/set/drafts/other")).json();
  assertEquals([await discard(), await discard()], [{ discarded: true }, { discarded: false }]);
});

Deno.test("who copies a version needs the right to write the other name, and to read this one", async () => {
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

Deno.test("what a request lacks, and what nobody asked for, is said by its name", async () => {
  await using service = await openService();
  const detail = async (sent: unknown) => {
    const refused = await service.sendJson("POST", "/artifacts/a/versions", sent);
    assertEquals(refused.status, 400);
    return (await refused.json()).detail;
  };
  assertEquals(
    await detail({}),
    "Cannot read the body: materializer: it is missing; files: it is missing",
  );
  const misspelt = { materializer: JSON_KIND, files: value(1), versoin: "1.0.0" };
  assertEquals(await detail(misspelt), "Cannot read the body: versoin: there is no such member");
  const query = await service.send("GET", "/lineage");
  assertEquals((await query.json()).detail, "Cannot read the query: ref: it is missing");
});

Deno.test("of a version without files none is found, and the hint says that there are none", async () => {
  await using service = await openService();
  const empty = { materializer: JSON_KIND, files: [] };
  assertEquals((await service.sendJson("POST", "/artifacts/a/versions", empty)).status, 201);
  const missing = await service.send("GET", "/artifacts/a/versions/1.0.0/files/data.json");
  assertEquals([missing.status, (await missing.json()).hint], [404, "It has none."]);
});
