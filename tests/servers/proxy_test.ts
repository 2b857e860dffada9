import { assert, assertEquals, assertRejects } from "@std/assert";
import { realSystem } from "../../core/system.ts";
import {
  type Fault,
  type FaultPlan,
  firstTimes,
  type Proxy,
  startProxy,
} from "../support/proxy.ts";

const always = (fault: Fault): FaultPlan => () => fault;

Deno.test("a proxy passes everything on, and lists what came over the wire", async () => {
  await using world = await startWorld();
  const { proxy, ask } = world;
  const sent = await proxy.during(async () => {
    const answer = await ask("PUT", "/a%20b?x=1&y", "some bytes");
    assertEquals([answer.status, answer.headers.get("etag"), await answer.text()], [
      201,
      '"tag"',
      "PUT some bytes",
    ]);
    await (await ask("DELETE", "/a")).body?.cancel();
  });
  assertEquals(sent, ["PUT /a%20b?x=1&y", "DELETE /a"]);
  assertEquals(world.served, sent);
  assertEquals(proxy.requests[0].headers["x-sent"], "yes");
});

Deno.test("a proxy passes bodies of many chunks in both directions", async () => {
  await using world = await startWorld();
  const text = "0123456789".repeat(100_000);
  assertEquals(await (await world.ask("POST", "/", text)).text(), `POST ${text}`);
});

Deno.test("a cut reply was served, and the client hears nothing", async () => {
  await using world = await startWorld(always({ fault: "cut" }));
  await assertRejects(() => world.ask("PUT", "/a", "x"), TypeError);
  assertEquals(world.served, ["PUT /a"]);
});

Deno.test("a reply cut in its body breaks off there", async () => {
  await using world = await startWorld(always({ fault: "cut", afterBytes: 6 }));
  const answer = await world.ask("POST", "/a", "0123456789");
  const chunks: Uint8Array[] = [];
  await assertRejects(async () => {
    for await (const chunk of answer.body!) chunks.push(chunk);
  });
  assert(chunks.reduce((sum, { byteLength }) => sum + byteLength, 0) <= 6);
});

Deno.test("a repeated request is served twice and answered once", async () => {
  await using world = await startWorld(always({ fault: "repeat" }));
  assertEquals(await (await world.ask("PUT", "/a", "x")).text(), "PUT x");
  assertEquals([world.served, world.proxy.requests.length], [["PUT /a", "PUT /a"], 1]);
});

Deno.test("a refused request is not served", async () => {
  await using world = await startWorld(always({ fault: "refuse" }));
  await assertRejects(() => world.ask("PUT", "/a", "x"), TypeError);
  assertEquals([world.served.length, world.proxy.requests.length], [0, 1]);
});

Deno.test("a stalled request is served and never answered", async () => {
  await using world = await startWorld(always({ fault: "stall" }));
  const giveUp = new AbortController();
  const asked = world.ask("GET", "/a", undefined, giveUp.signal);
  while (world.served.length === 0) await realSystem.sleep(1);
  giveUp.abort(new Error("too long"));
  await assertRejects(() => asked, Error, "too long");
});

Deno.test("some requests are answered in place of the server", async () => {
  const answer: Fault = {
    fault: "answer",
    status: 503,
    headers: { "retry-after": "1" },
    body: "slow down",
  };
  await using world = await startWorld(firstTimes(2, answer, ({ method }) => method === "PUT"));
  await (await world.ask("GET", "/a")).body?.cancel();
  const statuses: number[] = [];
  for (let i = 0; i < 3; i++) {
    const { status, body } = await world.ask("PUT", "/a", "x");
    await body?.cancel();
    statuses.push(status);
  }
  assertEquals(statuses, [503, 503, 201]);
  assertEquals(world.served, ["GET /a", "PUT /a"]);
});

Deno.test("a slow reply and a delayed request arrive whole", async () => {
  await using world = await startWorld(always({ fault: "slow", bytes: 1_000 }));
  const text = "0123456789".repeat(1_000);
  const startedAt = realSystem.monotonic();
  assertEquals(await (await world.ask("POST", "/", text)).text(), `POST ${text}`);
  world.proxy.plan(always({ fault: "delay", ms: 50 }));
  assertEquals(await (await world.ask("POST", "/", "x")).text(), "POST x");
  assert(realSystem.monotonic() - startedAt > 130, "it took no time");
  world.proxy.plan();
  assertEquals(await (await world.ask("POST", "/", "x")).text(), "POST x");
});

interface World extends AsyncDisposable {
  proxy: Proxy;
  /** What reached the server behind it. */
  served: string[];
  ask(method: string, path: string, body?: string, signal?: AbortSignal): Promise<Response>;
}

async function startWorld(plan?: FaultPlan): Promise<World> {
  const served: string[] = [];
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    async (request) => {
      const { pathname, search } = new URL(request.url);
      served.push(`${request.method} ${pathname}${search}`);
      return new Response(`${request.method} ${await request.text()}`, {
        status: 201,
        headers: { etag: '"tag"' },
      });
    },
  );
  const proxy = await startProxy(`http://127.0.0.1:${server.addr.port}`, plan);
  const client = Deno.createHttpClient({ poolMaxIdlePerHost: 0 }); // a kept connection may send a request twice
  return {
    proxy,
    served,
    ask: (method, path, body, signal) =>
      fetch(proxy.endpoint + path, { method, body, client, signal, headers: { "x-sent": "yes" } }),
    async [Symbol.asyncDispose]() {
      client.close();
      await proxy[Symbol.asyncDispose]();
      await server.shutdown();
    },
  };
}
