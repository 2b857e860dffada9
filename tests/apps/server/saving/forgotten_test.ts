// A service keeps nothing of a request once it has answered.
import { assertEquals, assertRejects } from "@std/assert";
import { createHandler } from "../../../../apps/server.ts";
import { openRegistry, RegistryError } from "../../../../mod.ts";
import { ADDRESS } from "../../client/service.ts";

Deno.test("a registry does not remember the materializers that senders name", async () => {
  await using registry = await openRegistry("memory:");
  await using handler = createHandler(registry);
  const materializer = { id: "acme/sent", formatVersion: 1 };
  const files = [{ path: "a", data: btoa("content") }];
  const answer = await handler(
    new Request(`${ADDRESS}/artifacts/a/versions`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ materializer, files }),
    }),
  );
  await answer.body?.cancel();
  assertEquals(answer.status, 201);
  const { code } = await assertRejects(() => registry.load("a"), RegistryError);
  assertEquals(code, "Unsupported");
});
