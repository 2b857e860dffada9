// Metrics of logged models, and data sets of runs.
import { assertEquals } from "@std/assert";
import { assertRefused, byKey, type Json, openMlflow, tokens } from "./open_mlflow.ts";

Deno.test("a logged model has the metrics that are logged with its id", async () => {
  await using service = await openMlflow();
  const { post, send } = service;
  const run_id = await service.begin();
  const create = async (name: string) => {
    const body = JSON.stringify({ experiment_id: "xdigits", name, source_run_id: run_id });
    const answer = await send("POST", "2.0/mlflow/logged-models", { body });
    return (await answer.json()).model.info.model_id as string;
  };
  const metricsOf = async (model: string) => {
    const answer = await send("GET", `2.0/mlflow/logged-models/${model}`);
    return (await answer.json()).model.data.metrics;
  };
  const [one, two] = [await create("one"), await create("two")];
  const metric = (key: string, value: number, model_id?: string) => ({
    key,
    value,
    timestamp: 2000,
    step: 1,
    model_id,
  });
  await post("runs/log-metric", { run_id, ...metric("auc", 0.5, one) });
  const ready = JSON.stringify({ status: "LOGGED_MODEL_READY" });
  await send("PATCH", `2.0/mlflow/logged-models/${one}`, { body: ready });
  await post("runs/log-batch", {
    run_id,
    metrics: [metric("auc", 0.75, one), metric("auc", 0.9, two), metric("loss", 1)],
  });
  const { model_id: _, ...stored } = metric("auc", 0.75);
  assertEquals(await metricsOf(one), [{ ...stored, model_id: one, run_id }]);
  assertEquals(byKey(await metricsOf(two)), { auc: 0.9 });
  assertEquals(byKey((await service.run(run_id)).data.metrics), { auc: 0.9, loss: 1 });

  const found = async (query: Json) => {
    const body = { experiment_ids: ["xdigits"], ...query };
    const { models } = await post("logged-models/search", body);
    return models.map(({ info }: Json) => info.name);
  };
  assertEquals(await found({ filter: "metrics.auc > 0.8" }), ["two"]);
  for (const ascending of [true, false]) {
    const names = await found({ order_by: [{ field_name: "metrics.auc", ascending }] });
    assertEquals(names, ascending ? ["one", "two"] : ["two", "one"]);
  }
  for (const id of ["m-1", run_id, "m-00000000000000000000000000000000__digits"]) {
    const logged = post("runs/log-metric", { run_id, ...metric("auc", 0.1, id) });
    await assertRefused(logged, "RESOURCE_DOES_NOT_EXIST", "not found");
  }
  await send("DELETE", `2.0/mlflow/logged-models/${one}`);
  const batch = [metric("auc", 0.1), metric("loss", 2, two), metric("loss", 3, one)];
  const refused = post("runs/log-batch", { run_id, metrics: batch });
  await assertRefused(refused, "RESOURCE_DOES_NOT_EXIST", "not found");
  // Nothing of a request that failed is kept.
  assertEquals(byKey((await service.run(run_id)).data.metrics), { auc: 0.9, loss: 1 });
  assertEquals(byKey(await metricsOf(two)), { auc: 0.9 });
});

Deno.test("a batch that is refused changes nothing", async () => {
  await using service = await openMlflow();
  const run_id = await service.begin();
  const value = (key: string, timestamp = 2000) => ({ key, value: 1, timestamp, step: 0 });
  const text = (value: string) => [{ key: "a", value }];
  for (
    const [batch, words] of [
      [{ params: text("1"), tags: text("x".repeat(9000)) }, "8192"],
      [{ params: text("x".repeat(40_000)), tags: text("1") }, "32768"],
      [{ params: text("1"), tags: text('"'.repeat(8000)) }, "8192 bytes"],
      [{ params: text("1"), metrics: [value("m"), value("n", 1e300)] }, "integer"],
      [{ params: text("1"), metrics: [value("m", Number.MIN_SAFE_INTEGER)] }, "too far"],
    ] as const
  ) {
    const sent = service.post("runs/log-batch", { run_id, ...batch });
    await assertRefused(sent, "INVALID_PARAMETER_VALUE", words);
    const { data } = await service.run(run_id);
    assertEquals([data.params, data.tags.length, data.metrics], [[], 1, []]); // its name
  }
});

Deno.test("metrics of a model need the right to change it", async () => {
  await using service = await openMlflow({ tokens, token: "read:*,save:digits" });
  const run_id = await service.begin();
  const model_id = "m-00000000000000000000000000000000__letters";
  await assertRefused(
    service.post("runs/log-metric", { run_id, key: "auc", value: 1, model_id }),
    "PERMISSION_DENIED",
    "letters",
  );
  assertEquals((await service.run(run_id)).data.metrics, []);
});

