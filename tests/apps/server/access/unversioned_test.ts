// Saves into a mutable registry without versions, where the second replaces the first.
import { assertEquals, assertRejects } from "@std/assert";
import { createAccess, parseScope } from "../../../../apps/server/access/access.ts";
import { createHandler } from "../../../../apps/server.ts";
import { RegistryError } from "../../../../core/errors.ts";
import { changeRules } from "../../../../extensions/maintenance/mod.ts";
import { openRegistry, saveMany } from "../../../../mod.ts";

const UNVERSIONED = { versioned: false, mutable: true };

Deno.test("a second save replaces the value, also in a batch", async () => {
  await using registry = await openRegistry("memory:", UNVERSIONED);
  await registry.save("model", 1);
  await registry.save("model", 2);
  assertEquals(await registry.load("model"), 2);
  await saveMany(registry, [{ name: "model", value: 3 }]);
  assertEquals(await registry.load("model"), 3);
  await registry.delete("model");
  await registry.save("model", 4);
  assertEquals(await registry.load("model"), 4);
});

Deno.test("a save fails if it says so, and in a registry that is not mutable", async () => {
  await using registry = await openRegistry("memory:", UNVERSIONED);
  await registry.save("model", 1);
  const failing = () => registry.save("model", 2, { onConflict: "fail" });
  assertEquals((await assertRejects(failing, RegistryError)).code, "AlreadyExists");
  await using fixed = await openRegistry("memory:", { versioned: false });
  await fixed.save("model", 1);
  assertEquals(
    (await assertRejects(() => fixed.save("model", 2), RegistryError)).code,
    "AlreadyExists",
  );
});

Deno.test("a protected name is saved once", async () => {
  await using registry = await openRegistry("memory:", UNVERSIONED);
  await changeRules(registry, { set: { pattern: "model", protect: true } });
  await registry.save("model", 1);
  assertEquals(
    (await assertRejects(() => registry.save("model", 2), RegistryError)).code,
    "AlreadyExists",
  );
});

Deno.test("a sender without the right to delete replaces nothing", async () => {
  await using registry = await openRegistry("memory:", UNVERSIONED);
  for (const [scopes, last] of [[["save:*"], 409], [["save:*", "delete:*"], 201]] as const) {
    const access = createAccess("t", scopes.map(parseScope));
    const tokens = { find: () => Promise.resolve(access) };
    await using handler = createHandler(registry, { tokens });
    const upload = async (body: string) => {
      const headers = { authorization: "Bearer x", "content-type": "application/octet-stream" };
      const request = new Request(`http://localhost/upload?name=m${last}&path=a`, {
        method: "POST",
        headers,
        body,
      });
      const response = await handler(request);
      await response.body?.cancel();
      return response.status;
    };
    assertEquals([await upload("1"), await upload("2")], [201, last]);
  }
});
