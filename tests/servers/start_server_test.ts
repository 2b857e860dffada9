import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { existsSync } from "node:fs";
import { join } from "@std/path";
import { realSystem } from "../../core/system.ts";
import { REPOSITORY } from "../support/run_deno.ts";
import { type TempRoot, tempRoot } from "../support/temp_root.ts";
import { withoutHanging } from "../support/without_hanging.ts";
import {
  findServer,
  type RunningServer,
  type ServerKind,
  SERVERS,
  serverTest,
  sharedServer,
  startServer,
} from "../support/servers/mod.ts";
const KINDS = Object.keys(SERVERS) as ServerKind[];
const HOLDER = "tests/servers/programs/hold_server.ts";

serverTest("a server is shared by the tests of a file", KINDS, async (server) => {
  assertEquals(await sharedServer(server.kind), server);
  assert(await listens(server));
});

serverTest("a killed server is gone, and comes back on its port", KINDS, async ({ kind }) => {
  const server = await startServer(kind);
  try {
    const { pid, port } = server;
    await server.kill();
    assertEquals([await listens(server), isRunning(pid)], [false, false]);
    await server.restart();
    assert(await listens(server));
    assert(server.pid !== pid && server.port === port);
  } finally {
    await server[Symbol.asyncDispose]();
  }
  assertEquals([await listens(server), existsSync(server.data)], [false, false]);
});

serverTest("a server that dies early is reported with its output", "gofakes3", async () => {
  await using root = await tempRoot();
  const binary = await script(root, "echo no licence; echo found >&2; exit 3");
  const error = await assertRejects(() => startServer("gofakes3", { binary }), Error);
  assertEquals(error.message, "Cannot start gofakes3: it ended with code 3\nno licence\nfound\n");
});

serverTest("a port of another program is not a server", "gofakes3", async ({ port }) => {
  const error = await assertRejects(() => startServer("gofakes3", { port }), Error);
  assertStringIncludes(error.message, `another program has port ${port}`);
});

serverTest("a server whose port is taken gets another", "gofakes3", async () => {
  for (
    const said of ["listen tcp: bind: address already in use", "Specified port is already in use"]
  ) {
    await using root = await tempRoot();
    const tried = root.join("tried");
    const real = findServer("gofakes3");
    const binary = await script(
      root,
      `[ -e ${tried} ] && exec ${real} "$@"; touch ${tried}; echo ${said}; exit 1`,
    );
    await using server = await startServer("gofakes3", { binary });
    assert(await listens(server));
  }
});
serverTest("a server that does not get ready is killed", "gofakes3", async () => {
  await using root = await tempRoot();
  const pidFile = root.join("pid");
  const binary = await script(root, `echo $$ >${pidFile}; echo thinking; exec sleep 60`);
  const error = await assertRejects(
    () => startServer("gofakes3", { binary, readyWithinMs: 200 }),
    Error,
  );
  assertStringIncludes(error.message, "it did not get ready within 200 ms\nthinking");
  assertEquals(isRunning(Number(await Deno.readTextFile(pidFile))), false);
});

serverTest("a server does not outlive its program or test file", "gofakes3", async () => {
  const run = ["run", "-A", HOLDER];
  const test = ["test", "-A", "--no-check", HOLDER, "--"];
  for (
    const [how, command, success] of [
      ["killed", run, false],
      ["throws", run, false],
      ["exits", run, false],
      ["throws", test, false],
      ["ends", test, true],
    ] as const
  ) {
    await using root = await tempRoot();
    const file = root.join("server.json");
    const ran = await new Deno.Command(Deno.execPath(), {
      args: [...command, how, file],
      cwd: REPOSITORY,
    }).output();
    assertEquals(ran.success, success, how);
    const { pid, data } = JSON.parse(await Deno.readTextFile(file));
    const gone = async () => {
      while (isRunning(pid) || existsSync(data)) await realSystem.sleep(10);
    };
    await withoutHanging(`the end of the server (${command[0]} ${how})`, gone());
  }
});

Deno.test("tests without their server are ignored", async () => {
  await using root = await tempRoot();
  const { code, stdout } = await runTests({ HOLDFAST_SERVERS_DIR: root.path });
  assertEquals(code, 0);
  assertStringIncludes(
    stdout,
    "left out: minio is not built; deno task servers --install builds it ... ignored",
  );
  assertStringIncludes(stdout, "0 passed | 0 failed | 1 ignored");
});
Deno.test("a missing server fails if servers are required", async () => {
  await using root = await tempRoot();
  const required = { HOLDFAST_SERVERS_DIR: root.path, HOLDFAST_REQUIRE_SERVERS: "1" };
  for (const HOLDFAST_LEFT_OUT of ["", root.join("left_out")]) {
    const { code, stdout } = await runTests({ ...required, HOLDFAST_LEFT_OUT });
    assertEquals(code, 1);
    assertStringIncludes(
      stdout,
      "Cannot test: minio is not built; deno task servers --install builds it",
    );
    assertStringIncludes(stdout, "0 passed | 1 failed");
  }
});

/** Runs two tests on MinIO, in a file of their own. */
async function runTests(env: Record<string, string>) {
  await using root = await tempRoot();
  const file = root.join("missing_test.ts");
  const servers = new URL("../support/servers/mod.ts", import.meta.url);
  const tests = ["one", "two"].map((name) =>
    `serverTest("${name} runs", "minio", async () => {});\n`
  );
  await Deno.writeTextFile(file, `import { serverTest } from "${servers}";\n${tests.join("")}`);
  const none = {
    HOLDFAST_SERVERS: "",
    HOLDFAST_LEFT_OUT: "",
    HOLDFAST_REQUIRE_SERVERS: "",
    NO_COLOR: "1",
  };
  const args = ["test", "-A", "--no-check", `--config=${join(REPOSITORY, "deno.json")}`, file];
  const { code, stdout } = await new Deno.Command(Deno.execPath(), {
    args,
    env: { ...none, ...env },
  }).output();
  return { code, stdout: new TextDecoder().decode(stdout) };
}

async function listens({ port }: RunningServer): Promise<boolean> {
  try {
    (await Deno.connect({ hostname: "127.0.0.1", port })).close();
    return true;
  } catch {
    return false;
  }
}

function isRunning(pid: number): boolean {
  const { stdout } = new Deno.Command("ps", { args: ["-o", "stat=", "-p", String(pid)] })
    .outputSync();
  return /^[^Z\s]/.test(new TextDecoder().decode(stdout)); // one that nobody waited for is a zombie
}

async function script(root: TempRoot, text: string): Promise<string> {
  const path = root.join("script");
  await Deno.writeTextFile(path, `#!/bin/sh\n${text}\n`, { mode: 0o755 });
  return path;
}
