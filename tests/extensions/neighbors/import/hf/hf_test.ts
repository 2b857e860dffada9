// `holdfast import hf`: what arrives from a cache of Hugging Face's libraries, and what is refused.
import { assertEquals, assertMatch } from "@std/assert";
import { createHash } from "node:crypto";
import { mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "@std/path";
import { localPath, openRegistry } from "../../../../../mod.ts";
import { type CliTest, cliTest } from "../../../../apps/captured_io.ts";
import { pythonTest, startPythonHub } from "../../../gateways/hub/python_hub.ts";
import { tempRoot } from "../../../../support/temp_root.ts";
import { holdfast } from "../../../../apps/captured_io.ts";
import { writeTree } from "../mlflow/write_mlruns.ts";
import { reportLines } from "../report_lines.ts";

const ONE = "1".repeat(40), TWO = "2".repeat(40), REPO = "hub/models--team--bert";

function blobOf(content: string): string {
  const size = new TextEncoder().encode(content).byteLength;
  return content.startsWith("lfs")
    ? createHash("sha256").update(content).digest("hex")
    : createHash("sha1").update(`blob ${size}\0${content}`).digest("hex");
}

/** Writes a snapshot as the libraries do: links to blobs. */
async function writeSnapshot(
  it: CliTest,
  commit: string,
  files: Record<string, string>,
  repo = REPO,
): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    const blob = join(it.cwd, repo, "blobs", blobOf(content));
    const link = join(it.cwd, repo, "snapshots", commit, path);
    await mkdir(dirname(blob), { recursive: true });
    await mkdir(dirname(link), { recursive: true });
    await writeFile(blob, content);
    await symlink(relative(dirname(link), blob), link);
  }
}

async function writeCache(it: CliTest): Promise<void> {
  await writeSnapshot(it, ONE, { "config.json": "{}", "onnx/model.onnx": "lfs one" });
  await writeSnapshot(it, TWO, { "config.json": "{}", "onnx/model.onnx": "lfs two" });
  const files = {
    "refs/main": TWO,
    "refs/v1.0": ONE,
    "refs/refs/pr/1": `${ONE}\n`,
    "refs/old": ONE,
  };
  await writeTree(join(it.cwd, REPO), files);
}

