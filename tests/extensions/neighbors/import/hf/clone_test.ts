// `holdfast import hf` of clones by Git, with files of Git LFS.
import { assertEquals, assertMatch } from "@std/assert";
import { createHash } from "node:crypto";
import { rm, symlink } from "node:fs/promises";
import { join } from "@std/path";
import { type CliTest, cliTest } from "../../../../apps/captured_io.ts";
import { commit, git } from "../dvc/write_repository.ts";
import { writeTree } from "../mlflow/write_mlruns.ts";
import { reportLines } from "../report_lines.ts";

function sha256(content: string): string {
  return createHash("sha256").update(content).digest("hex");
}

function pointer(content: string): string {
  const { length } = new TextEncoder().encode(content);
  return `version https://git-lfs.github.com/spec/v1\noid sha256:${
    sha256(content)
  }\nsize ${length}\n`;
}

function stored(content: string): string {
  const hash = sha256(content);
  return `.git/lfs/objects/${hash.slice(0, 2)}/${hash.slice(2, 4)}/${hash}`;
}

/** Writes a clone with a tag, a branch of the server, and `main`. */
async function writeClone(it: CliTest, folder = "bert", url = "https://me:pw@hf.co/team/bert.git") {
  const root = join(it.cwd, folder), long = "x".repeat(5000);
  await writeTree(root, { "config.json": "{}" });
  const one = await commit(root, { "w.bin": pointer("one"), "long.txt": long }, ["v1.0"]);
  await git(root, ["update-ref", "refs/remotes/origin/dev", one]);
  await git(root, ["symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/dev"]);
  const two = await commit(root, { "w.bin": pointer("two"), "deep/é.txt": "text" });
  await git(root, ["remote", "add", "origin", url]);
  await writeTree(root, { [stored("one")]: "one", [stored("two")]: "two" });
  return { root, one, two };
}

