// Curves of runs, as Python programs read them.
import { assert, assertEquals, assertRejects } from "@std/assert";
import { openRun, readCurves } from "../../../extensions/runs/mod.ts";
import { openRegistry, RegistryError } from "../../../mod.ts";
import { seededRandom } from "../../support/scripted_system.ts";
import { pythonTest, runProgram, served } from "../reader.ts";

const CONNECT = `
import json, math, sys
import holdfast
registry = holdfast.connect(sys.argv[1], token=sys.argv[2])
`;

const CURVES = `${CONNECT}
run = registry.run("m", id="1")
for step in (0, 1, 2, 1):
    run.log(step=step, loss=1 / (step + 1), test={"a.b": step})
run.log(step=3, loss=float("nan"), note="NaN of an optimizer", ok=True, n=None, up=float("-inf"))
run.finish()
curves = registry.open("m").curves()
print(sorted(curves), curves["loss"], curves["test.a.b"].values, curves["up"].values)
`;

pythonTest("the curves of a version are read by name", async (root) => {
  await using registry = await openRegistry("memory:");
  await using service = served(registry, ["read:*", "write:*"]);
  const options = { args: [service.location, service.token!], cwd: root.path };
  assertEquals(await runProgram(CURVES, options), [
    "['_time', 'loss', 'test.a.b', 'up'] Curve(steps=[0, 1, 2, 1, 3], " +
    "values=[1.0, 0.5, 0.3333333333333333, 0.5, nan]) [0, 1, 2, 1] [-inf]",
  ]);
  await registry.save("m", { rate: 1 });
  const none = `${CONNECT}
try: registry.open("m").curves()
except holdfast.NotFound as error: print(error.message)`;
  assertEquals(await runProgram(none, options), [
    'Cannot read "history.jsonl" of "m@2.0.0": no such file',
  ]);
});

const THINNED = `${CONNECT}
for points in (None, 2, 3, 4, 9, 50, 100000):
    curves = registry.open("m").curves(points=points)
    print(json.dumps({name: [curve.steps, [str(float(value)) if isinstance(value, float) and not math.isfinite(value) else value for value in curve.values]] for name, curve in curves.items()}))
try: registry.open("m").curves(points=1)
except holdfast.Invalid as error: print(error.message)
`;

pythonTest(
  "curves are thinned as TypeScript thins them, with ends, extremes and gaps",
  async (root) => {
    await using registry = await openRegistry("memory:");
    await using service = served(registry, ["read:*"]);
    const random = seededRandom(3), kinds = [NaN, Infinity, -Infinity];
    await using run = await openRun(registry, "m", { id: "1" });
    for (let step = 0; step < 700; step++) {
      const loss = random() < 0.1 ? kinds[step % 3] : Math.round(random() * 1000);
      run.log({ step: Math.floor(step / 2), loss, ...(step % 5 === 0 && { test: { acc: step } }) });
    }
    await run.finish();
    const options = { args: [service.location, service.token!], cwd: root.path };
    const lines = await runProgram(THINNED, options);
    for (const points of [undefined, 2, 3, 4, 9, 50, 100_000]) {
      const found = await readCurves(registry, "m", { points });
      const shown = { nan: NaN, inf: Infinity, "-inf": -Infinity } as Record<string, number>;
      const read = Object.entries<[number[], (number | string)[]]>(JSON.parse(lines.shift()!));
      const numbers = read.map(([name, [steps, values]]) => {
        return [name, { steps, values: values.map((each) => shown[each] ?? each) }];
      });
      assertEquals(numbers, [...found]);
      for (const { values } of found.values()) assert(values.length <= (points ?? 700));
    }
    const [, loss] = [...await readCurves(registry, "m")].find(([name]) => name === "loss")!;
    assertEquals([loss.values.length, loss.steps[3]], [700, 1]);
    assertEquals(lines, ['Cannot read the curves of "m@1.0.0": points is 1']);
    await assertRejects(
      () => readCurves(registry, "m", { points: 1 }),
      RegistryError,
      "points is 1",
    );
  },
);
