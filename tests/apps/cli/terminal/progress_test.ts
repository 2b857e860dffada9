import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { createProgress, progressLine } from "../../../../apps/cli/terminal/progress.ts";
import { createScriptedSystem } from "../../../support/scripted_system.ts";
import { captureIo } from "../../captured_io.ts";

const MIB = 1024 ** 2;
const SPEED = { bytes: 10 * MIB, things: 0 };

Deno.test("progress shows amounts, the rate and the time left, as far as they are known", () => {
  const things = { done: 3, total: 12, what: "versions" };
  const [bytes, totalBytes] = [30 * MIB, 120 * MIB];
  assertEquals(
    progressLine("save a", { bytes, totalBytes }, SPEED),
    "save a  25%  30.0 MiB of 120 MiB  10.0 MiB/s  9s left",
  );
  assertEquals(progressLine("save a", { bytes }, SPEED), "save a  30.0 MiB  10.0 MiB/s");
  assertEquals(
    progressLine("verify", { bytes, things }, { ...SPEED, things: 3 }),
    "verify  25%  3 of 12 versions  30.0 MiB  10.0 MiB/s  3s left",
  );
  const still = { bytes: 0, things: 0 };
  const objects = { done: 2, what: "objects" };
  assertEquals(progressLine("gc", { bytes: 7, things: objects }, still), "gc  2 objects  7 B");
  const rows = { done: 5, failed: 2, what: "rows" };
  assertEquals(
    progressLine("batch", { bytes: 0, things: rows }, { ...still, things: 4.8 }),
    "batch  5 rows  2 failed  4.8 rows/s",
  );
  const done = progressLine("save a", { bytes: 8, totalBytes: 8 }, still);
  assertEquals(done, "save a  100%  8 B of 8 B");
});

/** Transfers 100 MiB in 20 seconds, and returns what standard error shows. */
async function shown(
  options: { terminal?: boolean; lines?: boolean; quiet?: boolean },
): Promise<string> {
  const system = createScriptedSystem();
  const terminals = options.terminal ? ["stderr" as const] : [];
  const io = captureIo({ cwd: "/", system, terminals });
  const progress = createProgress("save a", io, options);
  for (let mib = 1; mib <= 100; mib++) {
    system.advance(200);
    progress.update({ bytes: mib * MIB, totalBytes: 100 * MIB });
  }
  progress.print("stays");
  await progress.end();
  return io.errors();
}

Deno.test("without a terminal progress prints nothing, or a line every five seconds", async () => {
  assertEquals(await shown({}), "stays\n");
  assertEquals(await shown({ lines: true, quiet: true }), "stays\n");
  const lines = (await shown({ lines: true })).trimEnd().split("\n");
  assertEquals([lines.length, lines.at(-1)], [5, "stays"]);
  assertMatch(lines[0], /^save a {2}25% {2}25\.0 MiB of 100 MiB {2}\d\.\d MiB\/s {2}1\ds left$/);
});

Deno.test("a quiet terminal shows only lines that stay", async () => {
  assertEquals(await shown({ terminal: true, quiet: true }), "stays\n");
});

Deno.test("progress starts late, redraws ten times a second, and clears its line", async () => {
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
  assertMatch(io.errors(), /save a {2}\d+% {2}\d+ B of 1000 B .* left/);
  assert(io.errors().endsWith("\r\x1b[J"));
});

Deno.test("progress names what it waits for while nothing moves", async () => {
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
