import { assert, assertEquals } from "@std/assert";
import { openRegistry } from "../../../../mod.ts";
import { createAccess, parseScope } from "../../../../apps/server/access/access.ts";
import { createScriptedSystem } from "../../../support/scripted_system.ts";
import { createCheckedHandler } from "../checked_handler.ts";

Deno.test("search finds versions by words and filters, and says how old what it looked at is", async () => {
  const system = createScriptedSystem();
  await using registry = await openRegistry("memory:");
  for (const epochs of [2, 4]) {
    await registry.save("models/bert", { epochs }, { metadata: { epochs } });
  }
  await registry.save("data/raw", "x", { metadata: { by: "ann" } });
  await registry.setAlias("models/bert", "production", "2.0.0");
  await using handler = createCheckedHandler(registry, { system });
  const find = async (query: string) => {
    const { items, ...rest } =
      await (await handler(new Request(`http://localhost/search?${query}`))).json();
    return {
      ...rest,
      refs: items.map(({ name, version }: { name: string; version: string }) =>
        `${name}@${version}`
      ),
    };
  };
  assertEquals(await find("q=metadata.epochs%3E3"), {
    refs: ["models/bert@2.0.0"],
    total: 1,
    ageMs: 0,
    cut: false,
  });
  assertEquals((await find("q=alias%3Dproduction")).refs, ["models/bert@2.0.0"]);
  assertEquals((await find("q=ANN")).refs, ["data/raw@1.0.0"]);
  assertEquals((await find("")).refs, ["data/raw@1.0.0", "models/bert@2.0.0", "models/bert@1.0.0"]);
  const page = await find("limit=1&offset=1");
  assertEquals([page.refs, page.total], [["models/bert@2.0.0"], 3]);

  await registry.save("data/new", "y");
  system.advance(59_000);
  assertEquals(
    [(await find("q=new")).total, (await find("q=new")).ageMs],
    [0, 59_000],
    "it is read once a minute",
  );
  system.advance(1000);
  while ((await find("q=new")).total === 0) await Promise.resolve();
  assertEquals((await find("q=new")).ageMs, 0);
});

Deno.test("search shows only what may be read", async () => {
  await using registry = await openRegistry("memory:");
  for (const name of ["team/a", "other"]) await registry.save(name, "x");
  const tokens = { find: () => Promise.resolve(createAccess("me", [parseScope("read:team/*")])) };
  await using handler = createCheckedHandler(registry, { tokens });
  const headers = { authorization: "Bearer x" };
  const { items, total } =
    await (await handler(new Request("http://localhost/search", { headers }))).json();
  assertEquals([items.map(({ name }: { name: string }) => name), total], [["team/a"], 1]);
  assert(
    (await handler(new Request("http://localhost/search?q=metadata.a%3E", { headers }))).status ===
      400,
  );
});
