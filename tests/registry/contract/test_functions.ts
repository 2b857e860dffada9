// Tests of functions over a registry: they are checked, worded, logged and traced like its methods.
import { assert, assertEquals } from "@std/assert";
import { silentLogger } from "../../../core/system.ts";
import { openRegistry } from "../../../mod.ts";
import type { Registry } from "../../../mod.ts";
import { rejected } from "../rejected.ts";
import { type Call, completed } from "./functions.ts";
import { tracing } from "./tracing.ts";

/** Opens a registry that the calls succeed in, and the lines that it logs. */
export async function prepared(
  prepare: (registry: Registry) => Promise<void>,
): Promise<{ registry: Registry; lines: string[] }> {
  const lines: string[] = [];
  const debug = (line: unknown) => void lines.push(String(line).replace(/\d+ ms/, "T"));
  const registry = await openRegistry("memory:", { logger: { ...silentLogger, debug } });
  await prepare(registry);
  return { registry, lines };
}

export interface TestedFunctions {
  functions: object;
  /** A call of each that succeeds in a prepared registry. */
  calls: Readonly<Record<string, Call>>;
  prepare(registry: Registry): Promise<void>;
}

export function testFunctions({ functions, calls, prepare }: TestedFunctions): void {
  Deno.test("the calls are those of all functions", () => {
    assertEquals(Object.keys(calls).sort(), Object.keys(functions).sort());
  });

  Deno.test("functions refuse unknown options and what is not a registry", async (t) => {
    const { registry } = await prepared(prepare);
    for (const [name, call] of Object.entries(calls)) {
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
    for (const [name, call] of Object.entries(calls)) {
      await t.step(name, async () => {
        const { registry, lines } = await prepared(prepare);
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
}
