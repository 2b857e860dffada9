// Each argument of the classes of a package that changes no shape, changed once: the object comes back equal, or is refused.
import { assertEquals, assertMatch } from "@std/assert";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { findPython } from "../../support/numpy.ts";
import { REPOSITORY } from "../../support/run_deno.ts";
import { kindsOfShare } from "../../support/seeds.ts";
import { tempRoot } from "../../support/temp_root.ts";
import { ENVIRONMENT } from "../reader.ts";

const PACKAGES = "torch, timm, transformers, peft, keras, safetensors, sklearn, skops, xgboost";
const python = await findPython(PACKAGES, 0, "HOLDFAST_TORCH_PYTHON");

for (
  const parts of kindsOfShare("arguments", [
    ["torch", "transformers"],
    ["timm", "peft"],
    ["keras"],
    [
      "sklearn",
      "xgboost",
    ],
  ])
) {
  Deno.test({
    name: `no argument of ${parts.join(" and ")} is lost${
      python === undefined ? ` (ignored: no Python with ${PACKAGES})` : ""
    }`,
    ignore: python === undefined,
    async fn() {
      await using root = await tempRoot();
      const env = {
        ...ENVIRONMENT,
        HF_HUB_OFFLINE: "1",
        OMP_NUM_THREADS: "1",
        KERAS_BACKEND: "torch",
      };
      const args = [join(REPOSITORY, "tests/python/objects/arguments.py"), root.path, ...parts];
      const { stdout } = await promisify(execFile)(python!, args, { env, cwd: root.path });
      const lines = stdout.trimEnd().split("\n");
      assertEquals(lines.filter((line) => line.startsWith("lost")), []);
      assertEquals(lines.map((line) => line.split(" ")[0]), parts);
      for (const line of lines) assertMatch(line, /^\w+ [1-9]\d+ equal \d+ refused 0 lost$/);
      // A person who trusts the types of an estimator gets each one back.
      const ofSklearn = lines.filter((line) => line.startsWith("sklearn"));
      for (const line of ofSklearn) assertMatch(line, / 0 refused /);
    },
  });
}
