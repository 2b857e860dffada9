import { assertEquals } from "@std/assert";
import { openRegistry } from "../../../../mod.ts";
import { createApp } from "../../../../apps/server/app.ts";
import { openService } from "../uploads/sending.ts";
import { aliasesOf } from "../../../conformance/registry/registry_case.ts";
import { createMemoryQueue } from "../../../../extensions/queues/memory.ts";
import { createJobsGateway } from "../../../../extensions/queues/surface/jobs.ts";

const ALIAS = "/artifacts/a/aliases/production";

async function openFilled() {
  const service = await openService();
  for (const value of [1, 2, 3]) await service.registry.save("a", value);
  return {
    ...service,
    status: async (
      method: string,
      path: string,
      headers: Record<string, string>,
      body?: unknown,
    ) => {
      const init = body === undefined ? { headers } : {
        headers: { "content-type": "application/json", ...headers },
        body: JSON.stringify(body),
      };
      return (await service.send(method, path, init)).status;
    },
  };
}

Deno.test("If-Match and If-None-Match guard the deletion of a version", async () => {
  await using service = await openFilled();
  const etag = (await service.send("GET", "/artifacts/a/versions/3")).headers.get("etag")!;
  const remove = (headers: Record<string, string>, version = "3.0.0") =>
    service.status("DELETE", `/artifacts/a/versions/${version}`, headers);
  for (const tags of ['"other"', 'W/"other"', "not a tag"]) {
    assertEquals(await remove({ "if-match": tags }), 412, tags);
  }
  assertEquals(await remove({ "if-none-match": etag }), 412);
  assertEquals(await remove({ "if-none-match": "without quotes" }), 412);
  assertEquals(await remove({ "if-match": "*" }, "9.0.0"), 412);
  assertEquals((await Array.fromAsync(service.registry.versions("a"))).length, 3);
  assertEquals(await remove({ "if-match": `"other", ${etag}` }), 200);
  assertEquals(await remove({ "if-match": "*" }, "2.0.0"), 200);
  const versions = await Array.fromAsync(service.registry.versions("a"));
  assertEquals(versions.map(({ version }) => version), ["1.0.0"]);
});

Deno.test("If-Match and If-None-Match guard changes of an alias", async () => {
  await using service = await openFilled();
  const set = (version: string, headers: Record<string, string>) =>
    service.status("PUT", ALIAS, headers, { version });
  assertEquals(await set("1", { "if-match": "*" }), 412);
  assertEquals(await set("1", { "if-none-match": "*" }), 200);
  assertEquals(await set("2", { "if-none-match": "*" }), 412);
  const got = await service.send("GET", ALIAS);
  assertEquals(got.headers.get("etag"), '"1.0.0"');
  assertEquals(await service.status("GET", ALIAS, { "if-none-match": '"1.0.0"' }), 304);
  assertEquals(await service.status("GET", ALIAS, { "if-match": '"2.0.0"' }), 412);
  assertEquals(await set("1", { "if-match": 'W/"2.0.0"' }), 412);
  // As a proxy that compresses answers sends it.
  assertEquals(await set("1", { "if-match": 'W/"1.0.0"' }), 200);
  assertEquals(await set("2", { "if-match": '"1.0.0"' }), 200);
  assertEquals(await set("3", { "if-match": '"1.0.0"' }), 412);
  assertEquals(await service.status("DELETE", ALIAS, { "if-match": '"1.0.0"' }), 412);
  assertEquals(await service.status("DELETE", `${ALIAS}?expected=1.0.0`, {}), 409);
  assertEquals(await aliasesOf(service.registry, "a"), { production: "2.0.0" });
  assertEquals(await service.status("DELETE", ALIAS, { "if-match": '"2.0.0"' }), 200);
  assertEquals(await aliasesOf(service.registry, "a"), {});
});

Deno.test("a change of an alias after its condition was checked is 412", async () => {
  await using service = await openFilled();
  const { registry } = service;
  const { setAlias } = registry;
  registry.setAlias = async (...args) => {
    await setAlias.call(registry, "a", "production", "3");
    return await setAlias.apply(registry, args);
  };
  assertEquals(await service.status("PUT", ALIAS, { "if-none-match": "*" }, { version: "1" }), 412);
  assertEquals(await aliasesOf(registry, "a"), { production: "3.0.0" });
});

Deno.test("every write without conditions refuses them", async () => {
  await using registry = await openRegistry("memory:");
  await using queue = createMemoryQueue();
  const handler = createApp(registry, { gateways: [createJobsGateway(queue)] });
  const knows = /^(PUT|DELETE) \/artifacts\/:name\/(aliases\/:alias|versions\/:version)$/;
  const writes = handler.routes.filter(({ method, path }) =>
    ["POST", "PUT", "PATCH", "DELETE"].includes(method) && !knows.test(`${method} ${path}`)
  );
  for (const header of ["if-match", "if-none-match", "if-unmodified-since"]) {
    for (const { method, path } of writes) {
      const target = `http://localhost${path.replace(/:\w+/g, "x")}`;
      const response = await handler(new Request(target, { method, headers: { [header]: '"x"' } }));
      const { detail } = await response.json();
      assertEquals(response.status, 400, `${method} ${path}: ${detail}`);
      assertEquals(detail.includes(header), true, detail);
    }
  }
});
