import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { openRegistry, type Registry } from "../../../../mod.ts";
import { createHandler } from "../../../../apps/server.ts";
import { createAccess, parseScope } from "../../../../apps/server/access/access.ts";
import { tempRoot } from "../../../support/temp_root.ts";
import { openHttpRegistry } from "../../../../apps/client.ts";
import { cliHint } from "../../../../apps/cli/terminal/hint_words.ts";
import { unavailable } from "../../../../core/errors.ts";
import { CONNECTION_FAULTS } from "../../../../core/faults/meanings.ts";
import { createScriptedSystem } from "../../../support/scripted_system.ts";

const ask = (
  handler: ReturnType<typeof createHandler>,
  path: string,
  headers: Record<string, string> = {},
) => handler(new Request(`http://localhost${path}`, { headers }));

Deno.test("readiness checks the store at most every two seconds", async () => {
  await using registry = await openRegistry("memory:");
  let asked = 0;
  let works = true;
  const store = {
    ...registry,
    async *names() {
      asked++;
      if (!works) throw new Error("down");
      yield* [];
    },
  } as unknown as Registry;
  const system = { ...createScriptedSystem(), sleep: () => new Promise<void>(() => {}) };
  let now = 0;
  const handler = createHandler(store, { system: { ...system, monotonic: () => now } });
  assertEquals((await ask(handler, "/ready")).status, 200);
  works = false;
  assertEquals((await ask(handler, "/ready")).status, 200);
  assertEquals(asked, 1);
  now = 2000;
  const refused = await ask(handler, "/ready");
  assertEquals(refused.status, 503);
  assertEquals(await refused.json(), { ready: false, reason: "the store refuses" });
  assertEquals((await ask(handler, "/health")).status, 200, "the program runs");
  await handler.close();
  assertEquals((await (await ask(handler, "/ready")).json()).reason, "the service stops");
});

Deno.test("a silent store is not ready after two seconds", async () => {
  await using registry = await openRegistry("memory:");
  const store = {
    ...registry,
    names: () => ({ [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => {}) }) }),
  };
  const handler = createHandler(store as unknown as Registry, { system: createScriptedSystem() });
  const response = await ask(handler, "/ready");
  assertEquals(response.status, 503);
  assertEquals((await response.json()).reason, "the store does not answer in time");
});

Deno.test("an empty registry is ready, a missing or replaced one is not", async () => {
  await using root = await tempRoot();
  const path = root.join("registry");
  await using registry = await openRegistry(path);
  await using empty = createHandler(registry);
  assertEquals((await ask(empty, "/ready")).status, 200);
  await Deno.remove(path, { recursive: true });
  await Deno.mkdir(path);
  for (const isReplaced of [false, true]) {
    if (isReplaced) await (await openRegistry(path)).close();
    await using gone = createHandler(registry);
    const response = await ask(gone, "/ready");
    assertEquals([response.status, (await response.json()).reason], [503, "the registry is gone"]);
    assertEquals((await ask(gone, "/names")).status, 503);
  }
});

Deno.test("metrics count by route and need the scope", async () => {
  await using registry = await openRegistry("memory:");
  const find = (scope: string | null) =>
    Promise.resolve(scope === null ? undefined : createAccess("t", [parseScope(scope)]));
  const tokens = { find };
  const handler = createHandler(registry, { tokens });
  await ask(handler, "/names", { authorization: "read:*" });
  for (let i = 0; i < 3; i++) await ask(handler, `/wp-admin/${i}`);
  assertEquals((await ask(handler, "/metrics")).status, 401);
  assertEquals((await ask(handler, "/metrics", { authorization: "read:*" })).status, 403);
  const response = await ask(handler, "/metrics", { authorization: "metrics" });
  assertStringIncludes(response.headers.get("content-type")!, "text/plain");
  const text = await response.text();
  assertStringIncludes(text, 'holdfast_requests_total{method="GET",route="/names",status="200"} 1');
  assertStringIncludes(text, 'holdfast_requests_total{method="GET",route="none",status="404"} 3');
  const durations = 'holdfast_request_duration_seconds_count{method="GET",route="/names"} 1';
  assertStringIncludes(text, durations);
  assertStringIncludes(text, "holdfast_requests_under_way 1");
  assert(!text.includes("wp-admin"));
});

