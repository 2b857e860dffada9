// The commit of Git from which a program of W&B's clients runs.
import { assertEquals } from "@std/assert";
import { clientTest, serveWandb } from "../serve_wandb.ts";

const COMMITTED = `
import json, subprocess, wandb
def git(*words):
    own = ["git", "-c", "user.name=ada", "-c", "user.email=ada@example.org"]
    return subprocess.run([*own, *words], check=True, capture_output=True, text=True).stdout.strip()
git("init"); git("commit", "--allow-empty", "-m", "begin")
run = wandb.init(project="digits", id="abc")
run.log({"loss": 1})
model = wandb.Artifact("model", type="model")
with model.new_file("w.txt") as file: file.write("w")
run.log_artifact(model).wait()
api = wandb.Api()
going = api.run("digits/abc").commit
run.finish()
commit = git("rev-parse", "HEAD")
print("> " + json.dumps([going == commit, api.run("digits/abc").commit == commit]))
run = wandb.init(project="digits", id="none", settings=wandb.Settings(disable_git=True)); run.finish()
found = api.artifact("digits/model:latest")
print("> " + json.dumps([api.run("digits/none").commit, len(found.commit_hash or "") > 0]))
`;

clientTest(
  "a run has the commit of its program, and an artifact that of its version",
  async (client) => {
    await using service = await serveWandb();
    const lines = await service.run(client, COMMITTED, { WANDB_DISABLE_GIT: "false" });
    assertEquals(lines, ["> [true, true]", "> [null, true]"]);
    const { metadata } = await service.registry.info("digits@1.0.0");
    const tags = metadata.tags as Record<string, string>;
    assertEquals(tags["mlflow.source.git.commit"]?.length, 40);
  },
);
