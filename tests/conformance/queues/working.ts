// Cases of the suite for queues: workers.
import { deepStrictEqual, ok } from "node:assert/strict";
import { aborted, createListener, job, type QueueCase, refused } from "./queue_case.ts";
import { given } from "../given.ts";

export const workingCases: readonly QueueCase[] = [
  given("the lowest priority is first, then the oldest", async ({ queue }) => {
    await queue.add([job("c", { priority: 7 }), job("d", { priority: 9 })]);
    await queue.add([job("a"), job("b"), job("c2", { priority: 7 })]);
    const order: string[] = [];
    const { onEvent, until } = createListener();
    await queue.work(({ id }) => void order.push(id), { onEvent });
    await until("done", "d");
    deepStrictEqual(order, ["a", "b", "c", "c2", "d"]);
  }),
  given("a delayed job starts after its delay", async ({ queue }) => {
    await queue.add(job("late", { delayMs: 300 }));
    deepStrictEqual((await queue.get("late"))?.state, "delayed");
    await queue.add(job("soon"));
    const order: string[] = [];
    const { onEvent, until } = createListener();
    await queue.work(({ id }) => void order.push(id), { onEvent });
    await until("done", "late");
    deepStrictEqual(order, ["soon", "late"]);
  }),
  given("a worker runs as many jobs as its concurrency", async ({ queue }) => {
    const ids = ["a", "b", "c", "d", "e", "f"];
    await queue.add(ids.map((id) => job(id)));
    let now = 0, most = 0;
    const three = Promise.withResolvers<void>();
    const { onEvent, until } = createListener();
    const worker = await queue.work(async () => {
      most = Math.max(most, ++now);
      if (now === 3) three.resolve();
      await three.promise;
      now--;
    }, { concurrency: 3, onEvent });
    for (const id of ids) await until("done", id);
    await worker.close();
    deepStrictEqual(most, 3);
    deepStrictEqual(worker.running(), []);
  }),
  given("a failed job is tried again until it succeeds", async ({ queue }) => {
    await queue.add(job("shaky", { attempts: 3, backoffMs: 1 }));
    let tries = 0;
    const { onEvent, until, events } = createListener();
    await queue.work(() => {
      if (++tries < 3) throw new Error(`try ${tries}`);
      return tries;
    }, { onEvent });
    await until("done", "shaky");
    deepStrictEqual((await queue.get("shaky"))?.result, 3);
    const failures = events.flatMap((event) => event.event === "failed" ? [event] : []);
    const expected = [[true, "try 1"], [true, "try 2"]];
    deepStrictEqual(failures.map(({ again, reason }) => [again, reason]), expected);
  }),
  given("a job that fails its last attempt has a reason", async ({ queue }) => {
    await queue.add(job("bad", { attempts: 2, backoffMs: 1 }));
    const { onEvent, untilFailed, events } = createListener();
    await queue.work(() => {
      throw new Error("the disk is full");
    }, { onEvent });
    await untilFailed();
    const { state, reason } = (await queue.get("bad"))!;
    deepStrictEqual([state, reason], ["failed", "the disk is full"]);
    deepStrictEqual(events.filter(({ event }) => event === "started").length, 2);
  }),
  given("a handler may throw anything: it runs once, and the reason tells", async ({ queue }) => {
    const named = (name: string) => Object.assign(new Error(`${name} of the handler`), { name });
    const thrown: Record<string, [value: unknown, reason: string]> = {
      undefined: [undefined, "undefined"],
      null: [null, "null"],
      string: ["disk is full", "disk is full"],
      number: [42, "42"],
      symbol: [Symbol("odd"), "Symbol(odd)"],
      object: [{ message: "of an object", code: 7 }, "of an object"],
      plain: [{ code: 7 }, '{"code":7}'],
      bare: [Object.create(null), "object"],
      WaitingError: [named("WaitingError"), "WaitingError of the handler"],
      DelayedError: [named("DelayedError"), "DelayedError of the handler"],
      UnrecoverableError: [named("UnrecoverableError"), "UnrecoverableError of the handler"],
    };
    const { onEvent, until, events } = createListener();
    await queue.work(({ id }) => {
      throw thrown[id]![0];
    }, { onEvent, concurrency: 4 });
    await queue.add(Object.keys(thrown).map((id) => job(id)));
    for (const [id, [, expected]] of Object.entries(thrown)) {
      await until("failed", id);
      const { state, reason } = (await queue.get(id))!;
      deepStrictEqual([id, state, reason], [id, "failed", expected]);
    }
    const begun = events.filter(({ event }) => event === "started");
    deepStrictEqual(begun.length, Object.keys(thrown).length);
  }),
  given("a listener that throws ends no job", async ({ queue }) => {
    await queue.add(job("a"));
    const { onEvent, until } = createListener();
    await queue.work(() => 7, {
      onEvent(event) {
        onEvent(event);
        throw new Error("of the listener");
      },
    });
    await until("done");
    const { state, result } = (await queue.get("a"))!;
    deepStrictEqual([state, result], ["done", 7]);
  }),
  given("an invalid result fails its job", async ({ queue }) => {
    await queue.add(job("odd"));
    const { onEvent, until } = createListener();
    await queue.work(() => 1n as never, { onEvent });
    await until("failed");
    ok((await queue.get("odd"))!.reason!.includes("is a bigint"));
  }),
  given("an invalid concurrency is refused", async ({ queue }) => {
    for (const concurrency of [0, -1, 1.5, NaN]) {
      await refused(() => queue.work(() => {}, { concurrency }), "Invalid");
    }
  }),
  given("close() waits for running jobs, and starts no others", async ({ queue }) => {
    await queue.add([job("first"), job("second", { priority: 1 })]);
    const may = Promise.withResolvers<void>();
    const { onEvent, until } = createListener();
    const worker = await queue.work(() => may.promise, { onEvent });
    await until("started");
    deepStrictEqual(worker.running(), ["first"]);
    const closing = worker.close();
    may.resolve();
    await closing;
    deepStrictEqual((await queue.get("first"))?.state, "done");
    deepStrictEqual((await queue.get("second"))?.state, "waiting");
  }),
  given("a job that is handed back loses no attempt", async ({ queue, again }) => {
    await queue.add(job("long", { attempts: 1 }));
    const first = createListener();
    const { onEvent } = first;
    const worker = await (await again()).work((_job, { signal }) => aborted(signal), { onEvent });
    await first.until("started");
    await worker.close({ handBack: true });
    await first.until("handed back");
    deepStrictEqual((await queue.get("long"))?.state, "waiting");
    const second = createListener();
    await queue.work(() => "by the second", { onEvent: second.onEvent });
    await second.until("done");
    deepStrictEqual((await queue.get("long"))?.result, "by the second");
  }),
  given("jobs that arrive while a worker closes are handed back too", async ({ queue }) => {
    const ids = ["a", "b", "c", "d", "e", "f"];
    const { onEvent, until } = createListener();
    const closing = Promise.withResolvers<void>();
    const worker = await queue.work((_job, { signal }) => aborted(signal), {
      concurrency: ids.length,
      onEvent(event) {
        onEvent(event);
        if (event.event === "started") closing.resolve(worker.close({ handBack: true }));
      },
    });
    await queue.add(ids.map((id) => job(id)));
    await until("started");
    await closing.promise;
    deepStrictEqual((await queue.list()).map(({ state }) => state), ids.map(() => "waiting"));
  }),
];
