import { assert, assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { RegistryError } from "../../../../mod.ts";
import type { BusEvent } from "../../../../extensions/plugins/events/event_bus.ts";
import type { WorkerEvent } from "../../../../extensions/queues/queue.ts";
import type { PlainValue } from "../../../../core/text/plain_value.ts";
import { createMemoryBus } from "../../../../extensions/plugins/events/memory.ts";
import {
  createWebhooks,
  createWebhookSecret,
  verifyWebhook,
} from "../../../../extensions/plugins/events/mod.ts";
import type { WebhooksOptions } from "../../../../extensions/plugins/events/mod.ts";
import {
  importSecret,
  signatureHeaders,
} from "../../../../extensions/plugins/events/webhooks/signature.ts";
import { createMemoryQueue } from "../../../../extensions/queues/memory.ts";
import { gather } from "../../../conformance/events/event_bus_case.ts";

const SECRET = createWebhookSecret();

function receive(
  answer: (request: Request, event: BusEvent) => Response | Promise<Response> = () =>
    new Response(),
) {
  const heard = gather<BusEvent>();
  const requests = gather<Request>();
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, async (request) => {
    requests.add(request);
    const event = await verifyWebhook(request.clone() as Request, SECRET);
    heard.add(event);
    return await answer(request, event);
  });
  return {
    url: `http://127.0.0.1:${server.addr.port}/hooks/path-secret`,
    heard,
    requests,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

async function open(url: string, options: Partial<WebhooksOptions> = {}) {
  const bus = createMemoryBus();
  const queue = createMemoryQueue();
  const happened = gather<WorkerEvent>();
  const lines: string[] = [];
  const log = (...parts: unknown[]) => void lines.push(parts.join(" "));
  const webhooks = createWebhooks({
    bus,
    queue: {
      add: (jobs) => queue.add(jobs),
      work: (handler, options) =>
        queue.work(handler, {
          ...options,
          onEvent(told) {
            options?.onEvent?.(told);
            if (told.event !== "started") happened.add(told);
          },
        }),
    },
    targets: [{ url, topics: "model.*", secret: SECRET }],
    allowPrivate: true,
    backoffMs: 0,
    logger: { debug: log, info: log, warn: log, error: log },
    ...options,
  });
  await webhooks.start();
  return {
    bus,
    queue,
    webhooks,
    happened,
    lines,
    async [Symbol.asyncDispose]() {
      await webhooks[Symbol.asyncDispose]();
      await queue[Symbol.asyncDispose]();
      await bus[Symbol.asyncDispose]();
    },
  };
}

const reasonOf = (told: WorkerEvent) => told.event === "failed" ? told.reason : told.event;

Deno.test("an event is delivered signed to matching targets", async () => {
  await using receiver = receive();
  await using world = await open(receiver.url);
  await world.bus.publish("other.topic", 1);
  const published = await world.bus.publish("model.trained", { name: "mødel" });
  assertEquals(await receiver.heard.until(1), [published]);
  const [request] = receiver.requests.items;
  assertEquals([request.method, request.headers.get("content-type")], ["POST", "application/json"]);
  await world.happened.until(1);
  assertEquals((await world.queue.list()).map(({ state, result }) => [state, result]), [["done", {
    status: 200,
  }]]);
});

Deno.test("a failed delivery is retried under the same id", async () => {
  let calls = 0;
  await using receiver = receive(() => new Response(null, { status: ++calls < 3 ? 503 : 204 }));
  await using world = await open(receiver.url);
  const { id } = await world.bus.publish("model.trained", 1);
  assertEquals((await receiver.heard.until(3)).map((event) => event.id), [id, id, id]);
  await world.happened.until(3);
  assertEquals(world.happened.items.map(({ event }) => event), ["failed", "failed", "done"]);
});

Deno.test("deliveries end after their attempts without secrets in logs", async () => {
  await using receiver = receive(() => new Response("path-secret", { status: 500 }));
  await using world = await open(receiver.url, { attempts: 2 });
  await world.bus.publish("model.trained", 1);
  await world.happened.until(2);
  const jobs = await world.queue.list();
  assertEquals(jobs.map(({ state }) => state), ["failed"]);
  assertMatch(jobs[0].reason!, /Cannot deliver model.trained to 127.0.0.1:\d+: it answered 500/);
  const said = JSON.stringify([jobs, world.lines, world.happened.items, world.webhooks]);
  assert(world.lines.length > 0);
  assert(!said.includes("path-secret") && !said.includes(SECRET) && !said.includes("whsec_"), said);
});

Deno.test("an outage of a target is logged once, and each event that is given up", async () => {
  await using receiver = receive(() => new Response(null, { status: 503 }));
  const warnings: string[] = [];
  const none = () => {};
  const logger = { debug: none, info: none, warn: (text: string) => void warnings.push(text) };
  await using world = await open(receiver.url, {
    attempts: 2,
    concurrency: 1,
    logger: { ...logger, error: none },
  });
  for (const value of [1, 2, 3]) await world.bus.publish("model.trained", value);
  await world.happened.until(6);
  const outage = /^Webhook .*: Cannot deliver model.trained to .*: it answered 503$/;
  const lost = /^Webhooks: gave up webhook-.*: Cannot deliver .*: it answered 503$/;
  assertEquals(warnings.map((text) => outage.test(text) ? "outage" : lost.test(text) && "lost"), [
    "outage",
    "lost",
    "lost",
    "lost",
  ]);
});

Deno.test("redirects are not followed", async () => {
  await using elsewhere = receive();
  await using receiver = receive(() =>
    new Response(null, { status: 307, headers: { location: elsewhere.url } })
  );
  await using world = await open(receiver.url, { attempts: 1 });
  await world.bus.publish("model.trained", 1);
  assertMatch(reasonOf((await world.happened.until(1))[0]), /it answered 307/);
  assertEquals(elsewhere.requests.items, []);
});

Deno.test("a silent receiver times out", async () => {
  const answered = Promise.withResolvers<Response>();
  await using receiver = receive(() => answered.promise);
  await using world = await open(receiver.url, { attempts: 1, timeoutMs: 200 });
  await world.bus.publish("model.trained", 1);
  assertMatch(reasonOf((await world.happened.until(1))[0]), /no answer within 200 ms/);
  answered.resolve(new Response());
});

Deno.test("a target that never answers delays no other, and loses nothing", async () => {
  const answers = Promise.withResolvers<Response>();
  await using silent = receive(async () => (await answers.promise).clone() as Response);
  await using receiver = receive();
  const targets = [silent, receiver].map(({ url }, i) => ({
    id: `t${i}`,
    url,
    topics: "model.*",
    secret: SECRET,
  }));
  await using world = await open("", { targets, concurrency: 2, timeoutMs: 600_000 });
  for (let n = 0; n < 12; n++) await world.bus.publish("model.trained", n);
  assertEquals((await receiver.heard.until(12)).length, 12);
  assertEquals((await silent.requests.until(2)).length, 2, "its own places");
  answers.resolve(new Response());
  const heard = await silent.heard.until(12);
  assertEquals(heard.map(({ payload }) => payload as number).sort((a, b) => a - b).length, 12);
  assertEquals(new Set(heard.map(({ payload }) => payload)).size, 12, "each once");
});

Deno.test("every payload that a bus accepts is delivered as it is", async () => {
  await using receiver = receive();
  await using world = await open(receiver.url);
  let deep: PlainValue = 1;
  for (let level = 0; level < 1000; level++) deep = [deep];
  const payloads = [{ "a\0": "b\0" }, "\ud800", "\\u0000", deep, null];
  for (const payload of payloads) await world.bus.publish("model.trained", payload);
  const heard = await receiver.heard.until(payloads.length);
  const sorted = (values: unknown[]) => values.map((value) => JSON.stringify(value)).sort();
  assertEquals(sorted(heard.map(({ payload }) => payload)), sorted(payloads));
});

Deno.test("deliveries that an earlier program has queued arrive", async () => {
  await using receiver = receive();
  await using world = await open(receiver.url);
  const event = { id: "e", topic: "model.trained", at: "2026-01-01T00:00:00.000Z", payload: [1] };
  const [target = ""] = world.webhooks.targets;
  const job = { id: `webhook-${target}-e`, group: "webhooks", kind: "webhook" };
  await world.queue.add({ ...job, data: { target, event } });
  const [heard] = await receiver.heard.until(1);
  assertEquals(heard, { ...event, at: new Date(event.at) });
});

Deno.test("410 ends a delivery", async () => {
  await using receiver = receive(() => new Response(null, { status: 410 }));
  await using world = await open(receiver.url);
  await world.bus.publish("model.trained", 1);
  await world.happened.until(1);
  assertEquals((await world.queue.list())[0].result, { status: 410 });
});

Deno.test("private addresses are Denied behind any name", async () => {
  await using receiver = receive();
  const port = new URL(receiver.url).port;
  const inside = "127.0.0.1 10.1.2.3 169.254.169.254 ::1 ::ffff:127.0.0.1 fd00::1 64:ff9b::7f00:1"
    .split(" ");
  const named = inside.map((address) => ({ url: `https://inside.test:${port}/`, address }));
  const hosts = "127.0.0.1 [::1] [::ffff:7f00:1] 2130706433 0x7f.1".split(" ");
  const literal = hosts.map((host) => ({
    url: `https://${host}:${port}/`,
    address: "93.184.216.34",
  }));
  for (const { url, address } of [...named, ...literal]) {
    const lookup = () =>
      Promise.resolve([{ address: "93.184.216.34", family: 4 }, {
        address,
        family: address.includes(":") ? 6 : 4,
      }]);
    const targets = [{ url, topics: "**", secret: SECRET }];
    await using world = await open(url, { allowPrivate: false, attempts: 1, lookup, targets });
    await world.bus.publish("model.trained", 1);
    assertMatch(
      reasonOf((await world.happened.until(1))[0]),
      /its address is private/,
      `${url} ${address}`,
    );
  }
  assertEquals(receiver.requests.items, []);
});

Deno.test("allowed private hosts are reached by their checked address", async () => {
  await using receiver = receive();
  const url = receiver.url.replace("127.0.0.1", "inside.test");
  const lookup = () => Promise.resolve([{ address: "127.0.0.1", family: 4 }]);
  await using world = await open(url, { allowPrivate: ["inside.test"], lookup });
  await world.bus.publish("model.trained", 1);
  await receiver.heard.until(1);
});

Deno.test("invalid targets are refused without quoting secrets", async () => {
  const bus = createMemoryBus(), queue = createMemoryQueue();
  const target = { url: "https://example.com/path-secret", topics: "a", secret: SECRET };
  const wrong = [
    { url: "path-secret" },
    { url: "ftp://example.com/path-secret" },
    { url: "http://example.com/path-secret" },
    { url: "https://user:path-secret@example.com/" },
    { topics: [] },
    { topics: undefined as never },
    { secret: [] },
    { topics: "a*" },
    { id: "no id" },
  ];
  for (const change of wrong) {
    const error = assertThrows(
      () => createWebhooks({ bus, queue, targets: [{ ...target, ...change }] }),
      RegistryError,
    );
    assertEquals(error.code, "Invalid");
    assert(!`${error.message} ${error.hint}`.includes("path-secret"), error.message);
  }
  assertThrows(
    () => createWebhooks({ bus, queue, targets: [target, target] }),
    RegistryError,
    "two targets have the same id",
  );
  for (const secret of ["path-secret", "whsec_short", "whsec_%%%", ""]) {
    const error = await assertRejects(
      () => createWebhooks({ bus, queue, targets: [{ ...target, secret }] }).start(),
      RegistryError,
    );
    assert(!error.message.includes(secret || "none at all"), error.message);
  }
});

Deno.test("signatures follow Standard Webhooks", async () => {
  // The example of the reference libraries (github.com/standard-webhooks/standard-webhooks).
  const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
  const body = new TextEncoder().encode('{"test": 2432232314}');
  const signed = { id: "msg_p5jXN8AQM9LWM0D4loKWxJek", seconds: 1614265330, body };
  const headers = await signatureHeaders([await importSecret(secret)], signed);
  assertEquals(headers["webhook-signature"], "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
});

Deno.test("forged, old or changed webhooks are rejected", async () => {
  const other = createWebhookSecret();
  const body = JSON.stringify({ type: "a.b", timestamp: "2026-01-01T00:00:00.000Z", data: 7 });
  const nowMs = 1_800_000_000_000;
  const sign = async (secret: string, text = body) => {
    const bytes = new TextEncoder().encode(text);
    return await signatureHeaders([await importSecret(secret)], {
      id: "id",
      seconds: nowMs / 1000,
      body: bytes,
    });
  };
  const request = (headers: Record<string, string>, text = body) =>
    new Request("http://receiver.test", { method: "POST", headers, body: text });
  const at = (ms: number) => ({ system: { now: () => nowMs + ms } });
  const verify = async (headers: Record<string, string>, text = body, options = at(0)) =>
    await verifyWebhook(request(headers, text), SECRET, options);
  const refusal = async (verified: Promise<unknown>) =>
    (await assertRejects(() => verified, RegistryError)).code;

  const good = await sign(SECRET);
  const event = { id: "id", topic: "a.b", at: new Date("2026-01-01T00:00:00.000Z"), payload: 7 };
  assertEquals(await verify(good), event);
  assertEquals(
    await verify({ ...good, "webhook-signature": `v2,x v1, ${good["webhook-signature"]}` }),
    event,
  );
  assertEquals(await verifyWebhook(request(good), [other, SECRET], at(299_000)), event);
  assertEquals(await refusal(verify(await sign(other))), "Denied");
  assertEquals(await refusal(verify(good, body.replace("7", "8"))), "Denied");
  assertEquals(await refusal(verify({ ...good, "webhook-id": "other" })), "Denied");
  assertEquals(await refusal(verify({ ...good, "webhook-timestamp": "1800000001" })), "Denied");
  for (const late of [301_000, -301_000]) {
    assertEquals(await refusal(verify(good, body, at(late))), "Denied");
  }
  for (const name of ["webhook-id", "webhook-timestamp", "webhook-signature"]) {
    const { [name]: _, ...others } = good;
    assertEquals(await refusal(verify(others)), "Invalid");
  }
  assertEquals(await refusal(verify({ ...good, "webhook-timestamp": "soon" })), "Invalid");
  for (
    const text of ["", "{", "7", "null", '{"type":"a"}', '{"type":"a","timestamp":"x","data":1}']
  ) {
    assertEquals(await refusal(verify(await sign(SECRET, text), text)), "Invalid", text);
  }
  const large = verifyWebhook(request(good), SECRET, { ...at(0), maxBytes: 10 });
  assertEquals(await refusal(large), "Invalid");
});
