import { assertEquals, assertStringIncludes } from "@std/assert";
import { realSystem } from "../../../../core/system.ts";
import { spawnDeno } from "../../../support/run_deno.ts";
import { watchProcess } from "../../../support/watch_process.ts";
import { projectTest } from "./project.ts";

/** Each line is said when a file is there, so that the test decides when. */
const PIPELINE = `
pipeline:
  pipeline_id: nightly
  operators:
    - operator_id: talk
      retries: { attempts: 2, backoff: 1ms }
      start_command:
        - sh
        - -c
        - for word in one two; do while ! test -e "$word"; do sleep 0.02; done; echo "said $word"; done; exit 3
`;

projectTest(
  "pipeline logs --follow prints each line once until the end",
  async (it) => {
    const permissions = ["--allow-all"];
    // With --keep also the logs of attempts that have ended lie where those of running ones do.
    const run = watchProcess(
      spawnDeno("apps/cli.ts", ["pipeline", "run", "--keep"], { cwd: it.cwd, permissions }),
    );
    await run.until(() => run.stderr.includes("started"));
    const follower = watchProcess(
      spawnDeno("apps/cli.ts", ["pipeline", "logs", "nightly", "-f"], { cwd: it.cwd, permissions }),
    );
    await Deno.writeTextFile(it.root.join("one"), "");
    await follower.until(() => follower.stdout.includes("said one\n"));
    assertEquals(follower.stdout.includes("two"), false);
    await Deno.writeTextFile(it.root.join("two"), ""); // the first attempt fails, the second says both at once
    const { code, stdout, stderr } = await follower.ended;
    assertEquals((await run.ended).code, 1);
    assertEquals(code, 0, stderr);
    assertStringIncludes(stderr, "nightly@1 ended: failed");
    const kept = await it.succeeds("pipeline logs nightly@1", { system: realSystem });
    assertEquals(stdout, kept);
    assertEquals(kept.split("said one").length - 1, 2, "there were two attempts");
  },
  { pipeline: PIPELINE },
);
