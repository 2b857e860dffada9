// `verifyRegistry` is checked, logged, traced and worded like the functions of the kernel.
import { assertEquals } from "@std/assert";
import { verifyRegistry } from "../../../apps/maintenance.ts";
import { createMemoryBackend } from "../../../backends/memory.ts";
import { RegistryError } from "../../../core/errors.ts";
import { silentLogger } from "../../../core/system.ts";
import { openRegistry, type Registry } from "../../../mod.ts";
import { tracing } from "../../registry/contract/tracing.ts";
import { withoutStore } from "../../registry/contract/without_store.ts";
import { testInMemory } from "../../registry/registries.ts";
import { rejected } from "../../registry/rejected.ts";
import { createScriptedBackend } from "../../registry/scripted_backend.ts";

testInMemory("options that are unknown or of another kind are refused", async ({ registry }) => {
  const verify = (options: object, of = registry as Registry) => verifyRegistry(of, options);
  const unknown = /^Cannot verify the registry: unknown option/;
  await rejected("Invalid", verify({ versoin: "1" }), unknown);
  await rejected("Invalid", verify({ names: "a" }), /: `names` must be an array, got a string$/m);
  const promised = Promise.resolve(registry) as unknown as Registry;
  await rejected("Invalid", verify({}, promised), /^Cannot .*: the registry is a promise/);
});

Deno.test("a registry that is not open here is Unsupported", async () => {
  const registry = withoutStore(await openRegistry("memory:"));
  const { message, hint } = await rejected("Unsupported", verifyRegistry(registry));
  assertEquals([message.includes("behind memory:"), hint?.includes("openRegistry")], [true, true]);
});

Deno.test("a refusal of the store is worded as: Cannot verify the registry", async () => {
  const backend = createScriptedBackend(createMemoryBackend());
  const registry = await openRegistry(backend, { cache: false });
  await registry.save("model", { depth: 12 });
  backend.answerAll({}, (_act, { verb, key }) => {
    const words = { state: "the store denies it", hint: "Ask for more rights." };
    throw new RegistryError({ code: "Denied", action: verb, subject: `"${key}"`, key, ...words });
  });
  const { message } = await rejected("Denied", verifyRegistry(registry));
  assertEquals(message, "Cannot verify the registry: the store denies it");
  await registry.close();
});

Deno.test("a verification is logged and traced once, with its outcome", async () => {
  const lines: string[] = [];
  const debug = (line: unknown) => void lines.push(String(line).replace(/\d+ ms/, "T"));
  const registry = await openRegistry("memory:", { logger: { ...silentLogger, debug } });
  await registry.save("a", 1);
  const spans = await tracing(() => verifyRegistry(registry));
  const own = spans.filter(({ name }) => name === "holdfast.verifyRegistry");
  assertEquals(own.map(({ status }) => status.code), [0]);
  assertEquals(own[0]!.attributes["holdfast.registry.id"], registry.id);
  assertEquals(lines.filter((line) => line.startsWith("verifyRegistry")), [
    "verifyRegistry: begins",
    "verifyRegistry: done in T",
  ]);
  await registry.close();
});
