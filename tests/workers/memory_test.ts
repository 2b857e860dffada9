import { assert, assertEquals } from "@std/assert";
import { runDeno } from "../support/run_deno.ts";

Deno.test("a batch of many entries needs no more memory than one of few", async () => {
  const COUNT = 48_000;
  const permissions = ["-A", "--v8-flags=--expose-gc,--max-old-space-size=128"];
  const program = "tests/workers/memory_program.ts";
  const { code, stdout, stderr } = await runDeno(program, [String(COUNT)], { permissions });
  assertEquals(code, 0, stderr);
  const { done, grown, rss } = JSON.parse(stdout);
  assertEquals(done, COUNT);
  // Keeping 256 bytes of each of the last 36,000 entries would be 9 MiB.
  assert(grown < 8, `the heap grew by ${grown} MiB`);
  assert(rss < 256, `${rss} MiB of RSS`); // garbage may fill the heap up to its limit
});
