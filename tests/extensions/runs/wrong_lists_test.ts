// One collection whose lists are wrong keeps the payload of finished runs.
import { openRun } from "../../../extensions/runs/mod.ts";
import { BIG, testWrongLists } from "../maintenance/garbage/wrong_lists.ts";

testWrongLists("a finished run", {
  async make({ registry }) {
    const run = await openRun(registry, "m", { id: "7" });
    run.log({ loss: 1 });
    await run.finish(BIG);
  },
});
