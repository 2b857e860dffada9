import { assertEquals } from "@std/assert";
import { defineOperator, runOperator, stepVariables } from "../../../operators/mod.ts";

Deno.test("a command knows its step by variables, which its own do not replace", async () => {
  const seen: Record<string, string>[] = [];
  const operator = defineOperator({
    run: (context) => void seen.push(stepVariables(context)),
    command: () => ["true"],
  });
  await runOperator(operator, {
    pipelineId: "p",
    nodeId: "n",
    operatorId: "o",
    inputRoot: "/",
    params: { rate: 0.5 },
    env: { OWN: "1", NODE_ID: "x", PIPELINE_ID: "y", HOLDFAST_PARAMS: "z" },
    shard: { index: 1, count: 4 },
  });
  const [{ OUTPUT_ROOT, WORKSPACE_ROOT, ...rest }] = seen;
  assertEquals([OUTPUT_ROOT, WORKSPACE_ROOT].every((path) => path.startsWith("/")), true);
  assertEquals(rest, {
    HOLDFAST_ENGINE: "", // its password is not for commands
    OWN: "1",
    PIPELINE_ID: "p",
    NODE_ID: "n",
    OPERATOR_ID: "o",
    INPUT_ROOT: "/",
    HOLDFAST_PARAMS: '{"rate":0.5}',
    HOLDFAST_SHARD: "1/4",
  });
  await runOperator(operator, { inputRoot: "/" });
  assertEquals(seen[1].HOLDFAST_SHARD, ""); // where tasks share a run, that is not what the step is told
});
