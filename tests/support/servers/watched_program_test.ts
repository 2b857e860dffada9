import { assertEquals, assertRejects } from "@std/assert";
import { testInRoot } from "../temp_root.ts";
import { spawnWatched, untilReady } from "./watched_program.ts";

testInRoot("a program that does not get ready is ended, and may be ended again", async (root) => {
  const logFile = root.join("log");
  const command = ["sh", "-c", "echo no; exec sleep 1000"];
  const program = spawnWatched(command, { root: root.path, logFile });
  const never = () => Promise.resolve(false);
  const ready = untilReady(program, never, { name: "it", logFile, withinMs: 0 });
  await assertRejects(() => ready, Error, "Cannot start it: it did not get ready");
  assertEquals(await program.ended, "SIGKILL");
  await program.end();
});
