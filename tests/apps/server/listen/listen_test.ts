import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { RegistryError } from "../../../../mod.ts";
import { silentLogger } from "../../../../core/system.ts";
import { createHandler, type Handler } from "../../../../apps/server.ts";
import { listen } from "../../../../apps/server/listen/listen.ts";
import { withoutHanging } from "../../../support/without_hanging.ts";
import { readToEnd, requestText, serve } from "./served.ts";
import { Answer, type Gateway, route } from "../../../../apps/gateways.ts";
import { slowTest } from "../../../support/seeds.ts";
import { hub } from "../../../../extensions/gateways/hub/hub.ts";

const encoder = new TextEncoder();

Deno.test("without tokens, a service listens only on this machine", async () => {
  await using service = await serve();
  assertMatch(service.server.url, /^http:\/\/127\.0\.0\.1:\d+$/);
  for (const host of ["0.0.0.0", "::", "192.0.2.1", "holdfast.example"]) {
    const handler = createHandler(service.registry);
    const error = await assertRejects(() => listen(handler, { host, port: 0 }), RegistryError);
    assertEquals(error.code, "Denied", host);
    assertStringIncludes(error.hint!, "create a token");
  }
});

Deno.test("two Host headers are refused", async () => {
  await using service = await serve();
  for (const second of ["Host: localhost", "hOST: evil.example"]) {
    const answer = await service.talk(requestText("/health", [second]));
    assertMatch(answer, /^HTTP\/1\.1 400 /);
    assertStringIncludes(answer, "more than one Host header");
  }
});

Deno.test("hosts in any form of URLs are answered, and others are invalid", async () => {
  await using service = await serve();
  const statusFor = async (host: string) => {
    const answer = await service.talk(requestText("/names").replace("localhost", host));
    return Number(answer.split(" ")[1]);
  };
  for (const host of ["[0:0:0:0:0:0:0:1]:80", "[::1]:8600", "LOCALHOST:08600", "localhost:"]) {
    assertEquals(await statusFor(host), 200, host);
  }
  for (const host of ["[::FFFF:192.0.2.1]:8600", "evil.example", "192.0.2"]) {
    assertEquals(await statusFor(host), 403, host);
  }
  const none = ["", "1.2.3.256", "1.2.3.4.5", "x.0x1", "a@localhost", "localhost/a", "localhost?a"];
  for (const host of [...none, "localhost#", "local host", "local\thost", "[::1", "::1", "a:b"]) {
    assertEquals(await statusFor(host), 400, host);
  }
});

Deno.test("a request of HTTP/1.0 needs no host: it has the address of the service", async () => {
  await using service = await serve({ handler: { gateways: [hub] } });
  assertMatch(await service.talk("GET /names HTTP/1.1\r\n\r\n"), /^HTTP\/1\.1 400 /);
  const body = JSON.stringify({ name: "a" });
  const head = `content-type: application/json\r\ncontent-length: ${body.length}`;
  const text = await service.talk(`POST /api/repos/create HTTP/1.0\r\n${head}\r\n\r\n${body}`);
  assertStringIncludes(text, `"url":"${service.server.url}/a"`);
});

Deno.test("every header is seen, whatever number come before it", async () => {
  await using service = await serve();
  const saved = await service.registry.save("a", 1);
  const others = Array.from({ length: 3000 }, () => "a:");
  const host = await service.talk(requestText("/health", [...others, "Host: evil.example"]));
  assertMatch(host, /^HTTP\/1\.1 400 /);
  const asked = requestText("/artifacts/a/versions/1", [...others, 'If-Match: "none"']);
  assertMatch(await service.talk(asked.replace("GET", "DELETE")), /^HTTP\/1\.1 412 /);
  assertEquals((await service.registry.info("a")).commit, saved.commit);
});

Deno.test("a port in use is a Conflict", async () => {
  await using service = await serve();
  const port = Number(new URL(service.server.url).port);
  const again = () => listen(createHandler(service.registry), { port });
  assertEquals((await assertRejects(again, RegistryError)).code, "Conflict");
});

