import { assertEquals } from "@std/assert";
import { createAccess } from "../../../../apps/server/access/access.ts";
import { createPresigningStore } from "../../../registry/transfer/presigning_store.ts";
import { openService } from "./sending.ts";

/** The id of no upload. */
const UPLOAD = "019a9f5e-7c1e-7d3a-8b52-3f1c2a9d4e60";

Deno.test("a commit needs the right to write the name", async () => {
  const access = createAccess("1", [{ kind: "write", name: "team/", prefix: true }]);
  const { backend } = createPresigningStore();
  const tokens = { find: () => Promise.resolve(access) };
  await using service = await openService({ backend, tokens });
  const commit = async (name: string) => {
    const headers = { "content-type": "application/json", authorization: "Bearer x" };
    const body = JSON.stringify({ name, files: [{ path: "a", size: 1 }] });
    const path = `/uploads/presigned/${UPLOAD}/commit`;
    return (await service.send("POST", path, { headers, body })).status;
  };
  assertEquals([await commit("other"), await commit("team/a")], [403, 404]);
});

Deno.test("an upload belongs to its token", async () => {
  const access = (id: string) => createAccess(id, [{ kind: "write", name: "", prefix: true }]);
  const find = (header: string | null) => Promise.resolve(access(header ?? ""));
  await using service = await openService({ tokens: { find } });
  const as = (token: string) => ({ authorization: token });
  const begun = await service.tus("POST", "/uploads", { ...as("one"), "upload-length": "3" });
  const path = `/${begun.headers.get("location")}`;
  assertEquals((await service.tus("HEAD", path, as("one"))).status, 200);
  const refused = await Promise.all([
    service.tus("HEAD", path, as("two")),
    service.tus("PATCH", path, { ...as("two"), "upload-offset": "0" }, "abc"),
    service.tus("DELETE", path, as("two")),
    service.send("GET", path, { headers: as("two") }),
  ]);
  assertEquals(refused.map(({ status }) => status), [404, 404, 404, 404]);
  await service.tus("PATCH", path, { ...as("one"), "upload-offset": "0" }, "abc");
  const save = async (token: string) => {
    const files = [{ path: "a", upload: path.split("/").at(-1) }];
    const headers = { ...as(token), "content-type": "application/json" };
    const body = JSON.stringify({ materializer: { id: "file", formatVersion: 1 }, files });
    return (await service.send("POST", "/artifacts/a/versions", { headers, body })).status;
  };
  assertEquals([await save("two"), await save("one")], [404, 201]);
});

Deno.test("a direct commit cannot take the upload of another token", async () => {
  const access = (id: string) => createAccess(id, [{ kind: "write", name: "", prefix: true }]);
  await using service = await openService({
    tokens: { find: (header) => Promise.resolve(access(header ?? "")) },
  });
  const as = (token: string) => ({ authorization: token, "content-type": "application/json" });
  const owner = { authorization: "one" };
  const sent = await service.send("POST", "/contents", { headers: owner, body: "secret" });
  const { upload } = await sent.json();
  const post = async (token: string, path: string, json: unknown) =>
    (await service.send("POST", path, { headers: as(token), body: JSON.stringify(json) })).status;
  const commit = { name: "b", files: [{ path: "note" }, { path: "content" }] };
  assertEquals(await post("two", `/uploads/presigned/${upload}/commit`, commit), 404);
  assertEquals(await service.registry.has("b"), false);
  const save = { materializer: { id: "file", formatVersion: 1 }, files: [{ path: "a", upload }] };
  assertEquals(await post("one", "/artifacts/a/versions", save), 201, "the owner can save it");
});

Deno.test("the limit of uploads holds for files that go to the store directly", async () => {
  const { backend, send } = createPresigningStore();
  await using service = await openService({ backend, limits: { maxUploadBytes: 10 } });
  const create = (file: object) =>
    service.sendJson("POST", "/uploads/presigned", { files: [{ path: "a", ...file }] });
  assertEquals((await create({})).status, 400);
  assertEquals((await create({ size: 11 })).status, 413);
  const { id, files: [target] } = await (await create({ size: 3 })).json();
  await send(target, new Uint8Array(11));
  const commit = async (file: object) => {
    const body = { name: "a", files: [{ path: "a", ...file }] };
    return (await service.sendJson("POST", `/uploads/presigned/${id}/commit`, body)).status;
  };
  assertEquals([await commit({}), await commit({ size: 11 }), await commit({ size: 3 })], [
    400,
    413,
    400,
  ]);
  await send(target, new Uint8Array(3));
  assertEquals(await commit({ size: 3 }), 201);
});

Deno.test("a store without presigned URLs is not located", async () => {
  await using service = await openService();
  const answer = await service.sendJson("POST", "/uploads/presigned", { files: [{ path: "a" }] });
  const { state } = await answer.json();
  assertEquals([answer.status, state], [422, "the store has no presigned URLs"]);
});
