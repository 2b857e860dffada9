// Metadata that would take too long to check.
import { assertRejects } from "@std/assert";
import { openRegistry, RegistryError } from "../../../mod.ts";

Deno.test("metadata that refers to one value very many times is refused", async () => {
  const registry = await openRegistry("memory:");
  let twice: unknown = { a: 1 };
  for (let i = 0; i < 40; i++) twice = [twice, twice]; // 2 ** 40 values as JSON
  const saved = registry.save("a", 1, { metadata: { twice } });
  await assertRejects(() => saved, RegistryError, "more than 65536 bytes as JSON");
  await registry[Symbol.asyncDispose]();
});
