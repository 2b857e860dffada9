// Python loads weights into tensors in memory. The judge is PyTorch's `equal`, against a plain load.
import { assertEquals } from "@std/assert";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { collectGarbage } from "../../../extensions/maintenance/mod.ts";
import { openFolder } from "../../registry/create_registry.ts";
import { saveStates, statesOf } from "../../registry/payload/weights/training.ts";
import { findPython } from "../../support/numpy.ts";
import { REPOSITORY } from "../../support/run_deno.ts";
import { tempRoot } from "../../support/temp_root.ts";
import { ENVIRONMENT, served } from "../reader.ts";

const PACKAGES = "torch, safetensors, zstandard";
const python = await findPython(PACKAGES, 0, "HOLDFAST_TORCH_PYTHON");

const PARTS: [title: string, part: string, lines: string[]][] = [
  ["fetches what a step added, from any version to any other", "steps", [
    "steps ok",
    "jumps ok",
    "memories ok",
  ]],
  ["leaves the tensors as they were if it is refused", "refusals", [
    "refusals ok",
    "damage ok",
    "interrupt ok",
  ]],
  ["fills states and modules", "objects", ["states ok", "modules ok"]],
];

for (const [title, part, lines] of PARTS) {
  Deno.test({
    name: `a load into tensors in memory ${title}${
      python === undefined ? ` (ignored: no Python with ${PACKAGES})` : ""
    }`,
    ignore: python === undefined,
    async fn() {
      await using root = await tempRoot();
      await using registry = await openFolder(root.join("registry"), { cache: false });
      const added = part === "objects" ? [] : await saveStates(registry, statesOf(10));
      await registry.save("config", { width: 7 });
      await registry.save("text", "plain");
      if (part === "steps") { // a version that others are made from, and the one in memory, may be gone
        await registry.delete("a@7");
        await collectGarbage(registry, { now: true });
        added.splice(6);
      }
      await using service = served(registry, ["write:*", "read:*", "delete:*"]);
      const program = join(REPOSITORY, "tests/python/weights/into_memory.py");
      const place = [root.join("registry"), service.location, service.token!];
      const cache = { HOLDFAST_PYTHON_CACHE: root.join("cache"), OMP_NUM_THREADS: "1" };
      const args = [program, ...place, part, JSON.stringify(added)];
      const { stdout } = await promisify(execFile)(python!, args, {
        env: { ...ENVIRONMENT, ...cache },
      });
      assertEquals(stdout.trimEnd().split("\n"), lines);
    },
  });
}
