import { assertEquals, assertMatch } from "@std/assert";
import { planPipeline, runPipeline } from "../../../../operators/runner/mod.ts";
import { type TempRoot, testInRoot } from "../../../support/temp_root.ts";
import { pipeline, step } from "../pipelines.ts";
import { ends, testInWorld, world } from "../world.ts";

const command = (startCommand: string[]) =>
  pipeline([step("train", { runAs: "command", startCommand })]);

async function write(root: TempRoot, path: string, text: string): Promise<void> {
  await Deno.mkdir(root.join("src"), { recursive: true });
  await Deno.writeTextFile(root.join(path), text);
}

const NAMING: Record<string, string[]> = {
  "as an argument": ["sh", "src/train.sh"],
  "behind an option": ["sh", "-e", "./src/train.sh"],
  "in the text of a shell": ["sh", "-c", "echo begins; sh 'src/train.sh' | cat > all.log"],
  "as the value of an option": ["env", "SCRIPT=src/train.sh", "sh", "-c", 'sh "$SCRIPT"'],
};

for (const [how, words] of Object.entries(NAMING)) {
  testInRoot(
    `a changed script that start_command names runs the step again (${how})`,
    async (root) => {
      await using here = await world(root);
      const one = command(words);
      await write(root, "src/train.sh", 'echo 1 > "$OUTPUT_ROOT/model"');
      assertEquals(ends((await runPipeline(one, here)).steps), { train: "ran" });
      assertEquals(ends((await runPipeline(one, here)).steps), { train: "skipped" });
      await write(root, "src/other.sh", "echo of nobody");
      assertEquals((await planPipeline(one, here)).steps[0].decision, "skip");
      await write(root, "src/train.sh", 'echo 2 > "$OUTPUT_ROOT/model"');
      const [{ decision, reasons }] = (await planPipeline(one, here)).steps;
      assertEquals(decision, "run");
      assertMatch(
        reasons.join(),
        /^code src\/train\.sh [0-9a-f]{12} → src\/train\.sh [0-9a-f]{12}$/,
      );
      assertEquals(ends((await runPipeline(one, here)).steps), { train: "ran" });
      assertEquals(ends((await runPipeline(one, here)).steps), { train: "skipped" });
      const kept = structuredClone(one);
      kept.steps[0].rerun = ["inputs", "params"];
      await write(root, "src/train.sh", 'echo 3 > "$OUTPUT_ROOT/model"');
      assertEquals((await planPipeline(kept, here)).steps[0].decision, "skip");
    },
  );
}

testInWorld("a script that is edited while it runs, runs again", async (here, root) => {
  const one = command(["sh", "src/train.sh"]);
  await write(
    root,
    "src/train.sh",
    'echo 1 > "$OUTPUT_ROOT/model"\necho "# edited" >> src/train.sh\n',
  );
  assertEquals(ends((await runPipeline(one, here)).steps), { train: "ran" });
  assertEquals((await planPipeline(one, here)).steps[0].decision, "run");
});

testInWorld("files outside the pipeline's folder are not its code", async (here, root) => {
  await Deno.mkdir(root.join("project"));
  await Deno.writeTextFile(root.join("outside.sh"), 'echo 1 > "$OUTPUT_ROOT/model"');
  await Deno.symlink("../outside.sh", root.join("project/link.sh"));
  const options = { ...here, root: root.join("project") };
  const one = command(["sh", "-c", `sh ${root.join("outside.sh")}; sh ../outside.sh; sh link.sh`]);
  assertEquals(ends((await runPipeline(one, options)).steps), { train: "ran" });
  await Deno.writeTextFile(root.join("outside.sh"), 'echo 2 > "$OUTPUT_ROOT/model"');
  assertEquals((await planPipeline(one, options)).steps[0].decision, "skip");
});

testInWorld("an output whose name is not UTF-8 fails the step", async (here) => {
  const touch = ["sh", "-c", 'touch "$OUTPUT_ROOT/$(printf "caf\\351")"'];
  const { steps } = await runPipeline(command(touch), here);
  assertMatch(steps.train.reason!, /Cannot save ".*": its name is not UTF-8/);
});
