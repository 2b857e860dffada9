// Runs of MLflow: begun, logged to, ended, resumed, changed later.
import { assert, assertEquals } from "@std/assert";
import { createMemoryBackend } from "../../../../backends/memory.ts";
import { readLoggedRuns } from "../../../../extensions/runs/mod.ts";
import { assertRefused, byKey, type Json, openMlflow } from "./open_mlflow.ts";

const metric = (key: string, value: unknown, step = 0, timestamp = 2000 + step) => ({
  key,
  value,
  step,
  timestamp,
});

Deno.test("a run is logged to, and a version once it has ended", async () => {
  await using service = await openMlflow();
  const { post, registry } = service;
  const run_id = await service.begin("team/digits", {
    run_name: "first",
    tags: [{ key: "mlflow.user", value: "ada" }],
  });
  for (let step = 0; step < 3; step++) {
    await post("runs/log-metric", { run_id, ...metric("loss", 1 / (1 + step), step) });
  }
  await post("runs/log-parameter", { run_id, key: "rate", value: "0.1" });
  await post("runs/log-batch", {
    run_id,
    metrics: [metric("auc", 0.5, 1), metric("auc", 0.75, 2), metric("f1", 0.5, 2)],
    params: [{ key: "depth", value: "3" }],
    tags: [{ key: "stage", value: "x" }],
  });
  await post("runs/set-tag", { run_id, key: "gone", value: "soon" });
  await post("runs/delete-tag", { run_id, key: "gone" });

  const check = ({ info, data }: Json, status: string) => {
    assertEquals([info.status, info.run_name, info.user_id], [status, "first", "ada"]);
    assertEquals([info.start_time, info.lifecycle_stage], [1000, "active"]);
    assertEquals(byKey(data.params), { rate: "0.1", depth: "3" });
    assertEquals(byKey(data.metrics), { loss: 1 / 3, auc: 0.75, f1: 0.5 });
    assertEquals(byKey(data.tags), { "mlflow.user": "ada", "mlflow.runName": "first", stage: "x" });
    const auc = data.metrics.find(({ key }: Json) => key === "auc");
    assertEquals(auc, { key: "auc", value: 0.75, step: 2, timestamp: 2002 });
  };
  check(await service.run(run_id), "RUNNING");
  assertEquals(await Array.fromAsync(registry.versions("team/digits")), []);
  assertEquals((await service.end(run_id)).end_time, 9000);
  check(await service.run(run_id), "FINISHED");
  assertEquals(await service.values(run_id, "loss"), [[0, 1], [1, 1 / 2], [2, 1 / 3]]);

  const { metadata, files } = await registry.info("team/digits");
  assertEquals(metadata.params, { rate: "0.1", depth: "3" });
  assertEquals(metadata.metrics, {
    loss: 1 / 3,
    "loss.min": 1 / 3,
    auc: 0.75,
    "auc.max": 0.75,
    f1: 0.5,
  });
  assertEquals(metadata.tags, { "mlflow.user": "ada", "mlflow.runName": "first", stage: "x" });
  assertEquals((metadata.run as Json).points, 5);
  assertEquals((metadata.run as Json).startedAt, "1970-01-01T00:00:01.000Z");
  assertEquals(files.map(({ path }) => path), ["history.jsonl"]);
  assertEquals(await Array.fromAsync(readLoggedRuns(registry)), []);
});

