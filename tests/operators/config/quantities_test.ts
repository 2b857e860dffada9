import { assertEquals } from "@std/assert";
import { parseCores, parseSize, parseTime } from "../../../operators/config/quantities.ts";

Deno.test("sizes are bytes, by thousands or by 1,024, and whole numbers that are exact", () => {
  assertEquals(["1", "1k", "2K", "3M", "4G", "5T"].map(parseSize), [1, 1e3, 2e3, 3e6, 4e9, 5e12]);
  assertEquals(["2Ki", "512Mi", "4 Gi", "1Ti"].map(parseSize), [
    2 ** 11,
    2 ** 29,
    2 ** 32,
    2 ** 40,
  ]);
  assertEquals(parseSize("1.5Ki"), 1536);
  for (const wrong of ["", "4GB", "ki", "4ki", "-1", "1e3", "9007199254740993", "9000Ti"]) {
    assertEquals(parseSize(wrong), undefined, wrong);
  }
});

Deno.test("cores are whole or parts, or thousandths", () => {
  assertEquals(["2", "0.5", "500m"].map(parseCores), [2, 0.5, 0.5]);
  assertEquals(["", "-1", "2x", "1000001"].map(parseCores), Array(4).fill(undefined));
});

Deno.test("times are milliseconds, at most what a timer can wait", () => {
  assertEquals(["90", "250ms", "90s", "30m", "2h", "1d"].map(parseTime), [
    9e4,
    250,
    9e4,
    1.8e6,
    7.2e6,
    8.64e7,
  ]);
  assertEquals([2 ** 31 - 1, 2 ** 31].map((ms) => parseTime(`${ms}ms`)), [2 ** 31 - 1, undefined]);
  assertEquals(["", "-1s", "1w"].map(parseTime), Array(3).fill(undefined));
});
