import { assert, assertEquals } from "@std/assert";
import { createRandom } from "../../simulate/random.ts";
import { tempRoot } from "../../support/temp_root.ts";
import { isLong, judgeSeed, judgeTest } from "../judge_test_case.ts";
import { straceProblem } from "./failing_calls.ts";
import { findTrials, judgeCalls, pickTrials } from "./judge_calls.ts";

const TRIALS = isLong ? Infinity : 60;

judgeTest(
  "whichever system call fails, the caller receives what is true, and can repeat",
  straceProblem(),
  async () => {
    const root = await tempRoot();
    try {
      const trials = pickTrials(
        await findTrials(root.path, isLong),
        TRIALS,
        createRandom(judgeSeed),
      );
      const { failed, refused, wrong } = await judgeCalls(root.path, trials);
      console.log(`${failed} system calls failed, and ${refused} operations with them`);
      assertEquals(wrong.length, 0, `${wrong.length} of ${failed}:\n${wrong.join("\n")}`);
      assert(failed * 2 > trials.length, `only ${failed} of ${trials.length} calls failed`);
      assert(refused > 0, "no operation failed");
    } finally {
      await root.remove();
    }
  },
);