Deno.test("a killed service has lost nothing that it answered", async () => {
  const backend = createMemoryBackend();
  const first = await openMlflow({ backend }); // never closed
  const run_id = await first.begin();
  await first.post("runs/log-metric", { run_id, ...metric("loss", 2, 1) });
  await first.post("runs/log-parameter", { run_id, key: "a", value: "1" });
  await first.post("runs/set-tag", { run_id, key: "b", value: "2" });

  await using second = await openMlflow({ backend });
  const { data } = await second.run(run_id);
  assertEquals([byKey(data.metrics), byKey(data.params)], [{ loss: 2 }, { a: "1" }]);
  await second.post("runs/log-metric", { run_id, ...metric("loss", 1, 2) });
  await first.post("runs/log-metric", { run_id, ...metric("loss", 0.5, 3) }); // two services at once
  assertEquals(await second.values(run_id, "loss"), [[1, 2], [2, 1], [3, 0.5]]);
  await second.end(run_id);
  assertEquals(await first.values(run_id, "loss"), [[1, 2], [2, 1], [3, 0.5]]);
  assertEquals(byKey((await first.run(run_id)).data.metrics), { loss: 0.5 });
  await first.post("runs/log-metric", { run_id, ...metric("loss", 0.25, 4) }); // after its end
  assertEquals(byKey((await second.run(run_id)).data.metrics), { loss: 0.25 });
});

Deno.test("runs that failed or were killed are versions that say so", async () => {
  await using service = await openMlflow();
  for (const status of ["FAILED", "KILLED", "FINISHED"]) {
    const run_id = await service.begin();
    assertEquals((await service.end(run_id, status)).status, status);
    assertEquals((await service.run(run_id)).info.status, status);
    const { metadata } = await service.registry.info("digits");
    assertEquals((metadata.run as Json).failed, status === "FINISHED" ? undefined : status);
  }
});

Deno.test("a run goes on after its end with all that it had", async () => {
  await using service = await openMlflow();
  const { post } = service;
  const run_id = await service.begin();
  await post("runs/log-batch", {
    run_id,
    metrics: [metric("loss", 3, 1), metric("loss", 2, 2)],
    params: [{ key: "a", value: "1" }],
    tags: [{ key: "t", value: "1" }],
  });
  await service.end(run_id);
  for (let round = 1; round <= 2; round++) {
    await post("runs/update", { run_id, status: "RUNNING" });
    const { info, data } = await service.run(run_id);
    assertEquals([info.status, info.end_time, info.start_time], ["RUNNING", undefined, 1000]);
    const tags = { t: "1", "mlflow.runName": info.run_name };
    assertEquals([byKey(data.params), byKey(data.tags)], [{ a: "1" }, tags]);
    await post("runs/log-metric", { run_id, ...metric("loss", 1 / round, 2 + round) });
    const values = [[1, 3], [2, 2], [3, 1], [4, 1 / 2]].slice(0, 2 + round);
    assertEquals(await service.values(run_id, "loss"), values);
    await service.end(run_id);
    assertEquals(await service.values(run_id, "loss"), values);
    assertEquals(byKey((await service.run(run_id)).data.params), { a: "1" });
  }
  const versions = await Array.fromAsync(service.registry.versions("digits", { details: true }));
  assertEquals(versions.map(({ info }) => (info!.metadata.run as Json).points), [4, 3, 2]);
});

Deno.test("changes after the end make a version each, and none is lost", async () => {
  await using service = await openMlflow();
  const { post } = service;
  const run_id = await service.begin();
  await post("runs/log-metric", { run_id, ...metric("loss", 1, 1) });
  await service.end(run_id);
  await Promise.all([
    post("runs/log-metric", { run_id, ...metric("late", "NaN", 1) }),
    post("runs/log-metric", { run_id, ...metric("loss", 0.5, 2) }),
    post("runs/log-parameter", { run_id, key: "late", value: "1" }),
    post("runs/set-tag", { run_id, key: "late", value: "2" }),
  ]);
  await post("runs/update", { run_id, run_name: "new" });
  const { info, data } = await service.run(run_id);
  assertEquals([info.status, info.run_name, info.end_time], ["FINISHED", "new", 9000]);
  assertEquals(byKey(data.metrics), { late: "NaN", loss: 0.5 });
  assertEquals(byKey(data.params), { late: "1" });
  assertEquals(byKey(data.tags), { late: "2", "mlflow.runName": "new" });
  assertEquals(await service.values(run_id, "loss"), [[1, 1], [2, 0.5]]);
  const count = async () => (await Array.fromAsync(service.registry.versions("digits"))).length;
  assertEquals(await count(), 6);
  await service.end(run_id); // changes nothing
  assertEquals(await count(), 6);
});

