import { assert, assertEquals } from "@std/assert";
import { AsyncLocalStorage } from "node:async_hooks";
import { setImmediate } from "node:timers";
import { realSystem } from "../../../core/system.ts";
import { createMemoryQueue } from "../../../extensions/queues/memory.ts";
import { createListener } from "../../conformance/queues/queue_case.ts";
import { refused } from "../../support/refused.ts";

const job = (id: string) => ({ id, group: "g", kind: "k", data: null });

Deno.test("a queue in memory removes the oldest ended jobs", async () => {
  await using queue = createMemoryQueue({ mostEnded: 2 });
  await queue.add(["cancelled", "a", "b", "c"].map(job));
  await queue.cancel("cancelled");
  const { onEvent, until } = createListener();
  await using _worker = await queue.work(() => {}, { onEvent });
  await until("done", "c");
  await queue.add({ ...job("later"), delayMs: 1_000_000 });
  assertEquals((await queue.list()).map(({ id }) => id), ["b", "c", "later"]);
  await queue.add(job("a"));
  await queue.remove("b");
  const ids = (await queue.list()).map(({ id }) => id);
  assertEquals(ids.sort(), ["a", "c", "later"], "a removed id is new again");
});

Deno.test("jobs of a queue in memory run in the context of their worker", async () => {
  const sender = new AsyncLocalStorage<string>();
  await using queue = createMemoryQueue();
  const { onEvent, until } = createListener();
  const senders: unknown[] = [];
  await using _worker = await queue.work(() => void senders.push(sender.getStore()), { onEvent });
  for (const id of ["alice", "bob"]) await sender.run(id, () => queue.add(job(id)));
  await until("done", "bob");
  assertEquals(senders, [undefined, undefined]);
});

Deno.test("progress after the end of a job is ignored", async () => {
  await using queue = createMemoryQueue();
  await queue.add({ ...job("a"), attempts: 1 });
  const { onEvent, until } = createListener();
  let report = (_: string) => {};
  await using _worker = await queue.work((_job, { onProgress }) => {
    onProgress("half of it");
    report = onProgress;
  }, { onEvent });
  await until("done");
  report("too late");
  assertEquals((await queue.get("a"))?.progress, "half of it");
});

/** A queue whose clock jumps to the end of the next sleep when the test says so. */
function withClock(startAt: number) {
  const sleeps: { ms: number; end: () => void }[] = [];
  let now = startAt;
  const sleep = (ms: number) =>
    new Promise<void>((resolve) => {
      const end = () => {
        now += ms;
        resolve();
      };
      sleeps.push({ ms, end });
    });
  const queue = createMemoryQueue({ system: { ...realSystem, now: () => now, sleep } });
  async function goOn(): Promise<number> {
    const { ms, end } = sleeps.shift()!;
    end();
    await new Promise((resolve) => setImmediate(resolve)); // the sleeper continues
    return ms;
  }
  return { queue, goOn };
}

Deno.test("a job of a schedule has one next job, whatever happens to it", async () => {
  const { queue, goOn } = withClock(Date.UTC(2026, 0, 1));
  const delayed = async () => (await queue.list({ state: "delayed" })).map(({ id }) => id);
  const nothing = { group: "g", kind: "k", data: null, attempts: 3 };
  await queue.schedule({ id: "s", everyMs: 60_000, job: nothing });
  const { onEvent, until } = createListener();
  const first = (await queue.list())[0].id;
  await using worker = await queue.work(() => Promise.reject(new Error("no")), { onEvent });
  await until("failed", first);
  assertEquals((await delayed()).length, 2, "the next, and this one until its second attempt");
  const [, next] = await delayed();
  await worker.close();
  await queue.cancel(first);
  await queue.retry(first);
  await queue.cancel(first);
  assertEquals(await delayed(), [next]);
  await queue.cancel(next);
  await queue.retry(next);
  await queue.cancel(next);
  const [third, ...more] = await delayed();
  assertEquals(more, []);
  await refused("Conflict", () => queue.remove(third));
  assertEquals(await delayed(), [third], "the schedule goes on");
  assertEquals(await queue.unschedule("s"), true);
  assertEquals(await delayed(), []);
  await goOn();
});

Deno.test("a monthly schedule is longer than a timer", async () => {
  const { queue, goOn } = withClock(Date.UTC(2026, 0, 1, 0, 0, 1));
  const nothing = { group: "g", kind: "k", data: null };
  await queue.schedule({ id: "monthly", cron: "0 0 1 * *", job: nothing });
  assertEquals(await goOn() < 2 ** 31, true);
  assertEquals((await queue.list()).map(({ state }) => state), ["delayed"]);
  await goOn();
  assertEquals((await queue.list()).map(({ state }) => state), ["waiting"]);
  await queue[Symbol.asyncDispose]();
});

Deno.test("add() takes jobs with data of several types, or of one", async () => {
  type Report = { days: number };
  await using queue = createMemoryQueue();
  await queue.add([{ ...job("a"), data: { days: 1 } }, { ...job("b"), data: 7 }]);
  await queue.add<Report>({ ...job("c"), data: { days: 2 } });
  // @ts-expect-error: a report has a number of days
  await queue.add<Report>({ ...job("d"), data: { days: "2" } });
  const days: number[] = [];
  const { onEvent, until } = createListener();
  await using _worker = await queue.work<Report>(({ data }) => void days.push(data.days), {
    onEvent,
  });
  await until("done", "d");
  assertEquals(days.slice(0, 3), [1, undefined, 2] as number[]);
});

Deno.test("other work goes on while many jobs are listed, all as of one moment", async () => {
  await using queue = createMemoryQueue();
  await queue.add(Array.from({ length: 1000 }, (_, i) => job(`j${i}`)));
  let turns = 0, ended = false;
  const count = () => {
    turns++;
    if (!ended) setImmediate(count);
  };
  const listing = queue.list({ state: "waiting" });
  await queue.cancel("j999");
  count();
  const states = new Set((await listing).map(({ state }) => state));
  ended = true;
  assertEquals([...states], ["waiting"]);
  assert(turns >= 30, `${turns} turns of the event loop`);
});
