import { assertEquals } from "@std/assert";
import { createAccess } from "../../../../apps/server/access/access.ts";
import { openService } from "./sending.ts";

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
