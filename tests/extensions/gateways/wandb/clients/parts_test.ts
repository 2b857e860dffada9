// Artifacts that clients of W&B send in parts: files added to a version, an edited earlier version, and
// one that several programs send together.
import { assertEquals } from "@std/assert";
import { clientTest, serveWandb } from "../serve_wandb.ts";

const BEGIN = `
import json, os, sys, wandb
def show(value): print("> " + json.dumps(value))
def artifact(name, **files):
    made = wandb.Artifact(name, type="model", incremental=files.pop("incremental", False))
    for path, text in files.items():
        with made.new_file(path + ".txt", "w") as file: file.write(text)
    return made
def texts(ref):
    found = wandb.Api().artifact("digits/" + ref)
    folder = found.download(root="down-" + ref.replace(":", "-"))
    return found.version, {path: open(os.path.join(folder, path)).read() for path in sorted(found.manifest.entries)}
`;

const ADDED = `${BEGIN}
run = wandb.init(project="digits", id="abc")
for text in "12": run.log_artifact(artifact("m", a=text, same="s" + text)).wait()
added = run.log_artifact(artifact("m", a="3", b="new", incremental=True), aliases=["added"]).wait()
show([added.version, len(added.digest)])
show(texts("m:added"))
run.log_artifact(artifact("m", a="3", b="new")).wait() # all of its files: not the same as those added
show(texts("m:latest"))
draft = wandb.Api().artifact("digits/m:v0").new_draft()
with draft.new_file("c.txt", "w") as file: file.write("c")
draft.remove("a.txt")
run.log_artifact(draft).wait()
show(texts("m:latest"))
show(texts("m:v0"))
run.finish()
`;

const TOGETHER = `${BEGIN}
rank = int(os.environ["RANK"])
run = wandb.init(project="digits", group="together", job_type=f"rank {rank}")
mine = artifact("shards", **{f"part{rank}": f"rows of {rank}"})
if rank < 2: run.upsert_artifact(mine)
else: run.finish_artifact(mine, aliases=["whole"]).wait()
run.finish()
`;

clientTest("artifacts are sent in parts, from an earlier version, and together", async (client) => {
  await using service = await serveWandb();
  const lines = (await service.run(client, ADDED)).map((line) => JSON.parse(line.slice(2)));
  assertEquals(lines, [
    ["v2", 32],
    ["v2", { "a.txt": "3", "b.txt": "new", "same.txt": "s2" }],
    ["v3", { "a.txt": "3", "b.txt": "new" }],
    ["v4", { "c.txt": "c", "same.txt": "s1" }],
    ["v0", { "a.txt": "1", "same.txt": "s1" }],
  ]);
  const paths = async (ref: string) =>
    (await service.registry.info(ref)).files.map(({ path }) => path);
  for (let time = 1; time <= 2; time++) {
    await Promise.all(["0", "1"].map((RANK) => service.run(client, TOGETHER, { RANK })));
    const versions = await Array.fromAsync(service.registry.versions("digits/shards"));
    assertEquals(versions.length, time - 1);
    await service.run(client, TOGETHER, { RANK: "2" });
    assertEquals((await service.registry.info("digits/shards@whole")).version, `${time}.0.0`);
  }
  const parts = [0, 1, 2].map((rank) => `part${rank}.txt`);
  assertEquals(await paths("digits/shards@whole"), [".wandb/manifest.json", ...parts]);
  assertEquals(service.logged, []);
});
