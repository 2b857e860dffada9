// The rights of each request of MLflow's clients.
import { assert, assertEquals } from "@std/assert";
import { createApp } from "../../../../apps/server/app.ts";
import { createMemoryBackend } from "../../../../backends/memory.ts";
import { createMlflowGateway } from "../../../../extensions/gateways/mlflow/mlflow_gateway.ts";
import { openRegistry } from "../../../../mod.ts";
import { byKey, openMlflow, tokens } from "./open_mlflow.ts";

const metric = { key: "m", value: 1, timestamp: 1, step: 0 };

/** Requests about a run of `secret`, and the right that each needs. */
const ABOUT_RUN:
  readonly (readonly [right: string, method: string, path: string, body?: object])[] = [
    ["read", "GET", "runs/get?run_id=RUN"],
    ["read", "GET", "metrics/get-history?run_id=RUN&metric_key=m"],
    ["read", "GET", "metrics/get-history-bulk?run_id=RUN&metric_key=m"],
    ["read", "GET", "experiments/get?experiment_id=xsecret"],
    ["read", "GET", "experiments/get-by-name?experiment_name=secret"],
    ["save", "POST", "experiments/create", { name: "secret" }],
    ["move", "POST", "experiments/set-experiment-tag", {
      experiment_id: "xsecret",
      key: "a",
      value: "b",
    }],
    ["move", "POST", "experiments/delete-experiment-tag", { experiment_id: "xsecret", key: "a" }],
    ["save", "POST", "runs/create", { experiment_id: "xsecret" }],
    ["save", "POST", "runs/log-metric", metric],
    ["save", "POST", "runs/log-parameter", { key: "p", value: "1" }],
    ["save", "POST", "runs/log-batch", { metrics: [metric] }],
    ["save", "POST", "runs/set-tag", { key: "t", value: "1" }],
    ["save", "POST", "runs/delete-tag", { key: "t" }],
    ["save", "POST", "runs/update", { run_name: "r" }],
    ["save", "POST", "runs/outputs", { models: [{ model_id: "m-1" }] }],
    ["save", "POST", "runs/log-inputs", { models: [{ model_id: "m-1" }] }],
    ["save", "POST", "runs/log-model", { model_json: "{}" }],
    ["read", "GET", "artifacts/list?run_id=RUN"],
    ["read", "GET", "../mlflow-artifacts/artifacts?path=xsecret/RUN/artifacts"],
    ["read", "GET", "../mlflow-artifacts/artifacts/xsecret/RUN/artifacts/a.txt"],
    ["save", "PUT", "../mlflow-artifacts/artifacts/xsecret/RUN/artifacts/a.txt", {}],
    ["save", "POST", "logged-models", { experiment_id: "xsecret" }],
    ["read", "GET", "logged-models/MODEL"],
    ["save", "PATCH", "logged-models/MODEL/tags", { tags: [{ key: "a", value: "b" }] }],
    ["save", "DELETE", "logged-models/MODEL/tags/a"],
    ["save", "POST", "logged-models/MODEL/params", { params: [{ key: "a", value: "b" }] }],
    ["save", "PATCH", "logged-models/MODEL", { status: "LOGGED_MODEL_READY" }],
    ["delete", "DELETE", "logged-models/MODEL"],
    ["delete", "POST", "runs/delete", {}],
    ["delete", "POST", "runs/restore", {}],
    ["delete", "POST", "experiments/delete", { experiment_id: "xsecret" }],
    ["delete", "POST", "experiments/restore", { experiment_id: "xsecret" }],
  ];

