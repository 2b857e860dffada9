// Programs that W&B's own clients run against `serve --wandb`, unchanged.
import { assert, assertEquals, assertMatch } from "@std/assert";
import { readLoggedRuns } from "../../../../extensions/runs/mod.ts";
import { clientTest, serveWandb, valuesOf } from "./serve_wandb.ts";

const LIFE = `
import math, wandb
import numpy as np
run = wandb.init(project="digits", id="abc", name="first", config={"lr": 0.1, "opt": {"name": "adam"}},
                 tags=["a", "b"], notes="hello", group="g", job_type="train")
run.define_metric("loss", summary="min")
for i in range(20): run.log({"loss": 1 / (i + 1) if i < 10 else 0.5, "n": {"acc": i / 20}})
run.log({"nan": math.nan, "inf": math.inf, "word": "w", "h": wandb.Histogram([1, 2, 3]),
         "t": wandb.Table(columns=["a"], data=[[1], [2]]),
         "img": wandb.Image(np.zeros((4, 4, 3), dtype=np.uint8))})
run.log({"a": 1}, commit=False); run.log({"b": 2})
run.summary["best"] = 7
run.config.update({"late": 3})
print("said")
run.finish()
`;

clientTest("a run has its points, configuration, summary, files and console", async (client) => {
  await using service = await serveWandb();
  await service.run(client, LIFE);
  const { metadata, files, by } = await service.registry.info("digits");
  assertEquals(by?.name, "ada");
  assertEquals(metadata.params, { lr: "0.1", "opt.name": "adam", late: "3" });
  const tags = metadata.tags as Record<string, string>;
  assertEquals(tags["mlflow.runName"], "first");
  assertEquals(tags["wandb.tags"], "a, b");
  const { loss, best, nan, inf, word, a, b, ...more } = metadata.metrics as Record<string, unknown>;
  assertEquals([loss, best, nan, inf, word, a, b], [0.5, 7, "NaN", "Infinity", "w", 1, 2]);
  assertEquals([more["n.acc"], more["loss.min"]], [0.95, 0.1]);
  const artifact = await service.registry.open("digits");
  const text = async (path: string) => new TextDecoder().decode(await artifact.file(path).bytes());
  const history = (await text("history.jsonl")).trim().split("\n").map((line) => JSON.parse(line));
  assertEquals(history.length, 22);
  assertEquals(history.map(({ step }) => step), Array.from({ length: 22 }, (_, i) => i));
  assert((await text("output.log")).includes("said"));
  assertEquals(Object.keys(more).filter((key) => key.startsWith("system")), []);
  const media = files.map(({ path }) => path).filter((path) => path.startsWith("media/"));
  assertEquals(media.map((path) => path.split("/")[1]), ["images", "table"]);
  assertEquals((metadata.run as Record<string, unknown>).failed, undefined);
  // Clients of MLflow see it as one of their runs.
  const found = await fetch(`${service.url}/api/2.0/mlflow/runs/search`, {
    method: "POST",
    headers: { authorization: `Bearer ${service.token}`, "content-type": "application/json" },
    body: JSON.stringify({ experiment_ids: ["xdigits"], filter: "metrics.best = 7" }),
  });
  const { runs } = await found.json();
  assertEquals(runs.map((run: { info: { status: string } }) => run.info.status), ["FINISHED"]);
  assertEquals(service.logged, []);
});

const RESUMED = `
import os, wandb
def begin(**options):
    try: return wandb.init(project="digits", **options)
    except wandb.Error as error: print("> refused", type(error).__name__)
begin(id="new", resume="must")
run = begin(id="abc", resume="allow")
print("said first")
for i in range(5): run.log({"loss": i})
run.finish()
run = begin(id="abc", resume="must")
print("> resumed", run.resumed, run.starting_step, run.summary.get("loss"))
print("said then")
for i in range(5, 8): run.log({"loss": i})
run.finish(exit_code=3)
`;

const NEVER = `
import wandb
try: wandb.init(project="digits", id="abc", resume="never")
except wandb.Error as error: print("> refused")
`;

