// Bills of materials, judged by the validator of CycloneDX.
import { assertEquals, assertMatch, assertNotEquals, assertRejects } from "@std/assert";
import "npm:ajv@^8.20";
import "npm:ajv-formats@^3";
import "npm:ajv-formats-draft2019@^1.6";
import { Spec, Validation } from "npm:@cyclonedx/cyclonedx-library@^10.3";
import { mkdir, writeFile } from "node:fs/promises";
import { localPath, openRegistry, publishRelease, type Registry } from "../../../mod.ts";
import { annotate } from "../../../registry/mod.ts";
import {
  type BillOfMaterials,
  billOfMaterials,
  type BillOfMaterialsOptions,
  type BomComponent,
  signVersion,
} from "../../../extensions/signatures/signatures.ts";
import { cliTest } from "../../apps/captured_io.ts";
import { slowTest } from "../../support/seeds.ts";
import { tempRoot } from "../../support/temp_root.ts";
import { ecKeys, NAME, withVersion } from "./signed.ts";

const validator = new Validation.JsonStrictValidator(Spec.Version.v1dot7);

async function validBom(
  registry: Registry,
  ref: string,
  options?: BillOfMaterialsOptions,
): Promise<BillOfMaterials> {
  const bom = await billOfMaterials(registry, ref, options);
  assertEquals(await validator.validate(JSON.stringify(bom)), null);
  return bom;
}

function property({ properties = [] }: BomComponent, name: string): string | undefined {
  return properties.find((each) => each.name === name)?.value;
}

const MODEL = "models:digits";

async function withLineage(): Promise<Registry> {
  const registry = await openRegistry("memory:", { mutable: true, by: "ann" });
  await registry.save("data:raw", [1, 2]);
  await registry.save("data:clean", [2], { inputs: ["data:raw@1.0.0"] });
  await registry.save("models:base", { layers: 1 });
  await registry.save(MODEL, { layers: 3 }, {
    inputs: ["data:clean@1.0.0", "models:base@1.0.0"],
    metadata: {
      task: "classification",
      params: { rate: 0.1, optimizer: { name: "adam", betas: [0.9, 0.99] } },
      metrics: { auc: 0.93, test: { loss: 0.2 } },
      license: "apache-2.0",
      authors: ["Ann", { name: "Bob" }],
    },
  });
  return registry;
}

Deno.test("a bill of materials has files, lineage, a model card, authors and licenses", async () => {
  await using registry = await withLineage();
  await annotate(registry, `${MODEL}@1.0.0`, {
    notes: "Reads digits.",
    labels: { "reviewed-by": "bob" },
  });
  const { metadata, components, dependencies, compositions } = await validBom(registry, MODEL);
  const { component, timestamp } = metadata, info = await registry.info(MODEL);
  assertEquals(timestamp, info.createdAt.toISOString());
  assertEquals(component.type, "machine-learning-model");
  assertEquals([component.name, component.version], [MODEL, "1.0.0"]);
  assertEquals(component.description, "Reads digits.");
  assertEquals(component.authors, [{ name: "Ann" }, { name: "Bob" }]);
  assertEquals(component.licenses, [{ license: { id: "Apache-2.0" } }]);
  assertEquals(
    component.components?.map(({ name, hashes }) => [name, hashes?.[0]?.content]),
    info.files.map(({ path, sha256 }) => [path, sha256]),
  );
  assertEquals(component.modelCard, {
    modelParameters: { task: "classification", datasets: [{ ref: "data:clean@1.0.0" }] },
    quantitativeAnalysis: {
      performanceMetrics: [{ type: "auc", value: "0.93" }, { type: "test.loss", value: "0.2" }],
    },
    properties: [
      { name: "holdfast:param:rate", value: "0.1" },
      { name: "holdfast:param:optimizer.name", value: "adam" },
      { name: "holdfast:param:optimizer.betas", value: "[0.9,0.99]" },
    ],
  });
  assertEquals(property(component, "holdfast:digest"), info.digest);
  assertEquals(property(component, "holdfast:savedBy"), "ann");
  assertEquals(property(component, "holdfast:label:reviewed-by"), "bob");
  assertEquals(components.map(({ name, type }) => [name, type]), [
    ["data:clean", "data"],
    ["data:raw", "data"],
    ["models:base", "machine-learning-model"],
  ]);
  assertEquals(dependencies, [
    { ref: "data:clean@1.0.0", dependsOn: ["data:raw@1.0.0"] },
    { ref: "data:raw@1.0.0", dependsOn: [] },
    { ref: "models:base@1.0.0", dependsOn: [] },
    { ref: "models:digits@1.0.0", dependsOn: ["data:clean@1.0.0", "models:base@1.0.0"] },
  ]);
  assertEquals(compositions, undefined);
});

