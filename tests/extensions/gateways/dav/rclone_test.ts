// The real rclone against `/dav`: listings, copies, ranges, and a folder that `mount` mounts.
import { assertEquals } from "@std/assert";
import { execFile, spawnSync } from "node:child_process";
import { promisify } from "node:util";
import { createHandler, listen } from "../../../../apps/server.ts";
import { realSystem } from "../../../../core/system.ts";
import { localPath, openRegistry } from "../../../../mod.ts";
import { noise } from "../../../registry/registries.ts";
import { judgeTest } from "../../../judges/judge_test_case.ts";
import { tempRoot } from "../../../support/temp_root.ts";
import { keepsRunning } from "../../../apps/captured_io.ts";
import { dav } from "../../../../extensions/gateways/dav/dav.ts";

const run = promisify(execFile);

const ODD_NAMES = [
  ...["with space.txt", "100%.txt", "%2e%2e", "a#b?c.txt", "文件.txt", "it's <b>&amp;.txt"],
  ...["a+b;c=d", "deep/er/file.txt"],
];
const MANY = 300;
const LARGE = 40 * 2 ** 20;

/** Saves a tree with odd names, many files and a large one, as `team/tree`. */
async function saveTree() {
  const root = await tempRoot();
  const source = root.join("source");
  const write = async (path: string, content: string | Uint8Array) => {
    const at = `${source}/${path}`;
    await Deno.mkdir(at.slice(0, at.lastIndexOf("/")), { recursive: true });
    await Deno.writeFile(
      at,
      typeof content === "string" ? new TextEncoder().encode(content) : content,
    );
  };
  for (const path of ODD_NAMES) await write(path, `in ${path}\n`);
  for (let i = 0; i < MANY; i++) await write(`many/${i % 7}/${i}.txt`, `line ${i}\n`);
  const large = noise(LARGE, 1);
  await write("large.bin", large);
  await using registry = await openRegistry(root.join("registry"), { cache: false });
  await registry.save("team/tree", localPath(source));
  return { root, source, large };
}

judgeTest("rclone lists, copies and reads ranges", rcloneProblem(), async () => {
  const { root, source, large } = await saveTree();
  await using _ = root;
  await using registry = await openRegistry(root.join("registry"), { cache: false });
  const server = await listen(createHandler(registry, { gateways: [dav] }), { port: 0 });
  const rclone = (args: string[]) =>
    run("rclone", [...args, "--config=", `--webdav-url=${server.url}/dav/`], {
      encoding: "buffer",
      maxBuffer: 2 ** 30,
    });
  const lines = async (args: string[]) =>
    (await rclone(args)).stdout.toString().trim().split("\n").sort();
  try {
    assertEquals(await lines(["lsf", ":webdav:"]), ["team@@tree/"]);
    assertEquals(await lines(["lsf", ":webdav:team@@tree"]), ["1.0.0/", "latest/"]);
    const odd = await lines([
      "lsf",
      "-R",
      "--files-only",
      "--exclude=many/**",
      ":webdav:team@@tree@1",
    ]);
    assertEquals(odd, [...ODD_NAMES, "large.bin"].sort());
    for (const path of ODD_NAMES) {
      const { stdout } = await rclone(["cat", `:webdav:team@@tree/latest/${path}`]);
      assertEquals(stdout.toString(), `in ${path}\n`);
    }
    for (const [offset, count] of [[0, 10], [LARGE - 5, 5], [20_000_000, 3_000_000]] as const) {
      const range = [`--offset=${offset}`, `--count=${count}`];
      const { stdout } = await rclone(["cat", ...range, ":webdav:team@@tree@1.0.0/large.bin"]);
      assertEquals(stdout.equals(large.subarray(offset, offset + count)), true);
    }
    await rclone(["copy", ":webdav:team@@tree@^1", root.join("copy")]);
    await run("diff", ["-r", root.join("copy"), source]);
  } finally {
    await server.stop({ withinMs: 0 });
  }
});

judgeTest("a mounted version has the bytes of its download", fuseProblem(), async () => {
  const { root, source } = await saveTree();
  await using _ = root;
  const folder = root.join("mounted");
  const env = { PATH: realSystem.env("PATH")! };
  const args = ["mount", "team/tree", folder, "-r", root.join("registry")];
  const mount = await keepsRunning(args, { cwd: root.path, env });
  try {
    await run("diff", ["-r", folder, source]);
    const grep = async (cwd: string) =>
      (await run("grep", ["-r", "-c", "line 1", "."], { cwd })).stdout;
    const sorted = (text: string) => text.split("\n").sort();
    assertEquals(sorted(await grep(folder)), sorted(await grep(source)));
    const refused = await run("touch", [`${folder}/new`]).then(() => "written", () => "refused");
    assertEquals(refused, "refused");
  } finally {
    mount.stop();
    await mount.ended;
    spawnSync("fusermount3", ["-uz", folder]); // nothing, unless the command failed
  }
  assertEquals(mount.io.errors().endsWith("Unmounted\n"), true, mount.io.errors());
  assertEquals(await Deno.stat(folder).catch(() => "gone"), "gone");
});

function rcloneProblem(): string | undefined {
  if (spawnSync("rclone", ["version"]).status === 0) return undefined;
  return "rclone is not installed; apt-get install rclone installs it";
}

function fuseProblem(): string | undefined {
  const problem = rcloneProblem();
  if (problem !== undefined) return problem;
  if (spawnSync("fusermount3", ["--version"]).status !== 0) return "fuse3 is not installed";
  try {
    Deno.openSync("/dev/fuse", { read: true, write: true }).close();
  } catch {
    return "/dev/fuse cannot be opened";
  }
}
