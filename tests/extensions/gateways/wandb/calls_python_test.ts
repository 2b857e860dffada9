// The calls that W&B's clients send in the life of a run, and a list that is kept of them: a release that sends
// something else shows here. `HOLDFAST_WRITE_CALLS=yes` adds to the list.
import { assertEquals } from "@std/assert";
import { readFile, writeFile } from "node:fs/promises";
import { realSystem } from "../../../../core/system.ts";
import { startProxy, type WireRequest } from "../../../support/proxy.ts";
import { clientTest, serveWandb } from "./serve_wandb.ts";

const LIST = new URL("./calls.json", import.meta.url);

const LIFE = `
import wandb
run = wandb.init(project="digits", id="abc", config={"lr": 0.1}, tags=["a"])
for i in range(5): run.log({"loss": 5 - i})
open("w.txt", "w").write("weights"); run.save("w.txt")
model = wandb.Artifact("model", type="model"); model.add_file("w.txt")
run.log_artifact(model, aliases=["best"]).wait()
run.finish()
run = wandb.init(project="digits", id="abc", resume="must"); run.log({"loss": 0})
run.use_artifact("model:best").download("down"); run.finish()
api = wandb.Api()
run = api.run("digits/abc")
run.history(pandas=False); list(run.scan_history()); [file.name for file in run.files()]
run.file("w.txt").download(root="files")
[each.id for each in api.runs("digits", filters={"state": "finished"})]
[each.name for each in run.logged_artifacts()]
api.artifact("digits/model:v0").logged_by()
run.tags.append("b"); run.update()
if hasattr(run, "console_logs"): list(run.console_logs()), list(run.console_logs(last=1))
run.history(stream="events", pandas=False)
settings = wandb.Settings(mode="shared", x_primary=True, x_label="primary")
run = wandb.init(project="digits", id="shared", settings=settings)
run.log({"loss": 1, "table": wandb.Table(columns=["a"], data=[[1]])})
run.finish()
api.run("digits/shared").history(pandas=False)
`;

/** Returns the operation of a request, or its path without names. */
function callOf({ method, url, text }: WireRequest): string {
  const [, operation] = /\b(?:query|mutation)\s+(\w+)/.exec(text.replaceAll("\\n", " ")) ?? [];
  const path = url.replace(/\?.*$/, "");
  if (path === "/graphql") return operation ?? "a query without a name";
  const named = path.replace(/^\/files\/[^/]+\/[^/]+\/[^/]+\//, "/files/:entity/:project/:run/")
    .replace(
      /^(\/wandb\/\w+\/)[^/]+(?:(\/files\/).*)?/,
      (_, kind, files = "") => `${kind}:id${files && `${files}:path`}`,
    );
  return `${method} ${named}`;
}

clientTest("a client sends what is known of it", async (client) => {
  await using service = await serveWandb();
  await using proxy = await startProxy(service.url);
  await service.run(client, LIFE, { WANDB_BASE_URL: proxy.endpoint });
  const calls = new Set(proxy.requests.map(callOf));
  const lists: Record<string, string[]> = JSON.parse(await readFile(LIST, "utf8"));
  const known = lists[client] ?? [];
  if (realSystem.env("HOLDFAST_WRITE_CALLS") !== undefined) {
    lists[client] = [...calls.union(new Set(known))].sort();
    await writeFile(LIST, `${JSON.stringify(lists, undefined, 2)}\n`);
  } else assertEquals([...calls].filter((call) => !known.includes(call)), []);
});
