// Hidden things: members of releases, and the runs of a name. A refused request changes nothing.
import { assertEquals } from "@std/assert";
import { createMemoryBackend } from "../../../../backends/memory.ts";
import { pointsOf } from "../../../../extensions/runs/mlflow/points.ts";
import { createScriptedSystem } from "../../../support/scripted_system.ts";
import { publishRelease } from "../../../../mod.ts";
import { readAnnotations } from "../../../../registry/mod.ts";
import { assertRefused, openMlflow, tokens } from "./open_mlflow.ts";

const DENIED = "PERMISSION_DENIED";
const metric = { key: "m", value: 1, timestamp: 1, step: 0 };

Deno.test("a release with a hidden member gives out none of its files", async () => {
  const token = "read:serving,read:net,read:mine,save:models:mine,read:models:mine";
  await using service = await openMlflow({ tokens, token });
  const { registry, text, list, post } = service;
  await registry.save("net", "net 1");
  await registry.save("hidden-project", "secret");
  await publishRelease(registry, "serving", { net: "net", other: "hidden-project" });
  const source = "mlflow-artifacts:/versions/serving/1.0.0";
  for (
    const sent of [
      text("versions/serving/1.0.0/release.json", { authorization: `Bearer ${token}` }),
      list("versions/serving/1.0.0"),
      post("model-versions/create", { name: "mine", source }),
    ]
  ) {
    await assertRefused(sent, DENIED, "may not read all of its members");
  }
  assertEquals(await Array.fromAsync(registry.versions("models:mine")), []);
});

/** Requests about a run: its id is in place of RUN or MODEL, or in the body. */
const ABOUT_RUN:
  readonly (readonly [right: string, method: string, path: string, body?: object])[] = [
    ["save", "GET", "runs/get?run_id=RUN"],
    ["save", "GET", "metrics/get-history?run_id=RUN&metric_key=m"],
    ["save", "GET", "metrics/get-history-bulk?run_id=RUN&metric_key=m"],
    ["save", "GET", "artifacts/list?run_id=RUN"],
    ["save", "GET", "logged-models/MODEL"],
    ["save", "GET", "../mlflow-artifacts/artifacts?path=xsecret/RUN/artifacts"],
    ["save", "GET", "../mlflow-artifacts/artifacts/xsecret/RUN/artifacts/a"],
    ["save", "PUT", "../mlflow-artifacts/artifacts/xsecret/RUN/artifacts/a", {}],
    ["save", "POST", "runs/log-metric", metric],
    ["save", "POST", "runs/log-parameter", { key: "p", value: "1" }],
    ["save", "POST", "runs/log-batch", { metrics: [metric] }],
    ["save", "POST", "runs/set-tag", { key: "t", value: "1" }],
    ["save", "POST", "runs/delete-tag", { key: "t" }],
    ["save", "POST", "runs/update", { run_name: "r" }],
    ["save", "POST", "runs/update", { status: "RUNNING" }],
    ["save", "POST", "runs/outputs", { models: [{ model_id: "m-1" }] }],
    ["save", "POST", "runs/log-inputs", { models: [{ model_id: "m-1" }] }],
    ["save", "POST", "runs/log-model", { model_json: "{}" }],
    ["save", "PATCH", "logged-models/MODEL/tags", { tags: [{ key: "a", value: "b" }] }],
    ["save", "DELETE", "logged-models/MODEL/tags/a"],
    ["save", "POST", "logged-models/MODEL/params", { params: [{ key: "a", value: "b" }] }],
    ["save", "PATCH", "logged-models/MODEL", { status: "LOGGED_MODEL_READY" }],
  ];

Deno.test("no answer tells which runs a name has that the token may not read", async () => {
  const backend = createMemoryBackend();
  await using admin = await openMlflow({ backend });
  const create = async (status?: string) => {
    const run = await admin.begin("secret");
    await admin.put(`xsecret/${run}/artifacts/a`, "a");
    const { model } = await admin.post("logged-models", { experiment_id: "xsecret" });
    const id = model.info.model_id;
    if (status === undefined) return { run, model: id };
    await admin.end(run);
    await admin.send("PATCH", `2.0/mlflow/logged-models/${id}`, {
      body: JSON.stringify({ status: "LOGGED_MODEL_READY" }),
    });
    if (status !== "deleted") return { run, model: id };
    await admin.post("runs/delete", { run_id: run });
    await admin.send("DELETE", `2.0/mlflow/logged-models/${id}`);
    return { run, model: id };
  };
  const states = {
    open: await create(),
    ended: await create("ended"),
    deleted: await create("deleted"),
    missing: { run: `${"0".repeat(32)}__secret`, model: `m-${"0".repeat(32)}__secret` },
  };
  await using service = await openMlflow({ backend, tokens });
  const ask = async (
    token: string,
    { run, model }: { run: string; model: string },
    [, method, path, body]: typeof ABOUT_RUN[number],
  ) => {
    const own = path.replace("RUN", run).replace("MODEL", model);
    const answer = await service.send(method, `2.0/mlflow/${own}`, {
      headers: { authorization: `Bearer ${token}` },
      body: body && JSON.stringify({ run_id: run, ...body }),
    });
    const { error_code, message } = await answer.json();
    return `${answer.status} ${error_code} ${message}`;
  };
  for (const asked of ABOUT_RUN) {
    const answers = new Set<string>();
    for (const state of Object.values(states)) answers.add(await ask("save:secret", state, asked));
    assertEquals(answers.size, 1, `${asked.slice(1, 3).join(" ")}: ${[...answers].join("\n")}`);
    assertEquals([...answers][0]?.startsWith("403"), true, `${asked[2]}: ${[...answers][0]}`);
  }
});

