import { assertEquals } from "@std/assert";
import { openRegistry } from "../../../../mod.ts";
import { saveRun } from "../../../../operators/runner/records/run_record.ts";
import { createAccess, parseScope } from "../../../../apps/server/access/access.ts";
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
  assertEquals(space.freedBytes, 100_000);
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

Deno.test("a run that has not ended is asked to stop, once", async () => {
  await using registry = await openRegistry("memory:");
  await using handler = createCheckedHandler(registry);
  const send = async (method: string, path: string) => {
    const response = await handler(new Request(`http://localhost${path}`, { method }));
    return await response.json();
  };
  assertEquals((await send("DELETE", "/runs/nightly%401")).code, "NotFound");
  await saveRun(
    registry,
    {
      kind: "plan",
      pipeline: "nightly",
      configuration: "0".repeat(64),
      steps: [],
    } as unknown as Parameters<typeof saveRun>[1],
  );
  assertEquals(await send("DELETE", "/runs/nightly%401"), { run: "nightly@1", asked: true });
  assertEquals(await send("DELETE", "/runs/nightly%401"), { run: "nightly@1", asked: false });
});

Deno.test("an odd record of a run neither ends the list of runs nor shows its name", async () => {
  await using registry = await openRegistry("memory:");
  const tokens = {
    find: (sent: string | null) =>
      Promise.resolve(createAccess("me", [parseScope(sent!.slice("Bearer ".length))])),
  };
  await using handler = createCheckedHandler(registry, { tokens });
  const runs = async (scope: string) => {
    const headers = { authorization: `Bearer ${scope}` };
    const response = await handler(new Request("http://localhost/runs", { headers }));
    const { items, detail } = await response.json();
    return items?.map(({ run, end }: Record<string, string>) => `${run} ${end}`) ?? detail;
  };
  for (const pipeline of ["team/p", "nightly"]) {
    const plan = { kind: "plan", pipeline, configuration: "0".repeat(64), steps: [] };
    await saveRun(registry, plan as unknown as Parameters<typeof saveRun>[1]);
  }
  const record = (text: string) => new File([text], "record.json");
  await registry.save("team/p:result", record("{"), { version: "1.0.0" });
  await registry.save("team/p:run", record("{"), { version: "0.0.1" });
  await registry.save("team/q:run", record("{"), { metadata: { run: 1 } });
  await registry.save("nightly:result", record(JSON.stringify({ steps: { a: null } })), {
    version: "1.0.0",
  });
  assertEquals((await runs("admin")).toSorted(), ["nightly@1 unreadable", "team/p@1 unreadable"]);
  assertEquals(await runs("read:team/*"), ["team/p@1 unreadable"]);
  assertEquals(await runs("read:other"), []);
});