async function imported(it: CliTest, from = "bert", flags = "") {
  const { code, out, err } = await it.holdfast(
    `import hf ${from} .holdfast --create --json ${flags}`,
  );
  assertMatch(out, /^\{/, err);
  const lines = reportLines(out);
  return { code, problems: lines.slice(0, -1), report: lines.at(-1) };
}

cliTest("branches and tags of a clone are versions, with files of Git LFS", async (it) => {
  const { root, one, two } = await writeClone(it);
  const { code, problems, report } = await imported(it);
  assertEquals([code, problems], [0, []]);
  assertEquals([report.versions, report.files, report.aliases], [2, 7, 3]);
  for (const alias of ["rev-v1.0", "dev"]) {
    const { version, metadata } = await it.json(`info team/bert@${alias} --json`);
    assertEquals([version, metadata], ["1.0.0", {
      hub: "team/bert",
      commit: one,
      refs: ["dev", "v1.0"],
      title: "Train",
      date: "2023-11-14T22:14:20.000Z",
    }]);
  }
  assertEquals((await it.json("info team/bert@main --json")).metadata.commit, two);
  await it.prints("cat team/bert w.bin", "two");
  await it.prints("cat team/bert deep/é.txt", "text");
  await it.prints("cat team/bert@dev long.txt", "x".repeat(5000));
  assertEquals((await imported(it)).report.unchanged, 2);

  await commit(root, { "config.json": "{1}" });
  const next = (await imported(it)).report;
  assertEquals([next.versions, next.unchanged, next.aliases], [1, 1, 1]); // main has moved
});

cliTest("a clone goes on where an import of its cache ended", async (it) => {
  const { root, two } = await writeClone(it);
  await writeTree(it.cwd, {
    [`hub/models--team--bert/snapshots/${two}/config.json`]: "{}",
    "hub/models--team--bert/refs/main": two,
  });
  await it.succeeds("import hf hub .holdfast --create");
  const { report } = await imported(it);
  assertEquals([report.versions, report.unchanged], [1, 1]);
  await git(root, ["tag", "other"]);
  assertEquals((await imported(it)).report.aliases, 1);
});

cliTest("pointers without their content are listed, and --partial leaves them out", async (it) => {
  const { root } = await writeClone(it);
  await rm(join(root, stored("two")));
  await writeTree(root, { [stored("one")]: "0ne" });
  for (const flags of ["--dry-run --check", ""]) {
    const { code, problems, report } = await imported(it, "bert", flags);
    assertEquals([code, report.versions], [1, 0]);
    const reasons = problems.map(({ reason }) => reason).join("\n");
    assertMatch(reasons, /content does not match its hash/);
    assertMatch(reasons, /"w\.bin" is not in the clone \([0-9a-f]{64}\): run git lfs fetch --all/);
  }
  await it.fails("import hf bert .holdfast --partial", 1);
  assertEquals((await it.json("info team/bert --json")).files.length, 3);
});

const NAMES: Record<string, string> = {
  "https://huggingface.co/datasets/team/trips": "datasets/team/trips",
  "git@hf.co:team/bert": "team/bert",
  "ssh://git@hf.co/team/bert.git": "team/bert",
  "https://huggingface.co/bert": "bert",
  "https://huggingface.co.example.com/team/bert": "own",
  "https://huggingface.co/../secret": "own",
  "/somewhere/team/bert": "own",
};

for (const [url, name] of Object.entries(NAMES)) {
  cliTest(`a clone of ${url} becomes ${name}`, async (it) => {
    await writeClone(it, "own", url);
    await imported(it, "own", "--dry-run");
    await imported(it, "own");
    await it.prints("ls -q", `${name}\n`);
  });
}

cliTest("a branch whose name is not an alias gets one", async (it) => {
  const root = join(it.cwd, "net");
  await commit(root, { "config.json": "{}" }, ["v1.0"]);
  for (const name of ["latest", "me@fix/a"]) await git(root, ["branch", name]);
  const { code, problems } = await imported(it, "net");
  assertEquals([code, problems], [0, []]);
  const aliases = await it.jsonLines("alias net --json");
  const names = ["main", "me-fix-a", "rev-latest", "rev-v1.0"];
  assertEquals(aliases.map(({ alias }) => alias).sort(), names);
});

cliTest("bare clones, --name, links and branches that differ", async (it) => {
  const { root, one } = await writeClone(it);
  await git(root, ["update-ref", "refs/remotes/origin/main", one]);
  await symlink("/etc/passwd", join(root, "secret"));
  await git(root, ["checkout", "-q", "-b", "links"]);
  await commit(root, {});
  await git(it.cwd, ["clone", "-q", "--bare", "--no-local", "bert", "bare.git"]);
  for (const text of ["one", "two"]) {
    await writeTree(join(it.cwd, "bare.git"), { [stored(text).replace(".git/", "")]: text });
  }
  const { problems } = await imported(it, "bert", "--dry-run");
  assertEquals(problems.map(({ what, reason }) => [what, reason]).slice(0, 1), [
    ['"team/bert@refs/remotes/origin/main"', "main is another revision"],
  ]);
  const { code, report, problems: [problem] } = await imported(it, "bare.git", "--name team/x");
  assertEquals([code, report.versions], [1, 2]);
  assertMatch(problem.reason, /links was not imported|"secret" is a link|was not imported/);
  await it.prints("ls -q", "team/x\n");
  await it.fails("import hf hub .holdfast --name a", 3);
});

cliTest("folders that are no clone of their own are refused", async (it) => {
  await writeTree(it.cwd, { "work/.git": "gitdir: ../elsewhere", "empty/x": "" });
  await git(it.cwd, ["init", "-q", "new"]);
  const refused: [from: string, words: RegExp][] = [
    ["work", /not a Git repository/],
    ["empty", /no folder/],
    ["new", /no branches and no tags\nhint: /],
  ];
  for (const [from, words] of refused) {
    const { code, err } = await it.holdfast(`import hf ${from} .holdfast --create`);
    assertEquals(code, 3);
    assertMatch(err, words);
  }
});
