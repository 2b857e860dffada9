// Records, images and data sets: with the packages themselves.
import { assertEquals } from "@std/assert";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { openRegistry } from "../../../mod.ts";
import { findPython } from "../../support/numpy.ts";
import { REPOSITORY } from "../../support/run_deno.ts";
import { tempRoot } from "../../support/temp_root.ts";
import { ENVIRONMENT, served } from "../reader.ts";

const ok = (...names: string[]) => names.map((name) => `${name} ok`);
const TORCH = ["torch, PIL, pydantic, safetensors", "HOLDFAST_TORCH_PYTHON"] as const;
const DATASETS = ["datasets, pyarrow", "HOLDFAST_HF_PYTHON"] as const;

const KERAS = ["torch, keras", "HOLDFAST_TORCH_PYTHON"] as const;

const PARTS: [part: string, needs: readonly [string, string], lines: string[]][] = [
  ["records", TORCH, [
    ...ok("dataclass", "its schema", "in a class with more fields", "pydantic"),
    "private Unsupported",
    "list for a tuple Unsupported",
    "any Unsupported",
    "array Unsupported",
    "no class Invalid",
    ...new Array(4).fill("another class Invalid"),
    ...new Array(2).fill("a class without a field Invalid"),
    "a set for a list Invalid",
  ]],
  ["images", TORCH, [
    ...ok("L", "LA", "RGB", "RGBA", "CMYK", "LAB", "F", "I", "I;16", "P", "of a TIFF"),
    "HSV Unsupported",
    "frames Unsupported",
    "cut TaskFailed",
    "too many pixels Corrupt",
  ]],
  ["torch_data", TORCH, [
    ...ok("TensorDataset", "Subset"),
    "random items Unsupported",
    "no length Unsupported",
    ...new Array(2).fill("no package Unsupported"),
  ]],
  ["keras", KERAS, [
    ...ok("optimizer", "Sequential", "equal files", "Functional"),
    ...ok("own classes", "own classes", "own function"),
    ...new Array(5).fill("without its classes Invalid"),
    "lambda Unsupported",
    ...["lost argument", "frozen later", "other factor", "LoRA"].map((x) => `${x} Unsupported`),
    ...ok("float8", "a layer inside", "own rate", "states"),
    ...["lambda", "loss", "pickle", "dotted pickle", "vocabulary", "size", "size that is read"]
      .concat("metric", "metric").map((x) => `${x} Invalid`),
    "little memory ok",
    ...new Array(2).fill("call Invalid"),
    ...["call", "weights", "cut weights", "config", "bomb", "config"].map((x) => `${x} Corrupt`),
    "release Invalid",
    ...new Array(2).fill("file Corrupt"),
  ]],
  ["datasets", DATASETS, [
    ...ok(
      "features",
      "rows",
      "parquet",
      "chosen rows",
      "splits",
      "named splits",
      "times",
      "arrays",
    ),
    ...new Array(2).fill("lost features Unsupported"),
    ...new Array(2).fill("lost rows Unsupported"),
    "a split outside Unsupported",
    ...new Array(3).fill("a split outside Corrupt"),
    "images outside returned 1",
    ...new Array(2).fill("images outside Corrupt"),
  ]],
];

for (const [part, [packages, variable], expected] of PARTS) {
  const python = await findPython(packages, 0, variable);
  const why = python === undefined ? ` (ignored: no Python with ${packages})` : "";
  Deno.test({
    name: `${part} are the same after a load, or refused${why}`,
    ignore: python === undefined,
    async fn() {
      await using root = await tempRoot();
      await using registry = await openRegistry(root.join("registry"), { cache: false });
      await using service = served(registry, ["write:*", "read:*"]);
      const cache = { HOLDFAST_PYTHON_CACHE: root.join("cache"), HF_HOME: root.join("hf") };
      const env = { ...ENVIRONMENT, ...cache, OMP_NUM_THREADS: "1" };
      Object.assign(env, { HF_HUB_OFFLINE: "1", KERAS_BACKEND: "torch" });
      const program = join(REPOSITORY, "tests/python/objects/more_values.py");
      const args = [program, service.location, service.token!, part];
      const { stdout } = await promisify(execFile)(python!, args, { env, cwd: root.path });
      assertEquals(stdout.trimEnd().split("\n"), expected);
    },
  });
}
