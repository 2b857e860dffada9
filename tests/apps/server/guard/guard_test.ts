import { assert, assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { openRegistry, type Registry, RegistryError } from "../../../../mod.ts";
import { createHandler, type Handler, type HandlerOptions } from "../../../../apps/server.ts";
import { createAccess } from "../../../../apps/server/access/access.ts";
import { createScriptedSystem } from "../../../support/scripted_system.ts";
import { placeWith } from "../../../../backends/bucket/store_faults.ts";
import { s3Error, sentenceOf } from "../../../../backends/s3/errors.ts";
import { retold } from "../../../../core/errors.ts";
import { silentLogger } from "../../../../core/system.ts";
import { limitBody } from "../../../../apps/server/guard/body_limit.ts";
import { createBodyMemory } from "../../../../apps/server/guard/body_memory.ts";
import type { RefusedRequest } from "../../../../apps/server/problem.ts";
import { dav } from "../../../../extensions/gateways/dav/dav.ts";
import { hub } from "../../../../extensions/gateways/hub/hub.ts";

const admin = { find: () => Promise.resolve(createAccess("me", [{ kind: "admin" as const }])) };

async function served(
  options: HandlerOptions = {},
): Promise<AsyncDisposable & { handler: Handler }> {
  const registry = await openRegistry("memory:");
  await registry.save("a", { depth: 1 });
  const handler = createHandler(registry, options);
  return { handler, [Symbol.asyncDispose]: () => registry[Symbol.asyncDispose]() };
}

const get = (handler: Handler, url: string, headers: Record<string, string> = {}, method = "GET") =>
  handler(new Request(url, { method, headers }), { remoteAddr: { hostname: "192.0.2.1" } });

Deno.test("without tokens, a service answers only as hosts of this machine", async () => {
  await using service = await served();
  const { handler } = service;
  for (const host of ["127.0.0.1:8600", "localhost", "[::1]:8600", "x.localhost", "127.1.2.3"]) {
    assertEquals((await get(handler, `http://${host}/names`)).status, 200, host);
  }
  const evil = ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example"];
  for (const host of [...evil, "192.168.0.7", "0.0.0.0"]) {
    const refused = await get(handler, `http://${host}/names`);
    assertEquals([refused.status, (await refused.json()).code], [403, "Denied"], host);
  }
  await using named = await served({ hosts: ["holdfast.example"] });
  assertEquals((await get(named.handler, "http://holdfast.example/names")).status, 200);
  assertEquals((await get(named.handler, "http://evil.example/names")).status, 403);
  await using safe = await served({ tokens: admin });
  const any = await get(safe.handler, "http://any.example/names", { authorization: "x" });
  assertEquals(any.status, 200);
});

Deno.test("pages of other origins may not read or write", async () => {
  await using service = await served();
  const { handler } = service;
  const url = "http://127.0.0.1:8600/names";
  const others = ["https://evil.example", "http://127.0.0.1:9999", "http://localhost:8600", "null"];
  for (const origin of others) {
    for (const method of ["GET", "POST", "OPTIONS"]) {
      const refused = await get(handler, url, { origin }, method);
      assertEquals(refused.status, 403, origin);
      assertEquals(refused.headers.get("access-control-allow-origin"), null);
    }
  }
  const site = async (mode: string) => {
    const headers = { "sec-fetch-site": "cross-site", "sec-fetch-mode": mode };
    return (await get(handler, url, headers)).status;
  };
  assertEquals([await site("no-cors"), await site("navigate")], [403, 200]);
  assertEquals((await get(handler, url, { origin: "http://127.0.0.1:8600" })).status, 200);
});

Deno.test("an allowed origin gets CORS headers", async () => {
  await using service = await served({ cors: ["https://app.example"] });
  const url = "http://127.0.0.1:8600/names";
  const asked = await get(service.handler, url, {
    "origin": "https://app.example",
    "access-control-request-method": "PUT",
    "access-control-request-headers": "authorization, content-type",
  }, "OPTIONS");
  assertEquals(asked.status, 204);
  assertEquals(asked.headers.get("access-control-allow-origin"), "https://app.example");
  assertEquals(asked.headers.get("access-control-allow-headers"), "authorization, content-type");
  assert(asked.headers.get("access-control-allow-methods")!.includes("PUT"));
  const answered = await get(service.handler, url, { origin: "https://app.example" });
  assertEquals(answered.status, 200);
  assertEquals(answered.headers.get("access-control-allow-origin"), "https://app.example");
  assert(answered.headers.get("vary")!.includes("origin"));
  assertEquals((await get(service.handler, url, { origin: "https://evil.example" })).status, 403);
  assertEquals((await get(service.handler, url)).headers.get("access-control-allow-origin"), null);
});

Deno.test("without tokens, `*` allows reads and a named origin also writes", async () => {
  await using service = await served({ cors: ["*", "https://app.example"] });
  const url = "http://127.0.0.1:8600/artifacts/a/versions/1";
  const status = async (origin: string, method: string) =>
    (await get(service.handler, url, { origin }, method)).status;
  assertEquals(await status("https://evil.example", "GET"), 200);
  assertEquals(await status("https://evil.example", "DELETE"), 403);
  assertEquals(await status("null", "DELETE"), 403);
  assertEquals(await status("https://app.example", "DELETE"), 200);
  assertEquals(await status("http://127.0.0.1:8600", "DELETE"), 200);
  const asked = await get(service.handler, url, {
    "origin": "https://evil.example",
    "access-control-request-method": "DELETE",
  }, "OPTIONS");
  assertEquals(asked.headers.get("access-control-allow-methods"), "GET, HEAD, PROPFIND");
});

Deno.test("a page of an allowed origin lists folders of WebDAV", async () => {
  for (const origin of ["https://app.example", "*"]) {
    await using service = await served({ cors: [origin], gateways: [dav] });
    const asked = (method: string, headers: Record<string, string>) =>
      get(service.handler, "http://127.0.0.1:8600/dav/", {
        origin: "https://app.example",
        ...headers,
      }, method);
    const preflight = await asked("OPTIONS", {
      "access-control-request-method": "PROPFIND",
      "access-control-request-headers": "depth",
    });
    assertEquals(preflight.headers.get("access-control-allow-headers"), "depth");
    assert(preflight.headers.get("access-control-allow-methods")!.includes("PROPFIND"));
    assertEquals((await asked("PROPFIND", { depth: "1" })).status, 207, origin);
  }
});

Deno.test("invalid options are refused when the handler is created", async () => {
  await using registry = await openRegistry("memory:");
  const create = (options: unknown, given: unknown = registry) => () =>
    createHandler(given as Registry, options as HandlerOptions);
  const origins = ["app.example", "https://app.example/page", "https://app.example/", ""];
  const hosts = ["https://app.example", "app.example:8600", "app.example/", "", "a b"];
  const cases: unknown[] = [
    ...[...origins, "https://app.example:443", "HTTPS://app.example"].map((origin) => ({
      cors: [origin],
    })),
    ...hosts.map((host) => ({ hosts: [host] })),
    ...[null, 5, [], { cors: "https://app.example" }],
    { tokens: ["secret"] },
    ...[{}, { task: "resize" }, { schedule: "resize" }].map((upload) => ({ upload })),
  ];
  for (const options of cases) {
    const { code } = assertThrows(create(options), RegistryError);
    assertEquals(code, "Invalid", JSON.stringify(options));
  }
  for (const given of [null, "./registry"]) {
    assertThrows(create({}, given), RegistryError, "not a registry");
  }
  assertThrows(create({ token: "secret" }), RegistryError, "tokens?");
  assertThrows(create({ limits: { maxBodyByte: 1 } }), RegistryError, "maxBodyBytes?");
  const slash = assertThrows(create({ cors: ["https://app.example/"] }), RegistryError);
  assertMatch(slash.hint!, /https:\/\/app\.example,/);
  const cors = ["https://app.example", "http://localhost:3000", "capacitor://localhost", "*"];
  await createHandler(registry, { cors, hosts: ["App.example", "::1", "[::1]", "*"] }).close();
});

Deno.test("every answer has an id and security headers", async () => {
  await using service = await served();
  for (const path of ["/names", "/none", "/%ff", "/health"]) {
    const { headers } = await get(service.handler, `http://localhost${path}`);
    assertMatch(headers.get("x-request-id")!, /^[0-9a-f-]{36}$/);
    assertEquals(headers.get("x-content-type-options"), "nosniff", path);
    assertMatch(headers.get("content-security-policy")!, /default-src 'none'.*sandbox/);
    assertEquals(headers.get("cross-origin-resource-policy"), "same-origin");
  }
  const id = async (given: string) => {
    const { headers } = await get(service.handler, "http://localhost/health", {
      "x-request-id": given,
    });
    return headers.get("x-request-id");
  };
  assertEquals(await id("proxy-1"), "proxy-1");
  assert(await id("a b<script>") !== "a b<script>");
});

Deno.test("the log has one line per request, without query, headers, upload ids and tokens", async () => {
  const lines: string[] = [];
  const logger = { ...silentLogger, info: (text: string) => void lines.push(text) };
  await using service = await served({ logger, tokens: admin });
  const headers = { authorization: "Bearer holdfast_secret", "x-request-id": "one" };
  await get(service.handler, "http://localhost/names?prefix=secret", headers);
  await get(service.handler, "http://localhost/uploads/secret", headers);
  assertMatch(lines[0], /^\d{4}-\S+Z GET \/names 200 \d+ B \d+ ms token=me id=one$/);
  assertMatch(lines[1], / GET \/uploads\/… \d+ \d+ B \d+ ms token=me id=one$/);
  const id = "0123456789ab";
  const jwt = `eyJhbGciOiJFUzI1NiJ9.eyJ${"secret".repeat(5)}.secret`;
  for (const token of [`holdfast_${id}_${"secret".repeat(7)}-`, jwt]) {
    await get(service.handler, `http://localhost/names/${token}/x`, headers);
  }
  assertMatch(lines[2], / GET \/names\/holdfast_0123456789ab_…\/x 404 /);
  assertMatch(lines[3], / GET \/names\/eyJ…\/x 404 /);
  assertEquals(lines.join().includes("secret"), false);
});

Deno.test("too many requests from one address are 429 with Retry-After", async () => {
  const system = createScriptedSystem();
  await using service = await served({ limits: { requestsPerSecond: 2 }, system });
  const statuses = async (count: number) => {
    const found: number[] = [];
    for (let i = 0; i < count; i++) {
      found.push((await get(service.handler, "http://localhost/health")).status);
    }
    return found;
  };
  assertEquals(await statuses(5), [200, 200, 200, 200, 429]);
  const refused = await get(service.handler, "http://localhost/health");
  assertEquals(refused.headers.get("retry-after"), "1");
  const other = await service.handler(new Request("http://localhost/health"), {
    remoteAddr: { hostname: "192.0.2.2" },
  });
  assertEquals(other.status, 200);
  system.advance(1000);
  assertEquals(await statuses(3), [200, 200, 429]);
  system.advance(1000);
  const metrics = await get(service.handler, "http://localhost/metrics");
  assertEquals((await metrics.text()).includes("store_faults_total{"), false);
});

Deno.test("requests with invalid tokens count for their address", async () => {
  const tokens = { find: () => Promise.resolve(undefined) };
  const limits = { requestsPerSecond: 1 };
  await using service = await served({ tokens, limits, system: createScriptedSystem() });
  const found: number[] = [];
  for (let i = 0; i < 3; i++) {
    const headers = { authorization: `Bearer ${i}` };
    found.push((await get(service.handler, "http://localhost/names", headers)).status);
  }
  assertEquals(found, [401, 401, 429]);
});

Deno.test("internal errors are logged and not sent", async () => {
  const logged: unknown[][] = [];
  const logger = { ...silentLogger, error: (...args: unknown[]) => void logged.push(args) };
  const registry = await openRegistry("memory:");
  const broken = {
    ...registry,
    names: () => {
      throw new TypeError("secret of /etc/passwd");
    },
  } as typeof registry;
  const response = await get(createHandler(broken, { logger }), "http://localhost/names");
  assertEquals(response.status, 500);
  const text = await response.text();
  assert(!text.includes("secret") && !text.includes(".ts:"), text);
  assertEquals((logged[0][1] as Error).message, "secret of /etc/passwd");
});

Deno.test("the words of a store are logged and not sent", async () => {
  const logged: string[] = [];
  const logger = { ...silentLogger, warn: (text: string) => void logged.push(text) };
  const registry = await openRegistry("memory:");
  const failure = s3Error(
    Object.assign(new Error("arn:aws:iam::1:user/x may not use kms:key"), {
      name: "AccessDenied",
      $metadata: { httpStatusCode: 403 },
    }),
    { action: "list", key: "names/", backend: "s3://bucket", bucket: "bucket" },
  );
  const refused = retold(failure, { place: placeWith("bucket", sentenceOf(failure)) });
  const broken = {
    ...registry,
    names: () => {
      throw refused;
    },
  } as typeof registry;
  const response = await get(createHandler(broken, { logger }), "http://localhost/names");
  const text = await response.text();
  assertEquals([response.status, text.includes("arn:")], [403, false], text);
  assert(text.includes("the encryption key cannot be used"), text);
  assert(logged.join().includes("arn:aws:iam::1:user/x may not use kms:key"), logged.join());
});

const LIMITS = { maxBodyBytes: 10, maxUploadBytes: 20, bodyTimeoutMs: 1000 };
const held = createBodyMemory({ arrivingBytes: Infinity, parsedBytes: Infinity }).hold();
const never = { sleep: () => new Promise<void>(() => {}) };

function sent(path: string, bytes: number, headers: Record<string, string> = {}): Request {
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    start(controller) {
      for (let i = 0; i < bytes; i++) controller.enqueue(new Uint8Array(1));
      controller.close();
    },
  });
  return new Request(`http://localhost${path}`, { method: "POST", body, headers });
}

