import { assertEquals, assertMatch } from "@std/assert";
import { BatchProgress, type BatchTotals } from "../../../../apps/cli/batch/batch_progress.ts";
import { createScriptedSystem } from "../../../support/scripted_system.ts";
import { captureIo } from "../../captured_io.ts";

const MIB = 1024 ** 2;

/** Shows 100 rows of a MiB, one each 200 ms, of which every tenth fails. */
async function shown(totals: BatchTotals, terminals: ("stderr")[], quiet = false): Promise<string> {
  const system = createScriptedSystem();
  const io = captureIo({ cwd: "/", system, terminals });
  const progress = new BatchProgress("batch save", { io, totals, quiet });
  for (let k = 1; k <= 100; k++) {
    system.advance(200);
    progress.move(MIB);
    progress.row(k % 10 !== 0);
  }
  await progress.end();
  return io.errors();
}

Deno.test("on a terminal a batch draws one line with percent, rows, bytes, rates and time left, and clears it", async () => {
  const draws = (await shown({ rows: 200, bytes: 200 * MIB }, ["stderr"])).split("\r").slice(1);
  assertEquals(draws.at(-1), "\x1b[K");
  assertMatch(
    draws[59],
    /^batch save {3}30% {2}59 of 200 {2}5 failed {2}60.0 MiB {2}5\.\d MiB\/s {2}2\ds left/,
  );
  assertMatch(draws[95], /failed/);
  assertEquals(draws.filter((line) => line.replace("\x1b[K", "").length > 79), []);
});

Deno.test("elsewhere a batch writes a plain line every five seconds", async () => {
  const lines = (await shown({ rows: 100 }, [])).trimEnd().split("\n");
  assertEquals(lines.length, 4);
  assertMatch(
    lines[0],
    /^batch save {3}24% {2}24 of 100 {2}2 failed {2}25.0 MiB {2}5.0 MiB\/s {2}16s left {2}4.8 rows\/s$/,
  );
});

Deno.test("what is not known is not said, and --quiet says nothing", async () => {
  const [line] = (await shown({}, [])).split("\n");
  assertMatch(line, /^batch save {2}24 {2}2 failed {2}25.0 MiB {2}5.0 MiB\/s {2}4.8 rows\/s$/);
  assertEquals(await shown({ rows: 100 }, ["stderr"], true), "");
});
