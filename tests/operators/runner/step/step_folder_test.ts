import { assert, assertEquals } from "@std/assert";
import { runPipeline } from "../../../../operators/runner/mod.ts";
import { testInRoot } from "../../../support/temp_root.ts";
import { pipeline, step } from "../pipelines.ts";
import { world } from "../world.ts";

/** Folders that steps worked in, whether they were empty at first, and what became of that. */
interface Seen {
  folders: string[];
  found: string[];
}

async function runInChain(
  root: Parameters<typeof world>[0],
  leaves: Record<string, string>,
  keep = false,
) {
  await using here = await world(root);
  const seen: Seen = { folders: [], found: [] };
  here.operators.register("look", {
    async run({ operatorId, inputRoot, outputRoot, workspaceRoot }) {
      seen.folders.push(outputRoot.slice(0, -"/output".length));
      const places = { input: inputRoot, output: outputRoot, workspace: workspaceRoot };
      for (const path of Object.values(places)) {
        for await (const { name } of Deno.readDir(path)) seen.found.push(`${operatorId} ${name}`);
      }
      const place = leaves[operatorId];
      if (place === "removed") await Deno.remove(workspaceRoot);
      else if (place === "beside") await Deno.writeTextFile(`${outputRoot}/../rest`, "");
      else if (place !== undefined) {
        await Deno.writeTextFile(`${places[place as keyof typeof places]}/rest`, "");
        if (place === "input") throw new Error("it failed");
      }
    },
    command: () => ["true"],
  });
  const ids = ["a", "b", "c", "d"];
  const steps = ids.map((id, i) =>
    step(id, { operator: "look", inputs: {}, upstream: i === 0 ? [] : [ids[i - 1]] })
  );
  const result = await runPipeline(pipeline(steps), { ...here, keep });
  const left = await Array.fromAsync(Deno.readDir(`${root.path}/.holdfast-runs/nightly`)).catch(
    () => [],
  );
  return { ...seen, result, left };
}

testInRoot(
  "each step works in a folder of its own name, which is empty, and none is left",
  async (root) => {
    const { folders, found, left } = await runInChain(root, {});
    assertEquals(folders.map((folder) => folder.split("/").at(-1)!.split("-")[0]), [
      "a",
      "b",
      "c",
      "d",
    ]);
    assertEquals(new Set(folders).size, 4);
    assertEquals([found, left], [[], []]);
  },
);

for (const place of ["workspace", "beside", "removed"]) {
  testInRoot(`what a step leaves is not found by the next one (${place})`, async (root) => {
    const { found, left, result } = await runInChain(root, { a: place, c: place });
    assertEquals([found, left, result.end], [[], [], "ok"]);
  });
}

testInRoot("a step that failed leaves no folder", async (root) => {
  const { found, left, result } = await runInChain(root, { c: "input" });
  assertEquals([found, left, result.end], [[], [], "failed"]);
});

testInRoot("folders that are kept are all there", async (root) => {
  const { folders } = await runInChain(root, { a: "workspace" }, true);
  for (const folder of folders) assert((await Deno.stat(`${folder}/workspace`)).isDirectory);
  assertEquals(folders.length, 4);
});
