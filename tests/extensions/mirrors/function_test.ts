// `mirrorRegistry` is checked, logged and traced like the functions of the kernel.
import { assertEquals } from "@std/assert";
import { mirrorRegistry } from "../../../extensions/mirrors/mod.ts";
import { openRegistry, type Registry } from "../../../mod.ts";
import { silentLogger } from "../../../core/system.ts";
import { tracing } from "../../registry/contract/tracing.ts";
import { testInMemory } from "../../registry/registries.ts";
import { rejected } from "../../registry/rejected.ts";

testInMemory("options that are unknown or of another kind are refused", async ({ registry }) => {
  await registry.save("a", 1);
  const to = await openRegistry("memory:");
  const mirror = (options: object, from = registry as Registry) =>
    mirrorRegistry(from, to, options);
  await rejected(
    "Invalid",
    mirror({ versoin: "1" }),
    /^Cannot mirror the registry: unknown option/,
  );
  await rejected("Invalid", mirror({ names: "a" }), /: `names` must be an array, got a string$/m);
  const promised = Promise.resolve(registry) as unknown as Registry;
  await rejected("Invalid", mirror({}, promised), /^Cannot .*: the registry is a promise/);
  assertEquals(await Array.fromAsync(to.names()), []);
});

Deno.test("a mirror is logged and traced once, with its outcome", async () => {
  const lines: string[] = [];
  const debug = (line: unknown) => void lines.push(String(line).replace(/\d+ ms/, "T"));
  const registry = await openRegistry("memory:", { logger: { ...silentLogger, debug } });
  await registry.save("a", 1);
  const rename = (name: string) => `${name}:twin`;
  const options = { dryRun: true, rename };
  const spans = await tracing(() => mirrorRegistry(registry, registry, options));
  const own = spans.filter(({ name }) => name === "holdfast.mirrorRegistry");
  assertEquals(own.map(({ status }) => status.code), [0]);
  assertEquals(own[0]!.attributes["holdfast.registry.id"], registry.id);
  assertEquals(lines.filter((line) => line.startsWith("mirrorRegistry")), [
    "mirrorRegistry: begins",
    "mirrorRegistry: done in T",
  ]);
  await registry.close();
});
