// Cases of the suite for queues: what workers do.
import { deepStrictEqual, ok } from "node:assert/strict";
import { aborted, createListener, job, type QueueCase, refused } from "./queue_case.ts";
import { given } from "../given.ts";

export const workingCases: readonly QueueCase[] = [
  given("the lowest priority is first, equal ones in the order they came", async ({ queue }) => {
    await queue.add([job("c", { priority: 7 }), job("d", { priority: 9 })]);
    await queue.add([job("a"), job("b"), job("c2", { priority: 7 })]);
    const order: string[] = [];
    const { onEvent, until } = createListener();
    await queue.work(({ id }) => void order.push(id), { onEvent });
    await until("done", "d");
    deepStrictEqual(order, ["a", "b", "c", "c2", "d"]);
  }),
  given("a delayed job is begun after others that came later", async ({ queue }) => {
    await queue.add(job("late", { delayMs: 300 }));
    deepStrictEqual((await queue.get("late"))?.state, "delayed");
    await queue.add(job("soon"));
    const order: string[] = [];
    const { onEvent, until } = createListener();
    await queue.work(({ id }) => void order.push(id), { onEvent });
    await until("done", "late");
    deepStrictEqual(order, ["soon", "late"]);
  }),
  given("a worker does as many jobs at once as it may, and no more", async ({ queue }) => {
    await queue.add(["a", "b", "c", "d", "e", "f"].map((id) => job(id)));
    let now = 0;
    let most = 0;
    const three = Promise.withResolvers<void>();
    const { onEvent, until } = createListener();
    const worker = await queue.work(async () => {
      most = Math.max(most, ++now);
      if (now === 3) three.resolve();
      await three.promise;
      now--;
    }, { concurrency: 3, onEvent });
    for (const id of ["a", "b", "c", "d", "e", "f"]) await until("done", id);
    await worker.close();
    deepStrictEqual(most, 3);
    deepStrictEqual(worker.running(), []);
  }),
  given("a failed job is tried again as often as it may be, then it is done", async ({ queue }) => {
    await queue.add(job("shaky", { attempts: 3, backoffMs: 1 }));
    let tries = 0;
    const { onEvent, until, heard } = createListener();
    await queue.work(() => {
      if (++tries < 3) throw new Error(`try ${tries}`);
      return tries;
    }, { onEvent });
    await until("done", "shaky");
    deepStrictEqual((await queue.get("shaky"))?.result, 3);
    const failures = heard.filter(({ event }) => event === "failed");
    deepStrictEqual(failures.map((told) => "again" in told && [told.again, told.reason]), [
      [true, "try 1"],
      [true, "try 2"],
    ]);
  }),
  given("a job that fails for the last time says why", async ({ queue }) => {
    await queue.add(job("bad", { attempts: 2, backoffMs: 1 }));
    const { onEvent, heard } = createListener();
    const over = Promise.withResolvers<void>();
    await queue.work(() => {
      throw new Error("the disk is full");
    }, {
      onEvent(told) {
        onEvent(told);
        if (told.event === "failed" && !told.again) over.resolve();
      },
    });
    await over.promise;
    const { state, reason } = (await queue.get("bad"))!;
    deepStrictEqual([state, reason], ["failed", "the disk is full"]);
    deepStrictEqual(heard.filter(({ event }) => event === "started").length, 2);
  }),
  given("who listens and throws ends no job", async ({ queue }) => {
    await queue.add(job("a"));
    const { onEvent, until } = createListener();
    await queue.work(() => 7, {
      onEvent(told) {
        onEvent(told);
        throw new Error("of the listener");
      },
    });
    await until("done");
    const { state, result } = (await queue.get("a"))!;
    deepStrictEqual([state, result], ["done", 7]);
  }),
  given("a result that no queue can keep is a failure of its job", async ({ queue }) => {
    await queue.add(job("odd"));
    const { onEvent, until } = createListener();
    await queue.work(() => 1n as never, { onEvent });
    await until("failed");
    ok((await queue.get("odd"))!.reason!.includes("is a bigint"));
  }),
  given("a number of jobs at once that is none is refused", async ({ queue }) => {
    for (const concurrency of [0, -1, 1.5, NaN]) {
      await refused(() => queue.work(() => {}, { concurrency }), "Invalid");
    }
  }),
  given("closing a worker waits for its job, and takes no other", async ({ queue }) => {
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
  given(
    "a job that is handed back is done by another worker, and lost no attempt",
    async ({ queue, again }) => {
      await queue.add(job("long", { attempts: 1 }));
      const first = createListener();
      const worker = await (await again()).work((_job, { signal }) => aborted(signal), {
        onEvent: first.onEvent,
      });
      await first.until("started");
      await worker.close({ handBack: true });
      await first.until("handed back");
      deepStrictEqual((await queue.get("long"))?.state, "waiting");
      const second = createListener();
      await queue.work(() => "by the second", { onEvent: second.onEvent });
      await second.until("done");
      deepStrictEqual((await queue.get("long"))?.result, "by the second");
    },
  ),
  given(
    "a worker that hands back hands back also what reaches it while it closes",
    async ({ queue }) => {
      const ids = ["a", "b", "c", "d", "e", "f"];
      const { onEvent, until } = createListener();
      const closing = Promise.withResolvers<void>();
      const worker = await queue.work((_job, { signal }) => aborted(signal), {
        concurrency: ids.length,
        onEvent(told) {
          onEvent(told);
          if (told.event === "started") closing.resolve(worker.close({ handBack: true }));
        },
      });
      await queue.add(ids.map((id) => job(id)));
      await until("started");
      await closing.promise;
      deepStrictEqual((await queue.list()).map(({ state }) => state), ids.map(() => "waiting"));
    },
  ),
];
