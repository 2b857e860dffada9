// `holdfast import dvc`: what arrives, and what is refused.
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { mkdir, readFile, rename, symlink, unlink, writeFile } from "node:fs/promises";
import { join } from "@std/path";
import { type CliTest, cliTest } from "../../../../apps/captured_io.ts";
import { writeTree } from "../mlflow/write_mlruns.ts";
import { cached, cachedList, cacheFiles, commit, git, md5, outOf } from "./write_repository.ts";
import { reportLines } from "../report_lines.ts";
import { repositoryFiles, writeCache } from "./write_repository.ts";

const IMPORT = "import dvc digits .holdfast --create";

async function imported(it: CliTest, flags = "") {
  const { code, out, err } = await it.holdfast(`${IMPORT} --json ${flags}`);
  const lines = reportLines(out);
  return { code, err, problems: lines.slice(0, -1), report: lines.at(-1) };
}

/** Makes a repository with one commit and its cache. */
async function oneCommit(it: CliTest, files = repositoryFiles(), tags = ["v1.0.0"]) {
  const root = join(it.cwd, "digits");
  await mkdir(root);
  const id = await commit(root, files, tags);
  await writeCache(root, cacheFiles());
  return { root, id };
}

cliTest("tags are versions or aliases, with files, parameters and metrics", async (it) => {
  const { root } = await oneCommit(it);
  const second = await commit(root, repositoryFiles(2), ["exp/a"]);
  await writeCache(root, cacheFiles(2));
  await git(root, ["tag", "-a", "v1.1", "-m", "annotated"]);
  const third = await commit(root, { "README.md": "x" });
  const { code, problems, report } = await imported(it);
  assertEquals([code, problems, report.runs, report.aliases], [0, [], 3, 2]);
  const { metadata, files } = await it.json("info digits@1.0.0 --json");
  assertEquals(files.map(({ path }: { path: string }) => path), [
    "data/raw/1.txt",
    "data/raw/ü/2 b.txt",
    "data/x.csv",
    "model.bin",
    "metrics.json",
    "out/y.bin",
    "history.jsonl",
  ]);
  assertEquals(metadata.params, {
    "train.lr": "1e-3",
    "train.layers": "[1,2]",
    seed: "1",
    "other.yaml:q": "1",
  });
  assertEquals(
    ["acc", "sub.f1", "loss.min", "by"].map((key) => metadata.metrics[key]),
    [0.1, "NaN", 0.25, undefined],
  );
  assertEquals(metadata.tags["mlflow.user"], "Ada");
  assertEquals(metadata.tags["mlflow.note.content"], "Train");
  assertEquals(await it.succeeds("cat digits@1.0.0 model.bin"), "weights1");
  assertEquals(await it.succeeds("cat digits@1.1.0 model.bin"), "weights2");
  const commitOf = async (ref: string) =>
    (await it.json(`info ${ref} --json`)).metadata.tags["mlflow.source.git.commit"];
  assertEquals(await commitOf("digits@exp-a"), second);
  assertEquals(await commitOf("digits@head"), third);
  assertEquals((await it.json("info digits --json")).version, "1.1.0"); // not 0.0.1
});

cliTest("a second import adds what is new, and reads nothing else", async (it) => {
  const { root } = await oneCommit(it, repositoryFiles(), []);
  assertEquals((await imported(it)).report.runs, 1);
  await rename(join(root, ".dvc/cache"), join(root, ".dvc/gone")); // nothing is read of it again
  const { report } = await imported(it);
  assertEquals([report.runs, report.unchanged, report.aliases], [0, 1, 0]);
  await rename(join(root, ".dvc/gone"), join(root, ".dvc/cache"));
  await git(root, ["tag", "v2"]); // a release of a commit that is there as 0.0.1
  await commit(root, { "params.yaml": "seed: 5\n" });
  const next = await imported(it);
  assertEquals([next.code, next.report.runs, next.report.aliases], [0, 2, 1]);
  assertEquals((await it.json("info digits@head --json")).version, "0.0.2");
  assertEquals((await imported(it)).report.unchanged, 2);
  await it.succeeds("rm digits@2.0.0 --yes");
  assertEquals((await imported(it)).report.runs, 0); // what was deleted here stays deleted
});

