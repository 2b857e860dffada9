import process from "node:process";
import { openRegistry } from "../../../mod.ts";
import { spawnDeno } from "../../support/run_deno.ts";
import { tempRoot } from "../../support/temp_root.ts";
import { watchProcess } from "../../support/watch_process.ts";
import { numberedValue } from "../programs/numbered_value.ts";
import { readAgainAndAgain } from "./read_again.ts";

const READS = 150;
/** How often it must have been overwritten beside them. */
const OVERWRITES = 30;

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
      const args = [path, "link", "1", "os"];
      const writer = watchProcess(
        spawnDeno("tests/registry/programs/overwrite_forever.ts", args, { permissions }),
      );
      const written = (await writer.lines(1)).length; // it is at work
      let reads = 0;
      await writer.until(async () => {
        await readAgainAndAgain(registry, 10);
        return (reads += 10) >= READS && (await writer.lines(1)).length >= written + OVERWRITES;
      });
      await writer.stop("SIGKILL");
    } finally {
      await root.remove();
    }
  },
});
