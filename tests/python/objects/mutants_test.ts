// Each step of the comparisons of saved objects, removed once: a row of their tables notices it. By turns of the day.
import { assert, assertEquals } from "@std/assert";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { openRegistry } from "../../../mod.ts";
import { findPython } from "../../support/numpy.ts";
import { REPOSITORY } from "../../support/run_deno.ts";
import { kindsOfShare } from "../../support/seeds.ts";
import { tempRoot } from "../../support/temp_root.ts";
import { ENVIRONMENT, served } from "../reader.ts";

const TORCH =
  "torch, transformers, peft, sklearn, skops, xgboost, lightgbm, catboost, onnx, keras, PIL, pydantic";
const rows = (table: string, parts: string) =>
  parts.split(" ").map((each) => `${table}:of_${each}`);

interface Group {
  /** Modules, classes or functions below `holdfast.values`. */
  places: string;
  parts: string[];
  least: number;
  needs?: [packages: string, variable: string];
}

const GROUPS: Group[] = [
  { places: "serializers", parts: ["proofs:of_arrays"], least: 50 },
  {
    places: "objects.tensors,objects.modules",
    parts: [...rows("proofs", "arguments modules changes"), "exact_types:of_state"],
    least: 100,
  },
  {
    places: "objects.libraries,objects.images,objects.records",
    parts: [
      ...rows("lost", "onnx images"),
      ...rows("more_values", "records images"),
      ...rows("exact_types", "plain extra"),
    ],
    least: 20,
  },
  {
    places: "objects.estimators,objects.predictions",
    parts: [
      ...rows("proofs", "same"),
      ...rows("lost", "sklearn xgboost catboost lightgbm"),
      ...rows("exact_types", "xgboost sklearn"),
    ],
    least: 100,
  },
  {
    places: "objects.pretrained,objects.adapters",
    parts: [
      ...rows("proofs", "transformers peft"),
      ...rows("lost", "transformers peft"),
      "exact_types:of_transformers",
    ],
    least: 80,
  },
  ...[
    { names: ["described", "dicts_in", "inputs_of", "outputs", "objects_of"], least: 40 },
    { names: ["Keras", "of_another_model", "facts_of"], least: 30 },
  ].map(({ names, least }) => ({
    places: names.map((each) => `objects.keras_models.${each}`).join(),
    parts: ["lost:of_keras", "more_values:of_keras", ...rows("exact_types", "keras keras_written")],
    least,
  })),
  {
    places: "objects.data_sets.Items,objects.data_sets.tensors_of",
    parts: ["more_values:of_torch_data"],
    least: 3,
  },
  {
    places:
      "objects.data_sets.DataSet,objects.data_sets.DataSets,objects.data_sets.of_another_data_set",
    parts: ["more_values:of_datasets"],
    least: 3,
    needs: ["datasets, pyarrow", "HOLDFAST_HF_PYTHON"],
  },
  {
    places: "parquet,parquet_pages,arrow",
    parts: rows("bounds", "parquet metadata arrow"),
    least: 100,
    needs: ["datasets, pyarrow", "HOLDFAST_HF_PYTHON"],
  },
];

for (const { places, parts, least, needs } of kindsOfShare("mutants", GROUPS)) {
  const [packages, variable] = needs ?? [TORCH, "HOLDFAST_TORCH_PYTHON"];
  const python = await findPython(packages, 0, variable);
  Deno.test({
    name: `a row needs each step of ${places}${
      python === undefined ? ` (ignored: no Python with ${packages})` : ""
    }`,
    ignore: python === undefined,
    async fn() {
      await using root = await tempRoot();
      await using registry = await openRegistry(root.join("registry"), { cache: false });
      await using service = served(registry, ["write:*", "read:*", "delete:*"]);
      const cache = { HOLDFAST_PYTHON_CACHE: root.join("cache"), HF_HOME: root.join("hf") };
      const env = { ...ENVIRONMENT, ...cache, OMP_NUM_THREADS: "1", HF_HUB_OFFLINE: "1" };
      Object.assign(env, { KERAS_BACKEND: "torch" });
      const program = join(REPOSITORY, "tests/python/objects/mutants.py");
      const args = [program, service.location, service.token!, root.path, places, ...parts];
      const { stdout } = await promisify(execFile)(python!, args, { env, cwd: root.path });
      const lines = stdout.trimEnd().split("\n"), last = lines.pop()!;
      assertEquals(lines, []);
      assert(parseInt(last) >= least, last);
    },
  });
}
