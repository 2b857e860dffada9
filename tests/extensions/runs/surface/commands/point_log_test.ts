import { assertEquals, assertRejects } from "@std/assert";
import { Buffer } from "node:buffer";
import { PointLog } from "../../../../../extensions/runs/surface/commands/point_log.ts";
import { createCommandContext } from "../../../../../apps/cli/program/command_context.ts";
import { Interruption } from "../../../../../apps/cli/terminal/exit_code.ts";
import { realSystem } from "../../../../../core/system.ts";
import type { Run } from "../../../../../extensions/runs/mod.ts";
import { testInRoot } from "../../../../support/temp_root.ts";
import { withoutHanging } from "../../../../support/without_hanging.ts";
import { captureIo } from "../../../../apps/captured_io.ts";

testInRoot("a signal at the end of the input keeps what the store does not take", async (root) => {
  const stop = new AbortController();
  const text = '{"kept":{}}\n{"loss":1}\n';
  const kept = [text];
  const run = {
    log() {},
    flush() {
      stop.abort(new Interruption("SIGINT")); // while it waits
      return new Promise<void>(() => {});
    },
    abandon: () => kept.shift() ?? "",
  } as unknown as Run;
  const sleep: typeof realSystem.sleep = (_ms, signal) => realSystem.sleep(0, signal);
  const system = { ...realSystem, sleep };
  const io = captureIo({ cwd: root.path, signal: stop.signal, system });
  await using context = createCommandContext({ io, shared: {}, tokens: [] });
  const open = () => Promise.resolve(run);
  const log = new PointLog(context, { name: "net", id: "7", words: [], open });
  await log.begin();
  await log.take(Buffer.from('{"loss": 1}'));
  await withoutHanging("the end", assertRejects(() => log.end(), Interruption));
  assertEquals(await Deno.readTextFile(root.join("net-7.points.jsonl")), text);
});
