// Cases of the suite for queues: progress, watching and retries.
import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import type { ListJobsOptions } from "../../../extensions/queues/queue.ts";
import { realSystem } from "../../../core/system.ts";
import { aborted, createListener, job, type QueueCase, refused } from "./queue_case.ts";
import { given } from "../given.ts";

export const afterwardsCases: readonly QueueCase[] = [
  given("progress is known while a job runs, and afterwards", async ({ queue, again }) => {
    await queue.add(job("long"));
    strictEqual((await queue.get("long"))?.progress, undefined);
    const may = Promise.withResolvers<void>();
    const { onEvent, until } = createListener();
    await (await again()).work(async (_job, { onProgress }) => {
      onProgress(0);
      onProgress({ done: 1, of: 3 });
      await may.promise;
      onProgress({ done: 3, of: 3 });
    }, { onEvent });
    for await (const event of queue.watch("long")) {
      const { state, progress } = event.job;
      if (state === "running" && progress !== undefined && progress !== 0) {
        deepStrictEqual(progress, { done: 1, of: 3 });
        may.resolve();
        break;
      }
    }
    await until("done");
    deepStrictEqual((await queue.get("long"))?.progress, { done: 3, of: 3 });
  }),
  given("invalid progress fails its job", async ({ queue }) => {
    await queue.add(job("odd"));
    const { onEvent, until } = createListener();
    await queue.work((_job, { onProgress }) => onProgress(1n as never), { onEvent });
    await until("failed");
    ok((await queue.get("odd"))!.reason!.includes("progress"));
  }),
  given("a job has attempts, and the times of its life", async ({ queue }) => {
    await queue.add(job("shaky", { attempts: 3, backoffMs: 1 }));
    const before = (await queue.get("shaky"))!;
    deepStrictEqual([before.attempts, before.attemptsMade], [3, 0]);
    deepStrictEqual([before.startedAt, before.endedAt], [undefined, undefined]);
    ok(Math.abs(before.addedAt.getTime() - realSystem.now()) < 600_000);
    let tries = 0;
    const { onEvent, until } = createListener();
    await queue.work(() => {
      if (++tries < 2) throw new Error("not yet");
    }, { onEvent });
    await until("done");
    const { attemptsMade, addedAt, startedAt, endedAt } = (await queue.get("shaky"))!;
    strictEqual(attemptsMade, 2);
    ok(addedAt <= startedAt! && startedAt! <= endedAt!);
  }),
  given("jobs are listed by state and in pages", async ({ queue }) => {
    await queue.add(["a", "b", "c", "d", "e"].map((id) => job(`bad-${id}`)));
    await queue.add([job("good", { priority: 1 }), job("later", { delayMs: 600_000 })]);
    const { onEvent, until } = createListener();
    await queue.work(({ id }) => {
      if (id.startsWith("bad")) throw new Error("bad");
    }, { onEvent });
    await until("done", "good");
    const ids = async (options?: ListJobsOptions) =>
      (await queue.list(options)).map(({ id }) => id);
    const all = await ids({ state: "failed" });
    deepStrictEqual([...all].sort(), ["bad-a", "bad-b", "bad-c", "bad-d", "bad-e"]);
    const paged: string[] = [];
    for (let after: string | undefined;; after = paged.at(-1)) {
      const page = await ids({ state: "failed", limit: 2, after });
      paged.push(...page);
      if (page.length < 2) break;
    }
    deepStrictEqual(paged, all);
    deepStrictEqual(await ids({ state: "done" }), ["good"]);
    deepStrictEqual(await ids({ state: "delayed" }), ["later"]);
    deepStrictEqual(await ids({ state: "cancelled" }), []);
    const every = await ids();
    deepStrictEqual(await ids({ after: every[3] }), every.slice(4));
    deepStrictEqual(await ids({ after: every[3], limit: 1 }), every.slice(4, 5));
  }),
  given("a listing after a missing job is NotFound", async ({ queue }) => {
    await queue.add([job("a"), job("b")]);
    const wrong = [{ after: "nobody" }, { after: "meta" }, {
      after: "a",
      state: "failed",
    }] as const;
    for (const options of wrong) await refused(() => queue.list(options), "NotFound");
  }),
  given("retry() gives a failed job all its attempts again", async ({ queue, again }) => {
    await queue.add(job("bad", { attempts: 2, backoffMs: 1 }));
    let isFixed = false;
    const { onEvent, until, untilFailed, events } = createListener();
    const first = await queue.work(() => {
      if (!isFixed) throw new Error("the disk is full");
    }, { onEvent });
    await untilFailed();
    await first.close();
    strictEqual(await (await again()).retry("bad"), true);
    const { state, attemptsMade, endedAt, reason } = (await queue.get("bad"))!;
    deepStrictEqual([state, attemptsMade, endedAt, reason], ["waiting", 0, undefined, undefined]);
    isFixed = true;
    await queue.work(() => "well", { onEvent });
    await until("done", "bad");
    strictEqual((await queue.get("bad"))?.result, "well");
    strictEqual(events.filter(({ event }) => event === "started").length, 3);
  }),
  given("retry() restarts a cancelled job", async ({ queue }) => {
    await queue.add([job("waiting"), job("running", { priority: 1 })]);
    await queue.cancel("waiting");
    strictEqual(await queue.retry("waiting"), true);
    strictEqual((await queue.get("waiting"))?.state, "waiting");
    const { onEvent, until } = createListener();
    let stays = true;
    await queue.work(async ({ id }, { signal }) => {
      if (id === "running" && stays) await aborted(signal);
      return id;
    }, { onEvent });
    await until("done", "waiting");
    await until("started", "running");
    await queue.cancel("running");
    await until("cancelled", "running");
    stays = false;
    strictEqual(await queue.retry("running"), true);
    await until("done", "running");
    strictEqual((await queue.get("running"))?.result, "running");
  }),
  given("retry() changes no other job", async ({ queue }) => {
    await queue.add([job("done"), job("late", { delayMs: 600_000 })]);
    const { onEvent, until } = createListener();
    await queue.work(() => 7, { onEvent });
    await until("done");
    strictEqual(await queue.retry("done"), false);
    strictEqual(await queue.retry("late"), false);
    strictEqual(await queue.retry("nobody"), false);
    deepStrictEqual((await queue.list()).map(({ state }) => state).sort(), ["delayed", "done"]);
  }),
  given("watch() yields changes until the end, and can be resumed", async ({ queue, again }) => {
    await queue.add(job("long"));
    const may = Promise.withResolvers<void>();
    const states: string[] = [];
    const watched = (await again()).watch("long")[Symbol.asyncIterator]();
    const first = (await watched.next()).value!;
    deepStrictEqual([first.job.id, first.job.state], ["long", "waiting"]);
    await queue.work(() => may.promise);
    const second = (await watched.next()).value!;
    strictEqual(second.job.state, "running");
    await watched.return?.();
    const ended = (async () => {
      for await (const event of queue.watch("long", { after: second.id })) {
        states.push(event.job.state);
      }
    })();
    may.resolve();
    await ended;
    deepStrictEqual(states, ["done"], "earlier events are not repeated");
    let last = "";
    for await (const { id } of queue.watch("long")) last = id;
    for await (const _event of queue.watch("long", { after: last })) ok(false, "nothing is new");
  }),
  given(
    "watch() of an unknown job ends at once, an aborted one with its reason",
    async ({ queue }) => {
      for await (const _event of queue.watch("nobody")) ok(false, "it is unknown");
      await queue.add(job("a"));
      const stop = new AbortController();
      const reason = new Error("enough");
      await rejects(async () => {
        for await (const _event of queue.watch("a", { signal: stop.signal })) stop.abort(reason);
      }, reason);
    },
  ),
];
