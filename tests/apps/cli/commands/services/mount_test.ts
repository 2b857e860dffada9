import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { createLocalBackend } from "../../../../../backends/local.ts";
import { damage } from "../../../../registry/registries.ts";
import { type CliTest, filledTest, keepsRunning, serving } from "../../../captured_io.ts";

const isLinux = Deno.build.os === "linux";

/** Writes programs that note how they were called, and returns the environment with only them. */
async function programs(it: CliTest, scripts: Record<string, string>) {
  await Deno.mkdir(it.root.join("bin"));
  for (const [name, script] of Object.entries(scripts)) {
    const text = `#!/bin/sh\necho "${name} $@" >> ${it.root.join("calls")}\n${script}\n`;
    await Deno.writeTextFile(it.root.join("bin", name), text, { mode: 0o755 });
  }
  return { PATH: it.root.join("bin") };
}

function callsOf(it: CliTest): string[] {
  return Deno.readTextFileSync(it.root.join("calls")).trim().split("\n");
}

function mountTest(name: string, run: (it: CliTest) => Promise<void>): void {
  if (isLinux) filledTest(name, run); // other systems have other programs
}

mountTest("mount serves a version to rclone, with a token, until it is stopped", async (it) => {
  const noteToken = `echo "$RCLONE_WEBDAV_BEARER_TOKEN" > ${it.root.join("token")}`;
  const env = await programs(it, { rclone: noteToken, fusermount3: "" });
  const run = await keepsRunning(["mount", "data:raw@^1", "raw"], { cwd: it.cwd, env });
  const folder = it.root.join("raw");
  assertEquals(run.line, folder);
  const [call = ""] = callsOf(it);
  const [, url] = /--webdav-url=(http:\/\/127\.0\.0\.1:\d+\/dav\/data%3Araw@1\.0\.0)$/.exec(call)!;
  assertStringIncludes(call, `rclone mount :webdav: ${folder} --config= --read-only`);
  const token = (await Deno.readTextFile(it.root.join("token"))).trim();
  assertEquals([token.length > 30, call.includes(token)], [true, false]);
  const ask = async (init: RequestInit) => {
    const answer = await fetch(`${url}/a.csv`, init);
    return [answer.status, await answer.text()];
  };
  const headers = { authorization: `Bearer ${token}` };
  assertEquals(await ask({ headers }), [200, "1,2\n"]);
  assertEquals((await ask({}))[0], 401);
  assertEquals((await ask({ headers: { authorization: `Bearer ${token}x` } }))[0], 401);
  assertEquals((await ask({ headers, method: "PUT", body: "x" }))[0], 405);
  run.stop();
  assertEquals(await run.ended, 0);
  assertEquals(callsOf(it).slice(1), [`fusermount3 -uz ${folder}`]);
  assertMatch(run.io.errors(), /Mounted data:raw@1\.0\.0; Ctrl-C unmounts it\nUnmounted\n$/);
  assertEquals(await Deno.stat(folder).catch(() => "gone"), "gone");
});

mountTest("mount serves a version of a registry behind a service", async (it) => {
  const noteToken = `echo "$RCLONE_WEBDAV_BEARER_TOKEN" > ${it.root.join("token")}`;
  const env = await programs(it, { rclone: noteToken, fusermount3: "" });
  const service = await serving(it.cwd);
  const run = await keepsRunning(["mount", "data:raw", "raw", "-r", service.line], {
    cwd: it.root.path,
    env,
  });
  const [, url] = /--webdav-url=(\S+)$/.exec(callsOf(it)[0]!)!;
  const authorization = `Bearer ${(await Deno.readTextFile(it.root.join("token"))).trim()}`;
  const answer = await fetch(`${url}/a.csv`, { headers: { authorization, range: "bytes=2-2" } });
  assertEquals([answer.status, await answer.text()], [206, "2"]);
  run.stop();
  assertEquals(await run.ended, 0);
  service.stop();
  assertEquals(await service.ended, 0);
});

mountTest("a mounted version stays, also if another one overwrites it", async (it) => {
  await it.succeeds("init mutable --mutable");
  await it.succeeds("save a - -r mutable --version 1.0.0", { stdin: "old" });
  const noteToken = `echo "$RCLONE_WEBDAV_BEARER_TOKEN" > ${it.root.join("token")}`;
  const env = await programs(it, { rclone: noteToken, fusermount3: "" });
  const run = await keepsRunning(["mount", "a", "raw", "-r", "mutable"], { cwd: it.cwd, env });
  const [, url] = /--webdav-url=(\S+)$/.exec(callsOf(it)[0]!)!;
  const authorization = `Bearer ${(await Deno.readTextFile(it.root.join("token"))).trim()}`;
  const read = async (range: string) => {
    const answer = await fetch(`${url}/data.bin`, { headers: { authorization, range } });
    return await answer.text();
  };
  assertEquals(await read("bytes=0-1"), "ol");
  await it.succeeds("save a - -r mutable --version 1.0.0 --on-conflict overwrite", {
    stdin: "new",
  });
  assertEquals([await read("bytes=2-"), await read("bytes=0-")], ["d", "old"]);
  run.stop();
  assertEquals(await run.ended, 0);
});

