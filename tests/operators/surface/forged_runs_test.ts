// A forged record of a run is an error of its own on every route: never a failure of the service.
import { assert, assertEquals } from "@std/assert";
import { openRegistry, type Registry } from "../../../mod.ts";
import { createOperators } from "../../../operators/mod.ts";
import { runPipeline } from "../../../operators/runner/mod.ts";
import { forge, forged } from "../runner/records/forged.ts";
import { add, pipeline, step } from "../runner/pipelines.ts";
import { partOfRun } from "../../support/seeds.ts";
import { testInRoot } from "../../support/temp_root.ts";
import { createCheckedHandler } from "../../apps/server/checked_handler.ts";
import { pipelines } from "../../../operators/surface/pipelines.ts";

/** The records of a run with a success and a failure. */
async function recordsOf(registry: Registry, root: string) {
  const operators = createOperators();
  add(operators, "good", ({ outputRoot }) => {
    Deno.writeTextFileSync(`${outputRoot}/text`, "a");
    Deno.writeTextFileSync(`${outputRoot}/m.json`, '{"loss": {"test": 1}}');
  });
  add(operators, "bad", () => 3);
  const steps = pipeline([
    step("good", { metrics: ["m.json"] }),
    step("bad", { inputs: { data: "step:good" }, outputs: { text: "registry:text" } }),
  ]);
  await runPipeline(steps, { registry, operators, root });
  const names = ["nightly:run", "nightly:result", "nightly:step:good", "nightly:failure:bad"];
  return await Promise.all(names.map(async (name) => {
    const artifact = await registry.open(name);
    const { version, metadata } = artifact.info;
    const text = new TextDecoder().decode(await artifact.file("record.json").bytes());
    return { name, version, metadata, record: JSON.parse(text) };
  }));
}

const ROUTES: readonly [method: string, path: (run: string) => string][] = [
  ["GET", (run) => `/runs?pipeline=${run.slice(0, -4)}`],
  ["GET", (run) => `/runs/${run}`],
  ["GET", (run) => `/runs/${run}/steps/good/attempts`],
  ["GET", (run) => `/runs/${run}/steps/bad/attempts`],
  ["DELETE", (run) => `/runs/${run}`],
];

testInRoot("a forged record of a run fails no route", async (root) => {
  await using source = await openRegistry("memory:");
  await using registry = await openRegistry("memory:");
  await using handler = createCheckedHandler(registry, { gateways: [pipelines] });
  const records = await recordsOf(source, root.path);
  const answers = new Map<number, number>();
  let number = 0;
  for (const { record, name } of records) {
    for (const { path, value } of partOfRun([...forged(record)], 5)) {
      const pipeline = `p${number++}`;
      for (const other of records) {
        await forge(registry, {
          name: other.name.replace("nightly", pipeline),
          version: other.version,
          metadata: { ...other.metadata, run: `${pipeline}@1` },
        }, other.name === name ? value : other.record);
      }
      for (const [method, pathOf] of ROUTES) {
        const url = `http://localhost${pathOf(`${pipeline}%401`)}`;
        const response = await handler(new Request(url, { method }));
        const text = await response.text();
        assert(response.status < 500, `${method} ${url}: ${name} ${path}: ${text}`);
        answers.set(response.status, (answers.get(response.status) ?? 0) + 1);
      }
    }
  }
  assert(answers.get(200)! > 150 && answers.get(422)! > 15, Deno.inspect(answers));
});

testInRoot("one forged record hides no other run", async (root) => {
  await using registry = await openRegistry("memory:");
  const [plan] = await recordsOf(registry, root.path);
  for (const [index, { value }] of [...forged(plan!.record)].entries()) {
    const version = `${index + 2}.0.0`;
    await forge(registry, {
      ...plan!,
      version,
      metadata: { run: `nightly@${index + 2}`, steps: -1 },
    }, value);
  }
  await using handler = createCheckedHandler(registry, { gateways: [pipelines] });
  const response = await handler(new Request("http://localhost/runs?limit=1000"));
  const { items } = await response.json();
  assertEquals(items.filter(({ run }: { run: string }) => run === "nightly@1").length, 1);
});
