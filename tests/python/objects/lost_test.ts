// Objects of which a package loses a part when it saves them: with the packages themselves.
import { assertEquals } from "@std/assert";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { openRegistry } from "../../../mod.ts";
import { findPython } from "../../support/numpy.ts";
import { REPOSITORY } from "../../support/run_deno.ts";
import { tempRoot } from "../../support/temp_root.ts";
import { ENVIRONMENT, served } from "../reader.ts";

const PACKAGES =
  "torch, transformers, peft, sklearn, skops, xgboost, lightgbm, catboost, onnx, keras";
const python = await findPython(`${PACKAGES}, PIL, safetensors`, 0, "HOLDFAST_TORCH_PYTHON");

const PARTS: [title: string, parts: string[], cases: number][] = [
  ["transformers and PEFT", ["transformers", "peft"], 16],
  [
    "scikit-learn, XGBoost, CatBoost and LightGBM",
    ["sklearn", "xgboost", "catboost", "lightgbm"],
    44,
  ],
  ["ONNX and Pillow", ["onnx", "images"], 9],
  ["Keras", ["keras"], 17],
];

for (const [title, parts, cases] of PARTS) {
  Deno.test({
    name: `what ${title} would lose is named, and nothing is stored${
      python === undefined ? ` (ignored: no Python with ${PACKAGES})` : ""
    }`,
    ignore: python === undefined,
    async fn() {
      await using root = await tempRoot();
      await using registry = await openRegistry(root.join("registry"), { cache: false });
      await using service = served(registry, ["write:*", "read:*", "delete:*"]);
      const cache = { HOLDFAST_PYTHON_CACHE: root.join("cache"), HF_HUB_OFFLINE: "1" };
      const env = { ...ENVIRONMENT, ...cache, OMP_NUM_THREADS: "1", KERAS_BACKEND: "torch" };
      const program = join(REPOSITORY, "tests/python/objects/lost.py");
      const args = [program, service.location, service.token!, ...parts];
      const { stdout } = await promisify(execFile)(python!, args, { env, cwd: root.path });
      const lines = stdout.trimEnd().split("\n");
      assertEquals(lines.filter((line) => !line.endsWith(" ok")), []);
      assertEquals(lines.length, cases + 1); // and that nothing is stored
    },
  });
}
