import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { watchProcess } from "./watch_process.ts";

function start(script: string) {
  const pipes = { stdin: "piped", stdout: "piped", stderr: "piped" } as const;
  return watchProcess(new Deno.Command("sh", { args: ["-c", script], ...pipes }).spawn());
}

Deno.test("a program is heard while it runs, told what to do, and stopped", async () => {
  const program = start("echo one; echo two; read -r line; echo $line; exec tail -f /dev/null");
  assertEquals((await program.lines(2)).slice(0, 2), ["one", "two"]);
  await program.say("three");
  assertEquals(await program.lines(3), ["one", "two", "three"]);
  const { signal, stdout } = await program.stop("SIGKILL");
  assertEquals([signal, stdout], ["SIGKILL", "one\ntwo\nthree\n"]);
});

Deno.test("who waits for a program that ended hears so at once, with what it said", async () => {
  const program = start("echo begun; echo broken >&2; exit 3");
  const error = await assertRejects(() => program.until(() => false), Error);
  assertMatch(
    error.message,
    /^Cannot go on: the program ended by itself with code 3\nbegun\nbroken\n$/,
  );
  await assertRejects(() => program.lines(2), Error, "ended by itself");
  await assertRejects(() => program.stop("SIGKILL"), Error, "ended by itself");
});

Deno.test("a program that writes much is not held up by a test that does something else", async () => {
  const program = start(
    "i=0; while [ $i -lt 3000 ]; do echo 0123456789012345678901234567890123456789; i=$((i+1)); done",
  );
  assertEquals((await program.ended).stdout.length, 3_000 * 41);
});
