import { failure } from "../../../../extensions/queues/bullmq/store.ts";
import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { createMemoryQueue } from "../../../../extensions/queues/memory.ts";
import type { JobQueue } from "../../../../extensions/queues/mod.ts";
import { createAccess, parseScope } from "../../../../apps/server/access/access.ts";
import { type EventText, readEvents } from "../../../apps/server/event_text.ts";
import { createScriptedSystem } from "../../../support/scripted_system.ts";
import { realSystem, type System } from "../../../../core/system.ts";
import { openRegistry } from "../../../../mod.ts";
import { createHandler } from "../../../../apps/server.ts";
import { openService } from "../../../apps/server/uploads/sending.ts";
import { createJobsGateway } from "../../../../extensions/queues/surface/jobs.ts";

interface JobEvent {
  id?: string;
  event?: string;
  state?: string;
  progress?: unknown;
}

/** Reads the next event; undefined at the end. */
async function nextEvent(events: EventText): Promise<JobEvent | undefined> {
  for (;;) {
    const text = await events.until("\n\n").catch(() => undefined);
    if (text === undefined) return undefined;
    const lines = text.trim().split("\n").map((line) => line.split(/: ?(.*)/s).slice(0, 2));
    const { id, event, data } = Object.fromEntries(lines);
    if (data === undefined) continue; // a comment or a delay
    const { state, progress } = JSON.parse(data);
    return { id, event, state, progress };
  }
}

const job = (id: string) => ({ id, group: "test", kind: "count", data: { name: "my:data" } });

Deno.test("jobs are listed, read, cancelled and retried", async () => {
  await using jobs = createMemoryQueue();
  await using service = await openService({ gateways: [createJobsGateway(jobs)] });
  const get = async (path: string) => await (await service.send("GET", path)).json();
  for (const id of ["a", "b", "c"]) await jobs.add(job(id));
  await jobs.add({ ...job("later"), group: "other", delayMs: 1_000_000 });

  const first = await get("/jobs?limit=2");
  const rest = await get(`/jobs?limit=2&after=${first.next}`);
  const ids = (page: { items: { id: string }[] }) => page.items.map(({ id }) => id);
  assertEquals([...ids(first), ...ids(rest)].sort(), ["a", "b", "c", "later"]);
  assertEquals(ids(await get("/jobs?state=delayed")), ["later"]);
  assertEquals(ids(await get("/jobs?group=other")), ["later"]);
  assertEquals((await get("/jobs?state=lost")).code, "Invalid");

  const cancelled = await (await service.send("DELETE", "/jobs/a")).json();
  assertEquals([cancelled.state, cancelled.reason], ["cancelled", "cancelled over HTTP"]);
  assertEquals((await get("/jobs/a")).state, "cancelled");
  assertEquals((await (await service.send("POST", "/jobs/a/retry")).json()).state, "waiting");
  assertEquals((await service.send("POST", "/jobs/a/retry")).status, 409);
  const missing = ["GET /jobs/x", "DELETE /jobs/x", "POST /jobs/x/retry", "GET /jobs/x/events"];
  for (const request of missing) {
    const [method, path] = request.split(" ");
    assertEquals((await service.send(method, path)).status, 404, request);
  }
});

Deno.test("events of a job can be resumed and end with it", async () => {
  await using jobs = createMemoryQueue();
  await using service = await openService({ gateways: [createJobsGateway(jobs)] });
  await jobs.add(job("count"));
  const events = readEvents(await service.send("GET", "/jobs/count/events"));
  const waiting = await nextEvent(events);
  assertEquals([waiting?.event, waiting?.state], ["job", "waiting"]);

  const go = Promise.withResolvers<void>();
  await using _worker = await jobs.work(async (_job, { onProgress }) => {
    onProgress({ done: 1 });
    await go.promise;
    return "counted";
  });
  let half: JobEvent | undefined;
  while (half?.progress === undefined) half = await nextEvent(events);
  assertEquals([half.state, half.progress], ["running", { done: 1 }]);
  await events.leave();

  const headers = { "last-event-id": half.id! };
  const again = readEvents(await service.send("GET", "/jobs/count/events", { headers }));
  go.resolve();
  const done = await nextEvent(again);
  assertEquals([done?.state, await nextEvent(again)], ["done", undefined]);

  const resume = (id: string) =>
    service.send("GET", "/jobs/count/events", { headers: { "last-event-id": id } });
  const ended = await resume(done!.id!);
  assertEquals([ended.status, ended.body], [204, null]);
  const late = readEvents(await resume("unknown"));
  assertEquals([(await nextEvent(late))?.state, await nextEvent(late)], ["done", undefined]);
});

