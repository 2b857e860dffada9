// Every test that CI runs by turns has its turn within a week.
import { assert, assertEquals } from "@std/assert";
import { readFile } from "node:fs/promises";
import { join } from "@std/path";
import { BY_TURNS, isOfDay } from "../../dev/by_turns.ts";
import { REPOSITORY } from "../support/run_deno.ts";

/** Calls that choose by the day so that a file of this list would not do all within a week. */
const LONGER: Record<string, RegExp> = {
  4: /\b(kindsOfShare|partOfRun|shareOfRun|dayOfRun|testOnEach|testStores|testOnServers|testMirrorOnEach|clientTest)\(/,
  3: /\b(partOfRun|shareOfRun|dayOfRun|testOnServers|testMirrorOnEach|clientTest)\(/,
  2: /\b(partOfRun|shareOfRun|dayOfRun|testOnEach|testStores|testMirrorOnEach|clientTest)\(|S3_SERVERS/,
};

Deno.test("a file by turns runs within a week with each thing that it chooses by the day", async () => {
  for (const [days, files] of Object.entries(BY_TURNS)) {
    for (const file of files) {
      const text = await readFile(join(REPOSITORY, file), "utf8");
      assert(!LONGER[days]!.test(text), file);
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
