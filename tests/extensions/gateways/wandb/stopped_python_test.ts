// Programs with W&B's own clients that are killed, or stopped by somebody else.
import { assert, assertEquals } from "@std/assert";
import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { nextTurn } from "../../../../core/work/next_turn.ts";
import { readLoggedRuns, updateRun } from "../../../../extensions/runs/mod.ts";
import { openRegistry } from "../../../../mod.ts";
import { spawnDeno } from "../../../support/run_deno.ts";
import { claimPort } from "../../../support/servers/ports.ts";
import { tempRoot } from "../../../support/temp_root.ts";
import { watchProcess } from "../../../support/watch_process.ts";
import { clientTest, pythonOf, serveWandb, valuesOf } from "./serve_wandb.ts";

const KILLED = `
import os, wandb
settings = wandb.Settings(x_file_stream_transmit_interval=0.5)
run = wandb.init(project="digits", id="abc", resume="allow", settings=settings)
print("> from", run.starting_step)
for i in range(run.starting_step, run.starting_step + 11): run.log({"loss": i}) # the last one waits for the next
if os.environ["END"] == "kill":
    import re, time
    from urllib.request import Request, urlopen
    for _ in range(300):
        asked = Request(os.environ["WANDB_BASE_URL"] + "/logged-runs?metrics=true")
        asked.add_header("authorization", "Bearer " + os.environ["WANDB_API_KEY"].removeprefix("key-"))
        if re.search(rb'"loss":(9|10)\\b', urlopen(asked).read()): break
        time.sleep(0.1)
    os.system("kill -9 %d" % os.getpid())
run.finish()
`;

clientTest("a run that was killed goes on", async (client) => {
  await using service = await serveWandb();
  await service.run(client, KILLED, { END: "kill" }).catch(() => {});
  const open = await Array.fromAsync(readLoggedRuns(service.registry, { name: "digits" }));
  assertEquals(open.map(({ id }) => id), ["abc"]);
  const lines = await service.run(client, KILLED, { END: "finish" });
  const from = Number(lines[0]?.replace("> from ", ""));
  assert(from === 10 || from === 11, `${from}`); // of which the client has sent the last one
  const losses = Array.from({ length: from + 11 }, (_, i) => i);
  assertEquals(await valuesOf(service.registry, "loss"), losses);
});

const STOPPED = `
import time, wandb
run = wandb.init(project="digits", id="abc")
run.log({"loss": 1})
open("begun", "w").close()
try:
    for _ in range(600): time.sleep(0.1)
except KeyboardInterrupt: print("> stopped")
run.log({"loss": 2})
run.finish()
`;

clientTest("a tag stops a run, which ends with what it has logged", async (client) => {
  await using service = await serveWandb();
  const running = service.run(client, STOPPED);
  while (!existsSync(service.root.join("begun"))) await Promise.race([running, nextTurn()]);
  await updateRun(service.registry, "digits", { id: "abc", tags: { "wandb.stop": true } });
  assertEquals(await running, ["> stopped"]);
  assertEquals(await valuesOf(service.registry, "loss"), [1, 2]);
});

const RESUMED = `
import os, time, wandb
run = wandb.init(project="digits", id="abc", resume="must", settings=wandb.Settings(x_file_stream_transmit_interval=0.2))
run.log({"loss": 3})
open("resumed", "w").close()
while not os.path.exists("asked"): time.sleep(0.1)
run.finish()
`;

clientTest("one program stops the run of another", async (client) => {
  if (client !== "new") return; // earlier clients have no call for it
  await using service = await serveWandb();
  const running = service.run(client, STOPPED);
  while (!existsSync(service.root.join("begun"))) await Promise.race([running, nextTurn()]);
  await service.run(client, `import wandb; wandb.Api().run("digits/abc").stop()`);
  assertEquals(await running, ["> stopped"]);
  await service.run(client, `import wandb; wandb.Api().run("digits/abc").stop()`); // has ended
  const resumed = service.run(client, RESUMED);
  while (!existsSync(service.root.join("resumed"))) await Promise.race([resumed, nextTurn()]);
  const names = { projectName: "digits", runId: "abc" };
  const { data } = await service.ask("RunStoppedStatus", names); // the client asks each 15 seconds
  assertEquals(data, { project: { run: { stopped: false } } });
  await writeFile(service.root.join("asked"), "");
  await resumed;
  assertEquals(await valuesOf(service.registry, "loss"), [1, 2, 3]);
});

const PREEMPTED = `
import time, wandb
def begin(): return wandb.init(project="digits", id="abc", resume="allow")
def state(): return wandb.Api().run("digits/abc").state
run = begin()
run.log({"loss": 1})
run.mark_preempting()
for _ in range(300):
    if state() == "preempting": break
    time.sleep(0.1)
print(">", state())
run.finish(exit_code=1)
print(">", state(), [run.id for run in wandb.Api().runs("digits", filters={"state": "preempted"})])
run = begin()
print(">", state())
run.log({"loss": 2})
run.finish()
print(">", state())
`;

clientTest("a run whose machine is taken away is preempted until it goes on", async (client) => {
  await using service = await serveWandb();
  assertEquals(await service.run(client, PREEMPTED), [
    "> preempting",
    "> preempted ['abc']",
    "> running",
    "> finished",
  ]);
  assertEquals(await valuesOf(service.registry, "loss"), [1, 2]);
});

/** Prints each step that it logs. */
const GOES_ON = `
import sys, wandb
settings = wandb.Settings(x_file_stream_transmit_interval=0.2)
run = wandb.init(project="digits", id="abc", settings=settings)
open("w.bin", "w").write("w"); run.save("w.bin")
for step in range(90):
    run.log({"loss": step})
    print(step, flush=True)
    if step == 29: sys.stdin.readline()
a = wandb.Artifact("model", type="model"); a.add_file("w.bin"); run.log_artifact(a).wait()
print("finish", flush=True)
run.finish()
`;

clientTest("a service that is killed twice loses nothing of a run", async (client) => {
  await using root = await tempRoot();
  await (await openRegistry(root.join("registry"))).close();
  const claim = await claimPort();
  const serve = async () => {
    const args = ["serve", "-r", root.join("registry"), "--port", `${claim.port}`, "--wandb"];
    const service = watchProcess(spawnDeno("apps/cli.ts", args, { permissions: ["-A"] }));
    await service.lines(1);
    return service;
  };
  let service = await serve();
  const training = watchProcess(
    new Deno.Command(pythonOf(client), {
      args: ["-c", GOES_ON],
      cwd: root.path,
      env: {
        HOME: root.path,
        WANDB_BASE_URL: `http://127.0.0.1:${claim.port}`,
        WANDB_API_KEY: "k".repeat(40),
        WANDB_SILENT: "true",
        WANDB_ERROR_REPORTING: "false",
        WANDB_DISABLE_GIT: "true",
      },
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn(),
  );
  await training.lines(30);
  await service.stop("SIGKILL"); // while the client sends lines, and then the end
  service = await serve();
  await training.say("go on"); // the client asks whether the service is there before an artifact
  await training.lines(91);
  await service.stop("SIGKILL");
  service = await serve();
  const { code, stderr } = await training.ended;
  assertEquals(code, 0, stderr);
  await service.stop("SIGTERM");
  claim.release();
  await using registry = await openRegistry(root.join("registry"));
  assertEquals(await valuesOf(registry, "loss"), Array.from({ length: 90 }, (_, step) => step));
  assertEquals((await registry.info("digits/model")).version, "1.0.0");
  assertEquals((await Array.fromAsync(registry.versions("digits"))).length, 1);
});
