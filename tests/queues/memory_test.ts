import { assertEquals } from "@std/assert";
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
  assertEquals((await queue.list()).map(({ id }) => id).sort(), ["a", "c", "later"], "what it forgot is new");
});

Deno.test("a job that was removed while it waited for its time is not begun", async () => {
  const times: (() => void)[] = [];
  const sleep = () => new Promise<void>((resolve) => times.push(resolve));

  await using queue = createMemoryQueue({ system: { ...realSystem, sleep } });
  await queue.add({ ...job("gone"), delayMs: 10 });
  await queue.remove("gone");
  await queue.add({ ...job("there"), priority: 1 }); // whatever else waits comes before it
  const { onEvent, until, heard } = createListener();
  times[0]();
  await new Promise((resolve) => setImmediate(resolve)); // that is heard
  await using _worker = await queue.work(() => {}, { onEvent });
  await until("done", "there");
  assertEquals(heard.flatMap((event) => "id" in event ? [event.id] : []), ["there", "there"]);
});
