// A program that is killed after it logged: `killed_run.ts REGISTRY`.
import process from "node:process";
import { openRun } from "../../../extensions/runs/mod.ts";
import { openFolder } from "../../registry/create_registry.ts";

const registry = await openFolder(Deno.args[0]);
const run = await openRun(registry, "m", { id: "1", params: { rate: 0.1 } });
for (let step = 0; step < 1_000; step++) run.log({ step, loss: 1 / (1 + step) });
await run.flush();
run.log({ step: 1_000, loss: 0 });
process.kill(process.pid, "SIGKILL");
console.log("it was not killed");
