// A forged record of a run is an error that names it, or is ignored, in every command.
import { assert, assertEquals } from "@std/assert";
import { openRegistry } from "../../../../mod.ts";
import { forge, forged } from "../../runner/records/forged.ts";
import { partOfRun } from "../../../support/seeds.ts";
import { projectTest } from "./project.ts";

const RECORDS = ["run", "result", "step:clean", "failure:train"];
const COMMANDS = [
  (pipeline: string) => `pipeline status ${pipeline}`,
  (pipeline: string) => `pipeline status ${pipeline}@1`,
  (pipeline: string) => `pipeline status ${pipeline}@1 --json`,
  (pipeline: string) => `pipeline logs ${pipeline}`,
  (pipeline: string) => `pipeline logs ${pipeline}@1 clean`,
  (pipeline: string) => `pipeline logs ${pipeline}@1 train --json`,
  (pipeline: string) => `pipeline cancel ${pipeline}@1`,
];

/** Words of failures of the program itself, and what no terminal must get. */
// deno-lint-ignore no-control-regex -- the escape character
const FAULTS = /is not (a function|iterable)|read properties|destructure|undefined|NaN|\x1b/;

projectTest("a forged record of a run fails no command", async (it) => {
  await it.holdfast("pipeline run -q --set operators.train.params.fail=x");
  await using registry = await openRegistry(it.root.join(".holdfast"), { create: false });
  const records = await Promise.all(RECORDS.map(async (name) => {
    const artifact = await registry.open(`nightly:${name}`);
    const { version, metadata } = artifact.info;
    const text = new TextDecoder().decode(await artifact.file("record.json").bytes());
    return { name, version, metadata, record: JSON.parse(text) };
  }));
  let number = 0;
  for (const { record, name } of records) {
    const some = partOfRun([...forged(record)].filter((_, index) => index % 3 === 0), 3);
    for (const [index, { path, value }] of some.entries()) {
      const pipeline = `p${number++}`;
      for (const { version, metadata, ...other } of records) {
        await forge(registry, {
          name: `${pipeline}:${other.name}`,
          version,
          metadata: { ...metadata, run: `${pipeline}@1` },
        }, other.name === name ? value : other.record);
      }
      const command = COMMANDS[index % COMMANDS.length]!(pipeline);
      const { code, out, err } = await it.holdfast(command);
      assert(code <= 5, `${command}: ${name} ${path}: ${code} ${err}`);
      const fault = FAULTS.exec(out + err);
      assertEquals(fault?.[0], undefined, `${command}: ${name} ${path}: ${out}${err}`);
    }
  }
});

projectTest("a damaged configuration of a run does not hide its logs", async (it) => {
  await it.holdfast("pipeline run -q --set operators.train.params.fail=x");
  await using registry = await openRegistry(it.root.join(".holdfast"), { create: false });
  const file = (await registry.open("nightly:run")).file("record.json");
  const plan = JSON.parse(new TextDecoder().decode(await file.bytes()));
  for (const [index, configuration] of ["{", "[]", "null", '{"pipeline":7}'].entries()) {
    const run = `nightly@${index + 2}`;
    const place = { name: "nightly:run", version: `${index + 2}.0.0`, metadata: { run } };
    await forge(registry, place, plan, { "pipeline.json": configuration });
    const { code, err } = await it.holdfast(`pipeline logs ${run}`);
    assertEquals([code, err], [0, `${run}: no log was saved\n`]);
  }
});