slowTest("late headers end the connection with 408", async () => {
  await using service = await serve({ limits: { headersTimeoutMs: 300 } });
  assertMatch(await service.talk("GET / HTTP/1.1\r\nHost: localhost\r\nX: "), /^HTTP\/1\.1 408 /);
  assertMatch(await service.talk(""), /^HTTP\/1\.1 408 /);
  assertMatch(await service.talk(requestText("/health")), /^HTTP\/1\.1 200 /);
});

Deno.test("too large headers are 431", async () => {
  await using service = await serve();
  const long = "a".repeat(20_000);
  const withHeader = (value: string) => requestText("/health", [`X: ${value}`]);
  assertMatch(await service.talk(withHeader(long)), /^HTTP\/1\.1 431 /);
  assertMatch(await service.talk(requestText(`/${long}`)), /^HTTP\/1\.1 431 /);
  assertMatch(await service.talk(withHeader(long.slice(0, 9000))), /^HTTP\/1\.1 200 /);
});

Deno.test("a stalled body ends the connection", async () => {
  await using service = await serve({ limits: { idleTimeoutMs: 300 } });
  using connection = await service.connect();
  const head =
    "POST /contents HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/octet-stream\r\n";
  await connection.write(encoder.encode(`${head}Content-Length: 100\r\n\r\nabc`));
  await readToEnd(connection);
  assertMatch(await service.talk(requestText("/health")), /^HTTP\/1\.1 200 /);
});

Deno.test("an upload that stalls is not logged as a fault of the service", async () => {
  const faults: unknown[] = [];
  const logger = { ...silentLogger, error: (...told: unknown[]) => void faults.push(told) };
  {
    await using service = await serve({ limits: { idleTimeoutMs: 300 }, handler: { logger } });
    for (const path of ["/contents", "/upload?name=a"]) {
      using connection = await service.connect();
      const head = `POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n`;
      await connection.write(encoder.encode(`${head}abc`));
      await readToEnd(connection);
    }
  } // waits for what still runs
  assertEquals(faults, []);
});

Deno.test("ambiguous requests are refused", async () => {
  await using service = await serve();
  const smuggled = "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n";
  const ambiguous = [
    "Content-Length: 5\r\nTransfer-Encoding: chunked",
    "Content-Length: 5\r\nContent-Length: 6",
    "Transfer-Encoding: xchunked",
    "Transfer-Encoding: chunked, identity",
    "Content-Length : 5",
    "Content-Length: -5",
    "Content-Length: 5\r\n folded: 1",
  ];
  for (const headers of ambiguous) {
    const head = `POST /contents HTTP/1.1\r\nHost: localhost\r\n${headers}\r\n\r\n`;
    const text = await service.talk(`${head}0\r\n\r\n${smuggled}`);
    assertMatch(text, /^HTTP\/1\.1 400 /, headers);
    assertEquals(text.match(/HTTP\/1\.1/g)!.length, 1, headers);
  }
});