Deno.test("every request asks for a right on the name", async () => {
  const backend = createMemoryBackend();
  await using admin = await openMlflow({ backend });
  const run_id = await admin.begin("secret");
  const { model } = await admin.post("logged-models", { experiment_id: "xsecret" });
  await admin.put(`xsecret/${run_id}/artifacts/a.txt`, "a");
  await using service = await openMlflow({ backend, tokens });
  const ask = async (
    token: string | undefined,
    [, method, path, body]: typeof ABOUT_RUN[number],
  ) => {
    const own = path.replace("RUN", run_id).replace("MODEL", model.info.model_id);
    const answer = await service.send(method, `2.0/mlflow/${own}`, {
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
      body: body && JSON.stringify({ run_id, ...body }),
    });
    const text = await answer.text();
    assertEquals(text.includes("MLFLOW_TRACKING_TOKEN"), answer.status === 401);
    return [answer.status, text.startsWith("{") ? JSON.parse(text).error_code : undefined];
  };
  for (const asked of ABOUT_RUN) {
    const [right] = asked;
    const what = asked.slice(1, 3).join(" ");
    assertEquals(await ask(undefined, asked), [401, "UNAUTHENTICATED"], what);
    assertEquals(await ask("nonsense", asked), [401, "UNAUTHENTICATED"], what);
    for (const scope of ["read", "save", "move", "delete"]) {
      for (const name of ["secre", "secret2", "secret/*"]) {
        assertEquals(await ask(`${scope}:${name}`, asked), [403, "PERMISSION_DENIED"], what);
      }
      if (scope === right) continue;
      assertEquals(await ask(`${scope}:secret`, asked), [403, "PERMISSION_DENIED"], what);
    }
  }
  for (const asked of ABOUT_RUN.filter(([right]) => right !== "delete")) {
    const [status, code] = await ask(`${asked[0]}:secret,read:secret`, asked);
    assert(status === 200 || code === "RESOURCE_ALREADY_EXISTS", `${asked[2]}: ${status} ${code}`);
  }
});

Deno.test("a run of another token is not changed without the right to read it", async () => {
  await using service = await openMlflow({ tokens, token: "save:secret" });
  const { run } = await service.post("runs/create", { experiment_id: "xsecret" });
  const { run_id } = run.info;
  await service.post("runs/log-metric", { run_id, ...metric });
  const other = async (token: string) => {
    const answer = await service.send("POST", "2.0/mlflow/runs/log-metric", {
      headers: { authorization: `Bearer ${token}` },
      body: JSON.stringify({ run_id, ...metric }),
    });
    return (await answer.json()).error_code;
  };
  assertEquals(await other("save:secre*"), "PERMISSION_DENIED");
  assertEquals(await other("save:secre*,read:secret"), undefined);
  assertEquals((await service.end(run_id)).status, "FINISHED");
  assertEquals(await other("save:secre*"), "PERMISSION_DENIED");
  const info = await service.registry.info("secret");
  assertEquals(info.by?.token, "save:secret");
});

Deno.test("a token is a password, too, and the trail names what it changes", async () => {
  const trail: Record<string, unknown>[] = [];
  await using service = await openMlflow({
    tokens,
    token: "save:a,read:a",
    audit: (entry) => void trail.push(entry as unknown as Record<string, unknown>),
  });
  const { run } = await service.post("runs/create", { experiment_id: "xa" });
  const authorization = `Basic ${btoa("anyone:save:a,read:a")}`;
  const body = JSON.stringify({ run_id: run.info.run_id, ...metric });
  const headers = { authorization };
  assertEquals(
    (await service.send("POST", "2.0/mlflow/runs/log-metric", { headers, body })).status,
    200,
  );
  await service.end(run.info.run_id);
  assertEquals(byKey((await service.run(run.info.run_id)).data.metrics), { m: 1 });
  const entries = trail.map((
    { name, outcome, run: of },
  ) => [name, outcome, of === run.info.run_id]);
  assertEquals(entries, [["a", "done", true], ["a", "done", true], ["a", "done", true]]);
});

Deno.test("all routes of the gateway need a right", async () => {
  await using registry = await openRegistry("memory:");
  const { routes } = createApp(registry, { gateways: [createMlflowGateway()] });
  for (const { tag, scope, method, path } of routes) {
    if (tag === "mlflow") assert(scope !== "open", `${method} ${path}`);
  }
});
