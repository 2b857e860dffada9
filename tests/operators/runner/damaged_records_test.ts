import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { defineMaterializer, openRegistry, type Registry, RegistryError } from "../../../mod.ts";
import type { OperatorContext } from "../../../operators/mod.ts";
import { planPipeline, runPipeline } from "../../../operators/runner/mod.ts";
import { pipeline, step } from "./pipelines.ts";
import { testInWorld, textOf, threeSteps } from "./world.ts";
import { readRecord, saveRecord } from "../../../operators/runner/records/files.ts";
import { rejected } from "../../registry/rejected.ts";

/** Writes a record with this content, as another version of the library may. */
const written = (formatVersion = 1) =>
  defineMaterializer<unknown>({
    id: "holdfast/pipeline-record",
    formatVersion,
    save: (
      value,
    ) => [{ path: "record.json", content: new TextEncoder().encode(JSON.stringify(value)) }],
    load: () => undefined,
  });

testInWorld("an invalid record is Corrupt, and names its ref", async (here) => {
  const { registry } = here;
  const fingerprint = { inputs: {}, params: {}, code: "v1.0" };
  const records: [record: unknown, state: string][] = [
    [[], "it is not an object"],
    [{}, "it is not a record of a step"],
    [{ kind: "failure" }, "it is not a record of a step"],
    [{ kind: "step", effect: "e", outputs: {} }, "fingerprint is missing"],
    [{ kind: "step", effect: "e", fingerprint: {}, outputs: {} }, "its fingerprint has no inputs"],
    [{ kind: "step", effect: "e", fingerprint, outputs: { a: null } }, "an output has no digest"],
  ];
  for (const [index, [record, state]] of records.entries()) {
    await registry.save(`p${index}:step:clean`, record, { as: written() });
    const error = await rejected(
      "Corrupt",
      planPipeline(pipeline([step("clean")], { id: `p${index}` }), here),
    );
    assertStringIncludes(error.message, `p${index}:step:clean@1.0.0: `);
    assertStringIncludes(error.message, state);
  }
  await registry.save("text:step:clean", "not a record");
  await rejected(
    "Corrupt",
    planPipeline(pipeline([step("clean")], { id: "text" }), here),
  );
  const whole = { kind: "step", effect: "e", fingerprint, outputs: {} };
  await registry.save("new:step:clean", whole, { as: written(2) });
  await rejected(
    "Unsupported",
    planPipeline(pipeline([step("clean")], { id: "new" }), here),
  );
});

testInWorld("deleted outputs and records are written again", async (here) => {
  const { registry } = here;
  await registry.save("data:raw", "raw ");
  await runPipeline(threeSteps(), here);
  for (const version of ["2.0.0", "3.0.0"]) {
    await registry.delete("data:report", { allVersions: true });
    await registry.delete("nightly:step:report", { allVersions: true });
    const { steps } = await runPipeline(threeSteps(), here);
    assertEquals(steps.report.outputs, { text: `data:report@${version}` });
    assertEquals(await textOf(registry, steps.report.outputs!.text), "raw clean report ");
  }
});

testInWorld("names may be members of every object", async (here) => {
  await here.registry.save("data:raw", "raw ");
  for (const name of ["constructor", "toString"]) {
    const run = ({ outputRoot }: OperatorContext) =>
      Deno.writeTextFile(`${outputRoot}/${name}`, "");
    here.operators.register(name, { run, command: () => ["true"] });
    const inputs = { [name]: "registry:data:raw", other: "registry:data:raw" };
    const outputs = { [name]: "registry:data:clean" };
    const clean = step("clean", { operator: name, inputs, outputs });
    const train = step("train", { inputs: { data: `step:clean.${name}` } });
    const odd = pipeline([clean, train], { id: name });
    assertEquals((await runPipeline(odd, here)).end, "ok");
    const { steps } = await planPipeline(odd, here);
    assertEquals(steps.map(({ decision }) => decision), ["skip", "skip"]);
  }
  const missing = [step("clean"), step("train", { inputs: { data: "step:clean.constructor" } })];
  const { steps } = await runPipeline(pipeline(missing), here);
  assertEquals([steps.train.end, steps.train.exit], ["failed", "input"]);
});

Deno.test("a record that is saved during a read is found", async () => {
  const registry = await openRegistry("memory:");
  const record = { kind: "failure", effect: "e", error: {} };
  let opened = 0;
  const open: Registry["open"] = async (ref, options) => {
    try {
      return await registry.open(ref, options);
    } finally {
      if (++opened === 1) {
        await saveRecord(registry, { name: "nightly:step", record }, { version: "1.0.0" });
      }
    }
  };
  const slow = { ...registry, open } as Registry;
  const found = await readRecord(slow, "nightly:step@1.0.0", { kind: "failure" });
  assertEquals([found?.record, opened], [record, 2]);
  assertEquals(await readRecord(slow, "nightly:step@2.0.0", { kind: "failure" }), undefined);
});

Deno.test("a damaged record that is saved during a read is Corrupt", async () => {
  const registry = await openRegistry("memory:");
  const materializer = defineMaterializer({
    id: "test/damaged",
    save: () => [{ path: "record.json", content: new TextEncoder().encode("{") }],
    load: () => undefined,
  });
  let opened = 0;
  const open: Registry["open"] = async (ref, options) => {
    if (++opened > 1) return await registry.open(ref, options);
    await registry.save("nightly:step", 1, { version: "1.0.0", as: materializer });
    throw new RegistryError({ code: "NotFound", message: "Cannot open: it comes later" });
  };
  const slow = { ...registry, open } as Registry;
  const reading = readRecord(slow, "nightly:step@1.0.0", { kind: "failure" });
  assertEquals([(await assertRejects(() => reading, RegistryError)).code, opened], ["Corrupt", 2]);
});
