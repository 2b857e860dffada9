import { assertEquals } from "@std/assert";
import { loadPipeline } from "../../../../operators/config/mod.ts";
import { planPipeline, runPipeline } from "../../../../operators/runner/mod.ts";
import { rejected } from "../../../registry/rejected.ts";
import { pipeline, step } from "../pipelines.ts";
import { ends, testInWorld } from "../world.ts";

const DOTTED = ["..m", "...m", "..m.d", ".m"];

const commands = (script: string, members = {}) =>
  pipeline([
    step("makes", {
      runAs: "command",
      startCommand: ["sh", "-e", "-c", script],
      ...members,
    }),
  ]);

for (const name of DOTTED) {
  testInWorld(`files and folders may be called ${name}`, async (here, root) => {
    const { registry } = here;
    await Deno.mkdir(root.join(name));
    await Deno.writeTextFile(root.join(name, "script.sh"), 'echo 1 > "$OUTPUT_ROOT/x"');
    await Deno.writeTextFile(
      root.join(name, "pipeline.yaml"),
      `include: [${name}.yaml]\npipeline: { pipeline_id: dots, operators: [{ operator_id: clean }] }`,
    );
    await Deno.writeTextFile(root.join(name, `${name}.yaml`), "variables: {}");
    await loadPipeline(root.join(name, "pipeline.yaml"));
    await loadPipeline(root.join(name));

    // A file of metrics, by its name and by a pattern, in a folder too.
    const write = `mkdir "$OUTPUT_ROOT/${name}" && echo '{"loss": 1}' > "$OUTPUT_ROOT/${name}.json"
      cp "$OUTPUT_ROOT/${name}.json" "$OUTPUT_ROOT/${name}/${name}.json"
      ln -s ${name}.json "$OUTPUT_ROOT/${name}.link"`;
    for (const metrics of [`${name}.json`, `${name}/${name}.json`, `${name}/*.json`]) {
      const { steps } = await runPipeline(commands(write, { metrics: [metrics] }), here);
      assertEquals(steps.makes.reason, undefined, metrics);
      const { metadata } = await registry.info(steps.makes.outputs!["."]);
      assertEquals(metadata?.metrics, { loss: 1 }, metrics);
    }

    // A file of code, which counts, and a destination beside others.
    const runs = (to: string) =>
      commands(`sh ${name}/script.sh`, { outputs: { x: to }, operator: "code" });
    const [planned] = (await planPipeline(runs(`./${name}/out`), here)).steps;
    assertEquals(planned.files?.startsWith(`${name}/script.sh `), true, planned.files);
    assertEquals(ends((await runPipeline(runs(`./${name}/out`), here)).steps), { makes: "ran" });
    const inRoot = { ...here, root: root.join(name) };
    await rejected("Invalid", runPipeline(runs(root.path), inRoot), /contains the pipeline's own/);
  });
}
