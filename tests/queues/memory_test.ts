import { assertEquals, assertRejects } from "@std/assert";
import { RegistryError } from "../../core/errors.ts";
import { realSystem } from "../../core/system.ts";
import { createMemoryQueue } from "../../queues/memory.ts";
import { createListener } from "../conformance/queues/queue_case.ts";

const job = (id: string) => ({ id, group: "g", kind: "k", data: null });

Deno.test("a queue in memory forgets the jobs that ended first, and no others", async () => {
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
  assertEquals(
    (await queue.list()).map(({ id }) => id).sort(),
    ["a", "c", "later"],
    "what it forgot is new",
  );
});

Deno.test("a job that is handed back was no attempt, and what is said of one after its end is not kept", async () => {
  await using queue = createMemoryQueue();
  await queue.add({ ...job("a"), attempts: 1 });
  const first = createListener(), second = createListener();
  const worker = await queue.work(
    (_job, { signal }) =>
      new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
    { onEvent: first.onEvent },
  );
  await first.until("started");
  await worker.close({ handBack: true });
  assertEquals((await queue.get("a"))?.attemptsMade, 0);
  let tell = (_: string) => {};
  await using _worker = await queue.work((_job, { onProgress }) => {
    onProgress("half of it");
    tell = onProgress;
  }, { onEvent: second.onEvent });
  await second.until("done");
  tell("too late");
  const { attemptsMade, progress } = (await queue.get("a"))!;
  assertEquals([attemptsMade, progress], [1, "half of it"]);
});

/** A queue whose time goes on when the test says so: by what is slept for next. */
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
    await new Promise((resolve) => setImmediate(resolve)); // that is heard
    return ms;
  }
  return { queue, goOn };
}

Deno.test("a scheduled job that is tried again, retried or cancelled has one that follows it", async () => {
  const { queue, goOn } = withClock(Date.UTC(2026, 0, 1));
  const delayed = async () => (await queue.list({ state: "delayed" })).map(({ id }) => id);
  await queue.schedule({
    id: "s",
    everyMs: 60_000,
    job: { group: "g", kind: "k", data: null, attempts: 3 },
  });
  const { onEvent, until } = createListener();
  const first = (await queue.list())[0].id;
  await using worker = await queue.work(() => Promise.reject(new Error("no")), { onEvent });
  await until("failed", first);
  assertEquals(
    (await delayed()).length,
    2,
    "the next, and this one, which waits for its second attempt",
  );
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
  assertEquals((await assertRejects(() => queue.remove(third), RegistryError)).code, "Conflict");
  assertEquals(await delayed(), [third], "the schedule goes on");
  assertEquals(await queue.unschedule("s"), true);
  assertEquals(await delayed(), []);
  await goOn();
});

Deno.test("a schedule of a month is begun at its time, though no timer is so long", async () => {
  const { queue, goOn } = withClock(Date.UTC(2026, 0, 1, 0, 0, 1));
  await queue.schedule({
    id: "monthly",
    cron: "0 0 1 * *",
    job: { group: "g", kind: "k", data: null },
  });
  assertEquals(await goOn() < 2 ** 31, true);
  assertEquals((await queue.list()).map(({ state }) => state), ["delayed"]);
  await goOn();
  assertEquals((await queue.list()).map(({ state }) => state), ["waiting"]);
  await queue[Symbol.asyncDispose]();
});
