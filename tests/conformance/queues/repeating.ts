// Cases of the suite for queues: rates, and jobs that are added again and again.
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { realSystem } from "../../../core/system.ts";
import { createListener, job, type QueueCase, refused } from "./queue_case.ts";
import { given } from "../given.ts";

const hourly = { group: "g", kind: "look", data: { deep: true } };

/** Rates, and jobs that are added again and again. */
export const repeatingCases: readonly QueueCase[] = [
  given(
    "no more jobs are begun than the rate allows, whichever worker takes them",
    async ({ queue, again }) => {
      const ids = ["a", "b", "c", "d", "e"];
      const begun: number[] = [];
      const { onEvent, until } = createListener();
      const options = { concurrency: 5, rateLimit: { max: 2, perMs: 300 }, onEvent };
      const note = () => void begun.push(realSystem.monotonic());
      await queue.work(note, options);
      await (await again()).work(note, options);
      await queue.add(ids.map((id) => job(id)));
      for (const id of ids) await until("done", id);
      begun.sort((a, b) => a - b);
      const lasted = begun[4] - begun[0];
      ok(lasted > 300, `five of two in 300 ms were begun in ${lasted} ms`);
    },
  ),
  given("a rate that is none is refused", async ({ queue }) => {
    for (
      const rateLimit of [{ max: 0, perMs: 10 }, { max: 1.5, perMs: 10 }, { max: 1, perMs: 0 }]
    ) {
      await refused(() => queue.work(() => {}, { rateLimit }), "Invalid");
    }
  }),
  given(
    "what is scheduled is done again and again, until it is not any more",
    async ({ queue, again }) => {
      await queue.schedule({ id: "looks", everyMs: 200, job: hourly });
      const [schedule] = await queue.schedules();
      const { id, group, kind, everyMs, cron } = schedule;
      deepStrictEqual({ id, group, kind, everyMs, cron }, {
        ...{ id: "looks", group: "g", kind: "look", everyMs: 200, cron: undefined },
      });
      ok(schedule.nextAt instanceof Date && schedule.nextAt.getTime() > 0);
      const taken: { id: string; data: unknown }[] = [];
      const three = Promise.withResolvers<void>();
      const worker = await (await again()).work(({ id, data }) => {
        if (taken.push({ id, data }) === 3) three.resolve();
      });
      await three.promise;
      strictEqual(await queue.unschedule("looks"), true);
      strictEqual(await queue.unschedule("looks"), false);
      await worker.close();
      strictEqual(new Set(taken.map(({ id }) => id)).size, taken.length);
      ok(taken.every(({ id }) => id.startsWith("repeat:looks:")));
      deepStrictEqual(taken[0].data, { deep: true });
      deepStrictEqual(await queue.schedules(), []);
      deepStrictEqual(await queue.list({ state: "delayed" }), []);
    },
  ),
  given(
    "a schedule of times of the day is that of its time zone, and another of its id takes its place",
    async ({ queue }) => {
      await queue.schedule({ id: "nightly", cron: "0 0 1 1 *", job: hourly });
      await queue.schedule({
        id: "nightly",
        cron: "30 0 1 1 *",
        timeZone: "Asia/Kolkata",
        job: hourly,
      });
      const schedules = await queue.schedules();
      deepStrictEqual(schedules.map(({ id, cron, timeZone }) => [id, cron, timeZone]), [
        ["nightly", "30 0 1 1 *", "Asia/Kolkata"],
      ]);
      strictEqual(schedules[0].nextAt.toISOString().slice(4), "-12-31T19:00:00.000Z");
      deepStrictEqual((await queue.list()).map(({ state }) => state), ["delayed"]);
    },
  ),
  given("a job of a schedule that is cancelled ends only itself", async ({ queue }) => {
    await queue.schedule({ id: "often", everyMs: 50, job: hourly });
    const [{ id: first }] = await queue.list();
    await queue.cancel(first, { reason: "not this one" });
    const { onEvent, until } = createListener();
    const ran: string[] = [];
    await queue.work(({ id }) => void ran.push(id), { onEvent });
    await until("done");
    await queue.unschedule("often");
    ok(!ran.includes(first));
    strictEqual((await queue.get(first))?.state, "cancelled");
  }),
  given("what is no schedule is refused", async ({ queue }) => {
    const wrong = [
      ...[{ cron: "61 * * * *" }, { cron: "* *" }, { cron: "@daily" }, {
        cron: "0 3 * * *",
        timeZone: "Nowhere",
      }],
      ...[{}, { cron: "0 3 * * *", everyMs: 5 }, { everyMs: 0 }, { everyMs: 0.5 }, {
        cron: "0 0 30 2 *",
      }],
    ];
    for (const times of wrong) {
      await refused(() => queue.schedule({ id: "a", ...times, job: hourly }), "Invalid");
    }
    await refused(() => queue.schedule({ id: "a:b", everyMs: 5, job: hourly }), "Invalid");
    await refused(
      () => queue.schedule({ id: "a", everyMs: 5, job: { ...hourly, data: 1n as never } }),
      "Invalid",
    );
    deepStrictEqual([await queue.schedules(), await queue.list()], [[], []]);
    strictEqual(await queue.unschedule("a"), false);
  }),
];