Deno.test("a run keeps the columns of its data sets while they are short", async () => {
  await using service = await openMlflow();
  const dataset = (name: string, columns: number) => ({
    name,
    digest: "d1",
    source_type: "local",
    source: "{}",
    schema: JSON.stringify(Array(columns).fill({ type: "double", name: "x" })),
    profile: '{"num_rows":3}',
  });
  const context = (value: string) => [{ key: "mlflow.data.context", value }];
  const run_id = await service.begin();
  const whole = { dataset: dataset("train", 10), tags: context("training") };
  await service.post("runs/log-inputs", { run_id, datasets: [whole] });
  const large = { dataset: dataset("eval", 200), tags: context("eval") };
  await service.post("runs/log-inputs", { run_id, datasets: [large] });
  const { schema: _, profile: __, ...plain } = large.dataset;
  const expected = [whole, { ...large, dataset: plain }];
  assertEquals((await service.run(run_id)).inputs.dataset_inputs, expected);
  await service.post("runs/log-inputs", { run_id, datasets: [whole] }); // again
  await service.end(run_id);
  assertEquals((await service.run(run_id)).inputs.dataset_inputs, expected);

  await service.end(await service.begin());
  const count = async (filter: string) => {
    const { runs } = await service.post("runs/search", { experiment_ids: ["xdigits"], filter });
    return runs.length;
  };
  assertEquals(await count("dataset.name = 'train' AND datasets.context = 'eval'"), 1);
  assertEquals(await count("dataset.digest LIKE 'd%'"), 1);
  assertEquals(await count("dataset.name = 'other'"), 0);
  const INVALID = "INVALID_PARAMETER_VALUE";
  await assertRefused(count("dataset.source = 'x'"), INVALID, "no field");
  const order = { experiment_ids: ["xdigits"], order_by: ["dataset.name"] };
  await assertRefused(service.post("runs/search", order), INVALID, "several values");
});

Deno.test("columns that do not fit beside the other tags of a run are left out", async () => {
  const columns = (name: string, count: number) =>
    JSON.stringify(Array(count).fill({ type: "double", name, required: true }));
  for (
    const [tag, schema] of [["x".repeat(5000), columns("c", 60)], [
      "",
      columns("列".repeat(100), 10),
    ]]
  ) {
    await using service = await openMlflow();
    const run_id = await service.begin();
    await service.post("runs/set-tag", { run_id, key: "long", value: tag });
    const plain = { name: "d", digest: "1", source_type: "local", source: "{}" };
    const datasets = ["d", "e", "f"].map((name) => ({ dataset: { ...plain, name, schema } }));
    await service.post("runs/log-inputs", { run_id, datasets });
    const { dataset_inputs } = (await service.run(run_id)).inputs;
    assertEquals(dataset_inputs.at(-1), { tags: [], dataset: { ...plain, name: "f" } });
  }
});

Deno.test("searches read runs beside versions with any metadata", async () => {
  await using service = await openMlflow();
  const run_id = await service.begin();
  const dataset = { name: "d", digest: "1" };
  for (const tags of [5, "x", {}, [null]]) {
    const logged = service.post("runs/log-inputs", { run_id, datasets: [{ dataset, tags }] });
    await assertRefused(
      logged,
      "INVALID_PARAMETER_VALUE",
      tags === 5 || tags === "x" ? "not a list" : "'datasets[0].tags",
    );
  }
  await service.post("runs/log-inputs", { run_id, datasets: [{ dataset }] });
  await service.end(run_id);
  const facts = ["no JSON", "null", "5", "{}", '{"dataset":{"name":5},"tags":[null,{"key":5}]}', 5];
  const others = [
    ...facts.map((fact) => ({ tags: { "holdfast:input.data.x": fact } })),
    ...facts.map((fact) => ({ tags: { "holdfast:output.x": fact } })),
    ...[5, { a: 5 }, { a: [] }, { a: ["x", null] }].map((last) => ({ mlflow: { last } })),
    {
      mlflow: { status: "LOST", start_time: "x", end_time: {} },
      params: 5,
      tags: [],
      metrics: "x",
    },
    { run: { id: "other", points: 5 }, curves: "missing.jsonl" },
  ];
  for (const [n, metadata] of others.entries()) {
    const run = { id: `${n}`.padStart(32, "0") };
    await service.registry.save("digits", n, { metadata: { run, ...metadata } });
  }
  const found = async (query: Json) =>
    (await service.post("runs/search", { experiment_ids: ["xdigits"], ...query })).runs;
  const runs = await found({ order_by: ["start_time"] });
  assertEquals(runs.length, others.length + 1);
  for (const { info } of runs) {
    assertEquals([info.status, typeof info.start_time], ["FINISHED", "number"]);
  }
  const [only, ...more] = await found({ filter: "dataset.name = 'd'" });
  assertEquals([only.info.run_id, more], [run_id, []]);
  assertEquals(await found({ filter: "dataset.context = 'train'" }), []);
});

Deno.test("a data set that is logged again keeps its first context, as in MLflow", async () => {
  await using service = await openMlflow();
  const run_id = await service.begin();
  const dataset = { name: "d", digest: "1", source_type: "local", source: "{}" };
  const input = (value: string) => ({ tags: [{ key: "mlflow.data.context", value }], dataset });
  await service.post("runs/log-inputs", { run_id, datasets: [input("training"), input("twice")] });
  await service.post("runs/log-inputs", { run_id, datasets: [input("testing")] });
  assertEquals((await service.run(run_id)).inputs.dataset_inputs, [input("training")]);
});

Deno.test("-0 is the same to clients while a run goes on, and afterwards", async () => {
  await using service = await openMlflow();
  const run_id = await service.begin();
  const fields = JSON.stringify({ run_id, key: "z", timestamp: 2000, step: 1 });
  await service.send("POST", "2.0/mlflow/runs/log-metric", {
    body: fields.replace("}", ', "value": -0.0}'),
  });
  for (const end of [false, true]) {
    if (end) await service.post("runs/update", { run_id, status: "FINISHED", end_time: 3000 });
    const { metrics: [metric] } = (await service.run(run_id)).data;
    assertEquals([metric.key, metric.value], ["z", "-0.0"]);
  }
});
