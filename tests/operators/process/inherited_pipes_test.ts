import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { readStat } from "../../../operators/process/proc.ts";
import { REPOSITORY } from "../../support/run_deno.ts";
import { testInRoot } from "../../support/temp_root.ts";

const ignore = Deno.build.os !== "linux"; // elsewhere nobody looks for the holders of pipes
const RUNNER = join(REPOSITORY, "tests/operators/process/attack/killed_runner.ts");

/** Two jobs that share a pipe, as those of `make -j` do: a runner of a command, and one that starts after the command. */
const JOBS = `exec 7> >(cat > /dev/null)
"$0" run --quiet -A --no-check --config="$2" "$1" . note bash -c "$3" &
runner=$!
while [ ! -e ready ]; do sleep 0.01; done
sleep 3600 > /dev/null 2>&1 &
echo $! > new; mv new other
wait $runner`;

/** Leaves a process that is linked to the command by its pipes only, so the runner searches for their holders. */
const COMMAND = `(env -i setsid sleep 3600 &)
touch ready
while [ ! -e other ]; do sleep 0.01; done`;

testInRoot(
  "a process that shares an inherited pipe with the runner is left alone",
  async (root) => {
    const config = join(REPOSITORY, "deno.json");
    const jobs = new Deno.Command("bash", {
      args: ["-c", JOBS, Deno.execPath(), RUNNER, config, COMMAND],
      cwd: root.path,
      stdout: "null",
      stderr: "null", // the two jobs outlive the runner
    });
    assertEquals((await jobs.output()).code, 0);
    const other = Number(await Deno.readTextFile(root.join("other")));
    assertEquals(readStat(other)?.ended, false);
    Deno.kill(other, "SIGKILL");
  },
  { ignore },
);