clientTest("a run is resumed, and ends with its exit code", async (client) => {
  await using service = await serveWandb();
  const lines = await service.run(client, RESUMED);
  assertEquals(lines.at(-1), "> resumed True 5 4");
  assertEquals(lines.filter((line) => line.startsWith("> refused")).length, 1);
  assertEquals(await service.run(client, NEVER), ["> refused"]);
  const { metadata, version } = await service.registry.info("digits");
  assertEquals(version, "2.0.0");
  const { failed } = metadata.run as Record<string, unknown>;
  assertEquals(failed, "exit code 3");
  const losses = await valuesOf(service.registry, "loss");
  assertEquals(losses, [0, 1, 2, 3, 4, 5, 6, 7]);
  const log = await (await service.registry.open("digits")).file("output.log").bytes();
  const said = new TextDecoder().decode(log).split("\n").filter((line) => line.startsWith("said"));
  assertEquals(said, ["said first", "said then"]);
});

const AUTO = `
import os, wandb
run = wandb.init(project="digits", resume="auto")
print("> id", run.id, run.resumed, run.starting_step)
run.log({"loss": run.step})
if os.environ.get("END") == "kill":
    from urllib.request import Request, urlopen
    import time
    run.log({"loss": run.step})
    for _ in range(600):
        asked = Request(os.environ["WANDB_BASE_URL"] + "/logged-runs?metrics=true")
        asked.add_header("authorization", "Bearer " + os.environ["WANDB_API_KEY"].removeprefix("key-"))
        if b'"loss":' in urlopen(asked).read(): break
        time.sleep(0.1)
    print(flush=True)
    os.system("kill -9 %d" % os.getpid())
run.finish()
`;

clientTest(
  "resume=auto goes on with the run that was killed, and then begins others",
  async (client) => {
    await using service = await serveWandb();
    await service.run(client, AUTO, { END: "kill" }).catch(() => {});
    const [killed] = await Array.fromAsync(readLoggedRuns(service.registry, { name: "digits" }));
    const [resumed] = await service.run(client, AUTO);
    assert(/^> id \w+ True [12]$/.test(resumed!), resumed);
    assertEquals(resumed?.split(" ")[2], killed?.id);
    const [other] = await service.run(client, AUTO);
    assert(/^> id \w+ False 0$/.test(other!) && other?.split(" ")[2] !== killed?.id, other);
  },
);

const GROUP = `
import os, sys, subprocess, time, wandb
if len(sys.argv) == 1: # as a launcher of distributed training
    ranks = [subprocess.Popen([sys.executable, __file__, str(rank)]) for rank in range(2)]
    assert [rank.wait() for rank in ranks] == [0, 0]
    runs = wandb.Api().runs("digits", filters={"group": "ddp"}, order="display_name")
    print(">", [(run.name, run.job_type, run.state, [row["loss"] for row in run.scan_history()]) for run in runs])
    run = wandb.Api().run("digits/shared")
    print(">", sorted(row["from"] for row in run.scan_history()), run.state)
else:
    rank = int(sys.argv[1])
    run = wandb.init(project="digits", group="ddp", job_type="worker", name=f"rank-{rank}")
    for step in range(20): run.log({"loss": step * 10 + rank})
    run.finish()
    settings = wandb.Settings(mode="shared", x_primary=rank == 0, x_label=f"rank-{rank}", x_update_finish_state=rank == 0)
    run = wandb.init(project="digits", id="shared", settings=settings)
    run.log({"from": rank})
    while rank == 0 and not os.path.exists("ended"): time.sleep(0.1) # a run ends with its primary
    run.finish()
    open("ended", "w").close()
`;

clientTest("two processes log as a group, and to one run", async (client) => {
  await using service = await serveWandb();
  await Deno.writeTextFile(service.root.join("group.py"), GROUP);
  const run =
    `import runpy, sys; sys.argv = ["group.py"]; runpy.run_path("group.py", run_name="__main__")`;
  const losses = (rank: number) =>
    `[${Array.from({ length: 20 }, (_, step) => step * 10 + rank).join(", ")}]`;
  assertEquals(await service.run(client, run), [
    `> [(\'rank-0\', \'worker\', \'finished\', ${
      losses(0)
    }), (\'rank-1\', \'worker\', \'finished\', ${losses(1)})]`,
    "> [0, 1] finished",
  ]);
});

const TAGGED = `
import wandb
run = wandb.init(project="digits")
def logged(text, **more):
    artifact = wandb.Artifact("model", type="model")
    with artifact.new_file("model.txt") as file: file.write(text)
    return run.log_artifact(artifact, **more).wait()
logged("a", tags=["good", "small"])
logged("b")
run.finish()
for version in ("v0", "v1"): print(">", sorted(wandb.Api().artifact(f"digits/model:{version}").tags))
`;

