// Options that every operation knows by the same name: a wrong value is refused by all of them.
import { assertEquals, assertMatch } from "@std/assert";
import { openHttpRegistry } from "../../../apps/client.ts";
import { createHandler } from "../../../apps/server.ts";
import { METHODS } from "../../../core/options/methods.ts";
import type { OperationRow } from "../../../core/registry/operations/row.ts";
import { isRegistryError, openRegistry } from "../../../mod.ts";

const ANY: unknown[] = [5, 10n, "x", true, {}, [], Symbol("x"), () => 1];

/** Wrong values of each option. */
const WRONG: Record<string, readonly unknown[]> = {
  signal: ANY,
  as: [...ANY, null],
  alias: [...ANY.filter((value) => typeof value !== "string" && !Array.isArray(value)), null],
};

const ARGUMENTS: Record<string, unknown> = {
  ref: "a@1.0.0",
  name: "a",
  value: "x",
  alias: "best",
  version: "1.0.0",
  to: "b",
};

Deno.test("a wrong signal, materializer or alias is Invalid in every operation", async () => {
  await using registry = await openRegistry("memory:");
  await registry.save("a", "x");
  const handler = createHandler(registry);
  await using client = await openHttpRegistry("http://127.0.0.1", { fetch: handler });
  const unknown: string[] = [];
  for (const [what, any] of Object.entries({ registry, client } as Record<string, object>)) {
    for (const [method, row] of Object.entries<OperationRow>(METHODS)) {
      const act = (any as Record<string, ((...given: unknown[]) => unknown) | undefined>)[method];
      for (const [option, values] of Object.entries(WRONG)) {
        if (act === undefined || !(option in row.options)) continue;
        for (const value of values) {
          const error = await failureOf(() =>
            act.call(any, ...row.takes.map((name) => ARGUMENTS[name]), { [option]: value })
          );
          if (!isRegistryError(error, "Invalid")) {
            unknown.push(`${what}.${method}({ ${option}: ${String(value)} }): ${error}`);
          } else {assertMatch(
              error.message,
              new RegExp(`${option} is an? |${option} is null|materializer`),
            );}
        }
      }
    }
  }
  assertEquals(unknown, []);
});

Deno.test("a signal of null is none, as for fetch", async () => {
  await using registry = await openRegistry("memory:");
  await registry.save("a", "x", { signal: null as never });
  assertEquals(await registry.load("a", { signal: null as never }), "x");
});

async function failureOf(action: () => unknown): Promise<unknown> {
  try {
    const result = await action();
    if (typeof result === "object" && result !== null && Symbol.asyncIterator in result) {
      await Array.fromAsync(result as AsyncIterable<unknown>);
    }
  } catch (error) {
    return error;
  }
}
