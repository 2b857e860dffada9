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
