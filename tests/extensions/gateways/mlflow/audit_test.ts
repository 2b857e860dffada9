// The audit trail of requests of MLflow's clients names what was changed.
import { assertEquals } from "@std/assert";
import { openMlflow, tokens } from "./open_mlflow.ts";

Deno.test("each change has its version, alias or run in the audit trail", async () => {
  const trail: Record<string, unknown>[] = [];
  await using service = await openMlflow({
    tokens,
    token: "admin",
    audit: (entry) => void trail.push(entry as unknown as Record<string, unknown>),
  });
  const { registry, post, send } = service;
  const { run } = await post("runs/create", { experiment_id: "0" });
  const { run_id } = run.info;
  await service.put(`0/${run_id}/artifacts/a`, "1");
  const { model } = await post("logged-models", { experiment_id: "0" });
  const { model_id } = model.info;
  await registry.save("models:m", "x");
  await registry.save("models:m", "y", { bump: "major" });
  const version = { name: "m", version: "2" };
  const ofVersion = { name: "models:m", version: "2.0.0" };
  const ofAlias = { name: "models:m", aliases: ["production"] };
  const ofRun = { name: "Default", run: run_id }, ofModel = { name: "Default", run: model_id };
  const metric = { key: "m", value: 1 };
  const cases: [wanted: object, method: string, path: string, body?: object][] = [
    [ofRun, "POST", "runs/log-metric", { run_id, ...metric }],
    [ofRun, "POST", "runs/log-batch", { run_id, metrics: [metric] }],
    [ofRun, "POST", "runs/log-parameter", { run_id, key: "p", value: "1" }],
    [ofRun, "POST", "runs/set-tag", { run_id, key: "t", value: "1" }],
    [ofRun, "POST", "runs/delete-tag", { run_id, key: "t" }],
    [ofRun, "POST", "runs/outputs", { run_id, models: [{ model_id }] }],
    [ofRun, "POST", "runs/log-inputs", { run_id, models: [{ model_id }] }],
    [ofRun, "POST", "runs/log-model", { run_id, model_json: "{}" }],
    [ofRun, "POST", "runs/update", { run_id, status: "FINISHED" }],
    [ofRun, "POST", "runs/delete", { run_id }],
    [ofRun, "POST", "runs/restore", { run_id }],
    [ofModel, "PATCH", `logged-models/${model_id}/tags`, { tags: [{ key: "a", value: "b" }] }],
    [ofModel, "DELETE", `logged-models/${model_id}/tags/a`],
    [ofModel, "POST", `logged-models/${model_id}/params`, { params: [{ key: "a", value: "b" }] }],
    [ofModel, "PATCH", `logged-models/${model_id}`, { status: "LOGGED_MODEL_READY" }],
    [ofModel, "DELETE", `logged-models/${model_id}`],
    [{ ...ofVersion, ...ofAlias }, "POST", "registered-models/alias", {
      ...version,
      alias: "production",
    }],
    [ofAlias, "DELETE", "registered-models/alias", { name: "m", alias: "production" }],
    [ofVersion, "POST", "model-versions/set-tag", { ...version, key: "k", value: "v" }],
    [ofVersion, "DELETE", "model-versions/delete-tag", { ...version, key: "k" }],
    [ofVersion, "PATCH", "model-versions/update", { ...version, description: "d" }],
    [ofVersion, "DELETE", "model-versions/delete", version],
    [{ name: "models:m", version: "3.0.0" }, "POST", "model-versions/create", {
      name: "m",
      source: `runs:/${run_id}/`,
    }],
  ];
  for (const [wanted, method, path, body] of cases) {
    trail.length = 0;
    const answer = await send(method, `2.0/mlflow/${path}`, {
      body: body && JSON.stringify(body),
    });
    assertEquals(answer.status, 200, `${method} ${path}: ${await answer.text()}`);
    const { name, version, aliases, run, outcome } = trail[0] ?? {};
    const found = { name, version, aliases, run };
    const its = Object.entries(found).filter(([, value]) => value !== undefined);
    assertEquals([Object.fromEntries(its), outcome], [wanted, "done"], `${method} ${path}`);
  }
});

Deno.test("a refused change of a model has what it asked for in the audit trail", async () => {
  const trail: Record<string, unknown>[] = [];
  await using service = await openMlflow({
    tokens,
    token: "read:*,move:other",
    audit: (entry) => void trail.push(entry as unknown as Record<string, unknown>),
  });
  await service.send("POST", "2.0/mlflow/registered-models/alias", {
    body: JSON.stringify({ name: "m", alias: "production", version: "2" }),
  });
  const { name, version, aliases, outcome } = trail[0] ?? {};
  assertEquals([name, version, aliases, outcome], ["models:m", "2.0.0", ["production"], "refused"]);
});
