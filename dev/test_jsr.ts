// Runs the tests against the real `jsr:@std` packages, for a machine that reaches JSR: a copy of
// the repository without the stand-ins, which the workspace lists, and the lock file. The vectors come
// first: a stand-in that differs from what it stands for fails one of them there, or here.
import { execFile } from "node:child_process";
import { copyFile, mkdir, writeFile } from "node:fs/promises";
import { promisify } from "node:util";
import { dirname, join } from "@std/path";
import { REPOSITORY } from "../tests/support/run_deno.ts";
import { tempRoot } from "../tests/support/temp_root.ts";

const STAND_INS = /^(dev\/std\/|tests\/dev\/std\/stand_ins_test\.ts$|deno\.lock$)/;

await using root = await tempRoot();
const listing = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
const { stdout: listed } = await promisify(execFile)("git", listing, { cwd: REPOSITORY });
for (const path of listed.split("\0").filter((path) => path !== "" && !STAND_INS.test(path))) {
  await mkdir(dirname(root.join(path)), { recursive: true });
  await copyFile(join(REPOSITORY, path), root.join(path));
}
const configuration = JSON.parse(await Deno.readTextFile(join(REPOSITORY, "deno.json")));
const workspace = ["./explorer"];
await writeFile(
  root.join("deno.json"),
  JSON.stringify({ ...configuration, workspace, lock: false }),
);

let code = 0;
const vectors = ["test", "-A", "--no-check", "tests/dev/std/vectors_test.ts"];
for (const args of [vectors, ["check"], ["task", "test:all"]]) {
  ({ code } = await new Deno.Command(Deno.execPath(), { args, cwd: root.path }).spawn().status);
  if (code !== 0) break;
}
await root.remove();
Deno.exit(code);