clientTest("an artifact keeps the tags with which it was logged", async (client) => {
  await using service = await serveWandb();
  assertEquals(await service.run(client, TAGGED), ["> ['good', 'small']", "> []"]);
});

const LATE = `
import os, subprocess, sys, time, wandb
open("shares.py", "w").write('''
import os, sys, time, wandb
label, primary = sys.argv[1], sys.argv[1] == "primary"
settings = wandb.Settings(mode="shared", x_primary=primary, x_label=label, x_update_finish_state=primary)
run = wandb.init(project="digits", id="abc", settings=settings)
run.log({label: 1})
open("begun " + label, "w").close()
while not os.path.exists("end " + label): time.sleep(0.05)
run.log({label: 2})
run.finish()
''')
def begin(label):
    program = subprocess.Popen([sys.executable, "shares.py", label])
    while not os.path.exists("begun " + label): time.sleep(0.05)
    return program
def end(program, label):
    open("end " + label, "w").close()
    assert program.wait() == 0
    run = wandb.Api().run("digits/abc")
    print(">", run.state, *[sorted(row[each] for row in run.scan_history(keys=[each])) for each in ("primary", "late", "later")])
primary, late = begin("primary"), begin("late")
end(primary, "primary")
end(late, "late")
end(begin("later"), "later")
for file in ("begun primary", "end primary"): os.remove(file)
end(begin("primary"), "primary")
`;

clientTest("a shared run keeps what is logged after its end", async (client) => {
  await using service = await serveWandb();
  const lines = await service.run(client, LATE);
  assertMatch(lines[0]!, /^> finished \[1, 2\]/); // `late` may have sent its first line
  assertEquals(lines.slice(1), [
    "> finished [1, 2] [1, 2] []",
    "> finished [1, 2] [1, 2] [1, 2]",
    "> finished [1, 1, 2, 2] [1, 2] [1, 2]",
  ]);
});

const FORKED = `
import wandb
run = wandb.init(project="digits", id="abc", config={"lr": 1})
for i in range(10): run.log({"loss": i})
run.finish()
run = wandb.init(project="digits", id="fork", fork_from="abc?_step=4", config={"lr": 2})
print("> from", run.starting_step)
run.log({"loss": 100})
run.finish()
fork = wandb.Api().run("digits/fork")
rows = list(fork.scan_history())
print("> rows", [(row["_step"], row["loss"]) for row in rows], fork.config)
times = [row["_timestamp"] for row in rows]
print("> in order", times == sorted(times), times[-1] - times[0] < 300)
for refused in [{"fork_from": "none?_step=4"}, {"resume_from": "abc?_step=4"}]:
    try: wandb.init(project="digits", id="abc" if "resume_from" in refused else "other", **refused)
    except wandb.Error as error: print("> refused", error)
print("> goes on")
`;

clientTest("a fork begins with the points of its run, and a rewind is refused", async (client) => {
  await using service = await serveWandb();
  const [from, rows, inOrder, missing, rewind, ...more] = await service.run(client, FORKED);
  assertEquals(from, "> from 5");
  assertEquals(
    rows,
    "> rows [(0, 0), (1, 1), (2, 2), (3, 3), (4, 4), (5, 100)] {'lr': 2}",
  );
  assertEquals(inOrder, "> in order True True");
  assert(missing?.includes("run none not found"), missing);
  assert(rewind?.includes("fork_from"), rewind);
  assertEquals(more, ["> goes on"]);
  assertEquals((await Array.fromAsync(service.registry.versions("digits"))).length, 2);
});

const OFFLINE = `
import wandb
run = wandb.init(project="digits", id="abc", mode="offline", config={"lr": 1})
open("weights.bin", "w").write("w"); run.save("weights.bin")
for i in range(50): run.log({"loss": i})
run.finish()
`;

clientTest("a folder of an offline run is synced, also twice", async (client) => {
  await using service = await serveWandb();
  await service.run(client, OFFLINE);
  const [folder = ""] = await Array.fromAsync(Deno.readDir(service.root.join("wandb")))
    .then((all) => all.map(({ name }) => name).filter((name) => name.startsWith("offline-run")));
  for (let time = 0; time < 2; time++) {
    await service.command(client, "sync", "--include-synced", service.root.join("wandb", folder));
    assertEquals(await valuesOf(service.registry, "loss"), Array.from({ length: 50 }, (_, i) => i));
    const { files } = await service.registry.info("digits");
    assert(files.some(({ path }) => path === "weights.bin"), JSON.stringify(files));
  }
});

