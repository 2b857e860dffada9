import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { existsSync } from "node:fs";
import { openHttpRegistry, type SendRequest } from "../../../apps/client.ts";
import { createHandler, createToken, openTokenFile } from "../../../apps/server.ts";
import { realSystem } from "../../../core/system.ts";
import { createMemoryBackend, openRegistry, RegistryError } from "../../../mod.ts";
import { holdTimers } from "../../support/held_timers.ts";
import { createScriptedSystem } from "../../support/scripted_system.ts";
import { testInRoot } from "../../support/temp_root.ts";
import { ADDRESS, testService } from "./service.ts";

async function failureOf(action: Promise<unknown>): Promise<RegistryError> {
  return await assertRejects(() => action, RegistryError);
}

Deno.test("an invalid or secret URL is Invalid and not shown", async () => {
  const addresses = ["https://me:secret@host", "https://host?token=secret", "http://h#secret"];
  for (const address of [...addresses, "ftp://secret", "secret"]) {
    const error = await failureOf(openHttpRegistry(address));
    assertEquals(error.code, "Invalid", address);
    assert(!Deno.inspect(error).includes("secret"), Deno.inspect(error));
  }
});

Deno.test("a server that is not a service has an error with a hint", async () => {
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
    const fetch = () => Promise.resolve(answer);
    const error = await failureOf(openHttpRegistry(ADDRESS, { fetch }));
    assertEquals(error.code, code);
    assert(error.hint!.length > 8);
  }
});

Deno.test("opening without an answer fails within seconds, or after retryForMs", async () => {
  const system = createScriptedSystem();
  const before = system.now();
  let asked = 0;
  const send = () => (asked++, Promise.reject(new TypeError("refused")));
  const error = await failureOf(openHttpRegistry(ADDRESS, { fetch: send, system }));
  assertEquals(error.code, "Unavailable");
  assertStringIncludes(error.message, ADDRESS);
  assertStringIncludes(error.hint!, "that the service runs");
  assert(asked > 1);
  assert(system.now() - before <= 5_000, `${system.now() - before} ms`);

  const since = system.now();
  await failureOf(openHttpRegistry(ADDRESS, { fetch: send, system, retryForMs: 60_000 }));
  assert(system.now() - since > 10_000, `${system.now() - since} ms`);
});

Deno.test("an untrusted certificate is reported at once", async () => {
  const causes = [
    new Error("client error (Connect): invalid peer certificate: UnknownIssuer"), // Deno
    Object.assign(new Error("self-signed certificate"), { code: "DEPTH_ZERO_SELF_SIGNED_CERT" }),
  ];
  for (const cause of causes) {
    let asked = 0;
    const send = () => (asked++, Promise.reject(new TypeError("fetch failed", { cause })));
    const error = await failureOf(openHttpRegistry(ADDRESS, { fetch: send }));
    assertEquals([error.code, error.retry, asked], ["Unavailable", "never", 1]);
    assertStringIncludes(error.message, `${ADDRESS} has a certificate that is not trusted`);
    assertStringIncludes(error.hint!, "NODE_EXTRA_CA_CERTS or DENO_CERT");
  }
  const others: [cause: Error, message: string, hint: string][] = [
    [
      new Error("invalid peer certificate: CaUsedAsEndEntity"),
      "has the certificate of an authority (CA:TRUE) as its own",
      "CA:FALSE",
    ],
    [
      new Error("received corrupt message of type InvalidContentType"),
      "does not use TLS",
      "http://",
    ],
    [
      Object.assign(new Error("wrong version number"), { code: "ERR_SSL_WRONG_VERSION_NUMBER" }),
      "does not use TLS",
      "http://",
    ],
  ];
  for (const [cause, message, hint] of others) {
    const send = () => Promise.reject(new TypeError("fetch failed", { cause }));
    const error = await failureOf(openHttpRegistry(ADDRESS, { fetch: send }));
    assertEquals([error.code, error.retry], ["Unavailable", "never"]);
    assertStringIncludes(error.message, message);
    assertStringIncludes(error.hint!, hint);
  }
});

testService("a write that meets an untrusted certificate is not Unknown", async (service) => {
  const cause = new Error("invalid peer certificate: UnknownIssuer");
  const send: SendRequest = (request) =>
    request.method === "GET"
      ? service.handler(request)
      : Promise.reject(new TypeError("fetch failed", { cause }));
  await using registry = await service.open({ fetch: send });
  const error = await failureOf(registry.setAlias("a", "production", "1.0.0"));
  assertEquals([error.code, error.retry, error.maybeWritten], ["Unavailable", "never", undefined]);
});

Deno.test("opening a silent service is Unavailable after the time limit", async () => {
  using timers = holdTimers(5_000);
  const mute: SendRequest = () => {
    queueMicrotask(timers.pass);
    return new Promise(() => {});
  };
  const system = createScriptedSystem();
  const error = await failureOf(openHttpRegistry(ADDRESS, { fetch: mute, system }));
  assertEquals(error.code, "Unavailable");
  assertStringIncludes(error.message, ADDRESS);
});

testService("a redirect is reported and not followed", async (service) => {
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
  const opening = openHttpRegistry(`http://127.0.0.1:${old.addr.port}`, { token: "t" });
  const error = await failureOf(opening);
  assertEquals([error.code, asked], ["Invalid", []]);
  assertStringIncludes(error.message, `redirects to ${to}/registry`);
});

testInRoot("openRegistry takes the token of a service, and refuses one elsewhere", async (root) => {
  const file = root.join("tokens.json");
  const { token } = await createToken(file, { scopes: ["admin"] });
  const behind = await openRegistry("memory:");
  await behind.save("a", 1);
  const handler = createHandler(behind, { tokens: await openTokenFile(file) });
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, handler);
  const url = `http://127.0.0.1:${server.addr.port}`;
  const env = (name: string) => name === "HOLDFAST_TOKEN" ? "of-another" : undefined;
  const system = { ...realSystem, env };
  try {
    for (const given of [token, () => Promise.resolve(token)]) {
      assertEquals(await (await openRegistry(url, { token: given, system })).load("a"), 1);
    }
    const denied = await failureOf(openRegistry(url, { system, retryForMs: 0 }));
    assertEquals(denied.code, "Denied");
    for (const target of ["memory:", root.join("new"), createMemoryBackend()]) {
      const error = await failureOf(openRegistry(target as string, { token }));
      assertEquals([error.code, error.message.includes(token)], ["Invalid", false]);
    }
    assertEquals(existsSync(root.join("new")), false);
  } finally {
    await server.shutdown();
    await handler[Symbol.asyncDispose]();
  }
});
