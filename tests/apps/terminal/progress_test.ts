import { assertEquals, assertMatch } from "@std/assert";
import { createProgress, progressLine } from "../../../apps/terminal/progress.ts";
import { createScriptedSystem } from "../../support/scripted_system.ts";
import { captureIo } from "../captured_io.ts";

const MIB = 1024 ** 2;

Deno.test("progress says what, how much, how fast and how long still", () => {
  assertEquals(
    progressLine("save a", 30 * MIB, 120 * MIB, 10 * MIB),
    "save a   25%  30.0 MiB of 120 MiB  10.0 MiB/s  9s left",
  );
  assertEquals(progressLine("save a", 30 * MIB, undefined, 10 * MIB), "save a  30.0 MiB  10.0 MiB/s");
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
  progress.update({ bytes: 1, totalBytes: 1000 });
  for (let bytes = 0; bytes < 1000; bytes++) {
    system.advance(2);
    progress.update({ bytes, totalBytes: 1000 });
  }
  await progress.end();
  const draws = io.errors().split("\r").slice(1);
  assertEquals(draws.length, 17 + 1); // 1.6 s of the 2 s, and the clearing
  assertMatch(draws[0], /^save a {3}19% {2}199 B of 1000 B .* left/);
  assertEquals(draws.at(-1), "\x1b[K");
});

Deno.test("progress never gets wider than the terminal", async () => {
  const system = createScriptedSystem();
  const io = captureIo({ cwd: "/", system, terminals: ["stderr"], columns: 20 });
  const progress = createProgress("save something:with:a:long:name", io);
  system.advance(1_000);
  progress.update({ bytes: 5 });
  await progress.end();
  assertEquals(io.errors().split("\r")[1], "save something:with\x1b[K");
});
