import { assertEquals } from "@std/assert";
import { createMemoryBackend } from "../../../backends/memory.ts";
import { openRegistry } from "../../../mod.ts";
import { withHooks } from "../with_hooks.ts";

for (const ref of ["a@production", "a@^2", "a@latest"]) {
  Deno.test(`${ref} is found while it moves on and its version is deleted`, async () => {
    const backend = createMemoryBackend();
    const writer = await openRegistry(backend);
    await writer.save("a", 1, { version: "2.0.0" });
    await writer.setAlias("a", "production", "2.0.0");
    let left = 1;
    const reader = await openRegistry(withHooks(backend, {
      async before({ verb, key }) {
        if (verb !== "get" || !key.includes("/versions/") || left-- !== 1) return;
        await writer.save("a", 2, { version: "2.1.0" });
        await writer.setAlias("a", "production", "2.1.0");
        await writer.delete("a@2.0.0");
        await backend.delete(key);
      },
    }));
    assertEquals((await reader.info(ref)).version, "2.1.0");
  });
}
