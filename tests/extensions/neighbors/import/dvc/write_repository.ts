// Git repositories with DVC, with descriptions as DVC 3 writes them.
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { join } from "@std/path";
import { promisify } from "node:util";
import { realSystem } from "../../../../../core/system.ts";
import { writeTree } from "../mlflow/write_mlruns.ts";

type Tree = Readonly<Record<string, string | Uint8Array>>;

const ENV = {
  PATH: realSystem.env("PATH") ?? "",
  HOME: "/nowhere",
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_AUTHOR_NAME: "Ada",
  GIT_AUTHOR_EMAIL: "ada@example.com",
  GIT_COMMITTER_NAME: "Ada",
  GIT_COMMITTER_EMAIL: "ada@example.com",
};

export async function git(root: string, args: string[], env: Record<string, string> = {}) {
  const { stdout } = await promisify(execFile)("git", args, { cwd: root, env: { ...ENV, ...env } });
  return stdout.trim();
}

/** Writes files and commits them, a minute after the commit before. Returns the commit. */
export async function commit(root: string, files: Tree, tags: string[] = []): Promise<string> {
  await writeTree(root, files);
  const { length } = (await git(root, ["log", "--all", "--format=%H"]).catch(() => "")).split("\n");
  const date = `${1_700_000_000 + 60 * length} +0000`;
  if (length === 1) await git(root, ["init", "-q", "-b", "main"]);
  await git(root, ["add", "-A", "-f", "."]);
  const dates = { GIT_AUTHOR_DATE: date, GIT_COMMITTER_DATE: date };
  await git(root, ["commit", "-q", "--allow-empty", "-m", "Train\n\nmore"], dates);
  for (const tag of tags) await git(root, ["tag", tag]);
  return await git(root, ["rev-parse", "HEAD"]);
}

export function md5(content: string | Uint8Array): string {
  return createHash("md5").update(content).digest("hex");
}

/** Files of a cache, and of the list of a folder. */
export function cached(contents: readonly string[], layout = "files/md5/"): Tree {
  return Object.fromEntries(contents.map((content) => {
    const hash = md5(content);
    return [`${layout}${hash.slice(0, 2)}/${hash.slice(2)}`, content];
  }));
}

export function cachedList(list: unknown): { hash: string; files: Tree } {
  const content = typeof list === "string" ? list : JSON.stringify(list);
  const hash = `${md5(content)}.dir`;
  return { hash, files: { [`files/md5/${hash.slice(0, 2)}/${hash.slice(2)}`]: content } };
}

/** Returns the description of an output, with what it says of its size, if anything. */
export function outOf(path: string, hash: string, size = ""): string {
  return `outs:\n- md5: ${hash}\n${size}  hash: md5\n  path: ${path}\n`;
}

const RAW = cachedList([
  { md5: md5("one"), relpath: "1.txt" },
  { md5: md5("two"), relpath: "ü/2 b.txt" },
]);

/** A repository with an output of each kind. */
export function repositoryFiles(seed = 1): Tree {
  return {
    "data/x.csv.dvc": outOf("x.csv", md5("a,b\n")),
    "data/raw.dvc": outOf("raw", RAW.hash),
    "params.yaml": `train: {lr: 1e-3, layers: [1, 2]}\nseed: ${seed}\n`,
    "metrics.json": `{"acc": 0.${seed}, "sub": {"f1": NaN}, "by": "constructor"}`,
    "dvc.yaml": "metrics: [dvclive/metrics.json]\nstages:\n  train:\n    cmd: x\n" +
      "    metrics: [{metrics.json: {cache: false}}]\n  pack@a:\n    wdir: sub\n    cmd: y\n",
    "dvc.lock": "schema: '2.0'\nstages:\n  train:\n    cmd: x\n    params:\n" +
      "      params.yaml:\n        seed: 7\n        train.lr: 0.001\n      other.yaml: {q: 1}\n" +
      `    outs:\n    - path: model.bin\n      hash: md5\n      md5: ${md5(`weights${seed}`)}\n` +
      `    - path: metrics.json\n      hash: md5\n      md5: ` +
      `${md5(`{"acc": 0.${seed}, "sub": {"f1": NaN}, "by": "constructor"}`)}\n` +
      `  pack@a:\n    outs:\n    - path: ../out/y.bin\n      hash: md5\n      md5: ${md5("two")}\n`,
    "dvclive/metrics.json": '{"loss": 0.25, "step": 1}',
    "dvclive/plots/metrics/loss.tsv": "step\tloss\n0\t0.5\n1\t0.25\n",
  };
}

export function cacheFiles(seed = 1): Tree {
  return { ...RAW.files, ...cached(["one", "two", "a,b\n", `weights${seed}`]) };
}

/** Writes files of a cache into the repository, uncommitted. */
export async function writeCache(root: string, files: Tree): Promise<void> {
  await writeTree(join(root, ".dvc/cache"), files);
}
