import { assertEquals } from "@std/assert";
import { denoSucceeds } from "../../../support/run_deno.ts";
import { slowTest } from "../../../support/seeds.ts";
import { metadataOf } from "../../../bench/search/search_process.ts";
import { tempRoot } from "../../../support/temp_root.ts";

const COUNT = 60_000;
/** MiB. As objects, the versions take more. */
const HEAP = 40;

slowTest("an index in a folder is larger than the memory", async () => {
  await using root = await tempRoot();
  const program = "tests/apps/server/search/memory_process.ts";
  const heap = `--v8-flags=--max-old-space-size=${HEAP}`;
  const args = ["run", "-A", "--no-check", heap, program, String(COUNT), root.path];
  const { stdout } = await denoSucceeds(args);
  const all = Array.from({ length: COUNT }, (_, at) => metadataOf(at));
  assertEquals(JSON.parse(stdout), {
    "": COUNT,
    "metadata.epochs>=50": all.filter(({ epochs }) => Number(epochs) >= 50).length,
    "imagenet": all.filter(({ dataset }) => dataset === "imagenet").length,
    "metadata.run=": 0,
  });
});
