// Checkpoints of torch.distributed.checkpoint, by ranks in processes of their own.
import { assert, assertEquals } from "@std/assert";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { openRegistry } from "../../../mod.ts";
import { measureSpace } from "../../../apps/maintenance.ts";
import { findPython } from "../../support/numpy.ts";
import { REPOSITORY } from "../../support/run_deno.ts";
import { tempRoot } from "../../support/temp_root.ts";
import { ENVIRONMENT, served } from "../reader.ts";

const python = await findPython("torch, fsspec", 0, "HOLDFAST_TORCH_PYTHON");

Deno.test({
  name: `checkpoints of PyTorch appear whole, and load into other numbers of ranks${
    python === undefined ? " (ignored: no Python with torch and fsspec)" : ""
  }`,
  ignore: python === undefined,
  async fn() {
    await using root = await tempRoot();
    await using registry = await openRegistry(root.join("registry"), { cache: false });
    await using service = served(registry, ["write:*", "read:*"]);
    const program = join(REPOSITORY, "tests/python/objects/checkpoints.py");
    const env = { ...ENVIRONMENT, OMP_NUM_THREADS: "1" };
    const args = [program, service.location, service.token!];
    const { stdout } = await promisify(execFile)(python!, args, { env, cwd: root.path });
    // A rank that loses the one that was killed fails by itself, or is ended.
    const lines = stdout.trimEnd().split("\n").map((line) =>
      line.replace(/^\[.*-9.*\]/, "[killed]")
    );
    assertEquals(lines, [
      "[killed] False",
      "[killed] False",
      "saved ckpt:net@1.0.0",
      "[0, 0] {'last': '1.0.0'} {'step': 1}",
      "['.metadata', '__0_0.distcp', '__1_0.distcp']",
      "loaded by 2 True 1 (0.9, 0.95)",
      "loaded by 3 True 1 (0.9, 0.95)",
      "[0, 0] [0, 0, 0]",
      "saved ckpt:net@2.0.0",
      "loaded by 1 True 2 (0.9, 0.95)",
      "[0, 0, 0] [0]",
      "saved ckpt:net@3.0.0",
      "loaded by 1 True 3 (0.9, 0.95)",
      "[killed]",
      "async, by a thread True 5 True",
      "[0, 0]",
      "refused True",
      "ran code",
      "[1.0, 1.0, 1.0]",
      "refused True",
      "refused Invalid",
      "refused Unsupported",
      "True",
      "True",
      "True 2.0",
      "True 1.0",
      "True 3.0",
      "True",
      "True",
      "asked True",
      "lost True False",
    ]);
    const { bytes } = (await measureSpace(registry)).names.find(({ name }) =>
      name === "ckpt:lora"
    )!;
    assert(bytes < 5.1 * 800_000, `${bytes} bytes of 2 tensors and 3 that changed`);
  },
});