async function statusOf(run: () => Promise<unknown>): Promise<number> {
  return (await assertRejects(run, RegistryError) as RefusedRequest).status;
}

Deno.test("the size of a body is counted as it comes", async () => {
  const read = async (request: Request) =>
    (await limitBody(request, LIMITS, { system: never, held }).bytes()).length;
  assertEquals(await read(sent("/artifacts/a/versions", 10)), 10);
  assertEquals(await statusOf(() => read(sent("/artifacts/a/versions", 11))), 413);
  assertEquals(await read(sent("/contents", 20)), 20);
  assertEquals(await statusOf(() => read(sent("/contents", 21))), 413);
  assertEquals(await statusOf(() => read(sent("/contentsx", 11))), 413);
  assertEquals(await read(sent("/uploads/019a9f5e", 20)), 20);
  for (const path of ["/uploads/%70", "/uploads/x/commit", "/upload/x"]) {
    assertEquals(await statusOf(() => read(sent(path, 11))), 413, path);
  }
});

Deno.test("only JSON that carries files may have more than 1 MiB", async () => {
  const limits = { ...LIMITS, maxBodyBytes: 64 * 1024 ** 2 };
  const refusal = (path: string) => {
    const request = sent(path, 0, { "content-length": "1048577" });
    return Promise.resolve().then(() => limitBody(request, limits, { system: never, held }));
  };
  const large = ["/artifacts/a%3Ab/versions?x", "/artifacts/a/drafts/b/parts/c"];
  for (const path of large) await refusal(path);
  const small = ["/api/models/a/paths-info/main", "/artifacts/a/versions/1/copy", "/prune"];
  for (const path of small) assertEquals(await statusOf(() => refusal(path)), 413, path);
});

