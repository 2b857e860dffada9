import { assertEquals } from "@std/assert";
import { openRegistry } from "../../../../mod.ts";
import { createCheckedHandler } from "../checked_handler.ts";

Deno.test("the space of a registry, of a version and of what pruning deletes is measured", async () => {
  await using registry = await openRegistry("memory:");
  await using handler = createCheckedHandler(registry);
  const get = async (path: string) =>
    await (await handler(new Request(`http://localhost${path}`))).json();
  for (const [i, name] of ["a", "a", "b"].entries()) {
    await registry.save(name, new Uint8Array(100_000).fill(i));
  }
  const { names, days } = await get("/space");
  assertEquals(names.map(({ name }: { name: string }) => name).sort(), ["a", "b"]);
  assertEquals(days.map(({ versions, size }: typeof days[0]) => [versions, size]), [[3, 300_000]]);

  const space = await get("/artifacts/a/space?deleting=2.0.0");
  assertEquals(Math.floor(space.freedBytes / 1_000), 100); // with its record
  assertEquals(space.versions.map(({ version }: { version: string }) => version).sort(), [
    "1.0.0",
    "2.0.0",
  ]);
  assertEquals((await get("/artifacts/none/space")).versions, []);
});

Deno.test("search filters by kind and date", async () => {
  await using registry = await openRegistry("memory:");
  await using handler = createCheckedHandler(registry);
  const find = async (q: string) => {
    const { items } = await (await handler(
      new Request(`http://localhost/search?${new URLSearchParams({ q })}`),
    )).json();
    return items.map(({ name }: { name: string }) => name);
  };
  await registry.save("numbers", { a: 1 });
  await registry.save("words", "text");
  const year = (await registry.info("words")).createdAt.getUTCFullYear();
  assertEquals(await find("kind=text"), ["words"]);
  assertEquals(await find(`created>=${year}`), ["numbers", "words"]);
  assertEquals(await find(`created<${year}`), []);
});
