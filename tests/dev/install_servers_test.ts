import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { relative } from "@std/path";
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

Deno.test("servers are not built without Go, and it is said what to do", async () => {
  await using root = await tempRoot();
  const { code, stderr } = await install(root, ["gofakes3"]);
  assertEquals(code, 1);
  assertStringIncludes(
    stderr,
    "Cannot build the servers: there is no Go toolchain; install Go 1.26 or later",
  );
});

Deno.test("an old Go is told what it is", async () => {
  await using root = await tempRoot();
  await Deno.writeTextFile(root.join("go"), "#!/bin/sh\necho go version go1.19.8 linux/amd64\n", {
    mode: 0o755,
  });
  const { code, stderr } = await install(root, ["gofakes3"]);
  assertEquals(code, 1);
  assertStringIncludes(
    stderr,
    "Cannot build the servers: go version go1.19.8 linux/amd64 is too old",
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

Deno.test("servers are built into a relative folder too, though they are built elsewhere", async () => {
  await using root = await tempRoot();
  const go = `#!/bin/sh
case "$1" in version) echo go version go1.26.8 linux/amd64 ;; build) while [ "$1" != -o ]; do shift; done; echo built >"$2" ;; esac
`;
  await Deno.writeTextFile(root.join("go"), go, { mode: 0o755 });
  const { code, stderr, stdout } = await install(
    root,
    ["gofakes3"],
    relative(REPOSITORY, root.join("servers")),
  );
  assertEquals(code, 0, stderr);
  assertStringIncludes(stdout, `The servers are in ${root.join("servers")}\n`);
  assertEquals(await Deno.readTextFile(root.join("servers", "gofakes3")), "built\n");
  assert((await Deno.readTextFile(root.join("servers", "gofakes3.version"))).startsWith("v"));
});

Deno.test("a server that nobody knows is refused, and those that there are are named", async () => {
  await using root = await tempRoot();
  const { code, stderr } = await install(root, ["nonsense"]);
  assertEquals(code, 1);
  assertStringIncludes(stderr, 'Cannot install "nonsense": there are only minio, versitygw');
});