Deno.test("closing the service ends the events of a running job", async () => {
  await using jobs = createMemoryQueue();
  const service = await openService({ gateways: [createJobsGateway(jobs)] });
  await jobs.add(job("waits"));
  const events = readEvents(await service.send("GET", "/jobs/waits/events"));
  assertEquals((await nextEvent(events))?.state, "waiting");
  await service[Symbol.asyncDispose]();
  assertEquals(await nextEvent(events), undefined);
});

Deno.test("jobs need the rights on their artifact", async () => {
  await using jobs = createMemoryQueue();
  const access = (scopes: string) => createAccess("1", scopes.split(" ").map(parseScope));
  const tokens = { find: (header: string | null) => Promise.resolve(access(header!)) };
  await using service = await openService({ gateways: [createJobsGateway(jobs)], tokens });
  await jobs.add([
    { ...job("mine"), data: { name: "team/a" } },
    { ...job("task"), kind: "task", data: { task: "resize", input: { name: "team/b" } } },
    { ...job("theirs"), data: { name: "other" } },
    { ...job("step"), data: null },
  ]);
  const ask = (method: string, path: string, scopes: string) =>
    service.send(method, path, { headers: { authorization: scopes } });
  const listed = async (scopes: string) => {
    const { items } = await (await ask("GET", "/jobs", scopes)).json();
    return items.map(({ id }: { id: string }) => id).sort();
  };
  assertEquals(await listed("read:team/*"), ["mine", "task"]);
  assertEquals(await listed("admin"), ["mine", "step", "task", "theirs"]);
  for (const path of ["/jobs/theirs", "/jobs/theirs/events", "/jobs/step"]) {
    assertEquals((await ask("GET", path, "read:team/*")).status, 404, path);
  }
  assertEquals((await ask("GET", "/jobs/mine", "read:team/*")).status, 200);
  assertEquals((await ask("DELETE", "/jobs/mine", "read:team/* write:other")).status, 403);
  assertEquals((await ask("DELETE", "/jobs/mine", "write:team/*")).status, 200);
});

Deno.test("a failing queue is not located to its readers", async () => {
  const store = {
    kind: "redis",
    location: "redis://queue.internal:6379",
    queue: "holdfast",
    connection: undefined,
    ready: () => Promise.resolve(),
    lastFailure: () => undefined,
    close: () => Promise.resolve(),
  };
  const causes = ["connect ECONNREFUSED 10.0.0.3:6379", "NOPERM user bob@10.0.0.3 may not"];
  await using queue = createMemoryQueue();
  let cause = "";
  const fail = () => Promise.reject(failure("read jobs of", store, new Error(cause)));
  const jobs = Object.assign(Object.create(queue), { list: fail, get: fail });
  await using service = await openService({ gateways: [createJobsGateway(jobs)] });
  const requests = [["GET", "/jobs"], ["GET", "/jobs/a"], ["DELETE", "/jobs/a"]] as const;
  for (cause of causes) {
    for (const [method, path] of requests) {
      const answer = await service.send(method, path);
      const text = await answer.text();
      assertEquals([answer.status >= 400, /internal|10\.0|bob/.test(text)], [true, false], text);
    }
  }
  const { message } = await fail().catch((error: Error) => error);
  assertEquals(message.includes(store.location) && message.includes(cause), true, message);
});

Deno.test("requests do not wait for a queue that does not answer", async () => {
  await using registry = await openRegistry("memory:");
  await using queue = createMemoryQueue();
  await queue.add(job("a"));
  const requests = {
    list: ["GET /jobs"],
    get: ["GET /jobs/a", "DELETE /jobs/a", "POST /jobs/a/retry", "GET /jobs/a/events"],
    cancel: ["DELETE /jobs/a"],
    retry: ["POST /jobs/a/retry"],
  };
  for (const [method, asked] of Object.entries(requests)) {
    const get = (id: string) => queue.get(id);
    const jobs = Object.assign(Object.create(queue), { get, [method]: never });
    const system = createScriptedSystem();
    await using handler = createHandler(registry, { gateways: [createJobsGateway(jobs)], system });
    for (const request of asked) {
      const [verb, path] = request.split(" ");
      const url = `http://localhost${path}`;
      const answer = await handler(new Request(url, { method: verb }));
      const { code } = await answer.json();
      assertEquals([answer.status, code], [503, "Unavailable"], `${request}, ${method}`);
    }
    assertEquals(system.slept.every((ms) => ms <= 5000), true, `${system.slept}`);
  }
});

