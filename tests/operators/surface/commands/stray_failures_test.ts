// A failure that no operator awaits fails its step, and neither ends the run nor the steps beside it.
import { assertEquals } from "@std/assert";
import { spawnDeno } from "../../../support/run_deno.ts";
import { kindsOfShare } from "../../../support/seeds.ts";
import { watchProcess } from "../../../support/watch_process.ts";
import { OPERATORS_DOOR, projectRoot } from "./project.ts";

const OPERATORS = `
import { createOperators } from ${JSON.stringify(OPERATORS_DOOR)};
const command = () => ["true"];
const later = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const noticed = Promise.withResolvers();
const fail = () => { throw new Error("nobody waits for this"); };
const untilStopped = async (signal) => {
  await new Promise((resolve) => signal.addEventListener("abort", resolve));
  noticed.resolve();
};
export const operators = createOperators({
  promise: { async run({ signal }) { later(1).then(fail); await untilStopped(signal); }, command },
  timer: { async run({ signal }) { setTimeout(fail, 1); await untilStopped(signal); }, command },
  good: { run: ({ params }) => params.alone ? undefined : noticed.promise, command },
});
`;

const LEAKS = {
  promise: 'Cannot finish "leaky": nothing awaits its failure: nobody waits for this',
  timer: 'Cannot finish "leaky": nothing awaits a failure in its process: nobody waits for this',
};

for (const [leak, reason] of Object.entries(LEAKS)) {
  for (const engine of kindsOfShare(leak, [undefined, "local:"])) {
    const name = `pipeline run ${
      engine ?? ""
    }: a failing ${leak} that nothing awaits fails its step`;
    Deno.test(name, async () => {
      // Deno does not tell whose timer failed: then all steps beside it fail too.
      const alone = engine !== undefined || leak === "timer";
      const pipeline = `
pipeline:
  pipeline_id: nightly
  nodes: [{ node_id: all, runner_count: ${alone ? 1 : 2} }]
  operators:
    - { operator_id: leaky, operator: ${leak} }
    - operator_id: good
      params: { alone: ${alone} }
      upstream_dependencies: []
`;
      await using root = await projectRoot({ pipeline, operators: OPERATORS });
      const args = ["pipeline", "run", "--json", ...engine ? ["--engine", engine] : []];
      const options = { cwd: root.path, permissions: ["-A"] };
      const { code, stdout, stderr } = await watchProcess(spawnDeno("apps/cli.ts", args, options))
        .ended;
      assertEquals(code, 1, stderr);
      const { steps } = JSON.parse(stdout.trimEnd().split("\n").at(-1)!);
      assertEquals(
        [steps.leaky.end, steps.leaky.exitCode, steps.leaky.reason, steps.good.end],
        ["failed", 3, reason, "ran"],
      );
      assertEquals(steps.leaky.record, "nightly:failure:leaky@1.1.0");
    });
  }
}
