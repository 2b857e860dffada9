// Programs of earlier commits, from the history of this repository.
import { execFile } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { messageOf } from "../../../core/errors.ts";
import { realSystem } from "../../../core/system.ts";
import { REPOSITORY } from "../../support/run_deno.ts";
import type { TempRoot } from "../../support/temp_root.ts";

const run = promisify(execFile);

/**
 * Commits whose registries are in `tests/fixtures/earlier`, and whose programs run beside today's.
 * The first marks members of releases by another key. After a change of the format, add the commit
 * before it; remove none.
 */
export const COMMITS = [
  "04ea9cf0ec66dddcb81c51885eed0d0548b99580",
  "339ea89cd7e64c83e611c1a48c7839abcd329dda",
  "b3b105589252c377af78a464f6eb6941b50da3e8",
  "62ef9125aa8ce80bd73558ae374c58d0d4d7aef8",
];

/** Those whose programs know neither lists of files in pages nor tables of collectors. */
export const WITHOUT_PAGES = COMMITS.slice(0, 3);

/** Those whose programs have runs that log values, but take parameters only at the begin. */
export const WITH_RUNS = COMMITS.slice(2, 3);

/**
 * Returns the commits that the history has, and the last tag if there is one. Throws if a commit is
 * missing where every suite must run.
 */
export async function commitsHere(): Promise<string[]> {
  const isRequired = realSystem.env("HOLDFAST_REQUIRE_SERVERS") === "1";
  const commits: string[] = [];
  for (const commit of COMMITS) {
    try {
      await git("cat-file", "-e", commit);
      commits.push(commit);
    } catch (error) {
      const state = `clone with history\n${messageOf(error)}`;
      if (isRequired) throw new Error(`Cannot find commit ${commit}: ${state}`);
    }
  }
  const tag = await git("describe", "--tags", "--abbrev=0").catch(() => undefined);
  return tag === undefined ? commits : [...commits, tag];
}

async function git(...args: string[]): Promise<string> {
  return (await run("git", args, { cwd: REPOSITORY })).stdout.trim();
}

/** Unpacks the source of a commit, and returns the URL of its folder. */
export async function unpackCommit(commit: string, root: TempRoot): Promise<URL> {
  const folder = root.join(commit), archive = root.join(`${commit}.tar`);
  await mkdir(folder);
  await git("archive", "--output", archive, commit);
  await run("tar", ["-xf", archive, "-C", folder]);
  return pathToFileURL(`${folder}/`);
}