mountTest("mount says once why a file cannot be read", async (it) => {
  await Deno.writeFile(it.root.join("large.bin"), new Uint8Array(100_000).fill(7));
  await it.holdfast("save large large.bin");
  await damage(createLocalBackend({ path: join(it.cwd, ".holdfast") }), "objects/large/");
  const noteToken = `echo "$RCLONE_WEBDAV_BEARER_TOKEN" > ${it.root.join("token")}`;
  const env = await programs(it, { rclone: noteToken, fusermount3: "" });
  const run = await keepsRunning(["mount", "large", "raw"], { cwd: it.cwd, env });
  const [, url] = /--webdav-url=(\S+)$/.exec(callsOf(it)[0]!)!;
  const authorization = `Bearer ${(await Deno.readTextFile(it.root.join("token"))).trim()}`;
  const { href } = new URL(`${url}/large.bin`);
  for (const range of ["bytes=0-9", "bytes=0-9", "bytes=0-"]) {
    const read = fetch(href, { headers: { authorization, range } });
    assertEquals(
      await read.then(async (answer) => (await answer.bytes(), answer.ok), () => false),
      false,
    );
  }
  run.stop();
  assertEquals(await run.ended, 0);
  const reasons = run.io.errors().match(/^warning: .*$/gm) ?? [];
  assertMatch(
    reasons.join("\n"),
    /^warning: Cannot read file "large.bin" of "large@1.0.0": .*SHA-256/,
  );
  assertEquals(new Set(reasons).size, reasons.length);
});

mountTest(
  "mount uses davfs2 where there is no rclone, and keeps a folder that existed",
  async (it) => {
    await Deno.mkdir(it.root.join("raw"));
    const script = `read user; read token; echo "$user $token$HTTP_PROXY" > ${
      it.root.join("input")
    }`;
    const env = await programs(it, { "mount.davfs": script, umount: "" });
    const proxy = { HTTP_PROXY: "http://proxy:3128" }; // it would get the token
    const run = await keepsRunning(["mount", "data:raw", "raw"], {
      cwd: it.cwd,
      env: { ...env, ...proxy },
    });
    assertMatch(await Deno.readTextFile(it.root.join("input")), /^holdfast [\w-]{32}\n$/);
    // davfs2 encodes the URL itself.
    assertMatch(callsOf(it)[0]!, /^mount\.davfs http:\/\/[\d.:]+\/dav\/data:raw@1\.0\.0 /);
    run.stop();
    assertEquals(await run.ended, 0);
    assertEquals(callsOf(it)[1], `umount ${it.root.join("raw")}`);
    assertEquals((await Deno.stat(it.root.join("raw"))).isDirectory, true);
  },
);

mountTest("mount without a program says which to install", async (it) => {
  const env = { PATH: it.root.join("nothing") };
  const { code, err } = await it.holdfast("mount data:raw@1 raw", { env });
  assertEquals(code, 3, err);
  assertStringIncludes(err, "no program that mounts WebDAV was found");
  assertStringIncludes(err, "sudo apt install rclone fuse3");
  assertStringIncludes(err, "holdfast download data:raw@1.0.0 --to raw");
  assertEquals(await Deno.stat(it.root.join("raw")).catch(() => "gone"), "gone");
});

mountTest("mount repeats the last words of a program that failed", async (it) => {
  const env = await programs(it, { rclone: "echo first >&2\necho 'no FUSE here' >&2\nexit 7" });
  const { code, err } = await it.holdfast("mount data:raw raw", { env });
  assertEquals(code !== 0, true);
  assertMatch(err, /Cannot mount at .*raw: rclone: no FUSE here\nhint: Install rclone/);
});

mountTest("mount refuses a folder that has files", async (it) => {
  const env = await programs(it, { rclone: "" });
  await it.fails("mount data:raw data", 2, "the folder is not empty", { env });
});

mountTest("mount of an unknown version suggests one", async (it) => {
  await it.fails("mount data:rw raw", 3, "data:raw");
});
