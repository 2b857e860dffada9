import { assertEquals } from "@std/assert";
import { createAccess } from "../../../../apps/server/access/access.ts";
import { noise } from "../../../registry/registries.ts";
import { createPresigningStore } from "../../../registry/transfer/presigning_store.ts";
import { openService } from "./sending.ts";

/** An upload that nobody began. */
const UPLOAD = "019a9f5e-7c1e-7d3a-8b52-3f1c2a9d4e60";

Deno.test("files go past the service, straight to the store and back", async () => {
  const world = createPresigningStore();
  await using service = await openService({ backend: world.backend });
  const content = noise(400_000);
  const files = [{ path: "a.bin", size: content.byteLength }];
  const begun = await service.sendJson("POST", "/uploads/presigned", { files });
  const upload = await begun.json();
  assertEquals([begun.status, upload.files[0].method], [201, "PUT"]);

  const commit = () =>
    service.sendJson("POST", `/uploads/presigned/${upload.id}/commit`, { name: "data", files });
  assertEquals((await commit()).status, 404); // nothing has arrived
  await world.send(upload.files[0], content);
  const saved = await commit(), again = await commit();
  assertEquals([saved.status, again.status], [201, 200]);
  assertEquals((await saved.json()).commit, (await again.json()).commit);

  const presigned =
    await (await service.send("GET", "/artifacts/data/versions/latest/presign?path=a.bin")).json();
  assertEquals([presigned.file.path, await world.fetch(presigned.url)], ["a.bin", content]);
  assertEquals((await service.send("GET", "/artifacts/data/versions/1/presign")).status, 200);
  assertEquals(
    (await service.send("GET", "/artifacts/data/versions/1/presign?path=x")).status,
    404,
  );
  assertEquals(
    (await service.send("GET", "/artifacts/data/versions/1/presign?expiresInMs=1")).status,
    400,
  );
});

Deno.test("who commits an upload needs the right to write the name", async () => {
  const access = createAccess("1", [{ kind: "write", name: "team/", prefix: true }]);
  const { backend } = createPresigningStore();
  await using service = await openService({
    backend,
    tokens: { find: () => Promise.resolve(access) },
  });
  const commit = async (name: string) => {
    const headers = { "content-type": "application/json", authorization: "Bearer x" };
    const body = JSON.stringify({ name, files: [{ path: "a", size: 1 }] });
    return (await service.send("POST", `/uploads/presigned/${UPLOAD}/commit`, { headers, body }))
      .status;
  };
  assertEquals([await commit("other"), await commit("team/a")], [403, 404]);
});

Deno.test("a store that gives no URLs says so", async () => {
  await using service = await openService();
  await service.registry.save("a", noise(400_000));
  const answers = [
    await service.sendJson("POST", "/uploads/presigned", { files: [{ path: "a" }] }),
    await service.send("GET", "/artifacts/a/versions/latest/presign"),
  ];
  for (const answer of answers) {
    assertEquals([answer.status, (await answer.json()).code], [422, "Unsupported"]);
  }
});

Deno.test("an upload belongs to its token, and none is found by another", async () => {
  const access = (id: string) => createAccess(id, [{ kind: "write", name: "", prefix: true }]);
  const find = (header: string | null) => Promise.resolve(access(header ?? ""));
  await using service = await openService({ tokens: { find } });
  const as = (token: string) => ({ authorization: token });
  const begun = await service.tus("POST", "/uploads", { ...as("one"), "upload-length": "3" });
  const path = `/${begun.headers.get("location")}`;
  assertEquals((await service.tus("HEAD", path, as("one"))).status, 200);
  assertEquals((await service.tus("HEAD", path, as("two"))).status, 404);
  assertEquals(
    (await service.tus("PATCH", path, { ...as("two"), "upload-offset": "0" }, "abc")).status,
    404,
  );
  assertEquals((await service.tus("DELETE", path, as("two"))).status, 404);
  assertEquals((await service.send("GET", path, { headers: as("two") })).status, 404);
  await service.tus("PATCH", path, { ...as("one"), "upload-offset": "0" }, "abc");
  const save = async (token: string) => {
    const files = [{ path: "a", upload: path.split("/").at(-1) }];
    const headers = { ...as(token), "content-type": "application/json" };
    const body = JSON.stringify({ materializer: { id: "file", formatVersion: 1 }, files });
    return (await service.send("POST", "/artifacts/a/versions", { headers, body })).status;
  };
  assertEquals([await save("two"), await save("one")], [404, 201]);
});

Deno.test("what another token uploads is not taken by committing its id as if it were sent to the store", async () => {
  const access = (id: string) => createAccess(id, [{ kind: "write", name: "", prefix: true }]);
  await using service = await openService({
    tokens: { find: (header) => Promise.resolve(access(header ?? "")) },
  });
  const as = (token: string) => ({ authorization: token, "content-type": "application/json" });
  const sent = await service.send("POST", "/contents", {
    headers: { authorization: "one" },
    body: "secret",
  });
  const { upload } = await sent.json();
  const files = [{ path: "note" }, { path: "content" }];
  const body = JSON.stringify({ name: "b", files });
  const stolen = await service.send("POST", `/uploads/presigned/${upload}/commit`, {
    headers: as("two"),
    body,
  });
  assertEquals([stolen.status, await service.registry.has("b")], [404, false]);
  const save = JSON.stringify({
    materializer: { id: "file", formatVersion: 1 },
    files: [{ path: "a", upload }],
  });
  const saved = await service.send("POST", "/artifacts/a/versions", {
    headers: as("one"),
    body: save,
  });
  assertEquals(saved.status, 201, "it is still there for whose it is");
});
