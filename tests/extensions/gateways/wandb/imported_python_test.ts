// A folder of an offline run, which W&B's client syncs, and `import wandb` reads: the same run.
import { assert, assertEquals } from "@std/assert";
import { realSystem } from "../../../../core/system.ts";
import { openRegistry, type Registry } from "../../../../mod.ts";
import { runDeno } from "../../../support/run_deno.ts";
import { type Client, clientTest, serveWandb } from "./serve_wandb.ts";

const OFFLINE = `
import math, wandb
import numpy as np
run = wandb.init(project="digits", id="abc", name="first", mode="offline", tags=["a, b", "c"], notes="hello", group="g",
                 job_type="train", config={"lr": 0.1, "seed": 2**60 + 1, "opt": {"name": "adam", "betas": [0.9, 0.99]}, "none": None})
run.define_metric("loss", summary="min")
for i in range(20): run.log({"loss": 1 / (i + 1) if i < 10 else 0.5, "n": {"acc": i / 20}})
run.log({"nan": math.nan, "inf": -math.inf, "flops": 1.2345678901234567e18, "img": wandb.Image(np.zeros((4, 4, 3), dtype=np.uint8))})
run.summary["best"] = 7
run.config.update({"late": 3})
print("said")
run.finish(exit_code=3)
`;

async function factsOf(registry: Registry, client: Client) {
  const { metadata, files } = await registry.info("digits");
  const text = await (await registry.open("digits")).file("history.jsonl").bytes();
  const points = new TextDecoder().decode(text).trim().split("\n").map((line) => JSON.parse(line));
  const names = ["loss", "n.acc", "nan", "inf", "flops", "img.width"];
  // The service knows who sent the run; the folder, on which machine it ran.
  const { "mlflow.user": _user, "wandb.host": _host, ...tags } = metadata.tags as Record<
    string,
    string
  >;
  const { "loss.min": _, ...metrics } = metadata.metrics as Record<string, unknown>;
  const run = metadata.run as Record<string, unknown>,
    mlflow = metadata.mlflow as Record<string, unknown>;
  const kept = client === "new" ? /^(media\/|output\.log|requirements)/ : /^(media\/|requirements)/;
  return {
    params: metadata.params,
    tags,
    metrics: Object.fromEntries(
      Object.entries(metrics).filter(([key]) => !key.startsWith("system/")),
    ),
    // The sync of earlier clients sends exit code 0, no time of the start, and no first empty line.
    run: [run.id, ...client === "new" ? [mlflow.status] : []],
    curves: names.map((name) =>
      points.filter((point) => name in point).map((point) => [point.step, point[name]])
    ),
    files: files.map(({ path, sha256 }) => `${path} ${sha256}`)
      .filter((path) => kept.test(path)),
  };
}

clientTest("a folder that is synced and one that is imported are one run", async (client) => {
  await using service = await serveWandb();
  const began = realSystem.now();
  await service.run(client, OFFLINE);
  const ended = realSystem.now();
  const [folder = ""] = (await Array.fromAsync(Deno.readDir(service.root.join("wandb"))))
    .map(({ name }) => name).filter((name) => name.startsWith("offline-run"));
  await service.command(client, "sync", service.root.join("wandb", folder));
  const imported = service.root.join("imported");
  const args = ["import", "wandb", service.root.join("wandb"), imported, "--create"];
  const ran = await runDeno("apps/cli.ts", args, { permissions: ["-A"] });
  assertEquals(ran.code, 0, ran.stderr);
  await using registry = await openRegistry(imported);
  assertEquals(await factsOf(registry, client), await factsOf(service.registry, client));
  if (client !== "new") return;
  for (const each of [registry, service.registry]) {
    // Milliseconds differ: the folder has a start of its own beside the first line and its age.
    const { startedAt } = (await each.info("digits")).metadata.run as { startedAt: string };
    const started = Date.parse(startedAt);
    assert(began <= started && started <= ended, `${startedAt} is not when the program ran`);
  }
});
