import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { delimiter, dirname } from "node:path";
import { realSystem } from "../../core/system.ts";
import { denoSucceeds } from "../support/run_deno.ts";
import { tempRoot } from "../support/temp_root.ts";

Deno.test("a script that `deno task install` writes runs pipelines from another folder", async () => {
  await using root = await tempRoot();
  const bin = root.join("bin");
  const env = {
    DENO_DIR: root.join("cache"), // empty: nothing was downloaded before
    DENO_INSTALL_ROOT: root.path,
    NO_COLOR: "1",
    PATH: [bin, dirname(Deno.execPath()), realSystem.env("PATH")].join(delimiter),
  };
  const { stdout } = await denoSucceeds(["task", "install"], { env });
  assertEquals(stdout, `${bin}/holdfast\n`);
  const lines = { init: "", "pipeline init": "", "pipeline run": "report     ran" };
  for (const [line, expected] of Object.entries(lines)) {
    const program = new Deno.Command("holdfast", { args: line.split(" "), cwd: root.path, env });
    const { code, stderr } = await program.output();
    const err = new TextDecoder().decode(stderr);
    assertEquals(code, 0, err);
    assertStringIncludes(err, expected);
    assert(!err.includes("Download"), err);
  }
});

Deno.test("`deno task install` shows how to add its folder to PATH", async () => {
  await using root = await tempRoot();
  const env = { DENO_INSTALL_ROOT: root.path, NO_COLOR: "1" };
  const { stdout } = await denoSucceeds(["task", "install"], { env });
  assertStringIncludes(stdout, `export PATH="${root.join("bin")}:$PATH"`);
});

Deno.test("`deno task install` installs nothing with an unknown option", async () => {
  await using root = await tempRoot();
  const env = { DENO_INSTALL_ROOT: root.path, NO_COLOR: "1" };
  const installed = denoSucceeds(["task", "install", "--root", "elsewhere"], { env });
  await assertRejects(() => installed, Error, "--root");
  assertEquals(await Array.fromAsync(Deno.readDir(root.path)), []);
});