const ARTIFACTS = `
import os, wandb
def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    open(path, "w").write(text)
run = wandb.init(project="digits", id="one", entity="team")
write("d/x.txt", "x" * 100); write("d/e/y.txt", "y")
a = wandb.Artifact("model", type="model", metadata={"k": 1}, description="text")
a.add_dir("d"); a.add_reference(os.environ["WANDB_BASE_URL"] + "/far.bin", checksum=False)
run.log_artifact(a, aliases=["best"]).wait()
same = wandb.Artifact("model", type="model", metadata={"k": 1}); same.add_dir("d")
same.add_reference(os.environ["WANDB_BASE_URL"] + "/far.bin", checksum=False)
print("> same", run.log_artifact(same).wait().version)
write("d/e/y.txt", "other")
b = wandb.Artifact("model", type="model"); b.add_dir("d")
print("> next", run.log_artifact(b).wait().version)
run.finish()
run = wandb.init(project="digits", id="two", entity="team")
a = run.use_artifact("model:best")
print("> best", a.version, a.type, sorted(a.aliases), a.metadata, a.description, sorted(a.manifest.entries))
print("> far", a.manifest.entries["far.bin"].ref.endswith("/far.bin"))
d = run.use_artifact("model:latest").download(root="down")
print("> latest", open("down/x.txt").read() == "x" * 100, open("down/e/y.txt").read())
try: run.use_artifact("model:none")
except Exception as error: print("> none", type(error).__name__)
a = wandb.Api().artifact("team/digits/model:v1")
a.aliases.append("other"); a.save()
again = wandb.Api().artifact("team/digits/model:other")
print("> aliases", again.version, sorted(again.aliases))
again.aliases.remove("other"); again.save()
try: wandb.Api().artifact("team/digits/model:other")
except Exception as error: print("> removed", type(error).__name__)
out = wandb.Artifact("out", type="dataset"); out.add_file("d/x.txt")
run.log_artifact(out).wait()
run.finish()
`;

clientTest(
  "artifacts are saved, found by version and alias, used and downloaded",
  async (client) => {
    await using service = await serveWandb();
    const lines = await service.run(client, ARTIFACTS);
    assertEquals(lines.slice(0, 5), [
      "> same v0",
      "> next v1",
      "> best v0 model ['best'] {'k': 1} text ['e/y.txt', 'far.bin', 'x.txt']",
      "> far True",
      "> latest True other",
    ]);
    assert(lines[5]?.startsWith("> none "), lines[5]);
    assertEquals(lines[6], "> aliases v1 ['latest', 'other']");
    assert(lines[7]?.startsWith("> removed "), lines[7]);
    const { registry } = service;
    const { metadata, files } = await registry.info("team:digits/model@best");
    assertEquals(files.map(({ path }) => path), [".wandb/manifest.json", "e/y.txt", "x.txt"]);
    assertEquals((metadata.wandb as Record<string, unknown>).type, "model");
    const out = await registry.info("team:digits/out");
    assertEquals(out.inputs.map((input) => typeof input === "string" ? input : input.ref).sort(), [
      "team:digits/model@1.0.0",
      "team:digits/model@2.0.0",
    ]);
  },
);

const SHARED_TABLE = `
import os, wandb
run = wandb.init(project="digits", id="abc")
pages = wandb.Table(columns=["id", "title"], data=[[1, "a"], [2, "b"]])
sizes = wandb.Table(columns=["id", "size"], data=[[1, 5], [2, 6]])
run.log({"joined": wandb.JoinedTable(pages, sizes, "id")})
run.log({"sizes": sizes})
kept = wandb.Artifact("kept", type="dataset"); kept.add(sizes, "sizes")
run.log_artifact(kept).wait()
run.finish()
api = wandb.Api()
print("> found", api.artifact("digits/kept:latest").get("sizes").data)
`;

clientTest("a table that two artifacts have is read from both", async (client) => {
  await using service = await serveWandb();
  const lines = await service.run(client, SHARED_TABLE);
  assertEquals(lines, ["> found [[1, 5], [2, 6]]"]);
  assertEquals(service.logged, []);
});
