// Objects that come back equal or are refused: what packages lose in silence, with the packages themselves.
import { assert, assertEquals } from "@std/assert";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { findPython } from "../../support/numpy.ts";
import { REPOSITORY } from "../../support/run_deno.ts";
import { tempRoot } from "../../support/temp_root.ts";
import { ENVIRONMENT } from "../reader.ts";

const PACKAGES = "torch, torchvision, timm, transformers, peft, safetensors";
const python = await findPython(PACKAGES, 0, "HOLDFAST_TORCH_PYTHON");

const PARTS: [title: string, parts: string[], least: number][] = [
  ["modules and states that do not fit are refused", ["modules", "arguments"], 60],
  ["arrays of NumPy come back exactly, or are refused", ["arrays"], 30],
  ["tensors that change while they are saved are a conflict", ["changes"], 6],
  ["models of transformers come back exactly, or are refused", ["transformers"], 35],
  ["adapters of PEFT come back exactly, or are refused", ["peft"], 17],
  ["values are equal if their types and bits are", ["same"], 60],
];

for (const [title, parts, least] of PARTS) {
  Deno.test({
    name: `${title}${python === undefined ? ` (ignored: no Python with ${PACKAGES})` : ""}`,
    ignore: python === undefined,
    async fn() {
      await using root = await tempRoot();
      const env = { ...ENVIRONMENT, HF_HUB_OFFLINE: "1", OMP_NUM_THREADS: "1" };
      const args = [join(REPOSITORY, "tests/python/objects/proofs.py"), root.path, ...parts];
      const { stdout } = await promisify(execFile)(python!, args, { env, cwd: root.path });
      const lines = stdout.trimEnd().split("\n");
      assertEquals(lines.filter((line) => !line.endsWith(" ok")), []);
      assert(lines.length >= least, `${lines.length} of ${least}`);
    },
  });
}

/** Least values that come back exactly, by adapter: of others, most are refused by their package. */
const EXACT = {
  ...{ plain: 12, typed: 30, optional: 4, slotted: 30, model: 30, extra: 12, state: 26 },
  ...{ xgboost: 3, sklearn: 32, transformers: 21, keras: 24, keras_written: 24 },
};

const NEEDED = `${PACKAGES}, pydantic, xgboost, sklearn, skops, keras`;
const ofTypes = await findPython(NEEDED, 0, "HOLDFAST_TORCH_PYTHON");

Deno.test({
  name: `values that == finds equal to others keep their types, or are refused${
    ofTypes === undefined ? ` (ignored: no Python with ${NEEDED})` : ""
  }`,
  ignore: ofTypes === undefined,
  async fn() {
    await using root = await tempRoot();
    const env = { ...ENVIRONMENT, HF_HUB_OFFLINE: "1", OMP_NUM_THREADS: "1" };
    const args = [join(REPOSITORY, "tests/python/objects/exact_types.py"), root.path];
    const { stdout } = await promisify(execFile)(ofTypes!, args, { env, cwd: root.path });
    const lines = stdout.trimEnd().split("\n");
    assertEquals(lines.filter((line) => !/ (exact|refused)$/.test(line)), []);
    for (const [adapter, least] of Object.entries(EXACT)) {
      const exact = lines.filter((line) =>
        line.startsWith(`${adapter} `) && line.endsWith("exact")
      );
      assert(exact.length >= least, `${adapter}: ${exact.length} of ${least}`);
    }
  },
});
