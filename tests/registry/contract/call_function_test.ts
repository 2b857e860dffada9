// Functions over a registry are checked, worded, logged and traced like its methods.
import { assert, assertEquals } from "@std/assert";
import { silentLogger } from "../../../core/system.ts";
import { openRegistry } from "../../../mod.ts";
import type { Registry } from "../../../mod.ts";
import { rejected } from "../rejected.ts";
import { completed, FUNCTION_CALLS, FUNCTIONS, prepare } from "./functions.ts";
import { tracing } from "./tracing.ts";

/** Opens a registry that the calls succeed in, and the lines that it logs. */
async function prepared(): Promise<{ registry: Registry; lines: string[] }> {
  const lines: string[] = [];
  const debug = (line: unknown) => void lines.push(String(line).replace(/\d+ ms/, "T"));
  const registry = await openRegistry("memory:", { logger: { ...silentLogger, debug } });
  await prepare(registry);
  return { registry, lines };
}

Deno.test("the calls are those of all functions", () => {
  assertEquals(Object.keys(FUNCTION_CALLS).sort(), Object.keys(FUNCTIONS).sort());
});

Deno.test("functions refuse unknown options and what is not a registry", async (t) => {
  const { registry } = await prepared();
  for (const [name, call] of Object.entries(FUNCTION_CALLS)) {
    await t.step(name, async () => {
      const wrong = completed(call(registry, { versoin: "1" }));
      await rejected(
        "Invalid",
        wrong,
        /^Cannot [a-z ]+( "(a(@1)?|both)")?: unknown option versoin/,
      );
      const promised = Promise.resolve(registry) as unknown as Registry;
      const early = completed(call(promised));
      await rejected(
        "Invalid",
        early,
        /^Cannot [a-z ]+( "(a(@1)?|both)")?: the registry is a promise/,
      );
    });
  }
  await registry.close();
});

Deno.test("functions are logged and traced once, with their outcome", async (t) => {
  for (const [name, call] of Object.entries(FUNCTION_CALLS)) {
    await t.step(name, async () => {
      const { registry, lines } = await prepared();
      lines.length = 0;
      const spans = await tracing(() => completed(call(registry)));
      const own = spans.filter((span) => span.name === `holdfast.${name}`);
      assertEquals(own.length, 1);
      assertEquals(own[0]!.status.code, 0);
      assertEquals(own[0]!.attributes["holdfast.registry.id"], registry.id);
      const others = spans.filter((span) => span.name !== `holdfast.${name}`);
      const parents = new Set(others.map((span) => span.parentSpanContext !== undefined));
      assert(!parents.has(false), "a span beside that of the function");
      const begun = lines.filter((line) => line.startsWith(name) && line.endsWith(": begins"));
      const done = lines.filter((line) => line.startsWith(name) && line.includes(": done in T"));
      assertEquals([begun.length, done.length], [1, 1], lines.join("\n"));
      await registry.close();
    });
  }
});

Deno.test("spans of functions have names, sizes, counts and codes of errors", async () => {
  const { registry, lines } = await prepared();
  const { readLog, readLineage, finishRun, annotate } = FUNCTIONS;
  lines.length = 0;
  const spans = await tracing(async () => {
    await Array.fromAsync(readLog(registry, "a"));
    await rejected("NotFound", readLineage(registry, "none"));
    await finishRun(registry, "a", { id: "r" });
    await annotate(registry, "a@1", { notes: "secret" });
  });
  const own = spans.filter(({ name }) => /readLog|readLineage|finishRun|annotate/.test(name));
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
    ["holdfast.finishRun", { ...at("3.0.0"), sized: true }],
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
  const { registry: inner } = await prepared();
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
