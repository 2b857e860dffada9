// Cases of the suite for queues: adding, reading, listing and removing.
import { deepStrictEqual, ok } from "node:assert/strict";
import type { NewJob } from "../../../extensions/queues/queue.ts";
import { createListener, job, type QueueCase, refused } from "./queue_case.ts";
import { given } from "../given.ts";

export const jobsCases: readonly QueueCase[] = [
  given("a job reaches a handler unchanged, and its result is stored", async ({ queue, again }) => {
    const data = { text: "é ☂", list: [1, null, true, 2.5], deep: { a: { b: [] } } };
    const taken = { id: "a.1_b-C", group: "my pipeline@3", kind: "step", data };
    await queue.add(taken);
    deepStrictEqual((await queue.get("a.1_b-C"))?.state, "waiting");
    const { onEvent, until } = createListener();
    await (await again()).work((taken) => ({ taken: { ...taken } }), { onEvent });
    await until("done");
    const { addedAt, startedAt, endedAt, ...known } = (await queue.get("a.1_b-C"))!;
    const ended = { state: "done", attempts: 1, attemptsMade: 1, result: { taken } };
    deepStrictEqual(known, { ...taken, ...ended });
    ok(addedAt <= startedAt! && startedAt! <= endedAt!);
  }),
  given("a known id is not added again", async ({ queue }) => {
    await queue.add(job("one", { data: 1 }));
    await queue.add(job("one", { data: 2 }));
    const { onEvent, until } = createListener();
    const seen: unknown[] = [];
    await queue.work(({ data }) => void seen.push(data), { onEvent });
    await until("done", "one");
    await queue.add([job("one", { data: 3 }), job("two", { data: 4 })]);
    await until("done", "two");
    deepStrictEqual(seen, [1, 4]);
    deepStrictEqual((await queue.list()).length, 2);
  }),
  given("an invalid job is refused, and the jobs added with it too", async ({ queue }) => {
    for (
      const id of [
        "",
        "a:b",
        "12",
        "a b",
        "x".repeat(201),
        "é",
        "delayed",
        "meta",
        "-1",
        "-23",
        "NaN",
      ]
    ) {
      await refused(() => queue.add([job("fine"), job(id)]), "Invalid");
    }
    const numbers = [{ priority: -1 }, { priority: 0.5 }, { attempts: 0 }, { delayMs: -1 }];
    const values = [1n, () => {}, undefined, NaN, { when: new Date(0) }, "a\0", { "\ud800": 1 }];
    const wrong: Partial<NewJob>[] = [
      ...numbers,
      ...values.map((data) => ({ data: data as never })),
    ];
    for (const name of ["id", "group", "kind"]) wrong.push({ [name]: undefined }, { [name]: "\0" });
    for (const more of wrong) {
      await refused(() => queue.add([job("fine"), job("a", more)]), "Invalid");
    }
    deepStrictEqual(await queue.list(), []);
  }),
  given("an id that no job has is not found, whatever it is", async ({ queue }) => {
    const repeated = { group: "g", kind: "k", data: null };
    await queue.schedule({ id: "nightly", everyMs: 3_600_000, job: repeated });
    await queue.add(job("waits", { delayMs: 3_600_000 }));
    const before = await queue.list();
    const ids = [
      "",
      "-1",
      "0",
      "1.5",
      "NaN",
      "a b",
      "a:b",
      "a:b:c",
      "\0",
      "a\0b",
      "\ud800",
      "é",
      "%00",
    ];
    const keys = [
      "waits:lock",
      "waits:logs",
      "waits:dependencies",
      "repeat",
      "repeat:nightly",
      "meta",
    ];
    for (const id of [...ids, ...keys, "..", "../waits", "a\nb", "'; --", "x".repeat(100_000)]) {
      deepStrictEqual(await queue.get(id), undefined, id);
      await queue.cancel(id);
      deepStrictEqual(await queue.retry(id), false, id);
      deepStrictEqual(await queue.remove(id), false, id);
      deepStrictEqual(await Array.fromAsync(queue.watch(id)), [], id);
      deepStrictEqual(await queue.unschedule(id), false, id);
      await refused(() => queue.list({ after: id }), "NotFound");
    }
    const [next] = before.filter(({ id }) => id !== "waits");
    deepStrictEqual(await queue.unschedule(next!.id.replace("repeat:", "")), false);
    deepStrictEqual(await queue.list(), before);
    deepStrictEqual((await queue.schedules()).length, 1);
  }),
  given("any error fails a job, and any reason cancels one", async ({ queue }) => {
    const { onEvent, until } = createListener();
    const text = "\\u0000 \0 \ud800 \\";
    const kept = "\\u0000 \ufffd \ufffd \\";
    await queue.add([job("thrown"), job("result"), job("fine", { data: kept })]);
    await queue.work(({ id, data }) => {
      if (id === "thrown") throw new Error(text);
      return id === "result" ? text : data;
    }, { onEvent });
    await until("failed", "thrown");
    deepStrictEqual((await queue.get("thrown"))?.reason, kept);
    await until("failed", "result");
    await until("done", "fine");
    deepStrictEqual((await queue.get("fine"))?.result, kept);
    await queue.add(job("later", { delayMs: 60_000 }));
    await queue.cancel("later", { reason: text });
    deepStrictEqual((await queue.get("later"))?.reason, kept);
  }),
  given("jobs are listed, also by group", async ({ queue }) => {
    await queue.add([job("a"), job("b", { group: "other" }), job("c", { delayMs: 60_000 })]);
    await queue.add(job("d", { priority: 3 }));
    const ids = (jobs: { id: string; state: string }[]) =>
      jobs.map(({ id, state }) => `${id} ${state}`).sort();
    const all = ["a waiting", "b waiting", "c delayed", "d waiting"];
    deepStrictEqual(ids(await queue.list()), all);
    deepStrictEqual(ids(await queue.list({ group: "other" })), ["b waiting"]);
    deepStrictEqual(await queue.list({ group: "nobody's" }), []);
  }),
  given("remove() removes a job unless it runs", async ({ queue }) => {
    await queue.add(job("a"));
    deepStrictEqual(await queue.remove("a"), true);
    deepStrictEqual(await queue.get("a"), undefined);
    await queue.add(job("a"));
    const may = Promise.withResolvers<void>();
    const { onEvent, until } = createListener();
    await queue.work(() => may.promise, { onEvent });
    await until("started");
    deepStrictEqual(await queue.remove("a"), false);
    may.resolve();
    await until("done");
    deepStrictEqual(await queue.remove("a"), true);
    deepStrictEqual(await queue.list(), []);
  }),
  given("a thousand jobs are each done once", async ({ queue }) => {
    const ids = Array.from({ length: 1_200 }, (_, index) => `job-${index}`);
    await queue.add(ids.map((id) => job(id)));
    const done: string[] = [];
    const all = Promise.withResolvers<void>();
    const work = ({ id }: { id: string }) => {
      if (done.push(id) === ids.length) all.resolve();
    };
    await queue.work(work, { concurrency: 10 });
    await queue.work(work, { concurrency: 10 });
    await all.promise;
    deepStrictEqual(done.sort(), ids.sort());
  }),
];
