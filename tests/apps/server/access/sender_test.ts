// Through a service, changes are by the token of the request, whatever its sender claims.
import { assertEquals, assertThrows } from "@std/assert";
import { createMemoryBackend, openRegistry, readLog } from "../../../../mod.ts";
import { createAccess, parseScope } from "../../../../apps/server/access/access.ts";
import { changeAs, createToken, openTokenFile } from "../../../../apps/server.ts";
import { openHttpRegistry } from "../../../../apps/client.ts";
import { createCheckedHandler } from "../checked_handler.ts";
import { testInRoot } from "../../../support/temp_root.ts";
import { hub } from "../../../../extensions/gateways/hub/hub.ts";
import { mcp } from "../../../../extensions/gateways/mcp/mcp.ts";

testInRoot("changes are by the token of their request, also of concurrent ones", async (root) => {
  const file = root.join("tokens.json");
  const registry = await openRegistry(createMemoryBackend(), { by: "who runs the service" });
  const notes = ["alice <a@example.org>", "ci\nbuild", undefined];
  const created = await Promise.all(
    notes.map((note, at) => createToken(`${file}${at}`, { note, scopes: ["admin"] })),
  );
  const checks = await Promise.all(notes.map((_, at) => openTokenFile(`${file}${at}`)));
  const tokens = {
    async find(authorization: string | null) {
      for (const check of checks) {
        const access = await check.find(authorization);
        if (access !== undefined) return access;
      }
      return undefined;
    },
  };
  await using handler = createCheckedHandler(registry, { tokens, gateways: [hub, mcp] });
  await Promise.all(created.map(async ({ token }, at) => {
    const fetch = (input: RequestInfo | URL, init?: RequestInit) =>
      handler(new Request(input, init));
    const client = await openHttpRegistry("http://localhost", { token, fetch });
    for (let n = 0; n < 5; n++) {
      await client.save(`m${at}`, { n });
      await client.setAlias(`m${at}`, "production", "latest");
    }
    await client.delete(`m${at}@2`);
    const [deleted] = await Array.fromAsync(client.versions(`m${at}`, { deleted: true }));
    assertEquals(deleted?.deleted?.by?.token, created[at]!.stored.id);
    const names = new Set<string | undefined>();
    const ids = new Set<string | undefined>();
    for await (const { by, event, commit } of readLog(client, `m${at}`)) {
      if (event === "saved" && commit === undefined) continue; // of a version that was deleted
      names.add(by?.name);
      ids.add(by?.token);
    }
    const { id } = created[at]!.stored;
    assertEquals([...names], [["alice <a@example.org>", "ci build", id][at]]);
    assertEquals([...ids], [id]);
    assertEquals((await client.info(`m${at}`)).by?.token, id);
    const [change] = await Array.fromAsync(client.history(`m${at}`, "production", { limit: 1 }));
    assertEquals(change?.by?.token, id);
  }));
});

Deno.test("without a name for the token, changes are by who runs the service", async () => {
  const registry = await openRegistry(createMemoryBackend(), { by: "operator" });
  const access = createAccess("explore", ["admin"].map(parseScope));
  const tokens = { find: () => Promise.resolve(access) };
  await using handler = createCheckedHandler(registry, { tokens });
  const answer = await handler(
    new Request("http://localhost/artifacts/m/versions", {
      method: "POST",
      headers: { authorization: "Bearer x", "content-type": "application/json" },
      body: JSON.stringify({
        files: [{ path: "data.json", data: btoa("1") }],
        materializer: { id: "json", formatVersion: 1 },
      }),
    }),
  );
  assertEquals(answer.status, 201);
  await answer.body?.cancel();
  assertEquals((await registry.info("m")).by, { name: "operator" });
});

Deno.test("changes of routes of a program are by whom it names, also through a handler", async () => {
  const registry = await openRegistry(createMemoryBackend(), { by: "operator" });
  await using handler = createCheckedHandler(registry);
  await Promise.all(["alice", "bob", undefined].map((by, at) =>
    changeAs(by, async () => {
      const name = `m${at}`;
      await registry.save(name, new Blob(["1"]).stream(), { alias: "latest-upload" });
      await registry.save(name, 2, { alias: "latest-upload" });
      await registry.rollbackAlias(name, "latest-upload");
      await registry.delete(`${name}@2`);
      await registry.undelete(`${name}@2`);
      const url = `http://localhost/upload?name=${name}&alias=latest-upload`;
      const answer = await handler(new Request(url, { method: "POST", body: "3" }));
      assertEquals(answer.status, 201, await answer.text());
    })
  ));
  for (const [at, by] of ["alice", "bob", "operator"].entries()) {
    const log = await Array.fromAsync(readLog(registry, `m${at}`));
    assertEquals(new Set(log.map((entry) => entry.by?.name)), new Set([by]));
  }
});

Deno.test("an author that cannot be recorded is refused before the change", () => {
  assertThrows(
    () => changeAs("", () => assertEquals("called", "not called")),
    Error,
    "Cannot use the author `by`: it is empty",
  );
});
