// A job whose ranks are killed at random requests. By hand, with 8 ranks and 100 kills:
// killed_checkpoints.py LOCATION TOKEN 8 200 SEED.
import { assertMatch } from "@std/assert";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { openRegistry } from "../../../mod.ts";
import { findPython } from "../../support/numpy.ts";
import { REPOSITORY } from "../../support/run_deno.ts";
import { IS_QUICK, seedRange } from "../../support/seeds.ts";
import { tempRoot } from "../../support/temp_root.ts";
import { ENVIRONMENT, served } from "../reader.ts";

const python = await findPython("torch, fsspec", 0, "HOLDFAST_TORCH_PYTHON");
const ROUNDS = 4;

Deno.test({
  name: `checkpoints whose ranks are killed are whole or absent, and jobs resume from equal values${
    python === undefined ? " (ignored: no Python with torch and fsspec)" : ""
  }`,
  ignore: python === undefined || IS_QUICK,
  async fn() {
    await using root = await tempRoot();
    await using registry = await openRegistry(root.join("registry"), { cache: false });
    await using service = served(registry, ["write:*", "read:*"]);
    const program = join(REPOSITORY, "tests/python/objects/killed_checkpoints.py");
    const { firstSeed } = seedRange(1, "HOLDFAST_KILLED_CHECKPOINTS");
    const numbers = [3, ROUNDS, firstSeed].map(String);
    const env = { ...ENVIRONMENT, OMP_NUM_THREADS: "1" };
    const args = [program, service.location, service.token!, ...numbers];
    const { stdout } = await promisify(execFile)(python!, args, { env, cwd: root.path });
    assertMatch(stdout, /^\{'whole': \d, 'absent': \d, 'not killed': \d\} steps \d\n$/);
  },
});