Deno.test("a bill of materials is the same until its content changes", async () => {
  await using registry = await withLineage();
  const one = await validBom(registry, MODEL), other = await validBom(registry, `${MODEL}@1.0.0`);
  assertEquals(JSON.stringify(one), JSON.stringify(other));
  assertMatch(
    one.serialNumber,
    /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-/,
  );
  const { privateKey } = ecKeys();
  const { keyHash } = await signVersion(registry, MODEL, { key: privateKey });
  const signed = await validBom(registry, MODEL);
  assertNotEquals(signed.serialNumber, one.serialNumber);
  const [reference] = signed.metadata.component.externalReferences ?? [];
  assertEquals([reference?.type, reference?.url], ["digital-signature", "model.sig"]);
  assertMatch(reference?.comment ?? "", new RegExp(keyHash));
});

Deno.test("a bill of materials names a signature like the file that signatures --to writes", async () => {
  await using registry = await withVersion();
  const { id } = await signVersion(registry, NAME, { key: ecKeys().privateKey });
  await annotate(registry, `${NAME}@1`, { labels: { signatures: { [id]: { payload: "{}" } } } });
  await signVersion(registry, NAME, { key: ecKeys().privateKey });
  const { metadata: { component } } = await validBom(registry, NAME);
  const references = component.externalReferences ?? [];
  const names = references.map(({ url, comment }) => [url, /does not match/.test(comment)]);
  assertEquals(names.toSorted(), [[`model.${id}.sig`, true], ["model.sig", false]]);
});

Deno.test("a bill of materials says which inputs are gone, changed, unknown or left out", async () => {
  await using registry = await withLineage();
  const near = await validBom(registry, MODEL, { depth: 1 });
  assertEquals(near.components.map(({ name }) => name), ["data:clean", "models:base"]);
  assertEquals(near.compositions, [{ aggregate: "incomplete", dependencies: [`${MODEL}@1.0.0`] }]);

  await registry.save("data:extra", [4]);
  await registry.save("models:other", {}, {
    inputs: [
      "data:clean",
      { ref: "data:none@7.0.0", digest: "a".repeat(64) },
      "data:extra",
      { ref: "data:raw@^1", digest: null },
    ],
  });
  await registry.delete("data:clean@1.0.0", { force: true });
  await registry.save("data:extra", [5], { version: "1.0.0", onConflict: "overwrite" });
  const { components, compositions } = await validBom(registry, "models:other");
  const states = components.map((each) => [each.name, property(each, "holdfast:state")]);
  assertEquals(states, [
    ["data:clean", "missing"],
    ["data:extra", "changed"],
    ["data:none", "missing"],
    ["data:raw@^1", "unpinned"],
  ]);
  assertEquals(components[1]?.version, "1.0.0");
  assertEquals(compositions?.[0]?.aggregate, "incomplete");
});

Deno.test("a bill of materials of a release has its members with their files", async () => {
  await using registry = await withLineage();
  await publishRelease(registry, "serving", { model: MODEL, base: "models:base" });
  const { metadata, components } = await validBom(registry, "serving");
  assertEquals(metadata.component.type, "application");
  const files = components.map(({ name, components = [] }) => [name, components.length]);
  assertEquals(files, [["data:clean", 0], ["data:raw", 0], ["models:base", 1], [MODEL, 1]]);
  assertEquals(components[3]?.licenses, [{ license: { id: "Apache-2.0" } }]);
});

Deno.test("a bill of materials of a bare version has its files alone", async () => {
  await using registry = await openRegistry("memory:");
  await registry.save("notes:a", "text");
  const { metadata: { component }, components } = await validBom(registry, "notes:a");
  const { type, authors, licenses, modelCard, externalReferences } = component;
  assertEquals(type, "data");
  assertEquals([authors, licenses, modelCard, externalReferences, components.length], [
    ...[undefined, undefined, undefined, undefined],
    0,
  ]);
});

for (
  const [metadata, licenses] of [
    [{ license: "mit" }, [{ id: "MIT" }]],
    [{ license: "llama3.1" }, [{ name: "llama3.1" }]],
    [{ license: "MIT OR Apache-2.0" }, [{ name: "MIT OR Apache-2.0" }]],
    [{ licenses: ["cc-by-4.0", { name: "Our own" }, "MIT", "mit "] }, [
      { id: "CC-BY-4.0" },
      { name: "Our own" },
      { id: "MIT" },
    ]],
    [{ license: "", licenses: [3, null, {}, [[]]] }, undefined],
    [{ license: { text: "x" } }, undefined],
  ] as const
) {
  Deno.test(`licenses of ${JSON.stringify(metadata)}`, async () => {
    await using registry = await openRegistry("memory:");
    await registry.save(MODEL, 1, { metadata });
    const { metadata: { component } } = await validBom(registry, MODEL);
    assertEquals(component.licenses, licenses?.map((license) => ({ license })));
  });
}