Deno.test("a client that leaves counts as 499, not as an internal error", async () => {
  await using registry = await openRegistry("memory:");
  const client = new AbortController();
  const open = () => Promise.reject(client.signal.reason ?? new Error("broken"));
  const store = { ...registry, open } as unknown as Registry;
  await using handler = createHandler(store);
  const path = "http://localhost/artifacts/m/versions/1.0.0";
  await handler(new Request(path));
  client.abort();
  await handler(new Request(path, { signal: client.signal }));
  const text = await (await ask(handler, "/metrics")).text();
  const statuses = [...text.matchAll(/requests_total.*versions.*status="(\d+)"\} (\d)/g)];
  assertEquals(statuses.map(([, status, count]) => [status, count]), [["500", "1"], ["499", "1"]]);
});

Deno.test("metrics do not wait for a gauge that does not answer", async () => {
  await using registry = await openRegistry("memory:");
  const gauges = [{ name: "own_silent", help: "None", read: () => new Promise<never>(() => {}) }];
  const system = createScriptedSystem();
  await using handler = createHandler(registry, { gauges, system });
  const text = await (await ask(handler, "/metrics")).text();
  assert(!/own_silent/.test(text), text);
  assert(system.slept.every((ms) => ms <= 5000), `${system.slept}`);
});

Deno.test("metrics have whether the service is ready, and gauges of the program", async () => {
  await using registry = await openRegistry("memory:");
  const names = { call: registry.names };
  const store = { ...registry, names: () => names.call() } as unknown as Registry;
  let now = 0;
  const system = {
    ...createScriptedSystem(),
    sleep: () => new Promise<void>(() => {}),
    monotonic: () => now,
  };
  const gauges = [
    { name: "own_disk_bytes", help: "Free", label: "disk", read: () => Promise.resolve({ a: 7 }) },
    { name: "own_age", help: "Age", read: () => Promise.resolve(1.5) },
    { name: "own_broken", help: "None", read: () => Promise.reject(new Error("no")) },
    { name: "own_unknown", help: "None", read: () => Promise.resolve(undefined) },
  ];
  await using handler = createHandler(store, { system, gauges });
  const text = await (await ask(handler, "/metrics")).text();
  assertStringIncludes(text, "# TYPE holdfast_ready gauge\nholdfast_ready 1\n");
  assertStringIncludes(text, '# TYPE own_disk_bytes gauge\nown_disk_bytes{disk="a"} 7\n');
  assertStringIncludes(text, "own_age 1.5\n");
  assert(!/own_(broken|unknown)/.test(text), text);
  names.call = () => {
    throw new Error("down");
  };
  now = 2000;
  assertStringIncludes(await (await ask(handler, "/metrics")).text(), "holdfast_ready 0\n");
});

Deno.test("a store that does not answer is named without the hints for its operator", async () => {
  await using registry = await openRegistry("memory:");
  const faults = ["ECONNREFUSED", "EHOSTUNREACH", "ENOTFOUND", "ECONNRESET", "ETIMEDOUT"] as const;
  for (const code of faults) {
    const { state, hint, reason } = CONNECTION_FAULTS[code]!;
    const failure = unavailable("get", "names/m/", state, {
      hint,
      reason,
      place: 'bucket "secret" at store.internal',
    });
    const fail = () => Promise.reject(failure);
    const store = { ...registry, info: fail, open: fail } as unknown as Registry;
    await using handler = createHandler(store);
    const answer = await ask(handler, "/artifacts/m/versions/latest");
    const text = await answer.text();
    assertEquals(answer.status, 503, code);
    assertStringIncludes(text, "the store behind the service does not answer");
    assertStringIncludes(text, "ask the operator of the service");
    assert(!/endpoint|requestTimeoutMs|secret|internal/.test(text), text);
    const client = await openHttpRegistry("http://localhost", {
      fetch: async (request) => await handler(request),
      retryForMs: 0,
    });
    const error = await client.info("m").then(() => undefined, (error) => error);
    assert(!/endpoint/.test(`${error.hint} ${cliHint(error)}`), `${error.hint}`);
    assertStringIncludes(cliHint(error)!, "ask the operator of the service");
  }
});
