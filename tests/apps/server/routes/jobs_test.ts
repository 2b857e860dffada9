import { assertEquals } from "@std/assert";
import { createMemoryQueue } from "../../../../queues/memory.ts";
import { createAccess, parseScope } from "../../../../apps/server/access/access.ts";
import { openService } from "../uploads/sending.ts";

interface HeardEvent {
  id?: string;
  event?: string;
  state?: string;
  progress?: unknown;
}

/** Reads events one by one; undefined at their end. */
function readEvents(response: Response) {
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  return {
    async next(): Promise<HeardEvent | undefined> {
      for (;;) {
        const end = text.indexOf("\n\n");
        if (end >= 0) {
          const block = text.slice(0, end);
          text = text.slice(end + 2);
          const fields = Object.fromEntries(
            block.split("\n").map((line) => line.split(/: ?(.*)/s).slice(0, 2)),
          );
          if (fields.data === undefined) continue; // a comment, or when to come again
          const { state, progress } = JSON.parse(fields.data);
          return { id: fields.id, event: fields.event, state, progress };
        }
        const { done, value } = await reader.read();
        if (done) return undefined;
        text += value;
      }
    },
    close: () => reader.cancel(),
  };
}

const job = (id: string) => ({ id, group: "test", kind: "count", data: { name: "my:data" } });

Deno.test("jobs are listed, looked at, cancelled and tried again", async () => {
  await using jobs = createMemoryQueue();
  await using service = await openService({ jobs });
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
  for (
    const [method, path] of [["GET", "/jobs/x"], ["DELETE", "/jobs/x"], ["POST", "/jobs/x/retry"], [
      "GET",
      "/jobs/x/events",
    ]]
  ) {
    assertEquals((await service.send(method, path)).status, 404, path);
  }
});

Deno.test("events tell what becomes of a job, can be resumed, and end with it", async () => {
  await using jobs = createMemoryQueue();
  await using service = await openService({ jobs });
  await jobs.add(job("count"));
  const events = readEvents(await service.send("GET", "/jobs/count/events"));
  const waiting = await events.next();
  assertEquals([waiting?.event, waiting?.state], ["job", "waiting"]);

  const go = Promise.withResolvers<void>();
  await using _worker = await jobs.work(async (_job, { onProgress }) => {
    onProgress({ done: 1 });
    await go.promise;
    return "counted";
  });
  let half: HeardEvent | undefined;
  while (half?.progress === undefined) half = await events.next();
  assertEquals([half.state, half.progress], ["running", { done: 1 }]);
  await events.close(); // the connection breaks

  const headers = { "last-event-id": half.id! };
  const again = readEvents(await service.send("GET", "/jobs/count/events", { headers }));
  go.resolve();
  const done = await again.next();
  assertEquals([done?.state, await again.next()], ["done", undefined]);

  const over = await service.send("GET", "/jobs/count/events", {
    headers: { "last-event-id": done!.id! },
  });
  assertEquals([over.status, over.body], [204, null]);
  const late = readEvents(
    await service.send("GET", "/jobs/count/events", { headers: { "last-event-id": "of before" } }),
  );
  assertEquals([(await late.next())?.state, await late.next()], ["done", undefined]);
});

Deno.test("closing the service ends who listens to a job that goes on", async () => {
  await using jobs = createMemoryQueue();
  const service = await openService({ jobs });
  await jobs.add(job("waits"));
  const events = readEvents(await service.send("GET", "/jobs/waits/events"));
  assertEquals((await events.next())?.state, "waiting");
  await service[Symbol.asyncDispose]();
  assertEquals(await events.next(), undefined);
});

Deno.test("a service without a queue says so", async () => {
  await using service = await openService();
  const answer = await service.send("GET", "/jobs");
  assertEquals([answer.status, (await answer.json()).code], [422, "Unsupported"]);
});

Deno.test("a job about an artifact is seen by who may read that, and ended by who may write it", async () => {
  await using jobs = createMemoryQueue();
  const access = (scopes: string) => createAccess("1", scopes.split(" ").map(parseScope));
  await using service = await openService({
    jobs,
    tokens: { find: (header) => Promise.resolve(access(header!)) },
  });
  await jobs.add([
    { ...job("mine"), data: { name: "team/a" } },
    {
      ...job("task"),
      kind: "task",
      data: { task: "resize", behaviors: [], input: { name: "team/b" } },
    },
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
  const refused = await ask("DELETE", "/jobs/mine", "read:team/* write:other");
  assertEquals(refused.status, 403);
  assertEquals(
    (await refused.json()).detail,
    'Cannot change job "mine": the token does not have the right',
  );
  assertEquals((await ask("DELETE", "/jobs/mine", "write:team/*")).status, 200);
});
