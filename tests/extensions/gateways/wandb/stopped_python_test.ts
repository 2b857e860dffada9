// Programs with W&B's own clients that are killed, or stopped by somebody else.
import { assert, assertEquals } from "@std/assert";
import { existsSync } from "node:fs";
import { nextTurn } from "../../../../core/work/next_turn.ts";
import { readLoggedRuns, updateRun } from "../../../../extensions/runs/mod.ts";
import { clientTest, serveWandb, valuesOf } from "./serve_wandb.ts";

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
