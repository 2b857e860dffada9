import { assertEquals } from "@std/assert";
import { nextCronTime } from "../../../../extensions/queues/checks/cron.ts";
import { openQueue } from "../../../../extensions/queues/mod.ts";
import { withoutHanging } from "../../../support/without_hanging.ts";
import { setBullmqClock } from "./bullmq_clock.ts";
import { programTest } from "../../../support/servers/programs/program_tests.ts";

const BOTH = ["redis", "postgres"] as const;
const NOTHING = { group: "g", kind: "k", data: null };

const CHANGES: [cron: string, timeZone: string, before: string][] = [
  ["0 0 * * *", "Africa/Cairo", "2024-04-25T12:00Z"],
  ["0 0 * * *", "America/Havana", "2024-03-09T12:00Z"],
  ["0 0 * * *", "America/Santiago", "2024-09-07T12:00Z"],
  ["0 0 31 * *", "Atlantic/Azores", "2024-03-01T00:00Z"],
  ["0 0 * * *", "Asia/Beirut", "2024-03-30T12:00Z"],
  ["0 2 * * *", "Australia/Lord_Howe", "2024-04-06T00:00Z"],
  ["0 2 * * *", "Australia/Lord_Howe", "2024-10-05T00:00Z"],
  ["30 23 * * *", "America/Nuuk", "2024-03-30T12:00Z"],
  ["15,45 2 * * *", "Europe/Berlin", "2024-10-26T12:00Z"],
];

programTest("schedules on servers go on when clocks change", BOTH, async ({ shared }) => {
  await using queue = await openQueue(`${(await shared()).url}?queue=clocks`);
  let now = 0;
  const restore = setBullmqClock(() => now);
  using _ = { [Symbol.dispose]: restore };
  for (const [cron, timeZone, before] of CHANGES) {
    const expected: number[] = [];
    for (let ms = Date.parse(before); expected.length < 4;) {
      expected.push(ms = nextCronTime("s", { cron, timeZone }, ms));
    }
    now = Date.parse(before);
    await queue.schedule({ id: "s", cron, timeZone, job: NOTHING });
    now = (await queue.schedules())[0].nextAt.getTime();
    const taken: number[] = [];
    const all = Promise.withResolvers<void>();
    const worker = await queue.work(async ({ id }) => {
      const [next] = await queue.schedules();
      if (taken.push(Number(id.split(":")[2])) === 4 || next === undefined) all.resolve();
      else now = next.nextAt.getTime();
    });
    await withoutHanging(`${cron} in ${timeZone}`, all.promise);
    await queue.unschedule("s");
    await worker.close();
    assertEquals(taken.slice(0, 4), expected, `${cron} in ${timeZone}`);
  }
});

programTest("replicas add the same schedule at once", BOTH, async ({ shared }) => {
  const { url } = await shared();
  const queues = await Promise.all(["a", "b", "c", "d"].map(() => openQueue(`${url}?queue=many`)));
  for (let round = 0; round < 20; round++) {
    for (const times of [{ cron: "0 3 * * *" }, { everyMs: 600_000 }]) {
      const id = `s${round}-${times.cron === undefined}`;
      await Promise.all(queues.map((queue) => queue.schedule({ id, ...times, job: NOTHING })));
      const jobs = (await queues[0].list()).filter((job) => job.id.startsWith(`repeat:${id}:`));
      assertEquals(jobs.length, 1, `${id} has one next job`);
      const removed = await Promise.all(queues.map((queue) => queue.unschedule(id)));
      assertEquals(removed.filter((was) => was), [true]);
      const left = await queues[0].list();
      assertEquals(left.filter(({ state }) => state !== "cancelled"), []);
    }
  }
  for (const queue of queues) await queue.close();
});
