// Functions over a registry are checked, worded, logged and traced like its methods.
import { assert, assertEquals } from "@std/assert";
import type { Registry } from "../../../mod.ts";
import { rejected } from "../rejected.ts";
import { FUNCTION_CALLS, FUNCTIONS, prepare } from "./functions.ts";
import { prepared, testFunctions } from "./test_functions.ts";
import { tracing } from "./tracing.ts";

testFunctions({ functions: FUNCTIONS, calls: FUNCTION_CALLS, prepare });

Deno.test("spans of functions have names, sizes, counts and codes of errors", async () => {
  const { registry, lines } = await prepared(prepare);
  const { readLog, readLineage, annotate } = FUNCTIONS;
  lines.length = 0;
  const spans = await tracing(async () => {
    await Array.fromAsync(readLog(registry, "a"));
    await rejected("NotFound", readLineage(registry, "none"));
    await annotate(registry, "a@1", { notes: "secret" });
  });
  const own = spans.filter(({ name }) => /readLog|readLineage|annotate/.test(name));
  const told = own.map(({ name, attributes: { "holdfast.registry.id": _, ...others } }) => {
    const { "holdfast.artifact.size": size, ...exact } = others;
    return [name, size === undefined ? exact : { ...exact, sized: Number(size) > 0 }];
  });
  const at = (version?: string) => ({
    "holdfast.artifact.name": "a",
    ...version && { "holdfast.artifact.version": version },
  });
  assertEquals(told, [
    ["holdfast.readLog", { ...at(), "holdfast.items": 2 }],
    ["holdfast.readLineage", { "holdfast.artifact.name": "none", "error.type": "NotFound" }],
    ["holdfast.annotate", at("1.0.0")],
  ]);
  assertEquals(lines.filter((line) => line.startsWith("readL")), [
    'readLog "a": begins',
    'readLog "a": done in T, 2 items',
    'readLineage "none": begins',
    'readLineage "none": failed after T, NotFound',
  ]);
  assert(!JSON.stringify(spans.map(({ attributes }) => attributes)).includes("secret"));
  await registry.close();
});

Deno.test("functions trace registries of other programs, and their services", async () => {
  const { registry: inner } = await prepared(prepare);
  const registry: Registry = { ...inner, service: { rules: () => Promise.reject(new Error()) } };
  const spans = await tracing(async () => {
    await FUNCTIONS.readLineage(registry, "a@1");
    await FUNCTIONS.readRules(registry, { name: "a" }).catch(() => {});
  });
  const own = spans.filter(({ name }) => /readLineage|readRules/.test(name));
  assertEquals(
    own.map(({ name, attributes, status }) => [
      name,
      attributes["holdfast.artifact.name"],
      status.code,
    ]),
    [["holdfast.readLineage", "a", 0], ["holdfast.readRules", undefined, 2]],
  );
  await inner.close();
});
