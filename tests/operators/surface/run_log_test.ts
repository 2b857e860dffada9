import { assertEquals, assertThrows } from "@std/assert";
import { RunLog } from "../../../operators/surface/run_log.ts";
import { realSystem } from "../../../mod.ts";

Deno.test("a line that does not reach the log file fails the next line, or the end", async () => {
  const config = { level: "info", file: "/dev/full" } as const;
  const event = { type: "log", step: "a", level: "info", line: "text" } as const;
  const open = () => new RunLog(config, { folder: "/", system: realSystem });
  const later = open();
  assertEquals(later.accept(event), true);
  await Promise.resolve();
  assertThrows(() => later.accept(event), Error, "ENOSPC");
  later.close();
  const last = open();
  last.accept(event);
  await Promise.resolve();
  assertThrows(() => last.close(), Error, "ENOSPC");
});
