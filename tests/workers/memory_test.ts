import { assert, assertEquals } from "@std/assert";
import { runDeno } from "../support/run_deno.ts";

Deno.test("more entries take no more memory: they stream through", async () => {
  const COUNT = 48_000;
  const { code, stdout, stderr } = await runDeno(
    "tests/workers/memory_program.ts",
    [String(COUNT)],
    {
      permissions: ["-A", "--v8-flags=--max-old-space-size=128"],
    },
  );
  assertEquals(code, 0, stderr);
  const { done, before, most } = JSON.parse(stdout);
  assertEquals(done, COUNT);
  // The heap may fill up to its limit before garbage is collected; 2 KiB kept of each entry would be 94 MiB more.
  assert(most < 256, `${before} MiB after a quarter, ${most} MiB in all`);
});