const never = () => new Promise<never>(() => {});

async function* silent(): AsyncGenerator<never> {
  yield await never();
}

Deno.test("no upload and no list of missed events waits for a silent queue", async () => {
  await using registry = await openRegistry("memory:");
  await using queue = createMemoryQueue();
  await queue.add(job("a"));
  await queue.cancel("a");
  const get = (id: string) => queue.get(id);
  const jobs = Object.assign(Object.create(queue), { get, watch: silent });
  const system = createScriptedSystem();
  await using handler = createHandler(registry, {
    gateways: [createJobsGateway(jobs)],
    system,
    upload: { schedule: never },
  });
  const ask = async (path: string, init: RequestInit) => {
    const answer = await handler(new Request(`http://localhost${path}`, init));
    const { code, hint } = await answer.json();
    assertEquals([answer.status, code], [503, "Unavailable"], path);
    return hint;
  };
  await ask("/jobs/a/events", { headers: { "last-event-id": "0" } });
  const hint = await ask("/upload?name=photo", { method: "POST", body: "x" });
  assertEquals(hint.startsWith("photo@1.0.0 is saved."), true, hint);
  assertEquals((await registry.info("photo")).version, "1.0.0");
});

Deno.test("events of a job break when its queue no longer answers", async () => {
  await using registry = await openRegistry("memory:");
  await using queue = createMemoryQueue();
  await queue.add(job("a"));
  let get: typeof queue.get = (id) => queue.get(id);
  const own = { watch: silent, get: (id: string) => get(id) };
  const jobs = Object.assign(Object.create(queue), own);
  const system = createScriptedSystem();
  await using handler = createHandler(registry, { gateways: [createJobsGateway(jobs)], system });
  const events = readEvents(await handler(new Request("http://localhost/jobs/a/events")));
  await events.until(":\n\n"); // heartbeats, while the queue answers
  get = never;
  await assertRejects(() => events.until("event:"), Error, "does not answer");
});

Deno.test("metrics count jobs by state, without waiting for a queue that does not answer", async () => {
  await using registry = await openRegistry("memory:");
  await using queue = createMemoryQueue();
  await queue.add([job("a"), job("b")]);
  const metricsOf = async (jobs: JobQueue, system: System) => {
    const gateways = [createJobsGateway(jobs)];
    await using handler = createHandler(registry, { gateways, system });
    return await (await handler(new Request("http://localhost/metrics"))).text();
  };
  assertMatch(await metricsOf(queue, realSystem), /^holdfast_jobs\{state="waiting"\} 2$/m);
  const silent = Object.assign(Object.create(queue), { list: never });
  const system = createScriptedSystem();
  const text = await metricsOf(silent, system);
  assertEquals(text.includes("holdfast_jobs"), false, text);
  assertEquals(system.slept.every((ms) => ms <= 5000), true, `${system.slept}`);
});

Deno.test("a list of hidden jobs ends with an error if the queue ignores `after`", async () => {
  await using registry = await openRegistry("memory:");
  await using all = createMemoryQueue();
  const jobOf = (_: unknown, i: number) => ({ id: `j${i}`, group: "g", kind: "k", data: null });
  await all.add(Array.from({ length: 1000 }, jobOf));
  let asked = 0;
  const list: typeof all.list = ({ limit } = {}) => {
    if (++asked > 5) throw new Error("the list does not end");
    return all.list({ limit });
  };
  const jobs = new Proxy(all, {
    get: (target, key) => key === "list" ? list : Reflect.get(target, key, target),
  });
  const find = () =>
    Promise.resolve(createAccess("me", [{ kind: "read", name: "a", prefix: false }]));
  const system = { ...realSystem, sleep: waitForAbort }; // no answer takes too long
  await using handler = createHandler(registry, {
    tokens: { find },
    gateways: [createJobsGateway(jobs)],
    system,
  });
  const headers = { authorization: "Bearer x" };
  const response = await handler(new Request("http://localhost/jobs", { headers }));
  assertEquals([(await response.json()).code, asked], ["TaskFailed", 2]);
});

function waitForAbort(_: number, signal?: AbortSignal): Promise<never> {
  return new Promise((_, reject) =>
    signal?.addEventListener("abort", () => reject(signal.reason), { once: true })
  );
}
