import { assertEquals } from "@std/assert";
import { createSlurmEngine } from "../../../operators/engines/slurm.ts";
import { rejected } from "../../registry/rejected.ts";
import { type TempRoot, testInRoot } from "../../support/temp_root.ts";

/** Answers of `sbatch`, and whether the same job may be taken later. */
const ANSWERS = {
  "Socket timed out on send/recv operation": true,
  "Unable to contact slurm controller (connect failure)": true,
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
      squeue: "",
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

/** Writes programs of Slurm. Those that are called note their arguments. */
async function programs(root: TempRoot, scripts: Record<string, string>) {
  for (const [name, script] of Object.entries(scripts)) {
    const text = `#!/bin/sh\necho "${name} $*" >> ${root.path}/calls\n${script}\n`;
    await Deno.writeTextFile(root.join(name), text, { mode: 0o755 });
  }
  return createSlurmEngine({ env: { PATH: `${root.path}:/usr/bin:/bin` } });
}

const callsIn = async (root: TempRoot) =>
  (await Deno.readTextFile(root.join("calls"))).trim().split("\n");

const lineOf = (state: string, status: string, name: string, comment: string, why = "None") =>
  `printf '%-32s%-16s%-256s%-121s%-2048s\\n' '${state}' '${status}' '${why}' '${name}' '${comment}'`;

/** Answers of `sbatch` about limits; without a name of the limit, by whether the user has jobs. */
const POLICY = "Batch job submission failed: Job violates accounting/QOS policy " +
  "(job submit limit, user's size and/or time limits)";
const LIMITS: readonly [lines: string[], hasJobs: boolean, problem: "full" | "refused"][] = [
  [["QOSMaxSubmitJobPerUserLimit", POLICY], false, "full"],
  [["AssocGrpSubmitJobsLimit", POLICY], false, "full"],
  [["AssocMaxSubmitJobLimit", POLICY], true, "full"],
  [["QOSMaxWallDurationPerJobLimit", POLICY], true, "refused"],
  [["QOSMinGRES", POLICY], true, "refused"],
  [[POLICY], true, "full"],
  [[POLICY], false, "refused"],
  [
    [
      "Slurm temporarily unable to accept job, sleeping and retrying",
      "Batch job submission failed: Resource temporarily unavailable",
    ],
    false,
    "full",
  ],
];

for (const [lines, hasJobs, problem] of LIMITS) {
  testInRoot(
    `slurm engine: "${lines[0]}" of a user with${hasJobs ? "" : "out"} jobs is ${problem}`,
    async (root) => {
      const answer = lines.map((line) => `sbatch: error: ${line}`).join("\n");
      await using engine = await programs(root, {
        squeue: hasJobs
          ? `case "$*" in *--name*);; *) ${lineOf("PENDING", "0", "x", "")};; esac`
          : "",
        sbatch: `cat >&2 <<'END'\n${answer}\nEND\nexit 1`,
      });
      const step = { run: "r@1", step: "do", name: "one", command: ["true"], cwd: "/" };
      const submitting = engine.submit({ ...step, env: {}, resources: {} });
      const error = await rejected(problem === "full" ? "Unavailable" : "Invalid", submitting);
      assertEquals(error.reason?.kind, problem === "full" ? "engine_full" : undefined);
      assertEquals(error.message, `Cannot call Slurm's sbatch: sbatch: error: ${lines[0]}`);
    },
  );
}

/** Jobs as versions of Slurm list them, and their states. */
const LISTED: readonly [state: string, status: string, expected: string, exitCode?: number][] = [
  ["RUNNING", "0", "running"],
  ["PENDING", "0:0", "waiting"],
  ["COMPLETING", "0", "running"],
  ["COMPLETED", "0:0", "ended", 0],
  ["FAILED", "3:0", "failed", 3],
  ["FAILED", String(3 << 8), "failed", 3],
  ["REQUEUE_HOLD", "0", "waiting"],
  ["SPECIAL_EXIT", "0", "waiting"],
  ["STAGE_OUT", "0", "running"],
  ["STOPPED", "0", "running"],
  ["PREEMPTED", "0", "failed"],
];

for (const [state, status, expected, exitCode] of LISTED) {
  testInRoot(`slurm engine: ${state} ${status} is ${expected}`, async (root) => {
    await using engine = await programs(root, {
      squeue: lineOf(state, status, "one", "r@1 a one"),
    });
    const [polled] = await engine.poll(["one"]);
    assertEquals([polled!.state, polled!.exitCode], [expected, exitCode]);
  });
}

/** Reasons of waiting jobs that people can do something about, and others. */
const REASONS: readonly [state: string, why: string, expected: string | undefined][] = [
  [
    "PENDING",
    "ReqNodeNotAvail, UnavailableNodes:n[1-2]",
    "ReqNodeNotAvail, UnavailableNodes:n[1-2]",
  ],
  ["PENDING", "Resources", "Resources"],
  ["REQUEUE_HOLD", "job requeued in held state", "job requeued in held state"],
  ["PENDING", "None", undefined],
  ["PENDING", "Priority", undefined],
  ["PENDING", "", undefined],
  ["RUNNING", "None", undefined],
  ["RUNNING", "Prolog", undefined],
];

for (const [state, why, expected] of REASONS) {
  testInRoot(`slurm engine: ${state} because of "${why}" waits for ${expected}`, async (root) => {
    const listed = lineOf(state, "0", "one", "r@1 a one", why);
    await using engine = await programs(root, { squeue: listed });
    assertEquals((await engine.poll(["one"]))[0]!.reason, expected);
  });
}

testInRoot("slurm engine: an answer that cannot be read is asked for again", async (root) => {
  await using engine = await programs(root, { squeue: "echo busy" });
  await rejected("Unavailable", engine.poll(["one"]));
});

testInRoot("slurm engine: only its jobs are listed, those of this user first", async (root) => {
  const foreign = lineOf("RUNNING", "0", "ä line\nof a name", "r@1");
  const squeue = `case "$*" in
    *--me*--name*) ${lineOf("RUNNING", "0", "mine", "r@1 a mine")};;
    *--name*) ${lineOf("PENDING", "0", "theirs", "r@1 b theirs")};;
    *) ${foreign}; ${lineOf("RUNNING", "0", "mine", "r@1 a mine")};;
  esac`;
  await using engine = await programs(root, { squeue, sacct: "exit 1", sbatch: "exit 1" });
  const polled = await engine.poll(["mine", "theirs", "none"]);
  assertEquals(polled.map(({ state }) => state), ["running", "waiting", "lost"]);
  assertEquals((await engine.list("r@1")).map(({ id, step }) => [id, step]), [["mine", "a"]]);
  const step = { run: "r@1", step: "do", name: "theirs", command: ["true"], cwd: "/" };
  assertEquals(await engine.submit({ ...step, env: {}, resources: {} }), "theirs");
  const listings = (await callsIn(root)).filter((call) => call.startsWith("squeue"))
    .map((call) => call.split(" ").slice(5));
  assertEquals(listings, [
    ["--me", "--name=mine,theirs,none"],
    ["--name=theirs,none"],
    ["--me"],
    ["--me", "--name=theirs"],
    ["--name=theirs"],
  ]);
});
