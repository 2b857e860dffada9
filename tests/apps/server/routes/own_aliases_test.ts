import { assertEquals } from "@std/assert";
import { createHandler } from "../../../../apps/server.ts";
import { defineRegistry, openRegistry } from "../../../../mod.ts";

Deno.test("a registry without alias history shows and sets an alias over HTTP", async () => {
  await using inner = await openRegistry("memory:");
  for (const version of ["1.0.0", "2.0.0"]) await inner.save("a", version, { version });
  await inner.setAlias("a", "prod", "1.0.0");
  const { location, id, settings, materializers, open, names, versions, aliases, setAlias } = inner;
  const parts = { location, id, settings, materializers, open, names, versions };
  await using handler = createHandler(defineRegistry({ ...parts, aliases, setAlias }));
  const send = async (alias: string, init?: RequestInit) => {
    const url = `http://localhost/artifacts/a/aliases/${alias}`;
    const answer = await handler(new Request(url, init));
    return [answer.status, answer.headers.get("etag")];
  };
  assertEquals(await send("prod"), [200, '"1.0.0"']);
  assertEquals((await send("none"))[0], 404);
  const headers = { "content-type": "application/json", "if-match": '"1.0.0"' };
  const init = { method: "PUT", headers, body: JSON.stringify({ version: "2.0.0" }) };
  assertEquals(await send("prod", init), [200, '"2.0.0"']);
  assertEquals((await send("prod", init))[0], 412);
});