Deno.test("every license that is written as an identifier is one of SPDX", async () => {
  const source = await Deno.readTextFile(
    new URL("../../../extensions/signatures/bom/licenses.ts", import.meta.url),
  );
  const list = source.slice(source.indexOf("= ["), source.indexOf('].join(" ")'));
  const ids = [...list.matchAll(/"([^"]+)"/g)].flatMap(([, line = ""]) => line.split(" "));
  await using registry = await openRegistry("memory:");
  await registry.save(MODEL, 1, { metadata: { licenses: ids } });
  const { metadata: { component } } = await validBom(registry, MODEL);
  assertEquals(component.licenses, ids.map((id) => ({ license: { id } })));
});

Deno.test("odd names, values and labels make a valid bill of materials", async () => {
  await using root = await tempRoot();
  const folder = root.join("folder");
  await mkdir(`${folder}/déjà/empty`, { recursive: true });
  await writeFile(`${folder}/déjà/a b#?%.bin`, "1");
  await writeFile(`${folder}/😀`, "2");
  await Deno.symlink("😀", `${folder}/link`);
  await using registry = await openRegistry("memory:");
  await registry.save("models:naïve plan/ü", localPath(folder), {
    metadata: {
      metrics: { 'a"b': null, deep: [{ x: 1 }] },
      params: [1],
      task: 3,
      description: "",
      author: { email: "x" },
    },
  });
  await annotate(registry, "models:naïve plan/ü@1.0.0", {
    labels: { signatures: { "not a key": 3 }, "\u0001": "a\nb", list: [1] },
  });
  const { metadata: { component } } = await validBom(registry, "models:naïve plan/ü");
  const files = component.components?.map((file) => [
    ...[file.name, file.hashes?.length, property(file, "holdfast:mode")],
  ]);
  assertEquals(files, [
    ["déjà/a b#?%.bin", 1, undefined],
    ["link", undefined, "link"],
    ["😀", 1, undefined],
  ]);
  assertEquals(component.externalReferences, undefined);
  assertEquals(property(component, "holdfast:label:list"), "[1]");
});

slowTest("a bill of materials of 10,000 files lists each, in order", async () => {
  await using registry = await openRegistry("memory:");
  const draft = Array.from({ length: 10_000 }, (_, i) => [`part-${i}`, `${i}`] as const);
  await using root = await tempRoot();
  const folder = root.join("many");
  await mkdir(folder);
  for (const [name, text] of draft) Deno.writeTextFileSync(`${folder}/${name}`, text);
  await registry.save("data:many", localPath(folder));
  const { metadata: { component } } = await billOfMaterials(registry, "data:many");
  const names = component.components?.map(({ name }) => name) ?? [];
  assertEquals(names, draft.map(([name]) => name).sort());
  // The validator compares each pair of components.
  const few = { ...component, components: component.components?.slice(0, 500) };
  const bom = { bomFormat: "CycloneDX", specVersion: "1.7", metadata: { component: few } };
  assertEquals(await validator.validate(JSON.stringify(bom)), null);
});

Deno.test("a bill of materials of a missing version, or with wrong options, is refused", async () => {
  await using registry = await withLineage();
  for (
    const [ref, options, message] of [
      ["models:none", {}, /Cannot find "models:none"/],
      [`${MODEL}@9.0.0`, {}, /@9\.0\.0/],
      [MODEL, { depth: 0 }, /depth/],
      [MODEL, { models: 3 }, /models/],
      [MODEL, { prefix: "m" }, /prefix/],
    ] as const
  ) {
    const options_ = options as BillOfMaterialsOptions;
    const error = await assertRejects(() => billOfMaterials(registry, ref, options_), Error);
    assertMatch(error.message, message);
  }
});

cliTest("export bom prints a bill, and notes inputs that are gone", async (it) => {
  await it.succeeds("init");
  await it.succeeds("save data:raw -");
  await it.succeeds("save models:digits - --input data:raw@1.0.0");
  const text = await it.succeeds("export bom models:digits");
  assertEquals(await validator.validate(text), null);
  assertEquals(JSON.parse(await it.succeeds("export bom models:digits --json")), JSON.parse(text));
  await it.succeeds("rm data:raw@1.0.0 --yes --force");
  const { code, out, err } = await it.holdfast("export bom models:digits");
  assertEquals(code, 0);
  assertEquals(await validator.validate(out), null);
  assertMatch(err, /Input data:raw@1\.0\.0 is missing/);
  await it.fails("export bom models:none", 3, 'Cannot find "models:none"');
  await it.fails("export bom models:digits --depth 0", 2, "at least 1");
});
