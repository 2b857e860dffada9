import { assert, assertEquals } from "@std/assert";
import { createHandler } from "../../../../apps/server.ts";
import { createAccess, parseScope } from "../../../../apps/server/access/access.ts";
import { openHttpRegistry } from "../../../../apps/client.ts";
import { openRegistry, realSystem } from "../../../../mod.ts";
import { publishRelease, resolveRelease } from "../../../../mod.ts";
import { rejected } from "../../../registry/rejected.ts";

const SCOPES: Record<string, string[]> = {
  all: ["read:*", "write:*"],
  some: ["read:serving", "read:net", "write:mine"],
};

async function service() {
  const registry = await openRegistry("memory:");
  await registry.save("net", "net 1");
  await registry.save("secret", "secret 1");
  await publishRelease(registry, "serving", { "the/net": "net", secret: "secret" });
  await registry.setAlias("serving", "production", "1");
  const find = (header: string | null) => {
    const token = header?.replace("Bearer ", "") ?? "";
    return Promise.resolve(createAccess(token, SCOPES[token]!.map(parseScope)));
  };
  const handler = createHandler(registry, { tokens: { find } });
  const ask = (token: string, path: string) =>
    handler(
      new Request(`http://localhost${path}`, { headers: { authorization: `Bearer ${token}` } }),
    );
  const open = (token: string) =>
    openHttpRegistry("http://localhost", {
      token,
      fetch: (request) => handler(request as Request),
    });
  return {
    registry,
    ask,
    open,
    now: realSystem.now,
    async [Symbol.asyncDispose]() {
      await handler.close();
      await registry.close();
    },
  };
}

const RELEASE = "/artifacts/serving/versions/production";

Deno.test("a release shows only the members that a token may read", async () => {
  await using served = await service();
  const { ask, open } = served;
  const { members } = await (await ask("some", `${RELEASE}/members`)).json();
  assertEquals(Object.keys(members), ["the/net"]);
  assertEquals(
    Object.keys((await (await ask("all", `${RELEASE}/members`)).json()).members).length,
    2,
  );
  assertEquals((await ask("some", `${RELEASE}/members/secret`)).status, 404);
  const found = await ask("some", `${RELEASE}/members/the%2Fnet`);
  assertEquals([found.status, found.headers.get("location")], [
    307,
    "../../../../net/versions/1.0.0",
  ]);
  for (const path of ["/files/release.json", "?data=5000"]) {
    assertEquals((await ask("some", RELEASE + path)).status, 403, path);
    assertEquals((await ask("all", RELEASE + path)).status, 200, path);
  }
  assertEquals((await ask("some", `${RELEASE}/presign`)).status, 403);
  const info = await (await ask("some", RELEASE)).text();
  assert(!info.includes("secret"), info);
  assertEquals((await ask("some", "/artifacts/serving/versions/production%2Fsecret")).status, 400);
  assertEquals((await ask("some", "/lineage?ref=serving@production%2Fsecret")).status, 400);

  await using some = await open("some");
  assertEquals(Object.keys((await resolveRelease(some, "serving@production")).members), [
    "the/net",
  ]);
  assertEquals(await some.load("serving@production/the/net"), "net 1");
  await rejected("NotFound", some.load("serving@production/secret"));
  await rejected("Denied", some.load("serving@production"));
  await rejected("Denied", publishRelease(some, "mine", { a: "secret" }));
  await using all = await open("all");
  await rejected("Conflict", all.delete("net@1"));
  assertEquals(await all.has("serving@production/secret"), true);
  assertEquals(await all.has("serving@production/other"), false);
  assertEquals(await all.load("serving@1/secret", { asOf: new Date(served.now()) }), "secret 1");
});
