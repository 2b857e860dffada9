// Programs with W&B's clients that log to one run (`mode="shared"`), also after its end.
import { assert, assertEquals } from "@std/assert";
import { clientTest, serveWandb } from "../serve_wandb.ts";

const PROGRAM = `
import os, sys, time, wandb
label, is_primary, count = os.environ["LABEL"], os.environ["LABEL"] == "main", int(os.environ["COUNT"])
settings = wandb.Settings(mode="shared", x_label=label, x_primary=is_primary, x_update_finish_state=is_primary, x_file_stream_transmit_interval=0.2)
run = wandb.init(project="digits", id="abc", settings=settings)
print(f"hello from {label}")
print(f"an error of {label}", file=sys.stderr)
for step in range(count):
    run.log({f"{label}/loss": step})
    time.sleep(0.2)
open("helped", "w").close() if not is_primary else None
while is_primary and not os.path.exists("helped"): time.sleep(0.1)
run.finish()
`;

clientTest(
  "a run has the lines of all programs that share it, and is begun again",
  async (client) => {
    await using service = await serveWandb();
    const run = (LABEL: string, COUNT: number) =>
      service.run(client, PROGRAM, { LABEL, COUNT: `${COUNT}` });
    const versions = async () =>
      (await Array.fromAsync(service.registry.versions("digits"))).length;
    const text = async (path: string) => {
      const artifact = await service.registry.open("digits");
      return new TextDecoder().decode(await artifact.file(path).bytes()).trim().split("\n");
    };
    await Promise.all([run("main", 5), run("helper", 5)]);
    assertEquals(await versions(), 1);
    const printed = (
      label: string,
    ) => [`[${label}] an error of ${label}`, `[${label}] hello from ${label}`];
    assertEquals((await text("output.log")).sort(), [...printed("helper"), ...printed("main")]);
    assertEquals((await text("history.jsonl")).length, 10);

    const before = await versions();
    await run("main", 40);
    const more = await versions() - before;
    assert(more < 20, `a version for each request: ${more}`); // until its configuration is there
    assertEquals((await text("history.jsonl")).length, 50);
    await run("late", 3);
    assertEquals((await text("output.log")).slice(-2).sort(), printed("late"));
    assertEquals((await text("history.jsonl")).length, 53);
    assertEquals(service.logged, []);
  },
);
