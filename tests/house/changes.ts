// `deno task house --changes`: how many product files a change of each kind touches, by real commits.
import { PRODUCT_FOLDERS } from "../support/source_files.ts";
import { REPOSITORY } from "../support/run_deno.ts";

/** A commit that did one change of the kind and little else. */
const CHANGES: Readonly<Record<string, string>> = {
  "a backend": "8344d363",
  "a format": "389c211a",
  "a setting that is an option too": "7ad0a2ab",
};

/** Returns the product files of a commit, without generated ones; undefined in a clone without it. */
async function filesOf(commit: string): Promise<string[] | undefined> {
  const { success, stdout } = await new Deno.Command("git", {
    args: ["show", "--name-only", "--format=", commit],
    cwd: REPOSITORY,
    stderr: "null",
  }).output();
  if (!success) return undefined;
  const paths = new TextDecoder().decode(stdout).split("\n");
  return paths.filter((path) => isProduct(path) && !path.endsWith("/bundle.ts"));
}

function isProduct(path: string): boolean {
  return path === "mod.ts" || PRODUCT_FOLDERS.some((folder) => path.startsWith(`${folder}/`)) ||
    path.startsWith("python/holdfast/");
}

/** Prints a line for each kind, or for each of the commits. */
export async function printChanges(commits: readonly string[]): Promise<void> {
  const asked = Object.fromEntries(commits.map((commit) => [commit, commit]));
  const changes = commits.length > 0 ? asked : CHANGES;
  for (const [kind, commit] of Object.entries(changes)) {
    const files = await filesOf(commit);
    const state = files === undefined ? "not in this clone" : `${files.length} product files`;
    console.log(`${kind}: ${state}${kind === commit ? "" : ` (${commit})`}`);
    for (const path of files ?? []) console.log(`  ${path}`);
  }
}
