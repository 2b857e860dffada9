// Cases of the suite for queues: what is known of a job while it goes on, and what is done with
// those that failed.
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { realSystem } from "../../../core/system.ts";
import { createListener, job, type QueueCase, refused } from "./queue_case.ts";
import { given } from "../given.ts";

/** What is known of a job while it goes on, and what is done with those that failed. */
export const afterwardsCases: readonly QueueCase[] = [
  given("how far a job is, is known while it runs, and afterwards", async ({ queue, again }) => {
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
  given("progress that no queue can keep is a failure of its job", async ({ queue }) => {
    await queue.add(job("odd"));
    const { onEvent, until } = createListener();
    await queue.work((_job, { onProgress }) => onProgress(1n as never), { onEvent });
    await until("failed");
    ok((await queue.get("odd"))!.reason!.includes("progress"));
  }),
  given(
    "how often a job was tried is known, and when it was added, begun and ended",
    async ({ queue }) => {
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
    },
  ),
  given("jobs that failed are listed by themselves, a page after the other", async ({ queue }) => {
    await queue.add(["a", "b", "c", "d", "e"].map((id) => job(`bad-${id}`)));
    await queue.add([job("good", { priority: 1 }), job("later", { delayMs: 600_000 })]);
    const { onEvent, until } = createListener();
    await queue.work(({ id }) => {
      if (id.startsWith("bad")) throw new Error("bad");
    }, { onEvent });
    await until("done", "good");
    const all = (await queue.list({ state: "failed" })).map(({ id }) => id);
    deepStrictEqual([...all].sort(), ["bad-a", "bad-b", "bad-c", "bad-d", "bad-e"]);
    const paged: string[] = [];
    for (let after: string | undefined;; after = paged.at(-1)) {
      const page = await queue.list({ state: "failed", limit: 2, after });
      paged.push(...page.map(({ id }) => id));
      if (page.length < 2) break;
    }
    deepStrictEqual(paged, all);
    deepStrictEqual((await queue.list({ state: "done" })).map(({ id }) => id), ["good"]);
    deepStrictEqual((await queue.list({ state: "delayed" })).map(({ id }) => id), ["later"]);
    deepStrictEqual(await queue.list({ state: "cancelled" }), []);
    const every = (await queue.list()).map(({ id }) => id);
    deepStrictEqual((await queue.list({ after: every[3] })).map(({ id }) => id), every.slice(4));
    deepStrictEqual(
      (await queue.list({ after: every[3], limit: 1 })).map(({ id }) => id),
      every.slice(4, 5),
    );
  }),
  given("a listing after a job that is not in it is refused", async ({ queue }) => {
    await queue.add([job("a"), job("b")]);
    await refused(() => queue.list({ after: "nobody" }), "NotFound");
    await refused(() => queue.list({ after: "meta" }), "NotFound");
    await refused(() => queue.list({ after: "a", state: "failed" }), "NotFound");
  }),
  given(
    "a job that failed waits again where somebody says so, with all its attempts",
    async ({ queue, again }) => {
      await queue.add(job("bad", { attempts: 2, backoffMs: 1 }));
      let isMended = false;
      const { onEvent, until, heard } = createListener();
      const over = Promise.withResolvers<void>();
      const first = await queue.work(() => {
        if (!isMended) throw new Error("the disk is full");
        return "well";
      }, {
        onEvent(told) {
          onEvent(told);
          if (told.event === "failed" && !told.again) over.resolve();
        },
      });
      await over.promise;
      await first.close();
      strictEqual(await (await again()).retry("bad"), true);
      const { state, attemptsMade, endedAt, reason } = (await queue.get("bad"))!;
      deepStrictEqual({ state, attemptsMade, endedAt, reason }, {
        ...{ state: "waiting", attemptsMade: 0, endedAt: undefined, reason: undefined },
      });
      isMended = true;
      await queue.work(() => "well", { onEvent });
      await until("done", "bad");
      strictEqual((await queue.get("bad"))?.result, "well");
      strictEqual(heard.filter(({ event }) => event === "started").length, 3);
    },
  ),
  given(
    "a job that was cancelled waits again where somebody says so, whether it had begun or not",
    async ({ queue }) => {
      await queue.add([job("waiting"), job("running", { priority: 1 })]);
      await queue.cancel("waiting");
      strictEqual(await queue.retry("waiting"), true);
      strictEqual((await queue.get("waiting"))?.state, "waiting");
      const { onEvent, until } = createListener();
      let stays = true;
      await queue.work(({ id }, { signal }) => {
        if (id !== "running" || !stays) return id;
        return new Promise((_resolve, reject) =>
          signal.addEventListener("abort", () => reject(signal.reason))
        );
      }, { onEvent });
      await until("done", "waiting");
      await until("started", "running");
      await queue.cancel("running");
      await until("cancelled", "running");
      stays = false;
      strictEqual(await queue.retry("running"), true);
      await until("done", "running");
      strictEqual((await queue.get("running"))?.result, "running");
    },
  ),
  given("nothing but what failed or was cancelled waits again", async ({ queue }) => {
    await queue.add([job("done"), job("late", { delayMs: 600_000 })]);
    const { onEvent, until } = createListener();
    await queue.work(() => 7, { onEvent });
    await until("done");
    strictEqual(await queue.retry("done"), false);
    strictEqual(await queue.retry("late"), false);
    strictEqual(await queue.retry("nobody"), false);
    deepStrictEqual((await queue.list()).map(({ state }) => state).sort(), ["delayed", "done"]);
  }),
  given(
    "who watches a job hears of it until it has ended, and goes on where it was interrupted",
    async ({ queue, again }) => {
      await queue.add(job("long"));
      const may = Promise.withResolvers<void>();
      const heard: string[] = [];
      const watched = (await again()).watch("long")[Symbol.asyncIterator]();
      const first = (await watched.next()).value!;
      deepStrictEqual([first.job.id, first.job.state], ["long", "waiting"]);
      await queue.work(() => may.promise);
      const second = (await watched.next()).value!;
      strictEqual(second.job.state, "running");
      await watched.return?.();
      const ended = (async () => {
        for await (const event of queue.watch("long", { after: second.id })) {
          heard.push(event.job.state);
        }
      })();
      may.resolve();
      await ended;
      deepStrictEqual(heard, ["done"], "what was heard before is not heard again");
      let last = "";
      for await (const { id } of queue.watch("long")) last = id;
      for await (const _event of queue.watch("long", { after: last })) {
        ok(false, "there is nothing new");
      }
    },
  ),
  given(
    "watching ends with its signal, and at once for a job that nobody knows",
    async ({ queue }) => {
      for await (const _event of queue.watch("nobody")) ok(false, "nothing is known of it");
      await queue.add(job("a"));
      const over = new AbortController();
      const reason = new Error("enough");
      try {
        for await (const _event of queue.watch("a", { signal: over.signal })) over.abort(reason);
        ok(false, "it did not end");
      } catch (error) {
        strictEqual(error, reason);
      }
    },
  ),
];
