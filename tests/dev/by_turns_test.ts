// Every test that CI runs by turns has its turn within a week.
import { assert, assertEquals } from "@std/assert";
import { readFile } from "node:fs/promises";
import { join } from "@std/path";
import { BY_TURNS, isOfDay } from "../../dev/held_over/by_turns.ts";
import { REPOSITORY } from "../support/run_deno.ts";

/** Calls that choose one of a number of things by the day, in a file of each list. */
const CHOOSING: Record<string, RegExp> = {
  2: /\b(?:partOfRun\((?:[^()]|\([^()]*\))*, 2|testOnEach|testStores|S3_SERVERS|"redis", "postgres"\])/,
  3: /\b(?:partOfRun\((?:[^()]|\([^()]*\))*, 3|REAL_SERVERS|"postgres", "slurm")/,
  more: /\b(?:partOfRun\((?:[^()]|\([^()]*\))*, [45]|shareOfRun|dayOfRun|testMirrorOnEach)\b/,
  clients: /\bCLIENTS(_3)?\b/,
};

/** Choices that a file may have, so that in a week it runs with all. */
const MAY: Record<string, readonly string[]> = { 4: [], 3: ["2"], 2: ["3"] };

Deno.test("a file by turns runs within a week with each thing that it chooses by the day", async () => {
  for (const [days, files] of Object.entries(BY_TURNS)) {
    for (const file of files) {
      const text = await readFile(join(REPOSITORY, file), "utf8");
      const body = text.replace(/^import .*$/gm, "");
      const chosen = Object.keys(CHOOSING).filter((count) => CHOOSING[count]!.test(body));
      assertEquals(chosen.filter((count) => !MAY[days]!.includes(count)), [], file);
    }
  }
});

Deno.test("a file by turns runs once in its days, each other file each day, and all without a day", () => {
  for (const [days, files] of Object.entries(BY_TURNS)) {
    for (const file of files) {
      const runs = Array.from({ length: Number(days) }, (_, day) => isOfDay(file, 20_000 + day));
      assertEquals(runs.filter(Boolean).length, 1, file);
      assert(isOfDay(file, undefined));
    }
  }
  assert(isOfDay("tests/registry/cell/cell_test.ts", 20_000));
  const all = Object.values(BY_TURNS).flat();
  assertEquals(new Set(all).size, all.length);
});
