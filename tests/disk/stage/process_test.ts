import { assertEquals } from "@std/assert";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import process from "node:process";
import { nextTurn } from "../../../core/work/next_turn.ts";
import { isProcessGone, noProcess, thisProcess } from "../../../disk/stage/process.ts";

/** Above the largest process number. */
const NO_PID = 2 ** 30;

Deno.test("a process that ended is gone; this one and those of other machines are not", () => {
  const [, machine] = thisProcess().split(".");
  assertEquals(isProcessGone(noProcess()), true);
  assertEquals(isProcessGone(`${NO_PID}.${machine}`), true);
  assertEquals(isProcessGone(thisProcess()), false);
  assertEquals(isProcessGone(`${NO_PID}.00000000`), undefined);
});

Deno.test({
  name: "a process whose parent does not wait for it is gone, as in a container without init",
  ignore: process.platform !== "linux",
  async fn() {
    const parent = spawn("sh", ["-c", "sleep 100 & echo $!; exec sleep 100"]);
    const ended = once(parent, "close");
    try {
      const [line] = await once(parent.stdout, "data");
      const pid = Number(String(line));
      const stat = (pid: number) => readFileSync(`/proc/${pid}/stat`, "utf8");
      while (!stat(parent.pid!).includes("(sleep)")) await nextTurn(); // sh would wait for it
      process.kill(pid, "SIGKILL");
      while (!stat(pid).includes(") Z ")) await nextTurn();
      const [, machine] = thisProcess().split(".");
      assertEquals(isProcessGone(`${pid}.${machine}`), true);
      assertEquals(isProcessGone(`${parent.pid}.${machine}`), false);
    } finally {
      parent.kill("SIGKILL");
      await ended;
    }
  },
});

Deno.test({
  name: "without permission to identify the machine no process is gone",
  ignore: process.platform !== "linux" || process.versions.deno === undefined,
  permissions: { read: true, run: true },
  async fn() {
    const narrow: { thisProcess(): string; isProcessGone(name: string): boolean | undefined } =
      await import(
        `../../../disk/stage/process.ts?narrow`
      );
    const [, machine] = narrow.thisProcess().split(".");
    assertEquals(narrow.isProcessGone(`${NO_PID}.${machine}`), undefined);
  },
});
