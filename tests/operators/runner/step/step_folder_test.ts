import { assertEquals } from "@std/assert";
import { runPipeline } from "../../../../operators/runner/mod.ts";
import { testInRoot } from "../../../support/temp_root.ts";
import { add, pipeline, step } from "../pipelines.ts";
import { testInWorld } from "../world.ts";
import { realSystem, silentLogger } from "../../../../core/system.ts";
import { thisProcess } from "../../../../disk/stage/process.ts";
import { removeLeft } from "../../../../operators/runner/left_folders.ts";

for (
  const { keep, fails, left } of [{ left: 0 }, { fails: true, left: 0 }, { keep: true, left: 2 }]
) {
  const name = `${keep ? " kept" : ""}${fails ? " of a step that fails" : ""}`;
  testInWorld(`each step works in an empty folder of its own${name}`, async (here, root) => {
    const found: string[] = [];
    add(here.operators, "look", async ({ operatorId, inputRoot, outputRoot, workspaceRoot }) => {
      for (const path of [inputRoot, outputRoot, workspaceRoot]) {
        for await (const { name } of Deno.readDir(path)) found.push(`${operatorId} ${name}`);
      }
      await Deno.writeTextFile(`${workspaceRoot}/rest`, "");
      if (fails) throw new Error("it failed");
    });
    const steps = [step("a", { operator: "look" }), step("b", { operator: "look" })];
    await runPipeline(pipeline(steps), { ...here, keep });
    const run = `${root.path}/.holdfast-runs/nightly/1`;
    const folders = await Array.fromAsync(Deno.readDir(run)).catch(() => []);
    assertEquals([found, folders.length], [[], left]);
  });
}

testInRoot("only folders of ended processes are removed", async (root) => {
  const self = thisProcess();
  const machine = self.slice(self.indexOf("."));
  const child = new Deno.Command(Deno.execPath(), { args: ["--version"], stdout: "null" })
    .spawn();
  await child.status;
  const gone = `${child.pid}${machine}`;
  const folders = [
    `1/clean-0000000a-${gone}`,
    `2/clean-0000000b-${gone}`,
    `2/clean-0000000c-${self}`,
  ];
  folders.push(`3/clean-0000000d-${child.pid}.00000000`, `4/clean-0000000e`, "5");
  for (const folder of folders) Deno.mkdirSync(root.join(folder, "output"), { recursive: true });
  Deno.writeTextFileSync(root.join(folders[0], "output", "half"), "");
  const context = { logger: silentLogger, system: realSystem };
  await removeLeft({ ...context, folder: root.join("1") });
  const left = [...Deno.readDirSync(root.path)].flatMap(({ name }) =>
    [...Deno.readDirSync(root.join(name))].map((entry) => `${name}/${entry.name}`)
  );
  assertEquals(left.sort(), [...folders.slice(2, 5), "5/output"]);
  assertEquals([...Deno.readDirSync(root.path)].map(({ name }) => name).sort(), [
    "2",
    "3",
    "4",
    "5",
  ]);
  await removeLeft({ ...context, folder: root.join("nowhere", "1") });
});
