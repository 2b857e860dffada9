import { assertMatch } from "@std/assert";
import { runDeno } from "../../support/run_deno.ts";
import { testInRoot } from "../../support/temp_root.ts";

testInRoot("examples/runs.ts saves a run, and lists and keeps others", async ({ path: TMPDIR }) => {
  const permissions = ["--allow-read", "--allow-write", "--allow-env=TMPDIR,TMP,TEMP"];
  const { stdout } = await runDeno("examples/runs.ts", [], { permissions, env: { TMPDIR } });
  assertMatch(stdout, /^saved: .*step: 49,.*\n/);
  assertMatch(
    stdout,
    /\nnot finished: rate-1.1 failed it diverges 50\nkept: 2.0.0 with 1 point\n$/,
  );
});
