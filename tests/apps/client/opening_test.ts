import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { openHttpRegistry, type SendRequest } from "../../../apps/client.ts";
import { RegistryError } from "../../../mod.ts";
import { holdTimers } from "../../support/held_timers.ts";
import { createScriptedSystem } from "../../support/scripted_system.ts";
import { ADDRESS, startService } from "./service.ts";

async function failureOf(action: Promise<unknown>): Promise<RegistryError> {
  return await assertRejects(() => action, RegistryError);
}

Deno.test("an address with credentials, a query or another scheme is Invalid, and is not shown", async () => {
  for (
    const address of [
      "https://me:secret@host",
      "https://host?token=secret",
      "ftp://secret",
      "secret",
      "http://h#secret",
    ]
  ) {
    const error = await failureOf(openHttpRegistry(address));
    assertEquals(error.code, "Invalid", address);
    assert(!Deno.inspect(error).includes("secret"), Deno.inspect(error));
  }
});

Deno.test("a server that is no service says so, whatever it answers", async () => {
  const answers: [Response, string][] = [
    [new Response("<h1>hello</h1>", { headers: { "content-type": "text/html" } }), "Unsupported"],
    [Response.json({ hello: 1 }), "Unsupported"],
    [Response.json(null), "Unsupported"],
    [new Response("no", { status: 404 }), "Unsupported"],
    [new Response("no", { status: 401 }), "Denied"],
    [new Response("no", { status: 418 }), "Invalid"],
    [Response.json({ code: "constructor", detail: "x" }, { status: 400 }), "Invalid"],
  ];
  for (const [answer, code] of answers) {
    const error = await failureOf(
      openHttpRegistry(ADDRESS, { fetch: () => Promise.resolve(answer) }),
    );
    assertEquals(error.code, code);
    assert(error.hint!.length > 8);
  }
});

Deno.test("a service that does not answer at first is told of within seconds, with where and what to do", async () => {
  const system = createScriptedSystem();
  const before = system.now();
  let asked = 0;
  const send = () => (asked++, Promise.reject(new TypeError("refused")));
  const error = await failureOf(openHttpRegistry(ADDRESS, { fetch: send, system }));
  assertEquals(error.code, "Unavailable");
  assertStringIncludes(error.message, ADDRESS);
  assertStringIncludes(error.hint!, "holdfast serve");
  assert(asked > 1);
  assert(system.now() - before <= 5_000, `${system.now() - before} ms`);

  const since = system.now();
  await failureOf(openHttpRegistry(ADDRESS, { fetch: send, system, retryForMs: 60_000 })); // who says so waits so long
  assert(system.now() - since > 10_000, `${system.now() - since} ms`);
});

Deno.test("a service that takes the opening and never answers is told of when the time for that is over", async () => {
  using timers = holdTimers(3_000);
  const mute: SendRequest = () => {
    queueMicrotask(timers.pass);
    return new Promise(() => {});
  };
  const error = await failureOf(
    openHttpRegistry(ADDRESS, { fetch: mute, system: createScriptedSystem() }),
  );
  assertEquals(error.code, "Unavailable");
  assertStringIncludes(error.message, ADDRESS);
});

Deno.test("where a service has moved is said, and nothing is sent there", async () => {
  const service = await startService();
  const asked: string[] = [];
  await using moved = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, (request) => {
    asked.push(`${request.method} ${request.headers.get("authorization")}`);
    return service.handler(request);
  });
  const to = `http://127.0.0.1:${moved.addr.port}`;
  await using old = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, (request) => {
    const { pathname } = new URL(request.url);
    return new Response(null, { status: 301, headers: { location: `${to}${pathname}` } });
  });
  const error = await failureOf(
    openHttpRegistry(`http://127.0.0.1:${old.addr.port}`, { token: "t" }),
  );
  assertEquals([error.code, asked], ["Invalid", []]);
  assertStringIncludes(error.message, `moved to ${to}/registry`);
  await service.close();
});
