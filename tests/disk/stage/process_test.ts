import { assertEquals } from "@std/assert";
import process from "node:process";
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