Deno.test("a body is checked up to its first fault", async () => {
  await using registry = await openRegistry("memory:");
  await using handler = createHandler(registry, { gateways: [hub] });
  const post = async (path: string, body: unknown) => {
    const init = { method: "POST", headers: { "content-type": "application/json" } };
    const response = await handler(
      new Request(`http://localhost${path}`, { ...init, body: JSON.stringify(body) }),
    );
    return (await response.json()).detail;
  };
  const many = (length: number) => Array.from({ length }, (_, i) => i);
  const detail = await post("/artifacts/a/versions", {
    files: many(10),
    materializer: { id: "bytes", formatVersion: 1 },
  });
  assertEquals(detail.split(";").length, 1, detail);
  const tooMany = await post("/artifacts/a/versions", {
    files: [],
    inputs: many(1001),
    materializer: { id: "bytes", formatVersion: 1 },
  });
  assert(/inputs: Invalid length: Expected <=1000/.test(tooMany), tooMany);
});

Deno.test("a too large content-length and compressed bodies are refused early", async () => {
  const refused = (request: Request) =>
    statusOf(() =>
      Promise.resolve().then(() => limitBody(request, LIMITS, { system: never, held }))
    );
  assertEquals(await refused(sent("/artifacts/a/versions", 0, { "content-length": "11" })), 413);
  assertEquals(
    await refused(sent("/artifacts/a/versions", 1, { "content-encoding": "gzip" })),
    415,
  );
  assertEquals(await refused(sent("/contents", 1, { "content-encoding": "br" })), 415);
});

