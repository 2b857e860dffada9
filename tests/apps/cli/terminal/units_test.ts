import { assertEquals, assertThrows } from "@std/assert";
import {
  formatBytes,
  formatSeconds,
  formatTimes,
  parseCount,
  parseDuration,
} from "../../../../apps/cli/terminal/units.ts";
import { RegistryError } from "../../../../core/errors.ts";

Deno.test("sizes are three digits and a binary unit", () => {
  const cases: [number, string][] = [
    [0, "0 B"],
    [1023, "1023 B"],
    [1024, "1.0 KiB"],
    [1536, "1.5 KiB"],
    [102_400, "100 KiB"],
    [1024 ** 2 - 1, "1.0 MiB"],
    [5 * 1024 ** 3, "5.0 GiB"],
    [2 ** 60, "1024 PiB"],
  ];
  for (const [bytes, text] of cases) assertEquals(formatBytes(bytes), text);
});

Deno.test("seconds are printed in their two largest units", () => {
  assertEquals([0.4, 59.4, 200, 7500].map(formatSeconds), ["0s", "59s", "3m20s", "2h05m"]);
});

Deno.test("times of the same minute have seconds", () => {
  const times = ["12:05:09", "12:05:01", "12:04:59"].map((time) => new Date(`2026-03-01T${time}`));
  assertEquals(formatTimes(times), [
    "2026-03-01 12:05:09",
    "2026-03-01 12:05:01",
    "2026-03-01 12:04",
  ]);
});

Deno.test("durations need a number and a unit", () => {
  assertEquals(["90s", "15m", "1.5h", "30d", "2w"].map(parseDuration), [
    90e3,
    900e3,
    5400e3,
    2592e6,
    1209.6e6,
  ]);
  for (const text of ["", "30", "d", "-1d", "30 days", "1e3s"]) {
    assertThrows(() => parseDuration(text), RegistryError, "as a duration");
  }
});

Deno.test("counts are whole numbers from 0", () => {
  assertEquals(parseCount("12"), 12);
  for (const text of ["", "-1", "1.5", "x", "9".repeat(20)]) {
    assertThrows(() => parseCount(text), RegistryError);
  }
});
