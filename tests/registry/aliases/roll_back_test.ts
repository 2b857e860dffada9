// Errors of rollbacks name the rollback, in the library and through a service.
import { assertEquals } from "@std/assert";
import { openRegistry, type RegistryError } from "../../../mod.ts";
import { openHttpRegistry } from "../../../apps/client.ts";
import { createHandler } from "../../../apps/server.ts";

Deno.test("a rollback of an alias that never existed says what failed", async () => {
  const registry = await openRegistry("memory:");
  await registry.save("scan", 1);
  const handler = createHandler(registry);
  const fetch = (input: RequestInfo | URL, init?: RequestInit) => handler(new Request(input, init));
  const client = await openHttpRegistry("http://localhost", { fetch });
  for (const opened of [registry, client]) {
    for (const name of ["scan", "scann"]) {
      const error = await opened.rollbackAlias(name, "latest-upload").then(
        () => undefined,
        (thrown: RegistryError) => thrown,
      );
      assertEquals(error?.code, "NotFound");
      assertEquals(
        error?.message,
        `Cannot roll back "${name}@latest-upload": no such alias ever existed`,
      );
      assertEquals(error?.hint, `List the aliases with registry.aliases("${name}").`);
    }
  }
});