Deno.test("a new connection closes the longest idle one at the limit", async () => {
  await using service = await serve({ limits: { maxConnections: 4 } });
  const idle = await Promise.all(Array.from({ length: 4 }, () => service.connect()));
  assertMatch(await service.talk(requestText("/health")), /^HTTP\/1\.1 200 /);
  const ended = await Promise.race(idle.map(readToEnd));
  assertEquals(ended, "");
  for (const connection of idle) {
    try {
      connection.close();
    } catch { /* closed already */ }
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

Deno.test("stop refuses connections and waits for running requests", async () => {
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

Deno.test("stop closes late requests and returns their number", async () => {
  const { handler, asked, answer } = held();
  const server = await listen(handler, { port: 0, system: { sleep: () => Promise.resolve() } });
  const response = fetch(server.url).then(() => "answered", () => "cut");
  await asked;
  assertEquals(await server.stop({ withinMs: 1 }), 1);
  assertEquals(await response, "cut");
  answer();
});

Deno.test("the handler receives the address of the client", async () => {
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

Deno.test("short answers have a length, with and without their body", async () => {
  await using service = await serve();
  await service.registry.save("a", "é");
  const { files: [{ path }] } = await service.registry.info("a");
  const file = `/artifacts/a/versions/1.0.0/files/${path}`;
  for (const target of ["/health", "/names", "/artifacts/a/versions/1", file, "/nowhere"]) {
    const [head = "", body = ""] = (await service.talk(requestText(target))).split("\r\n\r\n");
    const length = /^content-length: (\d+)$/im.exec(head)?.[1];
    assertEquals(length, String(encoder.encode(body).length), target);
    const headOnly = await service.talk(requestText(target).replace("GET", "HEAD"));
    assertEquals(headOnly.split("\r\n\r\n")[1], "", target);
  }
});

Deno.test("a stream that fails breaks the connection, and one without a reader ends", async () => {
  const left = Promise.withResolvers<void>();
  const close = () => Promise.resolve();
  const answer = ({ url }: Request) => {
    let pulls = 0;
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        if (pulls++ < 3) controller.enqueue(encoder.encode("part "));
        else if (url.endsWith("/ends")) controller.close();
        else if (url.endsWith("/fails")) throw new Error("gone");
        else return new Promise(() => {}); // nothing more comes
      },
      cancel: () => left.resolve(),
    }, { highWaterMark: 0 });
    return Promise.resolve(new Response(body));
  };
  const handler = Object.assign(answer, { close, [Symbol.asyncDispose]: close });
  const server = await listen(handler, { port: 0 });
  assertEquals(await (await fetch(`${server.url}/ends`)).text(), "part part part ");
  await assertRejects(async () => await (await fetch(`${server.url}/fails`)).text());
  const { body } = await fetch(`${server.url}/stalls`);
  await body!.cancel();
  await left.promise;
  await server.stop({ withinMs: 0 });
});

Deno.test("a stream whose reader left before the answer ends", async () => {
  const asked = Promise.withResolvers<void>();
  const cancelled = Promise.withResolvers<void>();
  const close = () => Promise.resolve();
  const answer = async ({ signal }: Request) => {
    const left = new Promise((resolve) => signal.addEventListener("abort", resolve));
    asked.resolve();
    await left;
    const body = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(encoder.encode("part ")),
      cancel: () => cancelled.resolve(),
    }, { highWaterMark: 0 });
    return new Response(body);
  };
  const handler = Object.assign(answer, { close, [Symbol.asyncDispose]: close });
  const server = await listen(handler, { port: 0 });
  const leave = new AbortController();
  const left = assertRejects(() => fetch(server.url, { signal: leave.signal }));
  await asked.promise;
  leave.abort();
  await left;
  await withoutHanging("the end of the stream", cancelled.promise);
  await server.stop({ withinMs: 0 });
});

/** A gateway whose routes answer with what cannot be sent. */
function unsendable(answers: Record<string, unknown>): Gateway {
  const described = { tag: "bad", summary: "Answers", scope: "open", answers: {} } as const;
  return {
    name: "bad",
    addRoutes(routes) {
      for (const [id, answer] of Object.entries(answers)) {
        route(routes, `GET /bad/${id}`, { id, ...described, answer: () => answer as Answer });
      }
    },
  };
}

Deno.test("an answer that cannot be sent is logged: the gateway has a mistake", async () => {
  const said: string[] = [];
  const note = (...words: unknown[]) => void said.push(words.join(" "));
  const logger = { ...silentLogger, warn: note, error: note };
  const gateways = [unsendable({
    none: undefined,
    text: "hello",
    json: { a: 1 },
    response: new Response("hello"),
    header: new Answer("hello", { headers: { "x-note": "a\nb" } }),
  })];
  await using service = await serve({ logger, handler: { gateways, logger } });
  for (const id of ["none", "text", "json", "response"]) {
    assertMatch(await service.talk(requestText(`/bad/${id}`)), /^HTTP\/1\.1 500 /, id);
    assertStringIncludes(said.join("\n"), `GET /bad/${id}`);
  }
  assertEquals(await service.talk(requestText("/bad/header?secret=1")), "");
  assertMatch(said.at(-1)!, /GET \/bad\/header: .*x-note/);
});
