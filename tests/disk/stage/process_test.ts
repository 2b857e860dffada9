import { assertEquals } from "@std/assert";
import process from "node:process";
import { isProcessGone, noProcess, thisProcess } from "../../../disk/stage/process.ts";

/** No process has this number: Linux has none above 4194304, and others none so high. */
const NO_PID = 2 ** 30;

Deno.test("a process that is not there is gone, this one is not, and nobody knows of those of another machine", () => {
  const [, machine] = thisProcess().split(".");
  assertEquals(isProcessGone(noProcess()), true);
  assertEquals(isProcessGone(`${NO_PID}.${machine}`), true);
  assertEquals(isProcessGone(thisProcess()), false);
  assertEquals(isProcessGone(`${NO_PID}.00000000`), false);
});

Deno.test({
  name: "who may not read what tells machines and containers apart takes no process for gone",
  ignore: process.platform !== "linux" || process.versions.deno === undefined, // others have no such permissions
  permissions: { read: true, run: true },
  async fn() {
    const narrow: { thisProcess(): string; isProcessGone(name: string): boolean } = await import(
      `../../../disk/stage/process.ts?narrow`
    );
    const [, machine] = narrow.thisProcess().split(".");
    assertEquals(narrow.isProcessGone(`${NO_PID}.${machine}`), false);
  },
});
