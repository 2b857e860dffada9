// Stored objects that try to run code, are damaged or do not fit: each is refused with its code.
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
  "torch, fsspec, safetensors, transformers, skops, xgboost, lightgbm, catboost, onnx";
const python = await findPython(PACKAGES, 0, "HOLDFAST_TORCH_PYTHON");

/** Lines of each part of the program. */
const PARTS: [title: string, part: string, lines: string[]][] = [
  ["that run code are refused", "code", [
    "class that runs code Invalid",
    "pickle Invalid",
    "own code Invalid",
    "no serializer Unsupported",
  ]],
  ["that name files elsewhere are refused", "elsewhere", [
    ...new Array(5).fill("adapter Invalid"),
    ...new Array(2).fill("shard Corrupt"),
    ...new Array(2).fill("model Invalid"),
    "words Corrupt",
    ...["MULTITASK_PROMPT_TUNING", "SHADOW", "XLORA"].map((kind) => `${kind} Invalid`),
    ...new Array(6).fill("pattern Invalid"),
    ...new Array(3).fill("large Invalid"),
    "image Corrupt",
  ]],
  [
    "that are damaged are refused",
    "damaged",
    ["sklearn", "xgboost", "lightgbm", "catboost", "onnx", "torch.state", "torch.module"]
      .flatMap((name) => [`${name} Corrupt`, `${name} Corrupt`])
      .concat(
        "bomb Corrupt",
        new Array(2).fill("classes Corrupt"),
        new Array(2).fill("hostile Corrupt"),
        "endless Invalid",
        "killed",
      )
      .concat(new Array(4).fill("state Corrupt")),
  ],
  ["of odd tensors and names are the same after a load", "values", [
    ...new Array(5).fill("True True"),
    "ring Unsupported",
    "many None",
  ]],
  ["are refused by what they do not fit, which stays as it was", "unfit", [
    ...new Array(6).fill(["net Invalid", "state Invalid"]).flat(),
    "True",
  ]],
  ["raise errors of Holdfast when their packages raise others", "failing", [
    "untrained TaskFailed",
    "nested Unsupported",
    "generation_config TaskFailed",
    ...new Array(2).fill("another base Invalid"),
    ...new Array(2).fill("damaged Corrupt"),
    "absent TaskFailed",
    ...new Array(18).fill("another class Invalid"),
    "without data Corrupt",
    "data read twice Corrupt",
    ...new Array(5).fill("full Unavailable"),
  ]],
  ["of checkpoints that run code are refused", "checkpoint", [
    "checkpoint 3",
    "of a rank CheckpointException",
    "of a rank Invalid",
    "transformed CheckpointException",
    "stored 3",
    "compressed CheckpointException",
    ...new Array(4).fill("damaged Invalid"),
  ]],
];

for (const [title, part, expected] of PARTS) {
  Deno.test({
    name: `objects ${title}${python === undefined ? ` (ignored: no Python with ${PACKAGES})` : ""}`,
    ignore: python === undefined,
    async fn() {
      await using root = await tempRoot();
      await using registry = await openRegistry(root.join("registry"), { cache: false });
      await using service = served(registry, ["write:*", "read:*"]);
      const cache = { HOLDFAST_PYTHON_CACHE: root.join("cache"), HF_HOME: root.join("hf") };
      const env = { ...ENVIRONMENT, ...cache, HF_HUB_OFFLINE: "1", OMP_NUM_THREADS: "1" };
      const program = join(REPOSITORY, "tests/python/objects/hostile.py");
      const args = [program, service.location, service.token!, root.path, part];
      const { stdout } = await promisify(execFile)(python!, args, { env, cwd: root.path });
      assertEquals(stdout.trimEnd().split("\n"), expected);
    },
  });
}
