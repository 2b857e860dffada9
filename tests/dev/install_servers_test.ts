import { assertEquals, assertStringIncludes } from "@std/assert";
import { REPOSITORY } from "../support/run_deno.ts";
import { type TempRoot, tempRoot } from "../support/temp_root.ts";

/** Runs the task where there is no Go, with a folder of its own. */
async function install(root: TempRoot, names: string[], folder = root.join("servers")) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "dev/servers.ts", "--install", ...names],
    cwd: REPOSITORY,
    env: { NO_COLOR: "1", PATH: root.path, HOLDFAST_SERVERS_DIR: folder },
  }).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

Deno.test("servers are not built without Go, and the error says what to do", async () => {
  await using root = await tempRoot();
  const { code, stderr } = await install(root, ["gofakes3"]);
  assertEquals(code, 1);
  assertStringIncludes(
    stderr,
    "Cannot build the servers: there is no Go toolchain; install Go 1.26 or later",
  );
});

Deno.test("a server that is there in its version, or was put there by hand, is not built", async () => {
  await using root = await tempRoot();
  await Deno.mkdir(root.join("servers"));
  await Deno.writeTextFile(root.join("servers", "gofakes3"), "", { mode: 0o755 });
  assertEquals((await install(root, ["gofakes3"])).code, 0);
  await Deno.writeTextFile(root.join("servers", "gofakes3.version"), "v0.0.1");
  assertEquals((await install(root, ["gofakes3"])).code, 1);
});
