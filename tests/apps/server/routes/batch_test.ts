import { assertEquals } from "@std/assert";
import { createAccess, parseScope } from "../../../../apps/server/access/access.ts";
import { openService } from "../uploads/sending.ts";

const save = (name: string, value: unknown, more: Record<string, unknown> = {}) => ({
  op: "save",
  name,
  materializer: { id: "json", formatVersion: 1 },
  files: [{ path: "data.json", data: btoa(JSON.stringify(value)) }],
  ...more,
});

Deno.test("many operations are done in one request, and what fails stops none of the others", async () => {
  await using service = await openService();
  const operations = [
    save("a", 1),
    save("a", 2),
    save("b", 3, { version: "1" }),
    save("b", 4, { version: "1" }),
    { op: "setAlias", name: "a", alias: "production", version: "2" },
    { op: "copy", name: "a", version: "1", to: "c" },
    { op: "info", name: "a" },
    { op: "deleteAlias", name: "a", alias: "production" },
    { op: "delete", name: "a", version: "1" },
    { op: "info", name: "a", version: "1" },
  ];
  const answer = await service.sendJson("POST", "/batch", { operations });
  const { results } = await answer.json();
  assertEquals(answer.status, 200);
  assertEquals(
    results.map(({ ok, value, problem }: Record<string, Record<string, unknown>>) =>
      ok ? value.version : problem.code
    ),
    [
      "1.0.0",
      "2.0.0",
      "1.0.0",
      "AlreadyExists",
      "2.0.0",
      "1.0.0",
      "2.0.0",
      undefined,
      undefined,
      "NotFound",
    ],
  );
  assertEquals([results[3].problem.status, results[9].problem.status], [409, 404]);
  assertEquals(await service.registry.load("c"), 1);
});

Deno.test("a batch that is wrong is refused before anything of it is done", async () => {
  await using service = await openService();
  const wrong = [
    { operations: [save("a", 1), { op: "explode", name: "a" }] },
    { operations: [save("a", 1), { op: "delete", name: "a" }] },
    { operations: Array.from({ length: 1001 }, () => ({ op: "info", name: "a" })) },
    {},
  ];
  for (const body of wrong) {
    assertEquals((await service.sendJson("POST", "/batch", body)).status, 400);
  }
  assertEquals(
    (await (await service.sendJson("POST", "/batch", { operations: [] })).json()).results,
    [],
  );
  assertEquals(await Array.fromAsync(service.registry.names()), []);
});

Deno.test("of a batch each operation needs its right", async () => {
  const access = createAccess("1", ["write:team/*", "read:team/*", "read:public"].map(parseScope));
  await using service = await openService({ tokens: { find: () => Promise.resolve(access) } });
  for (const name of ["other", "public"]) await service.registry.save(name, 1);
  const operations = [
    save("team/a", 1),
    save("other", 2),
    { op: "info", name: "other" },
    { op: "copy", name: "team/a", to: "other" },
    { op: "copy", name: "other", to: "team/b" },
    { op: "delete", name: "public", version: "1" },
    { op: "setAlias", name: "public", alias: "production", version: "1" },
    { op: "info", name: "public" },
  ];
  const headers = { "content-type": "application/json", authorization: "Bearer x" };
  const answer = await service.send("POST", "/batch", {
    headers,
    body: JSON.stringify({ operations }),
  });
  const { results } = await answer.json();
  assertEquals(results.map(({ problem }: { problem?: { code: string } }) => problem?.code), [
    undefined,
    "Denied",
    "Denied",
    "Denied",
    "Denied",
    "Denied",
    "Denied",
    undefined,
  ]);
  assertEquals(await Array.fromAsync(service.registry.names()), ["other", "public", "team/a"]);
});
