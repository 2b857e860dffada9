// Deno goes on with the context of a module's first import: no later request may be by its sender.
import { assertEquals } from "@std/assert";
import { openRegistry } from "../../../../mod.ts";
import { changeAs } from "../../../../apps/server.ts";
import { sentBy } from "../../../../apps/server/access/sender.ts";

Deno.test("an author ends with its request, also where a module was imported", async () => {
  const registry = await openRegistry("memory:", { by: "operator" });
  let imported = 0;
  const importOnce = () => import(`data:text/javascript,export default ${imported++}`);
  const handler = async ({ url }: Request) => {
    const { pathname } = new URL(url);
    if (pathname === "/request") await sentBy({ name: "alice", token: "a" }, importOnce);
    else if (pathname === "/program") await changeAs("bob", importOnce);
    else await sentBy(undefined, () => registry.save(pathname.slice(1), 1));
    return new Response();
  };
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, handler);
  for (const path of ["request", "m1", "program", "m2"]) {
    const answer = await fetch(`http://127.0.0.1:${server.addr.port}/${path}`);
    assertEquals([answer.status, await answer.text()], [200, ""]);
  }
  assertEquals((await registry.info("m1")).by, { name: "operator" });
  assertEquals((await registry.info("m2")).by, { name: "operator" });
});
