// A queue delivers a step again whose process could not record its end, and no other step.
import { assertEquals, assertStringIncludes } from "@std/assert";
import { DELIVER_AGAIN, type EngineStep } from "../../../operators/contract/engine.ts";
import { createQueueEngine, createStepHandler } from "../../../operators/engines/queue.ts";
import { createMemoryQueue } from "../../../extensions/queues/memory.ts";
import { LOADS_LATE } from "../../support/run_deno.ts";
import { testInRoot } from "../../support/temp_root.ts";
import { createScriptedSystem } from "../../support/scripted_system.ts";
import { linesOf, untilState } from "../../conformance/engines.ts";

const PROGRAM = new URL("./persistent.ts", import.meta.url).pathname;

const script = (text: string) => ({
  step: "do",
  command: ["sh", "-c", `echo begun >> begun; ${text}`],
});
const persistent = (step: string) => ({
  step,
  command: ["false"],
  persistent: [Deno.execPath(), "run", "-A", LOADS_LATE, "--quiet", PROGRAM],
});

/** A later delivery finds the file `begun` with more than one line. */
const later = "[ $(wc -l < begun) -gt 1 ] && exit 0";

const STEPS: Record<
  string,
  [step: Pick<EngineStep, "step" | "command" | "persistent">, times: number, state: string]
> = {
  "a command that succeeds": [script("exit 0"), 1, "ended"],
  "a command that fails": [script("exit 1"), 1, "failed"],
  "a command that asks for it": [script(`${later}; exit ${DELIVER_AGAIN}`), 2, "ended"],
  "a command that always asks for it": [script(`exit ${DELIVER_AGAIN}`), 3, "failed"],
  "a command that is killed": [script(`${later}; kill -9 $$`), 2, "ended"],
  "a process that answers with a failure": [persistent("fail"), 1, "failed"],
  "a process that answers with an error": [persistent("throw"), 1, "failed"],
  "a process whose server is away": [persistent("away"), 3, "failed"],
  "a process that is killed": [persistent("die"), 3, "failed"],
  "a process that exits without an answer": [persistent("exit"), 3, "failed"],
};

for (const [what, [given, times, expected]] of Object.entries(STEPS)) {
  testInRoot(`${what} is delivered ${times} times`, async (root) => {
    await using queue = createMemoryQueue({ system: createScriptedSystem() });
    const engine = createQueueEngine(queue);
    const command = { ...given, cwd: root.path };
    await using _worker = await queue.work(createStepHandler(() => command));
    const name = "one";
    const id = await engine.submit({ ...command, run: "r@1", name, env: {}, resources: {} });
    const { state, reason = "" } = await untilState(engine, id);
    assertEquals([state, (await linesOf(root.join("begun"))).length], [expected, times], reason);
    if (times > 1 && state === "failed") assertStringIncludes(reason, "Cannot finish step");
  });
}
