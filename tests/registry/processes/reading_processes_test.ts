import { assert } from "@std/assert";
import process from "node:process";
import { openRegistry } from "../../../mod.ts";
import { spawnDeno } from "../../support/run_deno.ts";
import { tempRoot } from "../../support/temp_root.ts";
import { numberedValue } from "../programs/numbered_value.ts";
import { readAgainAndAgain } from "./read_again.ts";

const READS = 150;

Deno.test({
  name: "no reader fails while another process overwrites what it reads",
  ignore: process.versions.deno === undefined,
  async fn() {
    const root = await tempRoot();
    try {
      const path = root.join("registry");
      const registry = await openRegistry(path, { mutable: true, durability: "os" });
      await registry.save("kept", numberedValue(0), { version: "1" });
      const permissions = [`--allow-read=${root.path}`, `--allow-write=${root.path}`];
      const child = spawnDeno("tests/registry/programs/overwrite_forever.ts", [path, "link", "1", "os"], {
        permissions,
      });
      const output = child.stdout.getReader();
      await output.read(); // it is at work
      const seen = await readAgainAndAgain(registry, READS);
      child.kill("SIGKILL");
      while (!(await output.read()).done);
      await Promise.all([child.stderr.cancel(), child.stdin.abort().catch(() => {}), child.status]);
      assert(seen.size > 3, `only ${seen.size} values were seen`);
    } finally {
      await root.remove();
    }
  },
});
