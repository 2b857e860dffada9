import { assertRejects } from "@std/assert";
import { RegistryError } from "../../../../mod.ts";
import { createRunHandler, runStep, shareRun, watchRun } from "../../../../operators/runner/mod.ts";
import { threeSteps } from "../world.ts";
import { testCarried } from "./carried_world.ts";

testCarried("functions for runs refuse unknown options", async (world) => {
  const shard = { index: 0, count: 1 };
  const given = { ...world.options, run: "daily@1", step: "clean", array: "7", shard };
  const calls: ((options: typeof given) => unknown)[] = [
    (options) => shareRun(threeSteps(), options),
    (options) => watchRun(threeSteps(), options),
    (options) => runStep(threeSteps(), options),
    (options) => createRunHandler([threeSteps()], options),
  ];
  for (const call of calls) {
    const mistyped = { ...given, onEvnt() {} };
    const meant = "unknown option onEvnt: did you mean onEvent?";
    await assertRejects(async () => await call(mistyped), RegistryError, meant);
    const { registry: _, ...without } = given;
    await assertRejects(async () => await call(without as typeof given), RegistryError, "registry");
  }
});
