import { assertEquals, assertStringIncludes } from "@std/assert";
import { denoSucceeds, REPOSITORY } from "../../../support/run_deno.ts";
import { cliTest } from "../../../apps/captured_io.ts";

cliTest("an install with a copied configuration prints how to install it again", async (it) => {
  await it.succeeds("pipeline init");
  const install = ["install", "--global", "-A", "--root", it.cwd, "--name", "holdfast"];
  await denoSucceeds([...install, "--config", "deno.json", "apps/cli.ts"]);
  const program = new Deno.Command(it.root.join("bin/holdfast"), {
    args: ["pipeline", "plan", "--check"],
    cwd: it.cwd,
    env: { NO_COLOR: "1" },
  });
  const { code, stderr } = await program.output();
  const err = new TextDecoder().decode(stderr);
  assertEquals(code, 1, err);
  assertStringIncludes(err, "holdfast was installed with a copy of its deno.json");
  assertStringIncludes(err, `hint: Install it again: cd ${REPOSITORY} && deno task install`);
});