Deno.test("metrics of a model tell nothing of models that the token may not read", async () => {
  const backend = createMemoryBackend();
  await using admin = await openMlflow({ backend });
  const { model } = await admin.post("experiments/create", { name: "secret" })
    .then(() => admin.post("logged-models", { experiment_id: "xsecret" }));
  await using service = await openMlflow({
    backend,
    tokens,
    token: "read:mine,save:mine,save:secret",
  });
  const run_id = await service.begin("mine");
  for (const model_id of [model.info.model_id, `m-${"0".repeat(32)}__secret`]) {
    const sent = service.post("runs/log-metric", { run_id, ...metric, model_id });
    await assertRefused(sent, DENIED, "read");
  }
  assertEquals((await service.run(run_id)).data.metrics, []);
});

Deno.test("a refused delete of an experiment changes nothing", async () => {
  await using service = await openMlflow();
  const { registry, post } = service;
  const run_id = await service.begin("digits");
  await service.end(run_id);
  await registry.setAlias("digits", "production", "1.0.0");
  const before = await readAnnotations(registry, "digits");
  await assertRefused(
    post("experiments/delete", { experiment_id: "xdigits" }),
    "RESOURCE_CONFLICT",
    "production",
  );
  assertEquals(await readAnnotations(registry, "digits"), before);
});

Deno.test("a request with a metric that its model cannot have changes nothing", async () => {
  await using service = await openMlflow({ system: createScriptedSystem() });
  const startedMs = 8e15;
  const run_id = await service.begin("digits", { start_time: startedMs });
  const { model } = await service.post("logged-models", { experiment_id: "xdigits" });
  const { model_id, creation_timestamp_ms } = model.info;
  const at = (timestamp: number) => [{ key: "m", value: 1, timestamp, step: 0 }];
  const fits = (timestamp: number, start: number) => {
    try {
      return pointsOf(at(timestamp), start).length > 0;
    } catch {
      return false;
    }
  };
  let timestamp = Number.MAX_SAFE_INTEGER;
  while (!fits(timestamp, startedMs) || fits(timestamp, creation_timestamp_ms)) timestamp--;
  await assertRefused(
    service.post("runs/log-batch", { run_id, metrics: [{ ...at(timestamp)[0], model_id }] }),
    "INVALID_PARAMETER_VALUE",
    "too far",
  );
  assertEquals((await service.run(run_id)).data.metrics, []);
});

Deno.test("tags of a model version that fit into no note save no version", async () => {
  await using service = await openMlflow();
  const run_id = await service.begin("digits");
  await service.put(`xdigits/${run_id}/artifacts/a`, "1");
  await assertRefused(
    service.post("model-versions/create", {
      name: "m",
      source: `runs:/${run_id}/`,
      tags: [{ key: "a", value: "x".repeat(70_000) }],
    }),
    "INVALID_PARAMETER_VALUE",
    "bytes",
  );
  assertEquals(await Array.fromAsync(service.registry.versions("models:m")), []);
});

Deno.test("a deleted release with a hidden member gives out none of its files", async () => {
  const token = "read:serving,read:net";
  await using service = await openMlflow({ tokens, token });
  const { registry, list, text } = service;
  await registry.save("net", "net 1");
  await registry.save("hidden-project", "secret");
  const run = "1".repeat(32);
  await publishRelease(registry, "serving", { net: "net", other: "hidden-project" }, {
    idempotencyKey: `draft:run:${run}`,
    metadata: { run: { id: run } },
  });
  await registry.delete("serving", { version: "1.0.0" });
  const root = `xserving/${run}__serving/artifacts`;
  const read = text(`${root}/release.json`, { authorization: `Bearer ${token}` });
  for (const sent of [list(root), read]) {
    await assertRefused(sent, DENIED, "may not read all of its members");
  }
});
