import { assertEquals } from "@std/assert";
import { createSlurmEngine } from "../../../operators/engines/slurm.ts";
import { rejected } from "../../registry/rejected.ts";
import { testInRoot } from "../../support/temp_root.ts";

/** Answers of `sbatch`, and whether the same job may be taken later. */
const ANSWERS = {
  "Socket timed out on send/recv operation": true,
  "Unable to contact slurm controller (connect failure)": true,
  "Slurm temporarily unable to accept job, sleeping and retrying": true,
  "Job violates accounting/QOS policy (job submit limit, user's size and/or time limits)": true,
  "Resource temporarily unavailable": true,
  "Zero Bytes were transmitted or received": true,
  "Invalid authentication credential": true,
  "Protocol authentication error": true,
  "Invalid partition name specified": false,
  "Invalid account or account/partition combination specified": false,
  "Invalid qos specification": false,
  "Invalid generic resource (gres) specification": false,
  "Requested node configuration is not available": false,
  "More processors requested than permitted": false,
  "Memory specification can not be satisfied": false,
  "User's group not permitted to use this partition": false,
  "unrecognized option '--partitoin'\nTry \"sbatch --help\" for more information": false,
};

for (const [answer, passes] of Object.entries(ANSWERS)) {
  const [line = ""] = answer.split("\n");
  testInRoot(`slurm engine: "${line}" is ${passes ? "away" : "refused"}`, async (root) => {
    const programs: Record<string, string> = {
      squeue: "echo '{\"jobs\":[]}'",
      sbatch: `cat >&2 <<'END'\nsbatch: error: ${answer}\nEND\nexit 1`,
    };
    for (const [name, script] of Object.entries(programs)) {
      await Deno.writeTextFile(root.join(name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    }
    const env = { PATH: `${root.path}:/usr/bin:/bin` };
    await using engine = createSlurmEngine({ env });
    const step = { run: "r@1", step: "do", name: "one", command: ["true"], cwd: "/" };
    const submitting = engine.submit({ ...step, env: {}, resources: {} });
    const error = await rejected(passes ? "Unavailable" : "Invalid", submitting);
    assertEquals(error.message, `Cannot call Slurm's sbatch: sbatch: error: ${line}`);
  });
}

/** Jobs as versions of Slurm list them, and their states. */
const LISTED: readonly [job: Record<string, unknown>, state: string, exitCode?: number][] = [
  [{ job_state: "RUNNING", exit_code: 0, comment: "r@1 do one" }, "running"],
  [{ job_state: ["RUNNING"], exit_code: { return_code: { number: 0 } } }, "running"],
  [{ job_state: ["PENDING"], comment: null }, "waiting"],
  [{ job_state: ["COMPLETED", "COMPLETING"], comment: "" }, "running"],
  [{ job_state: ["COMPLETED"], exit_code: { return_code: { number: 0 } } }, "ended", 0],
  [{ job_state: ["FAILED"], exit_code: { return_code: { number: 3 } } }, "failed", 3],
  [{ job_state: "FAILED", exit_code: 3 << 8 }, "failed", 3],
  [{ job_state: "REQUEUE_HOLD", exit_code: 0 }, "waiting"],
  [{ job_state: "SPECIAL_EXIT", exit_code: 0 }, "waiting"],
  [{ job_state: "STAGE_OUT", exit_code: 0 }, "running"],
  [{ job_state: "STOPPED", exit_code: 0 }, "running"],
  [{ job_state: "PREEMPTED", exit_code: 0 }, "failed"],
];

for (const [job, state, exitCode] of LISTED) {
  testInRoot(`slurm engine: ${JSON.stringify(job)} is ${state}`, async (root) => {
    const listed = JSON.stringify({ jobs: [{ name: "foreign" }, { name: "one", ...job }] });
    await Deno.writeTextFile(root.join("squeue"), `#!/bin/sh\necho '${listed}'\n`, { mode: 0o755 });
    await using engine = createSlurmEngine({ env: { PATH: `${root.path}:/usr/bin:/bin` } });
    const [polled] = await engine.poll(["one"]);
    assertEquals([polled!.state, polled!.exitCode], [state, exitCode]);
  });
}

testInRoot("slurm engine: an answer that is not JSON is asked for again", async (root) => {
  await Deno.writeTextFile(root.join("squeue"), "#!/bin/sh\necho busy\n", { mode: 0o755 });
  await using engine = createSlurmEngine({ env: { PATH: `${root.path}:/usr/bin:/bin` } });
  await rejected("Unavailable", engine.poll(["one"]));
});