Deno.test("values of metrics are exact", async () => {
  await using service = await openMlflow();
  const run_id = await service.begin("digits", { start_time: 1_700_000_000_123 });
  const values = [
    metric("a", "NaN", -5, 1_700_000_000_124),
    metric("a", "Infinity", 0, 0),
    metric("a", "-Infinity", 2 ** 53 - 1, -1),
    metric("a", 1e-320, 7, 9_000_000_000_001),
    metric("a", 0.1 + 0.2, 7, 1_700_000_000_123_456), // microseconds
    metric("step", 1, 2),
    metric("_time", 2, 2),
    metric("metric:step", 3, 2),
    metric("__proto__", 4, 2),
    metric("é/ü x", 5, 2),
  ];
  await service.post("runs/log-batch", { run_id, metrics: values });
  await service.post("runs/log-metric", {
    run_id,
    ...metric("text", 1),
    timestamp: "77",
    step: "8",
  });
  const check = async () => {
    for (const key of new Set(values.map(({ key }) => key))) {
      const { metrics } = await service.get("metrics/get-history", { run_id, metric_key: key });
      const own = values.filter((each) => each.key === key);
      assertEquals(metrics, own.sort((a, b) => a.timestamp - b.timestamp));
    }
    const { metrics } = await service.get("metrics/get-history", { run_id, metric_key: "text" });
    assertEquals(metrics, [{ key: "text", value: 1, timestamp: 77, step: 8 }]);
    const { data } = await service.run(run_id);
    const last = data.metrics.find(({ key }: Json) => key === "a");
    assertEquals(last, { key: "a", value: "-Infinity", timestamp: -1, step: 2 ** 53 - 1 });
  };
  await check();
  await service.end(run_id);
  await check();
  const far = service.post("runs/log-metric", {
    run_id,
    ...metric("a", 1),
    timestamp: 2 ** 53 - 1,
  });
  await assertRefused(far, "INVALID_PARAMETER_VALUE", "too far");
});

Deno.test("a run has more metrics than its metadata", async () => {
  await using service = await openMlflow();
  const run_id = await service.begin();
  const keys = Array.from({ length: 900 }, (_, i) => `a metric with a long name number ${i}`);
  const metrics = keys.map((key, i) => metric(key, i + 0.5, i));
  await service.post("runs/log-batch", { run_id, metrics });
  await service.end(run_id);
  await service.post("runs/set-tag", { run_id, key: "a", value: "b" });
  const { data } = await service.run(run_id);
  assertEquals(data.metrics.length, 900);
  assertEquals(byKey(data.metrics)[keys[899]!], 899.5);
});

Deno.test("histories have pages, and those of several runs one list", async () => {
  await using service = await openMlflow();
  const runs = [await service.begin(), await service.begin()];
  for (const run_id of runs) {
    const metrics = Array.from({ length: 5 }, (_, i) => metric("a", i, i));
    await service.post("runs/log-batch", { run_id, metrics });
  }
  const [run_id = ""] = runs;
  const query = { run_id, metric_key: "a", max_results: "2" };
  const pages: number[][] = [];
  for (let page_token = "", isLast = false; !isLast;) {
    const page = await service.get("metrics/get-history", {
      ...query,
      ...page_token !== "" && { page_token },
    });
    pages.push(page.metrics.map(({ value }: Json) => value));
    page_token = page.next_page_token ?? "";
    isLast = page_token === "";
  }
  assertEquals(pages, [[0, 1], [2, 3], [4]]);
  const once = `metrics/get-history-bulk?metric_key=a&max_results=7${
    `&run_id=${runs[1]}`.repeat(50)
  }&run_id=${run_id}`;
  const { metrics: of } = await (await service.send("GET", `2.0/mlflow/${once}`)).json();
  const [least, greatest] = runs.toSorted();
  assertEquals(of.map(({ run_id }: Json) => run_id), [
    ...Array(5).fill(least),
    ...Array(2).fill(greatest),
  ]);
  const many = `metrics/get-history-bulk?metric_key=a${`&run_id=${run_id}`.repeat(101)}`;
  assertEquals((await service.send("GET", `2.0/mlflow/${many}`)).status, 400);
  const bulk = `metrics/get-history-bulk?metric_key=a&run_id=${runs.join("&run_id=")}`;
  const { metrics } = await (await service.send("GET", `2.0/mlflow/${bulk}`)).json();
  assertEquals(metrics.map(({ run_id }: Json) => runs.indexOf(run_id)), [
    0,
    0,
    0,
    0,
    0,
    1,
    1,
    1,
    1,
    1,
  ]);
});

