// Bills of materials in SPDX 3.0.1, judged by the classes that SPDX generates from its model.
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { promisify } from "node:util";
import { openRegistry, publishRelease, type Registry } from "../../../mod.ts";
import { annotate } from "../../../registry/mod.ts";
import {
  billOfMaterials,
  type BillOfMaterialsOptions,
  signVersion,
  type SpdxBill,
  type SpdxElement,
  spdxOf,
} from "../../../extensions/signatures/signatures.ts";
import { cliTest } from "../../apps/captured_io.ts";
import { judgeTest } from "../../judges/judge_test_case.ts";
import { findPython } from "../../support/numpy.ts";
import { tempRoot } from "../../support/temp_root.ts";
import { ecKeys } from "./signed.ts";

const python = await findPython("spdx_python_model", undefined, "HOLDFAST_SIGNING_PYTHON");
const MISSING = python === undefined ? "no Python with spdx-python-model" : undefined;

const JUDGE = `
import sys
from spdx_python_model import v3_0_1 as spdx
with open(sys.argv[1]) as file:
    objects = spdx.SHACLObjectSet()
    spdx.JSONLDDeserializer().read(file, objects)
missing = objects.link()
# The elements of the standard itself are in no document.
print(sorted(each for each in missing if not each.startswith("https://spdx.org/rdf/3.0.1/")))
spdx.JSONLDSerializer().serialize_data(objects) # which checks what must be there
`;

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
      params: { rate: 0.1, optimizer: { name: "adam" } },
      metrics: { auc: 0.93 },
      licenses: ["apache-2.0", "Our own (c)"],
      authors: ["Ann", "Bob & Söhne"],
    },
  });
  await annotate(registry, `${MODEL}@1.0.0`, { notes: "Best", labels: { stage: "ready" } });
  await signVersion(registry, MODEL, { key: ecKeys().privateKey });
  return registry;
}

async function judged(
  registry: Registry,
  ref: string,
  options?: BillOfMaterialsOptions,
): Promise<SpdxElement[]> {
  const bill = spdxOf(await billOfMaterials(registry, ref, options)), elements = bill["@graph"];
  await judge(bill);
  for (const each of elements) {
    const required = REQUIRED[each.type] ?? [];
    assertEquals(required.filter((member) => each[member] === undefined), [], each.type);
    if (each.type !== "ai_AIPackage") continue;
    const kinds = elements.filter(({ type, from }) =>
      type === "Relationship" && from === each.spdxId
    ).map(({ relationshipType }) => relationshipType);
    for (const kind of ["hasConcludedLicense", "hasDeclaredLicense"]) {
      assertEquals(kinds.filter((other) => other === kind).length, 1, "as the AI profile asks");
    }
  }
  return elements;
}

/** Members that the profiles ask for beyond the model. */
const OF_PACKAGE = [
  ...["suppliedBy", "releaseTime", "software_downloadLocation", "software_packageVersion"],
  "software_primaryPurpose",
];
const REQUIRED: Readonly<Record<string, readonly string[]>> = {
  ai_AIPackage: OF_PACKAGE,
  dataset_DatasetPackage: [...OF_PACKAGE, "builtTime", "originatedBy", "dataset_datasetType"],
};

async function judge(bill: SpdxBill): Promise<void> {
  await using root = await tempRoot();
  const file = root.join("bom.spdx.json");
  await writeFile(file, JSON.stringify(bill));
  const { stdout } = await promisify(execFile)(python!, ["-c", JUDGE, file]);
  assertEquals(stdout, "[]\n");
}

