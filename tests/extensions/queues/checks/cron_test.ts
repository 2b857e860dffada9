import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { nextCronTime } from "../../../../extensions/queues/checks/cron.ts";
import { refused } from "../../../support/refused.ts";
import { slowTest } from "../../../support/seeds.ts";

const HOUR_MS = 3_600_000;
const iso = (ms: number) => new Date(ms).toISOString().replace(".000Z", "Z");

/** The times of a schedule after one, until another. */
function timesOf(cron: string, timeZone: string, afterMs: number, untilMs: number): string[] {
  const times: string[] = [];
  for (let ms = afterMs;;) {
    const next = nextCronTime("s", { cron, timeZone }, ms);
    assert(next > ms, `${cron} in ${timeZone}: ${iso(next)} is not after ${iso(ms)}`);
    if (next > untilMs) return times;
    times.push(iso(ms = next));
  }
}

Deno.test("schedules go on when clocks change", () => {
  const cases: [cron: string, timeZone: string, after: string, times: string[]][] = [
    // Clocks change at midnight.
    ["0 0 * * *", "Africa/Cairo", "2026-04-23T12:00Z", ["2026-04-23T22:00Z", "2026-04-24T21:00Z"]],
    ["0 0,12 * * *", "Africa/Cairo", "2026-04-23T12:00Z", [
      ...["2026-04-23T22:00Z", "2026-04-24T09:00Z"],
    ]],
    ["0 */12 * * *", "Africa/Cairo", "2026-04-23T12:00Z", [
      ...["2026-04-23T22:00Z", "2026-04-24T09:00Z"],
    ]],
    ["0 0 * * 5", "Africa/Cairo", "2026-04-23T12:00Z", ["2026-04-23T22:00Z", "2026-04-30T21:00Z"]],
    ["0 0 0 * * *", "Asia/Beirut", "2026-03-28T12:00Z", ["2026-03-28T22:00Z", "2026-03-29T21:00Z"]],
    ["0 0 * * *", "America/Santiago", "2026-09-05T12:00Z", [
      ...["2026-09-06T04:00Z", "2026-09-07T03:00Z"],
    ]],
    // The gap ends at midnight.
    ["30 23 * * *", "America/Nuuk", "2026-03-28T12:00Z", [
      "2026-03-29T01:00Z",
      "2026-03-30T00:30Z",
    ]],
    ["30 23 28 3 *", "America/Nuuk", "2026-03-01T00:00Z", ["2026-03-29T01:00Z"]],
    // The end of a month.
    ["0 0 31 * *", "Atlantic/Azores", "2024-03-01T00:00Z", [
      ...["2024-03-31T01:00Z", "2024-05-31T00:00Z"],
    ]],
    // Half an hour.
    ["0 2 * * *", "Australia/Lord_Howe", "2026-10-03T00:00Z", [
      ...["2026-10-03T15:30Z", "2026-10-04T15:00Z"],
    ]],
    ["45 1 * * *", "Australia/Lord_Howe", "2026-04-04T00:00Z", [
      ...["2026-04-04T14:45Z", "2026-04-05T15:15Z"],
    ]],
    // A day is skipped.
    ["0 12 * * *", "Pacific/Apia", "2011-12-29T00:00Z", [
      ...["2011-12-29T22:00Z", "2011-12-30T10:00Z"],
    ]],
    // Seven hours are repeated, or the last one of a day.
    ["0 * * * *", "Antarctica/Vostok", "1994-01-31T15:30Z", [
      ...["1994-01-31T16:00Z", "1994-01-31T17:00Z", "1994-01-31T18:00Z"],
    ]],
    ["30 * 24 10 *", "Asia/Beirut", "2026-10-24T20:00Z", [
      "2026-10-24T20:30Z",
      "2026-10-24T21:30Z",
    ]],
    // An hour is skipped, or repeated.
    ["0,30 2 * * *", "Europe/Berlin", "2026-03-28T12:00Z", [
      ...["2026-03-29T01:00Z", "2026-03-30T00:00Z"],
    ]],
    ["0,30 2 * * *", "Europe/Berlin", "2026-10-24T12:00Z", [
      ...["2026-10-25T00:00Z", "2026-10-25T00:30Z", "2026-10-26T01:00Z"],
    ]],
    ["*/30 * * * *", "Europe/Berlin", "2026-10-25T00:10Z", [
      ...["2026-10-25T00:30Z", "2026-10-25T01:00Z", "2026-10-25T01:30Z", "2026-10-25T02:00Z"],
    ]],
    ["*/30 * * * *", "Europe/Berlin", "2026-03-29T00:10Z", [
      ...["2026-03-29T00:30Z", "2026-03-29T01:00Z", "2026-03-29T01:30Z"],
    ]],
  ];
  for (const [cron, timeZone, after, expected] of cases) {
    const times = expected.map((time) => iso(Date.parse(time)));
    const until = Date.parse(expected.at(-1)!);
    assertEquals(timesOf(cron, timeZone, Date.parse(after), until), times, `${cron} ${timeZone}`);
  }
});

/** The changes of clocks in some years, by another implementation. */
function changesOf(timeZone: string, fromYear: number, toYear: number): Temporal.ZonedDateTime[] {
  const changes: Temporal.ZonedDateTime[] = [];
  const from = Temporal.ZonedDateTime.from({ timeZone, year: fromYear, month: 1, day: 1 });
  for (
    let change = from.getTimeZoneTransition("next");
    change !== null && change.year < toYear;
    change = change.getTimeZoneTransition("next")
  ) changes.push(change);
  return changes;
}