Deno.test("experiments are names", async () => {
  await using service = await openMlflow();
  const { get, post } = service;
  await assertRefused(
    get("experiments/get-by-name", { experiment_name: "digits" }),
    "RESOURCE_DOES_NOT_EXIST",
    "Could not find experiment",
  );
  const { experiment_id } = await post("experiments/create", { name: "digits" });
  const { experiment } = await get("experiments/get", { experiment_id });
  assertEquals([experiment.name, experiment.lifecycle_stage], ["digits", "active"]);
  await service.begin("digits");
  const found = await get("experiments/get-by-name", { experiment_name: "digits" });
  assertEquals(found.experiment.experiment_id, experiment_id);
  const again = post("experiments/create", { name: "digits" });
  await assertRefused(again, "RESOURCE_ALREADY_EXISTS", "already exists");
  assertEquals((await get("experiments/get", { experiment_id: "0" })).experiment.name, "Default");
  const { run } = await post("runs/create", {});
  assertEquals(run.info.experiment_id, "0");
  for (const name of ["a*b", "-a", "a/../b", "a@b", "", " a", "x\u0000", "_".repeat(200)]) {
    const created = post("experiments/create", { name });
    await assertRefused(created, "INVALID_PARAMETER_VALUE", name === "" ? "Missing" : "Invalid");
  }
  const elsewhere = post("experiments/create", { name: "new", artifact_location: "s3://b" });
  await assertRefused(elsewhere, "INVALID_PARAMETER_VALUE", "artifact_location");
});

