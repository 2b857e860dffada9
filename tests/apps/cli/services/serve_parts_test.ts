import { assertEquals, assertRejects } from "@std/assert";
import type { CommandContext } from "../../../../apps/cli/program/command.ts";
import type { Extension } from "../../../../apps/cli/program/extension.ts";
import { openParts } from "../../../../apps/cli/services/serve_parts.ts";

/** Extensions whose parts note that they are closed. The others fail to open or to close. */
function createExtensions(names: readonly string[], closed: string[]): Extension[] {
  return names.map((name) => ({
    name,
    serving: {
      options: [],
      async *open() {
        if (name === "opens badly") await Promise.reject(new Error(name));
        yield {
          [Symbol.asyncDispose]() {
            closed.push(name);
            return name === "closes badly" ? Promise.reject(new Error(name)) : Promise.resolve();
          },
        };
      },
    },
  }));
}

const context = {} as CommandContext; // no part uses it

Deno.test("all parts of a service are closed, the last one first, also if one fails to close", async () => {
  const closed: string[] = [];
  const parts = await openParts(createExtensions(["a", "closes badly", "b"], closed), {}, context);
  assertEquals(closed, []);
  await assertRejects(async () => await parts[Symbol.asyncDispose](), Error, "closes badly");
  assertEquals(closed, ["b", "closes badly", "a"]);
});

Deno.test("a part that fails to open closes those before it", async () => {
  const closed: string[] = [];
  const opening = openParts(createExtensions(["a", "b", "opens badly", "c"], closed), {}, context);
  await assertRejects(() => opening, Error, "opens badly");
  assertEquals(closed, ["b", "a"]);
});
