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
  ["modules and states that do not fit are refused", ["modules"], 24],
  ["tensors that change while they are saved are a conflict", ["changes"], 6],
  ["models of transformers come back exactly, or are refused", ["transformers"], 18],
  ["adapters of PEFT come back exactly, or are refused", ["peft"], 15],
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
