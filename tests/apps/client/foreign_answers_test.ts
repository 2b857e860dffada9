// Answers of proxies, and of services without a route: they must never look like a missing name.
import { assertEquals, assertMatch } from "@std/assert";
import { openHttpRegistry } from "../../../apps/client.ts";
import { createHandler, type TokenCheck } from "../../../apps/server.ts";
import { isRegistryError } from "../../../mod.ts";
import { testService } from "./service.ts";

testService("a 404 that is not about a name is an error, not a missing name", async (service) => {
  await service.behind.save("team/a", 1);
  const html = { "content-type": "text/html" };
  const foreign: [string, (request: Request) => Promise<Response>][] = [
    [
      "a route that the service lacks",
      (request) => {
        const url = request.url.replace("/artifacts/", "/artifacts/old/");
        return service.handler(new Request(url, request));
      },
    ],
    [
      "a page of a proxy",
      () => Promise.resolve(new Response("<h1>404 Not Found</h1>", { status: 404, headers: html })),
    ],
    [
      "JSON of a gateway",
      () => Promise.resolve(Response.json({ message: "no Route matched" }, { status: 404 })),
    ],
    [
      "a problem document of a gateway",
      () =>
        Promise.resolve(
          Response.json({ title: "Not Found", status: 404 }, {
            status: 404,
            headers: { "content-type": "application/problem+json" },
          }),
        ),
    ],
  ];
  for (const [title, answer] of foreign) {
    const registry = await service.through((request) =>
      request.url.includes("/artifacts/") ? answer(request) : service.handler(request)
    );
    assertEquals(await Array.fromAsync(registry.names()), ["team/a"]);
    const calls: Record<string, () => Promise<unknown>> = {
      get: () => registry.get("team/a"),
      info: () => registry.info("team/a@1.0.0"),
      has: () => registry.has("team/a"),
      "has of a version": () => registry.has("team/a", { version: "1.0.0" }),
      versions: () => Array.fromAsync(registry.versions("team/a")),
      aliases: () => Array.fromAsync(registry.aliases("team/a")),
      deleteAlias: () => registry.deleteAlias("team/a", "prod"),
      asOf: () => registry.info("team/a", { asOf: new Date(0) }),
    };
    for (const [name, call] of Object.entries(calls)) {
      const error = await call().then((value) => value, (error: unknown) => error);
      assertEquals(isRegistryError(error, "Unsupported"), true, `${title}, ${name}: ${error}`);
    }
  }
});

testService("the hint for a 413 of a proxy names the limit of the proxy", async (service) => {
  const page = () => new Response("<h1>413 Request Entity Too Large</h1>", { status: 413 });
  const fetch = (request: Request) =>
    request.method === "POST" ? Promise.resolve(page()) : service.handler(request);
  await using registry = await service.open({ fetch });
  const error = await registry.save("a", new Uint8Array(2_000_000)).catch((error) => error);
  assertEquals(
    isRegistryError(error, "Invalid") && error.hint?.includes("client_max_body_size"),
    true,
  );
});

testService("hints name the proxy that takes a token away or answers itself", async (service) => {
  const tokens: TokenCheck = { find: () => Promise.resolve(undefined) };
  await using refusing = createHandler(service.behind, { tokens });
  const stripped = (request: Request) => {
    request.headers.delete("authorization");
    return refusing(request);
  };
  const page = (status: number, headers?: HeadersInit) => () =>
    Promise.resolve(new Response("<h1>proxy</h1>", { status, headers }));
  const cases: [string, (request: Request) => Promise<Response>, RegExp][] = [
    ["a proxy without the header", stripped, /did not reach the service/],
    ["an unknown token", (request) => refusing(request), /Pass a token/],
    ["a page with 401", page(401), /did not reach the service/],
    ["a sign-in page", page(302, { location: "https://sso.example/login" }), /sign-in of its own/],
    ["a page with 404", page(404), /https:\/\/HOST\/models/],
    ["a port with TLS", page(400), /needs https:\/\//],
  ];
  for (const [title, fetch, hint] of cases) {
    const options = { token: "t", fetch, retryForMs: 0 };
    const error = await openHttpRegistry("http://service.test", options).catch((error) => error);
    assertMatch(error.hint ?? "", hint, `${title}: ${error}`);
  }
  const open = openHttpRegistry("http://service.test", { fetch: stripped });
  assertMatch((await open.catch((error) => error)).hint, /Pass a token/);
});

testService("facts without files have none", async ({ behind, open }) => {
  await behind.save("a", 1);
  const facts = { details: true, withoutFiles: true };
  const [entry] = await Array.fromAsync((await open()).versions("a", facts));
  assertEquals([entry?.info?.size, entry?.info?.files], [1, []]);
});
