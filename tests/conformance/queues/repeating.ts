// Cases of the suite for queues: rates and schedules.
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { realSystem } from "../../../core/system.ts";
import { createListener, job, type QueueCase, refused } from "./queue_case.ts";
import { given } from "../given.ts";

const hourly = { group: "g", kind: "look", data: { deep: true } };

export const repeatingCases: readonly QueueCase[] = [
  given("workers share a rate limit", async ({ queue, again }) => {
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
    ok(lasted > 300, `five of two in 300 ms started in ${lasted} ms`);
  }),
  given("an invalid rate limit is refused", async ({ queue }) => {
    const rates = [{ max: 0, perMs: 10 }, { max: 1.5, perMs: 10 }, { max: 1, perMs: 0 }];
    for (const rateLimit of [...rates, { max: 1 } as never]) {
      await refused(() => queue.work(() => {}, { rateLimit }), "Invalid");
    }
  }),
  given("a schedule adds jobs until it is removed", async ({ queue, again }) => {
    await queue.schedule({ id: "looks", everyMs: 200, job: hourly });
    const [{ nextAt, id, group, kind, everyMs, cron }] = await queue.schedules();
    deepStrictEqual([id, group, kind, everyMs, cron], ["looks", "g", "look", 200, undefined]);
    ok(nextAt instanceof Date && nextAt.getTime() > 0);
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
  }),
  given("a job that is due does not outlive its schedule", async ({ queue }) => {
    for (const priority of [0, 5]) {
      await queue.schedule({ id: "due", everyMs: 3_600_000, job: { ...hourly, priority } });
      await queue.unschedule("due");
    }
    await queue.add(job("other", { priority: 9 }));
    const { onEvent, until } = createListener();
    const ran: string[] = [];
    await queue.work(({ id }) => void ran.push(id), { onEvent });
    await until("done", "other");
    deepStrictEqual(ran, ["other"]);
  }),
  given("a schedule that is set again keeps its times", async ({ queue }) => {
    const { onEvent, until } = createListener();
    const ran: string[] = [];
    await queue.work(({ id }) => void ran.push(id), { onEvent });
    const schedule = { id: "hourly", everyMs: 3_600_000, job: hourly };
    await queue.schedule(schedule);
    await queue.add(job("before", { priority: 9 }));
    await until("done", "before");
    const [{ nextAt }] = await queue.schedules();
    await queue.schedule(schedule);
    deepStrictEqual((await queue.schedules())[0].nextAt, nextAt);
    await queue.add(job("other", { priority: 9 }));
    await until("done", "other");
    deepStrictEqual(ran.filter((id) => id.startsWith("repeat:")).length, 1);
  }),
  given("cron is in a time zone, and a schedule replaces one of its id", async ({ queue }) => {
    await queue.schedule({ id: "nightly", cron: "0 0 1 1 *", job: hourly });
    const times = { cron: "30 0 1 1 *", timeZone: "Asia/Kolkata" };
    await queue.schedule({ id: "nightly", ...times, job: hourly });
    const [{ id, cron, timeZone, nextAt }, ...others] = await queue.schedules();
    deepStrictEqual([id, { cron, timeZone }, others], ["nightly", times, []]);
    strictEqual(nextAt.toISOString().slice(4), "-12-31T19:00:00.000Z");
    deepStrictEqual((await queue.list()).map(({ state }) => state), ["delayed"]);
  }),
  given("a cancelled job does not end its schedule", async ({ queue }) => {
    await queue.schedule({ id: "often", everyMs: 50, job: hourly });
    const [{ id: first }] = await queue.list();
    await queue.cancel(first, { reason: "not this one" });
    const { onEvent, until } = createListener();
    const ran: string[] = [];
    const five = Promise.withResolvers<void>();
    await queue.work(({ id }) => void (ran.push(id) === 5 && five.resolve()), { onEvent });
    await until("done");
    await five.promise;
    await queue.unschedule("often");
    ok(!ran.includes(first));
    const cancelled = await queue.list({ state: "cancelled" });
    deepStrictEqual(cancelled.map(({ id }) => id).filter((id) => id <= ran[4]), [first]);
  }),
  given("an invalid schedule is refused", async ({ queue }) => {
    const crons = ["61 * * * *", "* *", "@daily", "0 0 30 2 *"].map((cron) => ({ cron }));
    const zone = { cron: "0 3 * * *", timeZone: "Nowhere" };
    const others = [{}, { cron: "0 3 * * *", everyMs: 5 }, { everyMs: 0 }, { everyMs: 0.5 }];
    for (const times of [...crons, zone, ...others]) {
      await refused(() => queue.schedule({ id: "a", ...times, job: hourly }), "Invalid");
    }
    await refused(() => queue.schedule({ id: "a:b", everyMs: 5, job: hourly }), "Invalid");
    const wrong = { ...hourly, data: 1n as never };
    await refused(() => queue.schedule({ id: "a", everyMs: 5, job: wrong }), "Invalid");
    deepStrictEqual([await queue.schedules(), await queue.list()], [[], []]);
    strictEqual(await queue.unschedule("a"), false);
  }),
];