/** The time of a reading of clocks: the first one, or the end of the gap. */
function timeOf(reading: Temporal.PlainDateTime, timeZone: string): number {
  const first = reading.toZonedDateTime(timeZone, { disambiguation: "earlier" });
  if (first.toPlainDateTime().equals(reading)) return first.epochMilliseconds;
  const later = reading.toZonedDateTime(timeZone, { disambiguation: "later" });
  const change = later.add({ nanoseconds: 1 }).getTimeZoneTransition("previous");
  return change!.epochMilliseconds;
}

const ZONES = Intl.supportedValuesOf("timeZone");
const timeZone = fc.constantFrom(...ZONES);
const hours = fc.uniqueArray(fc.nat(23), { minLength: 1, maxLength: 4 });
const minutes = fc.uniqueArray(fc.nat(59), { minLength: 1, maxLength: 3 });

/** The expected times of a daily schedule in the three days around a change. */
function expectedTimes(
  schedule: { hours: number[]; minutes: number[] },
  zone: string,
  [after, until]: [number, number],
): string[] {
  const times = new Set<number>();
  const first = Temporal.Instant.fromEpochMilliseconds(after).toZonedDateTimeISO(zone);
  for (let days = -2; days <= 5; days++) {
    const date = first.toPlainDate().add({ days });
    for (const hour of schedule.hours) {
      for (const minute of schedule.minutes) {
        const ms = timeOf(date.toPlainDateTime({ hour, minute }), zone);
        if (ms > after && ms <= until) times.add(ms);
      }
    }
  }
  return [...times].sort((a, b) => a - b).map(iso);
}

const around = (change: Temporal.ZonedDateTime): [number, number] => [
  change.epochMilliseconds - 36 * HOUR_MS,
  change.epochMilliseconds + 36 * HOUR_MS,
];

slowTest("a daily schedule runs once for each of its times, in every zone and year", () => {
  fc.assert(
    fc.property(
      timeZone,
      fc.integer({ min: 1972, max: 2037 }),
      hours,
      minutes,
      (zone, year, h, m) => {
        for (const change of changesOf(zone, year, year + 1)) {
          const period = around(change);
          const expected = expectedTimes({ hours: h, minutes: m }, zone, period);
          assertEquals(timesOf(`${m} ${h} * * *`, zone, ...period), expected, `${change}`);
        }
      },
    ),
    { numRuns: 150 },
  );
});

slowTest("a schedule at the hours of a change runs on that day, in every zone", () => {
  const seen = new Set<string>(); // many zones have the same clocks
  for (const zone of ZONES) {
    for (const change of changesOf(zone, 2025, 2028)) {
      const name = change.toString({ timeZoneName: "never" });
      if (seen.size === seen.add(name).size) continue;
      const period = around(change);
      const before = change.subtract({ seconds: 1 }).hour;
      const at = [...new Set([before, (before + 1) % 24, change.hour])];
      const expected = expectedTimes({ hours: at, minutes: [0, 30] }, zone, period);
      assertEquals(timesOf(`0,30 ${at} * * *`, zone, ...period), expected, `${change}`);
    }
  }
});

/** Ways to write all hours. */
const ALL_HOURS = ["*", "?", "*/1", "0-23", "00-23", "0-23/1", "0-11,12-23", "*/2,1-23/2"];

/** The times after one, until another, at which clocks show some minutes of any hour. */
function shownTimes(
  isAt: (minute: number) => boolean,
  zone: string,
  after: number,
  until: number,
): string[] {
  const times: string[] = [];
  // Clocks of Monrovia were 44 minutes and 30 seconds behind UTC until 1972.
  for (let ms = after - after % 30_000 + 30_000; ms <= until; ms += 30_000) {
    const shown = Temporal.Instant.fromEpochMilliseconds(ms).toZonedDateTimeISO(zone);
    if (isAt(shown.minute) && shown.second === 0) times.push(iso(ms));
  }
  return times;
}

slowTest("an hourly schedule follows the elapsed time, in every zone and year", () => {
  fc.assert(
    fc.property(
      timeZone,
      fc.integer({ min: 1972, max: 2037 }),
      fc.nat(59),
      fc.constantFrom(...ALL_HOURS),
      (zone, year, minute, allHours) => {
        for (const change of changesOf(zone, year, year + 1)) {
          const [after, until] = [-5, 5].map((h) => change.epochMilliseconds + h * HOUR_MS);
          const expected = shownTimes((each) => each === minute, zone, after!, until!);
          const times = timesOf(`${minute} ${allHours} * * *`, zone, after!, until!);
          assertEquals(times, expected, `${change} ${allHours}`);
        }
      },
    ),
    { numRuns: 150 },
  );
});

slowTest("a schedule of every hour skips no real minute at any change of clocks", () => {
  const seen = new Set<string>(); // many zones have the same clocks
  for (const zone of ZONES) {
    for (const change of changesOf(zone, 2026, 2027)) {
      const before = change.subtract({ seconds: 1 }).hour;
      const name = `${before} ${change.toPlainTime()} ${change.hour}`;
      if (seen.size === seen.add(name).size) continue;
      const [after, until] = [-0.2, 1.2].map((h) => change.epochMilliseconds + h * HOUR_MS);
      for (const [cron, every] of [["* *", 1], ["*/5 */1", 5], ["0 */1", 60]] as const) {
        const expected = shownTimes((minute) => minute % every === 0, zone, after!, until!);
        assertEquals(timesOf(`${cron} * * *`, zone, after!, until!), expected, `${cron} ${change}`);
      }
    }
  }
});

Deno.test("a schedule without a next time is Invalid", async () => {
  for (const cron of ["0 0 30 2 *", "61 * * * *", "0 24 * * *", "0 0 * *"]) {
    await refused("Invalid", async () => {
      await nextCronTime("s", { cron, timeZone: "UTC" }, Date.UTC(2026, 0, 1));
    });
  }
});
