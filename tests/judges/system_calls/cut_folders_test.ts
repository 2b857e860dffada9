import { assertEquals } from "@std/assert";
import { LOADS_LATE, REPOSITORY } from "../../support/run_deno.ts";
import { tempRoot } from "../../support/temp_root.ts";
import { judgeTest } from "../judge_test_case.ts";
import { straceProblem } from "./failing_calls.ts";
import { WAYS } from "./read_folder.ts";

/** Some 25 system calls return: a second one in a thread, also where Deno reads with several. */
const FILES = 10_000;

judgeTest("a folder that the disk reads half is an error", straceProblem(), async () => {
  const root = await tempRoot();
  try {
    for (let i = 0; i < FILES; i++) {
      await Deno.writeTextFile(root.join(`${"file".repeat(15)}-${i}`), "");
    }
    const outcomes = await Promise.all(
      Object.keys(WAYS).map(async (way) => [way, await readHalf(way, root.path)]),
    );
    const expected = Object.keys(WAYS).map((way) => [way, "Unavailable"]);
    assertEquals(outcomes, expected);
  } finally {
    await root.remove();
  }
});

/** Runs a program in which each thread's second read of a folder fails. */
async function readHalf(way: string, folder: string): Promise<string> {
  const program = `${REPOSITORY}tests/judges/system_calls/read_folder.ts`;
  const { stdout } = await new Deno.Command("strace", {
    args: [
      ...["-f", "-qq", "-o", "/dev/null", "-P", folder],
      ...["-e", "trace=getdents64", "-e", "inject=getdents64:error=EIO:when=2+"],
      ...[Deno.execPath(), "run", "-A", LOADS_LATE, program, way, folder],
    ],
    cwd: REPOSITORY,
    stderr: "null",
  }).output();
  return new TextDecoder().decode(stdout).trim();
}
