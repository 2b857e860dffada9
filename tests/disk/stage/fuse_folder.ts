// Folders on file systems of a user's program.
import { assertEquals } from "@std/assert";
import { spawnSync } from "node:child_process";
import { judgeTest } from "../../judges/judge_test_case.ts";
import { REPOSITORY } from "../../support/run_deno.ts";
import { tempRoot } from "../../support/temp_root.ts";

/** Options of bindfs for a share of one user on which others may write. */
export const OF_ANOTHER_USER = ["--perms=0777", "--chmod-ignore", "--force-user=nobody"];

/** Runs a program without root's right to change what belongs to others. Returns its output. */
export async function runWithoutOwnership(
  program: string,
  args: string[],
  env: Record<string, string> = {},
): Promise<string> {
  const limited = Deno.uid() === 0 ? ["setpriv", "--bounding-set=-fowner"] : [];
  const [command, ...rest] = [...limited, program, ...args];
  const { stdout, stderr } = await new Deno.Command(command!, {
    args: rest,
    cwd: REPOSITORY,
    env: { NO_COLOR: "1", ...env },
  }).output();
  const decoder = new TextDecoder();
  return decoder.decode(stdout) + decoder.decode(stderr);
}

/** Registers a test in a folder that shows another one, with these options of bindfs. */
export function fuseTest(
  name: string,
  options: string[],
  test: (folder: string) => Promise<void>,
  problem?: string,
): void {
  judgeTest(name, problem ?? fuseProblem(), async () => {
    const root = await tempRoot();
    const folder = root.join("mounted");
    await Deno.mkdir(folder);
    await Deno.mkdir(root.join("real"));
    assertEquals(spawnSync("bindfs", [...options, root.join("real"), folder]).status, 0);
    try {
      await test(folder);
    } finally {
      // Lazily: on a busy machine the last request of a closed file may still be under way.
      spawnSync("fusermount3", ["-uz", folder]);
      await root.remove();
    }
  });
}

function fuseProblem(): string | undefined {
  if (spawnSync("bindfs", ["--version"]).status !== 0) {
    return "bindfs is not installed; apt-get install bindfs fuse3 installs it";
  }
  try {
    Deno.openSync("/dev/fuse", { read: true, write: true }).close();
  } catch {
    return "/dev/fuse cannot be opened";
  }
}
