// A run whose step is a command: `killed_command.ts ROOT`. The step writes its process id into
// `ROOT/pids`, prints which earlier processes still run, and waits: forever the first time.
import { openRegistry } from "../../../../mod.ts";
import { createOperators } from "../../../../operators/mod.ts";
import { runPipeline } from "../../../../operators/runner/mod.ts";
import { pipeline, step } from "../pipelines.ts";

const [root] = Deno.args;
const script =
  `for pid in $(cat pids 2> /dev/null); do grep -qs "^State:.[^ZX]" /proc/$pid/status && echo $pid >> beside; done
if [ -e pids ]; then exit 0; fi
env -i setsid bash -c 'echo $$ > other; while :; do sleep 1; done' > /dev/null 2>&1 &
while [ ! -s other ]; do sleep 0.01; done
cat other > new; echo $$ >> new; mv new pids
while :; do sleep 1; done`;

await using registry = await openRegistry(`${root}/registry`, { durability: "os" });
const one = step("clean", { runAs: "command", startCommand: ["bash", "-c", script] });
const result = await runPipeline(pipeline([one]), { registry, operators: createOperators(), root });
console.log(result.steps.clean.end);