cliTest("two repositories with the same tags are two names", async (it) => {
  await oneCommit(it);
  await imported(it);
  assertEquals((await imported(it, "--name team/other")).report.runs, 1);
  assertEquals((await imported(it, "--name team/other --prefix x")).report.runs, 0);
  assertEquals((await it.json("info team/other --json")).version, "1.0.0");
});

cliTest("a dry run writes nothing, and finds what is missing", async (it) => {
  const { root } = await oneCommit(it);
  await rename(join(root, ".dvc/cache"), join(it.cwd, "remote"));
  const { code, problems } = await imported(it, "--dry-run");
  assertEquals(code, 1);
  assertMatch(problems[0].reason, /"data\/raw" is not in the cache .*--remote, and 3 more/);
  await it.fails("ls", 3);
  const dry = await it.succeeds(`${IMPORT} --dry-run --remote remote`);
  assertMatch(dry, /^Would import 1 version \(7 files, /);
  assertEquals((await imported(it, "--remote remote")).code, 0);
});

cliTest("caches of DVC 2, whose hashes of texts ignore carriage returns", async (it) => {
  const { root } = await oneCommit(it, {
    "a.txt.dvc": `outs:\n- md5: ${md5("a\nb\n")}\n  size: 6\n  path: a.txt\n`,
    "b.bin.dvc": `md5: x\nouts:\n- md5: ${md5("b\r\n")}\n  path: b.bin\n  cache: true\n`,
    "dvc.lock": `train:\n  cmd: x\n  outs:\n  - path: c\n    md5: ${md5("c")}\n`, // DVC 1
  });
  const path = (hash: string) => `${hash.slice(0, 2)}/${hash.slice(2)}`;
  await writeCache(root, {
    [path(md5("a\nb\n"))]: "a\r\nb\r\n",
    ...cached(["b\r\n", "c"], ""),
  });
  const { code, report } = await imported(it);
  assertEquals([code, report.files], [0, 3]);
  assertEquals(await it.succeeds("cat digits a.txt"), "a\r\nb\r\n");
});

/** Repositories with something wrong, and the words of the problem. */
const DAMAGED: Record<string, [commit: Record<string, string>, cache: object, words: RegExp]> = {
  "a path out of the repository": [
    { "a.dvc": outOf("../../x", md5("one")) },
    {},
    /"..\/..\/x" is not in the repository/,
  ],
  "an absolute path": [{ "a.dvc": outOf("/etc/passwd", md5("one")) }, {}, /not in the repository/],
  "a URL": [{ "a.dvc": outOf("s3://b/k", md5("one")) }, {}, /not in the repository/],
  "a hash that is a path": [{ "a.dvc": outOf("x", "../../../secret") }, {}, /"x" has no MD5/],
  "a list with a path out of its folder": [
    { "a.dvc": outOf("x", cachedList([{ md5: md5("one"), relpath: "../y" }]).hash) },
    cachedList([{ md5: md5("one"), relpath: "../y" }]).files,
    /the list of "x" has a wrong file: "..\/y"/,
  ],
  "a list that has a file twice": [
    { "a.dvc": outOf("x", cachedList(Array(2).fill({ md5: md5("one"), relpath: "y" })).hash) },
    cachedList(Array(2).fill({ md5: md5("one"), relpath: "y" })).files,
    /has a wrong file: "y"/,
  ],
  "a list that is a map": [
    { "a.dvc": outOf("x", cachedList({}).hash) },
    cachedList({}).files,
    /is not a list/,
  ],
  "a list that is not JSON": [
    { "a.dvc": outOf("x", cachedList("[").hash) },
    cachedList("[").files,
    /is not a list/,
  ],
  "a list of lists": [
    { "a.dvc": outOf("x", cachedList([[1], null]).hash) },
    cachedList([[1], null]).files,
    /has a wrong file/,
  ],
  "a file with other bytes": [
    { "a.dvc": outOf("x", md5("new")) },
    { [`files/md5/${md5("new").slice(0, 2)}/${md5("new").slice(2)}`]: "other" },
    /its MD5 is [0-9a-f]{32}, not [0-9a-f]{32}/,
  ],
  "a list with other bytes": [
    { "a.dvc": outOf("x", cachedList([]).hash) },
    { [`files/md5/${md5("[]").slice(0, 2)}/${md5("[]").slice(2)}.dir`]: "[ ]" },
    /has a different MD5/,
  ],
  "two outputs of a path": [
    { "a.dvc": outOf("x", md5("one")), "b.dvc": outOf("./x", md5("two")) },
    {},
    /"x" is described twice/,
  ],
  "broken YAML": [{ "a.dvc": "outs: [" }, {}, /"a.dvc" is not a description/],
  "huge YAML": [{ "a.dvc": "a: 1\n".repeat(4_000_000) }, {}, /"a.dvc" is too large/],
  "deep YAML": [{ "dvc.lock": "[".repeat(5000) }, {}, /is not a description/],
  "another encoding": [{ "a.dvc": "\uFFFD" }, {}, /is not a description|UTF-8/],
  "a number that is none": [
    { "plots/metrics/a.tsv": "step\ta\nx\ty\n" },
    {},
    /has a line without a number/,
  ],
};

for (const [what, [files, cache, words]] of Object.entries(DAMAGED)) {
  cliTest(`${what} fails its version, and no other`, async (it) => {
    const { root } = await oneCommit(it);
    await commit(root, files, ["v2.0.0"]);
    await writeCache(root, cache as Record<string, string>);
    const { code, problems, report } = await imported(it);
    assertEquals([code, report.runs, problems.length], [1, 1, 1], JSON.stringify(problems));
    assertEquals(problems[0].what, 'run v2.0.0 of "digits"');
    assertMatch(problems[0].reason, words);
  });
}

cliTest("links in commits and caches are not followed", async (it) => {
  const { root } = await oneCommit(it, { "a.dvc": outOf("x", md5("secret")) });
  await writeFile(join(it.cwd, "secret"), "secret");
  const hash = md5("secret"), folder = join(root, ".dvc/cache/files/md5");
  await mkdir(join(folder, hash.slice(0, 2)), { recursive: true });
  await symlink(join(it.cwd, "secret"), join(folder, hash.slice(0, 2), hash.slice(2)));
  assertMatch((await imported(it)).problems[0].reason, /"x" is not in the cache/);
  await writeTree(join(it.cwd, "away"), cached(["secret"]));
  await rename(join(root, ".dvc/cache"), join(it.cwd, "gone"));
  await symlink(join(it.cwd, "away"), join(root, ".dvc/cache"));
  assertMatch((await imported(it)).problems[0].reason, /"x" is not in the cache/);
  assertEquals((await imported(it, "--remote away")).code, 0);
  await symlink("a.dvc", join(root, "b.dvc"));
  await commit(root, {}, ["v2"]);
  assertMatch((await imported(it, "--remote away")).problems[0].reason, /"b.dvc" is a link/);
});

cliTest("settings of the repository run no program", async (it) => {
  const { root } = await oneCommit(it);
  const script = join(it.cwd, "run.sh"), trace = join(it.cwd, "trace");
  await writeFile(script, `#!/bin/sh\necho ran >> ${trace}\n`, { mode: 0o755 });
  for (
    const setting of [
      "core.fsmonitor",
      "core.pager",
      "core.sshCommand",
      "core.alternateRefsCommand",
      "diff.external",
      "gpg.program",
      "filter.x.smudge",
      "credential.helper",
    ]
  ) await git(root, ["config", setting, script]);
  await git(root, ["config", "log.showSignature", "true"]);
  await git(root, ["config", "remote.origin.url", `ext::${script}`]);
  await git(root, ["config", "remote.origin.promisor", "true"]);
  await git(root, ["config", "extensions.partialClone", "origin"]);
  await git(root, ["config", "core.repositoryFormatVersion", "1"]);
  const blob = await git(root, ["rev-parse", "HEAD:params.yaml"]);
  const object = join(root, ".git/objects", blob.slice(0, 2), blob.slice(2));
  await rename(object, `${object}.gone`); // would be fetched
  assertEquals((await imported(it)).code, 1);
  assertEquals((await Array.fromAsync(Deno.readDir(it.cwd))).filter((e) => e.name === "trace"), []);
});

cliTest("other folders are refused before anything is created", async (it) => {
  const { root } = await oneCommit(it);
  await mkdir(join(it.cwd, "plain"));
  await mkdir(join(it.cwd, "empty"));
  await git(join(it.cwd, "empty"), ["init", "-q"]);
  for (
    const [from, words] of [
      ["plain", "it is not a Git repository"],
      ["missing", "no such folder"],
      ["empty", "the repository has no commits"],
      ["s3://bucket/x", "it is not a folder"],
      ["digits/data", "it is not a Git repository"],
    ]
  ) {
    const { code, err } = await it.holdfast(`import dvc ${from} .new --create`);
    assert(code > 0);
    assertStringIncludes(err, words);
  }
  await writeTree(root, { ".git/objects/info/alternates": "/elsewhere\n" });
  const { err } = await it.holdfast("import dvc digits .new --create");
  assertStringIncludes(err, "it uses the objects of another repository");
  await it.fails("ls -r .new", 3);
});

cliTest("tags of a time before DVC are left out", async (it) => {
  const root = join(it.cwd, "digits");
  await mkdir(root);
  await commit(root, { "README.md": "x" }, ["v0.1.0", "1.2.3-rc1", "v0.1"]);
  const { code, problems } = await imported(it);
  assertEquals([code, problems.map(({ reason }) => reason)], [0, [
    "DVC tracks nothing in it",
    "DVC tracks nothing in it",
  ]]);
});

cliTest("a tag that is named HEAD is not HEAD", async (it) => {
  const { root } = await oneCommit(it);
  const first = await git(root, ["rev-parse", "HEAD"]);
  const last = await commit(root, repositoryFiles(2));
  await writeCache(root, cacheFiles(2));
  await git(root, ["update-ref", "refs/tags/HEAD", first]);
  assertEquals((await imported(it)).report.runs, 2);
  const { metadata } = await it.json("info digits@head --json");
  assertEquals(metadata.tags["mlflow.source.git.commit"], last);
});

cliTest("links in .git to another repository are refused", async (it) => {
  const { root } = await oneCommit(it);
  const own = join(root, ".git"), away = join(it.cwd, "away");
  for (
    const path of [
      "objects/pack",
      "refs",
      "refs/tags",
      "objects/ab",
      "packed-refs",
      "HEAD",
      "config",
    ]
  ) {
    await mkdir(join(own, "objects/ab"), { recursive: true });
    await writeTree(own, { "packed-refs": "" });
    await rename(join(own, path), away);
    await symlink(away, join(own, path));
    const { err } = await it.holdfast("import dvc digits .new --create");
    assertStringIncludes(err, `${JSON.stringify(path)} in .git is a link`);
    await unlink(join(own, path));
    await rename(away, join(own, path));
  }
  assertEquals((await imported(it)).code, 0);
});

cliTest("settings in .git that include a file elsewhere are refused", async (it) => {
  const { root } = await oneCommit(it);
  const config = join(root, ".git/config"), before = await readFile(config, "utf8");
  for (const more of ["[include]\n\tpath = ../away", '[includeIf "gitdir:/"] path = /away']) {
    await writeFile(config, `${before}${more}\n`);
    const { err } = await it.holdfast("import dvc digits .new --create");
    assertStringIncludes(err, "its .git/config includes another file");
  }
  await writeFile(config, before);
  assertEquals((await imported(it)).code, 0);
});

cliTest("metrics are also one number, in YAML of any name, and in the cache", async (it) => {
  await oneCommit(it, {
    "dvc.yaml": "metrics: [score.json, auc.metric, notes.txt, cached.json, list.yaml]\n",
    "score.json": "0.75\n",
    "auc.metric": "auc: 0.5",
    "notes.txt": "a: [",
    "list.yaml": "- 1\n",
    "cached.json.dvc": outOf("cached.json", md5("7")),
    "a.dvc": outOf("a", md5("one")),
  });
  await writeCache(join(it.cwd, "digits"), cached(["7"]));
  const { code, problems } = await imported(it);
  assertEquals([code, problems], [0, []]);
  const { metrics } = (await it.json("info digits --json")).metadata;
  assertEquals(metrics, { "score.json": 0.75, auc: 0.5, "cached.json": 7 });
});

cliTest("a moved tag keeps its version, and its new commit is another one", async (it) => {
  const { root } = await oneCommit(it);
  await imported(it);
  const second = await commit(root, repositoryFiles(2), ["best"]);
  await writeCache(root, cacheFiles(2));
  await git(root, ["tag", "-f", "v1.0.0"]);
  for (const runs of [1, 0]) {
    const { code, problems, report } = await imported(it);
    assertEquals([code, report.runs, problems.length], [0, runs, 1]);
    assertStringIncludes(problems[0].reason, `the tag is ${second} now, and 1.0.0 is `);
    assertEquals(await it.succeeds("cat digits@1.0.0 model.bin"), "weights1");
    assertEquals(await it.succeeds("cat digits@best model.bin"), "weights2");
  }
});

cliTest("a dry run with --check reads all files", async (it) => {
  const { root } = await oneCommit(it);
  await writeTree(join(root, ".dvc/cache"), {
    [`files/md5/${md5("one").slice(0, 2)}/${md5("one").slice(2)}`]: "two",
  });
  assertEquals((await imported(it, "--dry-run")).code, 0);
  const { code, problems, report } = await imported(it, "--dry-run --check");
  assertEquals([code, report.runs], [1, 0]);
  assertMatch(problems[0].reason, /its MD5 is [0-9a-f]{32}, not /);
});

cliTest("the target is also that of --registry, and not both", async (it) => {
  await oneCommit(it);
  const one = await it.succeeds("import dvc digits -r other --create");
  assertMatch(one, /^Imported 1 version/);
  await it.prints(
    "import dvc digits -r other",
    "Imported 0 versions (0 files, 0 B), 1 unchanged\n",
  );
  assertStringIncludes(
    (await it.holdfast("import dvc digits other -r other")).err,
    "the target is given twice",
  );
});

cliTest("--branches also imports branches and experiments, but never as versions", async (it) => {
  const { root, id: first } = await oneCommit(it, repositoryFiles(), ["v1.0.0", "both"]);
  await git(root, ["checkout", "-q", "-b", "2.0.0"]);
  const second = await commit(root, repositoryFiles(2));
  await git(root, ["branch", "both"]);
  for (const name of ["latest", "V3", "me@fix/a"]) await git(root, ["branch", name]);
  const own = `refs/exps/${first.slice(0, 2)}/${first.slice(2)}`;
  await git(root, ["update-ref", `${own}/slow-ape`, second]);
  await git(root, ["update-ref", "refs/exps/exec/EXEC_HEAD", first]);
  await writeCache(root, cacheFiles(2));
  assertEquals((await imported(it)).report.aliases, 2); // both, head
  const { problems, report } = await imported(it, "--branches");
  assertEquals([problems.length, problems[0].what], [1, 'branch "both"']);
  assertEquals([report.runs, report.aliases], [0, 6]);
  const aliases = await it.jsonLines("alias digits --json");
  const made = ["branch-2.0.0", "branch-V3", "branch-latest", "head", "me-fix-a", "slow-ape"];
  assertEquals(
    aliases.map(({ alias, version }) => `${alias} ${version}`).sort(),
    [...made.map((alias) => `${alias} 0.0.1`), "both 1.0.0", "main 1.0.0"].sort(),
  );
});
