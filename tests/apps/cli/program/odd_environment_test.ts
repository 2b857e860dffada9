// The command line where the environment of a process has no usable folder and no UTF-8.
import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { realSystem } from "../../../../core/system.ts";
import { runDeno } from "../../../support/run_deno.ts";
import { testInRoot } from "../../../support/temp_root.ts";

/** The folder of packages of Deno, by default below the home. */
const DENO_DIR = realSystem.env("DENO_DIR") ?? join(realSystem.env("HOME") ?? "/", ".cache/deno");

const ODD: Record<string, Record<string, string>> = {
  "an empty TMPDIR": { TMPDIR: "" },
  "no folder of temporary files, no home and no UTF-8": {
    TMPDIR: "/nonexistent",
    HOME: "/proc/none",
    LC_ALL: "C",
  },
};

for (const [what, env] of Object.entries(ODD)) {
  testInRoot(`commands work with ${what}`, async (root) => {
    const run = async (...args: string[]) => {
      const ran = await runDeno("apps/cli.ts", args, {
        permissions: ["-A"],
        env: { DENO_DIR, HOLDFAST_REGISTRY: root.join("registry"), NO_COLOR: "1", ...env },
        cwd: root.path,
        stdin: "größe",
      });
      assertEquals([ran.code, ran.stderr.includes("    at ")], [0, false], ran.stderr);
      return ran.stdout;
    };
    await run("init");
    await run("save", "größe:日本", "-");
    assertEquals((await run("ls")).includes("größe:日本"), true);
    assertEquals(await run("load", "größe:日本"), "größe");
  });
}
