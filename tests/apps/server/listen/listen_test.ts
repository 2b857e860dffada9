import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { RegistryError } from "../../../../mod.ts";
import { createHandler, type Handler } from "../../../../apps/server.ts";
import { listen } from "../../../../apps/server/listen/listen.ts";
import { readToEnd, requestText, serve } from "./served.ts";

const encoder = new TextEncoder();

Deno.test("a service is listened for on this machine only, unless it has tokens", async () => {
  await using service = await serve();
  assertMatch(service.server.url, /^http:\/\/127\.0\.0\.1:\d+$/);
  for (const host of ["0.0.0.0", "::", "192.0.2.1", "holdfast.example"]) {
    const handler = createHandler(service.registry);
    const error = await assertRejects(() => listen(handler, { host, port: 0 }), RegistryError);
    assertEquals(error.code, "Denied", host);
    assertStringIncludes(error.hint!, "holdfast token create");
  }
});

Deno.test("two Host headers are refused, whatever they say", async () => {
  await using service = await serve();
  for (const second of ["Host: localhost", "hOST: evil.example"]) {
    const answer = await service.talk(requestText("/health", [second]));
    assertMatch(answer, /^HTTP\/1\.1 400 /);
    assertStringIncludes(answer, "more than one Host header");
  }
});

Deno.test("a port that is taken is said", async () => {
  await using service = await serve();
  const port = Number(new URL(service.server.url).port);
  const again = () => listen(createHandler(service.registry), { port });
  const error = await assertRejects(again, RegistryError, "another program does");
  assertEquals(error.code, "Conflict");
});

Deno.test("headers that do not come, in whatever pieces, end the connection with 408", async () => {
  await using service = await serve({ limits: { headersTimeoutMs: 300 } });
  assertMatch(await service.talk("GET / HTTP/1.1\r\nHost: localhost\r\nX: "), /^HTTP\/1\.1 408 /);
  assertMatch(await service.talk(""), /^HTTP\/1\.1 408 /);
  assertMatch(await service.talk(requestText("/health")), /^HTTP\/1\.1 200 /);
});

Deno.test("headers that are too large are refused with 431", async () => {
  await using service = await serve();
  assertMatch(
    await service.talk(requestText("/health", [`X: ${"a".repeat(20_000)}`])),
    /^HTTP\/1\.1 431 /,
  );
  assertMatch(await service.talk(requestText(`/${"a".repeat(20_000)}`)), /^HTTP\/1\.1 431 /);
  assertMatch(
    await service.talk(requestText("/health", [`X: ${"a".repeat(9000)}`])),
    /^HTTP\/1\.1 200 /,
  );
});

Deno.test("a body that stands still is not waited for", async () => {
  await using service = await serve({ limits: { idleTimeoutMs: 300 } });
  using connection = await service.connect();
  const head =
    "POST /contents HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/octet-stream\r\n";
  await connection.write(encoder.encode(`${head}Content-Length: 100\r\n\r\nabc`));
  await readToEnd(connection);
  assertMatch(await service.talk(requestText("/health")), /^HTTP\/1\.1 200 /);
});

Deno.test("what could be read as one request or as two is refused", async () => {
  await using service = await serve();
  const smuggled = "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n";
  for (
    const headers of [
      "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
      "Content-Length: 5\r\nContent-Length: 6\r\n",
      "Transfer-Encoding: xchunked\r\n",
      "Transfer-Encoding: chunked, identity\r\n",
      "Content-Length : 5\r\n",
      "Content-Length: -5\r\n",
      "Content-Length: 5\r\n folded: 1\r\n",
    ]
  ) {
    const said = await service.talk(
      `POST /contents HTTP/1.1\r\nHost: localhost\r\n${headers}\r\n0\r\n\r\n${smuggled}`,
    );
    assertMatch(said, /^HTTP\/1\.1 400 /, headers);
    assertEquals(said.match(/HTTP\/1\.1/g)!.length, 1, headers);
  }
});

Deno.test("who holds many connections open keeps nobody out: the one that is idle for longest makes room", async () => {
  await using service = await serve({ limits: { maxConnections: 4 } });
  const idle = await Promise.all(Array.from({ length: 4 }, () => service.connect()));
  assertMatch(await service.talk(requestText("/health")), /^HTTP\/1\.1 200 /);
  const ended = await Promise.race(idle.map(readToEnd));
  assertEquals(ended, "");
  for (const connection of idle) {
    try {
      connection.close();
    } catch { /* it was ended */ }
  }
});

function held(): { handler: Handler; asked: Promise<void>; answer: () => void } {
  const asked = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<void>();
  const close = () => Promise.resolve();
  const handler = Object.assign(async () => {
    asked.resolve();
    await answer.promise;
    return new Response("done");
  }, { close, [Symbol.asyncDispose]: close });
  return { handler, asked: asked.promise, answer: answer.resolve };
}

Deno.test("a stop takes no more connections, and lets what is under way end", async () => {
  const { handler, asked, answer } = held();
  const server = await listen(handler, { port: 0, system: { sleep: () => new Promise(() => {}) } });
  const response = fetch(server.url);
  await asked;
  const stopped = server.stop();
  await assertRejects(() => fetch(server.url), TypeError);
  answer();
  assertEquals(await (await response).text(), "done");
  assertEquals(await stopped, 0);
});

Deno.test("a stop cuts off what is not done in time, and says how much", async () => {
  const { handler, asked, answer } = held();
  const server = await listen(handler, { port: 0, system: { sleep: () => Promise.resolve() } });
  const response = fetch(server.url).then(() => "answered", () => "cut");
  await asked;
  assertEquals(await server.stop({ withinMs: 1 }), 1);
  assertEquals(await response, "cut");
  answer();
});

Deno.test("where requests come from is known to the handler", async () => {
  const from: unknown[] = [];
  const close = () => Promise.resolve();
  const answer = (_request: Request, info?: { remoteAddr?: unknown }) => {
    from.push(info?.remoteAddr);
    return Promise.resolve(new Response("x"));
  };
  const server = await listen(Object.assign(answer, { close, [Symbol.asyncDispose]: close }), {
    port: 0,
  });
  await (await fetch(server.url)).text();
  assertEquals(from, [{ hostname: "127.0.0.1" }]);
  await server.stop({ withinMs: 0 });
  assert(server.url.startsWith("http:"));
});
