// The table of the power of the simulation stays true: each run of CI tries a few of its faults.
import { assertEquals } from "@std/assert";
import { missedOn, readTable, tableOf } from "../../../dev/mutants/power.ts";
import { SEEDED } from "../../../dev/mutants/list/seeded.ts";
import { realSystem } from "../../../core/system.ts";
import { REPOSITORY } from "../../support/run_deno.ts";
import { slowTest } from "../../support/seeds.ts";

Deno.test("the table of faults that the simulation finds has only faults of the list", async () => {
  const rows = await readTable();
  const names: string[] = SEEDED.map(({ name }) => name);
  assertEquals([...rows.keys()].filter((name) => !names.includes(name)), []);
  assertEquals(names.length, 50);
  assertEquals(await Deno.readTextFile(`${REPOSITORY}/dev/mutants/simulation.md`), tableOf(rows));
});

slowTest("the simulation finds the faults of today", async () => {
  assertEquals(await missedOn(Number(realSystem.env("HOLDFAST_DAY") ?? 0)), []);
});
