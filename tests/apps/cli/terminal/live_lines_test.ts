import { assertEquals } from "@std/assert";
import { showLiveLines } from "../../../../apps/cli/terminal/live_lines.ts";
import type { System } from "../../../../core/system.ts";
import { createScriptedSystem } from "../../../support/scripted_system.ts";
import { type CapturedIoOptions, captureIo } from "../../captured_io.ts";

/** A terminal whose time goes on when the test says so. */
function terminal(options: Partial<CapturedIoOptions> = {}) {
  const scripted = createScriptedSystem({ environment: { NO_COLOR: "1" } });
  const system: System = {
    ...scripted,
    sleep: (_ms, signal) =>
      new Promise((_, reject) => signal!.addEventListener("abort", () => reject(signal?.reason))),
  };
  return {
    advance: scripted.advance,
    io: captureIo({ cwd: "/", system, terminals: ["stderr"], ...options }),
  };
}

Deno.test("lines that stay stand above those that are drawn again", async () => {
  const { io, advance } = terminal();
  let now = ["a", "b"];
  const live = showLiveLines(io, () => now);
  live.update();
  live.print("stays");
  advance(100);
  now = ["c"];
  live.update();
  await live.end();
  assertEquals(
    io.errors(),
    "a\nb" + "\x1b[1A\r\x1b[Jstays\na\nb" + "\x1b[1A\r\x1b[Jc" + "\r\x1b[J",
  );
});

Deno.test("lines are drawn at most ten times a second, and cut at the width of the terminal", async () => {
  const { io, advance } = terminal({ columns: 10 });
  let draws = 0;
  const live = showLiveLines(io, () => [`${++draws} of something`]);
  for (let ms = 0; ms < 1_000; ms += 10) {
    live.update();
    advance(10);
  }
  await live.end();
  assertEquals(draws, 10);
  assertEquals(io.errors().split("\r")[0], "1 of som…");
});

Deno.test("control characters of what is shown do not steer the terminal", async () => {
  const { io } = terminal();
  const live = showLiveLines(io, () => ["a\x1b[2Jb\rc"]);
  live.update();
  await live.end();
  assertEquals(io.errors(), "a\\x1b[2Jb\\x0dc\r\x1b[J");
});

Deno.test("without a terminal, or on a dumb one, only permanent lines are printed", async () => {
  for (
    const options of [{ terminals: [] }, {
      system: createScriptedSystem({ environment: { TERM: "dumb" } }),
    }]
  ) {
    const { io } = terminal(options);
    const live = showLiveLines(io, () => ["a"]);
    live.update();
    live.print("stays");
    await live.end();
    assertEquals([io.errors(), live.isLive], ["stays\n", false]);
  }
});

Deno.test("lines that were drawn stay when the run is stopped: something else was written below them", async () => {
  const stop = new AbortController();
  const { io } = terminal({ signal: stop.signal });
  const live = showLiveLines(io, () => ["a", "b"]);
  live.update();
  stop.abort();
  live.print("stays");
  await live.end();
  assertEquals(io.errors(), "a\nb" + "stays\na\nb" + "\x1b[1A\r\x1b[J");
});