Deno.test("a late body is 408", async () => {
  let cancelled = false;
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    cancel: () => void (cancelled = true),
  });
  const request = new Request("http://localhost/artifacts/a/versions", { method: "POST", body });
  const over = { sleep: () => Promise.resolve() };
  assertEquals(
    await statusOf(() => limitBody(request, LIMITS, { system: over, held }).bytes()),
    408,
  );
  assertEquals(cancelled, true);
});

Deno.test("the time of a body begins with its first read", async () => {
  let timers = 0;
  const system = { sleep: () => (timers++, new Promise<void>(() => {})) };
  const request = limitBody(sent("/artifacts/a/versions", 10), LIMITS, { system, held });
  assertEquals(timers, 0);
  await request.bytes();
  assertEquals(timers, 1);
});

Deno.test("a too large JSON body is 413", async () => {
  await using registry = await openRegistry("memory:");
  await using handler = createHandler(registry, { limits: { maxBodyBytes: 10 } });
  const response = await handler(
    sent("/artifacts/a/versions", 11, { "content-type": "application/json" }),
  );
  assertEquals([response.status, (await response.json()).code], [413, "Invalid"]);
});

Deno.test("a gateway tells which of its JSON carries files", async () => {
  await using service = await served({ gateways: [hub] });
  const status = async (path: string) => {
    const headers = { "content-type": "application/json", "content-length": "1048577" };
    return (await service.handler(sent(path, 0, headers))).status;
  };
  assertEquals(await status("/api/models/t/a/commit/main"), 400, "an invalid commit");
  assertEquals(await status("/api/models/t/a/paths-info/main"), 413);
});
