import { assertEquals } from "@std/assert";
import { runDeno } from "../../support/run_deno.ts";
import { slowTest } from "../../support/seeds.ts";

slowTest("takeVariables() removes variables from this process and its children", async () => {
  const ran = await runDeno("tests/operators/process/take_variables.ts", [], {
    permissions: ["-A"],
    env: { TAKEN: "secret" },
  });
  assertEquals([ran.code, ran.stderr], [0, ""]);
  assertEquals(JSON.parse(ran.stdout), {
    ownValue: null,
    childHasIt: false,
    taken: "secret",
    namesOfTaken: [true, false],
    without: [null, false],
  });
});