async function imported(it: CliTest, flags = "", from = "hub") {
  const { code, out, err } = await it.holdfast(
    `import hf ${from} .holdfast --create --json ${flags}`,
  );
  assertMatch(out, /^\{/, err);
  const lines = reportLines(out);
  return { code, problems: lines.slice(0, -1), report: lines.at(-1) };
}

cliTest("commits are versions, and branches and tags aliases", async (it) => {
  await writeCache(it);
  await writeSnapshot(it, ONE, { "a.csv": "1" }, "hub/datasets--team--trips");
  const { code, report, problems } = await imported(it);
  assertEquals([code, report.versions, report.files, report.aliases], [0, 3, 5, 4]);
  assertEquals(problems, []);
  await it.prints("cat team/bert onnx/model.onnx", "lfs two");
  for (const alias of ["rev-v1.0", "refs-pr-1", "old"]) {
    const { version, metadata } = await it.json(`info team/bert@${alias} --json`);
    assertEquals([version, metadata], ["1.0.0", {
      hub: "team/bert",
      commit: ONE,
      refs: ["old", "refs/pr/1", "v1.0"],
    }]);
  }
  assertEquals((await it.json("info team/bert@main --json")).version, "2.0.0");
  await it.prints("cat datasets/team/trips a.csv", "1");
});

cliTest("a second import adds new commits, moves aliases, and adds nothing twice", async (it) => {
  await writeCache(it);
  await imported(it);
  const same = "Imported 0 versions (0 files, 0 B), 2 unchanged\n";
  await it.prints("import hf hub .holdfast", same);
  const next = "3".repeat(40);
  await writeSnapshot(it, next, { "config.json": "{}" });
  await writeTree(join(it.cwd, REPO), { "refs/main": next });
  await it.succeeds("rm team/bert@1 --yes --force");
  const { report } = await imported(it, "", REPO);
  assertEquals([report.versions, report.unchanged], [1, 2]);
  assertEquals((await it.json("info team/bert@main --json")).metadata.commit, next);
});

cliTest("a dry run writes nothing, and names can be changed", async (it) => {
  await writeCache(it);
  await it.prints(
    "import hf hub .holdfast --dry-run --create",
    "Would import 2 versions (4 files, 18 B), 0 unchanged\n",
  );
  await it.fails("ls", 3);
  await imported(it, "--rename team/=my:");
  await it.succeeds("info my:bert@main");
});

/** Changes of a snapshot that is then refused. */
const DAMAGE: Record<string, [change: (repo: string) => Promise<void>, words: RegExp]> = {
  "a link out of the cache": [
    async (repo) => await symlink("/etc/passwd", join(repo, "snapshots", ONE, "x")),
    /\/x" is a link that does not lead to a blob/,
  ],
  "a link to blobs of another repository": [
    async (repo) => {
      await writeTree(join(repo, "../models--other/blobs"), { b: "secret" });
      await symlink("../../../models--other/blobs/b", join(repo, "snapshots", ONE, "x"));
    },
    /does not lead to a blob/,
  ],
  "a link to a folder of links": [
    async (repo) => await symlink("../../../..", join(repo, "snapshots", ONE, "x")),
    /does not lead to a blob/,
  ],
  "a blob that is a link": [
    async (repo) => {
      await symlink("/etc/passwd", join(repo, "blobs", "b"));
      await symlink("../../blobs/b", join(repo, "snapshots", ONE, "x"));
    },
    /its blob is a link/,
  ],
  "a missing blob": [
    async (repo) => await rm(join(repo, "blobs", blobOf("lfs one"))),
    /its blob is missing/,
  ],
  "a blob of LFS with other content": [
    async (repo) => await writeFile(join(repo, "blobs", blobOf("lfs one")), "lfs ONE"),
    /does not match its hash/,
  ],
};

for (const [what, [change, words]] of Object.entries(DAMAGE)) {
  cliTest(`a damaged snapshot is reported, and the others are imported: ${what}`, async (it) => {
    await writeCache(it);
    await change(join(it.cwd, REPO));
    const { code, report, problems } = await imported(it);
    assertEquals([code, report.versions], [1, 1]);
    assertMatch(problems.map(({ reason }) => reason).join("\n"), words);
    assertEquals((await it.json("info team/bert --json")).metadata.commit, TWO);
    await it.fails("cat team/bert x", 3);
  });
}

cliTest("a file with another hash of Git is refused", async (it) => {
  await writeCache(it);
  await writeFile(join(it.cwd, REPO, "blobs", blobOf("{}")), "[]");
  const { code, report } = await imported(it);
  assertEquals([code, report.versions], [1, 0]);
});

cliTest("folders that are not snapshots are left out, and other folders refused", async (it) => {
  await writeCache(it);
  await writeTree(join(it.cwd, REPO), {
    "snapshots/main/x": "x",
    "refs/gone": "9".repeat(40),
    "refs/rev-v1.0": TWO,
    "refs/bytes": new Uint8Array([0xff]),
  });
  const { code, report, problems } = await imported(it);
  assertEquals([code, report.versions, report.left], [1, 2, 3]);
  const reasons = problems.map(({ reason }) => reason).join("\n");
  for (const words of [/not a commit/, /not in the cache/, /another revision/, /cannot be read/]) {
    assertMatch(reasons, words);
  }
  await mkdir(join(it.cwd, "empty"));
  await it.fails("import hf empty to --create", 3, "Pass a clone by Git, the cache");
  await it.fails("import hf nowhere to --create", 3, "no such folder");
  await it.fails("import hf team/bert to --create", 3, "write hf://ORG/NAME");
  await it.fails("ls -r to", 3);
});

pythonTest("a cache that huggingface_hub wrote is imported as it was", async () => {
  await using registry = await openRegistry("memory:");
  await using folder = await tempRoot();
  await writeTree(folder.path, {
    "config.json": "{}",
    "deep/w.bin": new Uint8Array(100_000).fill(7),
  });
  const files = localPath(folder.path);
  await registry.save("team/bert", files, { alias: "production" });
  await writeTree(folder.path, { "config.json": '{"a":1}' });
  await registry.save("team/bert", files);
  await using it = await startPythonHub(registry);
  await it.succeeds(`
from huggingface_hub import snapshot_download
snapshot_download("team/bert", revision="production")
snapshot_download("team/bert")
`);
  const cache = it.root.join("hf/hub");
  const { code, out, err } = await holdfast(
    ["import", "hf", cache, it.root.join("to"), "--create", "--json"],
    { cwd: it.root.path },
  );
  assertEquals(code, 0, out + err);
  await using target = await openRegistry(it.root.join("to"));
  for (const [here, there] of [["main", "latest"], ["production", "production"]]) {
    const digests = (files: readonly { path: string; sha256: string }[]) =>
      files.map(({ path, sha256 }) => [path, sha256]);
    const one = await target.info(`team/bert@${here}`);
    const other = await registry.info(`team/bert@${there}`);
    assertEquals(digests(one.files), digests(other.files));
  }
});
