// Finding the processes of a command by the ids that were given since it started.
import { assert, assertEquals } from "@std/assert";
import { readdirSync } from "node:fs";
import { realSystem } from "../../../core/system.ts";
import { lastPid, listPids, listPidsBetween } from "../../../operators/process/proc.ts";
import { ProcessTree } from "../../../operators/process/process_tree.ts";

const ignore = Deno.build.os !== "linux";

Deno.test({ name: "new ids are those of processes, without threads", ignore }, async () => {
  const before = lastPid()!;
  await using child = new Deno.Command("sleep", { args: ["60"] }).spawn();
  try {
    const last = lastPid()!;
    if (before < last) { // else the ids have begun again
      assert(before < child.pid && child.pid <= last);
      assert(listPidsBetween(before + 1, last).includes(child.pid));
    }
    const threads = readdirSync("/proc/self/task").map(Number).filter((id) => id !== Deno.pid);
    assert(threads.length > 0);
    for (const id of threads) assertEquals(listPidsBetween(id, id), []);
    assertEquals(listPidsBetween(Deno.pid, Deno.pid), [Deno.pid]);
  } finally {
    child.kill("SIGKILL");
  }
});

Deno.test({ name: "all processes are read when ids have begun again", ignore }, async () => {
  const script = "sleep 60 & wait";
  await using child = new Deno.Command("setsid", { args: ["sh", "-c", script] }).spawn();
  const most = Math.max(...listPids()!) + 1_000_000;
  for (const after of [undefined, most, child.pid - 1]) {
    const tree = new ProcessTree({ root: child.pid, mark: "none", after, system: realSystem });
    let found = tree.scan()!;
    while (found.length < 2) found = tree.scan()!;
    assertEquals(found.length, 2, `${after}`);
    if (after === child.pid - 1) await tree.end(1000);
  }
  assertEquals((await child.status).success, false);
});
