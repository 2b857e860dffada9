import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { createProgress, progressLine } from "../../../../apps/cli/terminal/progress.ts";
import { createScriptedSystem } from "../../../support/scripted_system.ts";
import { captureIo } from "../../captured_io.ts";

const MIB = 1024 ** 2;

Deno.test("progress says what, how much, how fast and how long still", () => {
  const speed = { bytes: 10 * MIB, share: 10 / 120 };
  const amounts = { bytes: 30 * MIB, totalBytes: 120 * MIB };
  assertEquals(
    progressLine("save a", amounts, speed),
    "save a  █████░░░░░░░░░░░░░░░   25%  30.0 MiB of 120 MiB  10.0 MiB/s  9s left",
  );
  assertEquals(progressLine("save a", { bytes: 30 * MIB }, speed), "save a  30.0 MiB  10.0 MiB/s");
  const things = { done: 3, total: 12, what: "versions" };
  assertEquals(
    progressLine("verify", { bytes: 30 * MIB, things }, { ...speed, share: 0.25 }),
    "verify  █████░░░░░░░░░░░░░░░   25%  3 of 12 versions  30.0 MiB  10.0 MiB/s  3s left",
  );
});

Deno.test("progress drops the bar, then the rate, then the time, before it breaks a word", () => {
  const line = (columns: number) => {
    const amounts = { bytes: 30 * MIB, totalBytes: 120 * MIB };
    return progressLine("save data:raw", amounts, { bytes: 10 * MIB, share: 10 / 120 }, columns);
  };
  assertEquals(line(70), "save data:raw   25%  30.0 MiB of 120 MiB  10.0 MiB/s  9s left");
  assertEquals(line(55), "save data:raw   25%  30.0 MiB of 120 MiB  9s left");
  assertEquals(line(45), "save data:raw   25%  30.0 MiB of 120 MiB");
  assertEquals(line(20), "save data:raw   25%");
  for (let columns = 8; columns < 100; columns++) {
    assert(line(columns).length <= columns, String(columns));
  }
});

Deno.test("progress is silent where standard error is no terminal", async () => {
  const system = createScriptedSystem();
  const io = captureIo({ cwd: "/", system });
  const progress = createProgress("save a", io);
  system.advance(10_000);
  progress.update({ bytes: 1, totalBytes: 2 });
  await progress.end();
  assertEquals(io.errors(), "");
});

Deno.test("progress draws nothing for what is over at once, then at most ten times a second, and clears its line", async () => {
  const system = createScriptedSystem();
  const io = captureIo({ cwd: "/", system, terminals: ["stderr"] });
  const progress = createProgress("save a", io);
  for (let bytes = 0; bytes < 1000; bytes++) {
    system.advance(2);
    progress.update({ bytes, totalBytes: 1000 });
  }
  await progress.end();
  const draws = io.errors().split("\r").filter((text) => text.includes("save a"));
  assert(draws.length >= 10 && draws.length <= 20, String(draws.length)); // 1.6 s of the 2 s
  assertMatch(io.errors(), /save a {2}█*░+ +\d+% {2}\d+ B of 1000 B .* left/);
  assert(io.errors().endsWith("\r\x1b[J"));
});

Deno.test("progress says what it waits for while nothing moves", async () => {
  const system = createScriptedSystem();
  const io = captureIo({ cwd: "/", system, terminals: ["stderr"] });
  const progress = createProgress("save a", io);
  progress.update({ bytes: 500, totalBytes: 1000, waits: "waiting for the store" });
  for (let i = 0; i < 10; i++) {
    system.advance(500);
    await new Promise((resolve) => queueMicrotask(() => resolve(undefined)));
  }
  await progress.end();
  assertStringIncludes(io.errors(), "500 B of 1000 B  waiting for the store");
});

Deno.test("progress says no rate where nothing moves, and no time where all is done", () => {
  const still = { bytes: 0, share: 0 };
  const things = { done: 2, what: "things" };
  assertEquals(progressLine("gc", { bytes: 7, things }, still), "gc  2 things  7 B");
  const done = progressLine("save a", { bytes: 8, totalBytes: 8 }, still);
  assertEquals(done, "save a  ████████████████████  100%  8 B of 8 B");
});