judgeTest("SPDX has models, data, files, lineage, licenses and agents", MISSING, async () => {
  await using registry = await withLineage();
  const elements = await judged(registry, MODEL);
  const of = (type: string) => elements.filter((each) => each.type === type);
  const [model] = of("ai_AIPackage").filter(({ name }) => name === MODEL);
  assertEquals(of("dataset_DatasetPackage").map(({ name }) => name), ["data:clean", "data:raw"]);
  assertEquals(model?.ai_metric, [{ type: "DictionaryEntry", key: "auc", value: "0.93" }]);
  assertEquals(
    (model?.ai_hyperparameter as { key: string }[]).map(({ key }) => key),
    ["rate", "optimizer.name"],
  );
  assertEquals(model?.software_downloadLocation, `holdfast://${MODEL}@1.0.0`);
  const related = (from: unknown, type: string) =>
    of("Relationship").filter((each) => each.from === from && each.relationshipType === type);
  const named = (ids: unknown) =>
    (ids as string[]).map((id) => elements.find(({ spdxId }) => spdxId === id)?.name);
  const [trained] = related(model?.spdxId, "trainedOn");
  const [depends] = related(model?.spdxId, "dependsOn");
  assertEquals([named(trained?.to), named(depends?.to)], [["data:clean"], ["models:base"]]);
  const [files] = related(model?.spdxId, "contains");
  const { files: own } = await registry.info(MODEL);
  assertEquals(named(files?.to), own.map(({ path }) => path));
  const hashes = of("software_File").flatMap((file) => file.verifiedUsing as object[]);
  assert(hashes.some((hash) => Object(hash).hashValue === own[0]!.sha256));
  const [declared] = related(model?.spdxId, "hasDeclaredLicense");
  const license = elements.find(({ spdxId }) => spdxId === (declared?.to as string[])[0]);
  assertEquals(license?.simplelicensing_licenseExpression, "Apache-2.0 AND LicenseRef-1");
  assertEquals(related(model?.spdxId, "hasConcludedLicense").length, 1);
  assertEquals(of("Agent").map(({ name }) => name), ["Ann", "Bob & Söhne", "NOASSERTION"]);
  assertMatch(JSON.stringify(model?.externalRef), /OpenSSF Model Signing/);

  await judged(registry, "data:clean");
  const cut = await judged(registry, MODEL, { depth: 1 });
  assert(cut.some(({ completeness }) => completeness === "incomplete"));
  await publishRelease(registry, "app", { model: MODEL, data: "data:clean" });
  const release = await judged(registry, "app");
  assert(release.some(({ software_primaryPurpose: use }) => use === "application"));
  await registry.delete("data:clean@1.0.0", { force: true });
  const missing = await judged(registry, MODEL);
  const left = missing.find(({ name }) => name === "data:clean");
  assertEquals([left?.type, left?.releaseTime], ["software_Package", undefined]);

  const bill = spdxOf(await billOfMaterials(registry, MODEL));
  const changes: ((model: SpdxElement) => unknown)[] = [
    (model) => model.ai_metrics = [],
    (model) => model.software_primaryPurpose = "network",
    (model) => model.suppliedBy = "urn:uuid:nobody",
    (model) => delete model.creationInfo,
  ];
  for (const change of changes) {
    const copy = structuredClone(bill);
    change(copy["@graph"].find(({ type }) => type === "ai_AIPackage")!);
    await assertRejects(() => judge(copy), Error, "", "the judge judges");
  }
});

Deno.test("equal content gives equal SPDX, with an identifier for each element", async () => {
  await using registry = await withLineage();
  const texts = [];
  for (let i = 0; i < 2; i++) {
    texts.push(JSON.stringify(spdxOf(await billOfMaterials(registry, MODEL))));
  }
  assertEquals(texts[0], texts[1]);
  const { "@graph": [creation, ...elements] } = JSON.parse(texts[0]!);
  assertMatch(creation.created, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  const ids = elements.map(({ spdxId }: SpdxElement) => spdxId);
  assertEquals(new Set(ids).size, ids.length);
  assert(ids.every((id: string) => /^urn:uuid:[0-9a-f-]{36}(#[\x21-\x7e]+)?$/.test(id)));
});

Deno.test("no author is the tool of the bill, and no label writes other facts into it", async () => {
  await using registry = await openRegistry("memory:", { by: "holdfast" });
  await registry.save(MODEL, { layers: 3 });
  const forged = "a\nholdfast:savedBy: alice\u2028b\u202ec";
  await annotate(registry, `${MODEL}@1.0.0`, { labels: { stage: forged, "x\ny: z": 1 } });
  const { "@graph": elements } = spdxOf(await billOfMaterials(registry, MODEL));
  const { createdBy } = elements[0] as { createdBy?: string[] };
  const tool = elements.find(({ spdxId }) => spdxId === createdBy?.[0]);
  const model = elements.find(({ type }) => type === "ai_AIPackage");
  const author = elements.find(({ spdxId }) => spdxId === model?.suppliedBy);
  assertEquals([tool?.type, author?.type, author?.name], ["SoftwareAgent", "Agent", "holdfast"]);
  const lines = String(model?.comment).split(/[\n\u2028]/);
  assertEquals(lines.slice(-2), [
    "holdfast:label:stage: a\\u000aholdfast:savedBy: alice\\u2028b\\u202ec",
    "holdfast:label:x\\u000ay: z: 1",
  ]);
});

cliTest("export bom prints SPDX with --format spdx", async (it) => {
  await it.succeeds("init");
  await writeFile(`${it.cwd}/w.bin`, "w");
  await it.succeeds("save models:a w.bin");
  const bill = JSON.parse(await it.succeeds("export bom models:a --format spdx"));
  assertEquals(bill["@context"], "https://spdx.org/rdf/3.0.1/spdx-context.jsonld");
  assert(bill["@graph"].some(({ type }: SpdxElement) => type === "ai_AIPackage"));
  const own = JSON.parse(await it.succeeds("export bom models:a --format cyclonedx"));
  assertEquals(own.bomFormat, "CycloneDX");
});