Deno.test("requests that make no sense are refused in MLflow's words", async () => {
  await using service = await openMlflow();
  const { post, get } = service;
  const run_id = await service.begin();
  await post("runs/log-parameter", { run_id, key: "a", value: "1" });
  const batch = (members: Json) => post("runs/log-batch", { run_id, ...members });
  const many = (count: number) =>
    Array.from({ length: count }, (_, i) => ({ ...metric(`k${i}`, i), value: i }));
  const INVALID = "INVALID_PARAMETER_VALUE", MISSING = "RESOURCE_DOES_NOT_EXIST";
  const cases: [Promise<unknown>, string, string][] = [
    [
      post("runs/log-parameter", { run_id, key: "a", value: "2" }),
      INVALID,
      "Changing param values",
    ],
    [batch({ params: [{ key: "b", value: "1" }, { key: "b", value: "2" }] }), INVALID, "Duplicate"],
    [batch({ metrics: many(1001) }), INVALID, "at most 1000 metrics"],
    [batch({ params: many(101).map(({ key }) => ({ key, value: "1" })) }), INVALID, "100 params"],
    [batch({ tags: many(101).map(({ key }) => ({ key, value: "1" })) }), INVALID, "100 tags"],
    [batch({ metrics: many(1000), tags: [{ key: "a", value: "1" }] }), INVALID, "at most 1000"],
    [batch({ metrics: "many" }), INVALID, "not a list"],
    [post("runs/log-metric", { run_id, ...metric("m", "many") }), INVALID, "not a number"],
    [post("runs/log-metric", { run_id, ...metric("m", 1), step: 1.5 }), INVALID, "not an integer"],
    [
      post(
        "runs/log-metric",
        `{"run_id":"${run_id}","key":"m","value":1,"timestamp":9223372036854775807}`,
      ),
      INVALID,
      "rounded",
    ],
    [post("runs/log-metric", { run_id, value: 1 }), INVALID, "'key'"],
    [post("runs/log-metric", { run_id, ...metric("../m", 1) }), INVALID, "names have"],
    [post("runs/log-metric", { run_id, ...metric("a\u0000", 1) }), INVALID, "names have"],
    [
      post("runs/log-metric", { run_id, ...metric("k".repeat(251), 1) }),
      INVALID,
      "longer than 250",
    ],
    [post("runs/set-tag", { run_id, key: "holdfast.status", value: "x" }), INVALID, "reserved"],
    [post("runs/set-tag", { run_id, key: "big", value: "x".repeat(9000) }), INVALID, "8192"],
    [post("runs/delete-tag", { run_id, key: "none" }), MISSING, "No tag with name"],
    [post("runs/update", { run_id, status: "DONE" }), INVALID, "status"],
    [post("runs/update", { run_id, end_time: 2 ** 53 - 1 }), INVALID, "it must be from"],
    [post("runs/create", { experiment_id: "17" }), MISSING, "No Experiment"],
    [post("runs/create", "{"), INVALID, "not valid JSON"],
    [post("runs/create", "[]"), INVALID, "not a JSON object"],
    [post("runs/create", { tags: [3] }), INVALID, "not an object"],
    [get("runs/get"), INVALID, "Missing value for required parameter 'run_id'"],
    [get("runs/get", { run_id: "7" }), MISSING, "Run with id=7 not found"],
    [get("runs/get", { run_id: run_id.replace("d", "e") }), MISSING, "not found"],
    [get("experiments/get", { experiment_id: "../0" }), MISSING, "No Experiment"],
    [get("metrics/get-history", { run_id }), INVALID, "metric_key"],
    [
      post("runs/search", { experiment_ids: ["0"], order_by: Array(21).fill("metrics.a") }),
      INVALID,
      "at most 20 order_by",
    ],
    [post("runs/search", { experiment_ids: Array(50_001).fill("0") }), INVALID, "at most 50000"],
    [
      post("registered-models/create", {
        name: "p",
        tags: [{ key: "mlflow.prompt.is_prompt", value: "true" }],
      }),
      "NOT_IMPLEMENTED",
      "does not have prompts",
    ],
    [get("traces/7"), "ENDPOINT_NOT_FOUND", "does not have traces"],
    [post("webhooks", {}), "ENDPOINT_NOT_FOUND", "does not have webhooks"],
    [post("experiments/update", {}), "ENDPOINT_NOT_FOUND", "does not have renaming of experiments"],
  ];
  for (const [sent, code, words] of cases) await assertRefused(sent, code, words);
  const { data } = await service.run(run_id);
  assertEquals([byKey(data.params), data.metrics, data.tags.length], [{ a: "1" }, [], 1]);
});

Deno.test("runs of other programs are runs of MLflow", async () => {
  await using service = await openMlflow();
  const { openRun } = await import("../../../../extensions/runs/mod.ts");
  await using run = await openRun(service.registry, "digits", { id: "7", params: { rate: 0.1 } });
  run.log({ step: 1, test: { loss: 0.5 }, name: "x" });
  await run.flush();
  const open = await service.run("7__digits");
  assertEquals([open.info.status, byKey(open.data.params)], ["RUNNING", { rate: "0.1" }]);
  assertEquals(byKey(open.data.metrics), { "test.loss": 0.5 });
  await run.finish({ weights: [1] });
  const ended = await service.run("7__digits");
  assertEquals([ended.info.status, byKey(ended.data.metrics)], ["FINISHED", { "test.loss": 0.5 }]);
  await service.post("runs/set-tag", { run_id: "7__digits", key: "a", value: "b" });
  assertEquals(await service.registry.load("digits"), { weights: [1] });
  assert((await service.run("7__digits")).data.tags.length === 1);
});
